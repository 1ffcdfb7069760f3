package evalcmd

import (
	"errors"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
)

// New returns the commands eval and instantiate.
func New(env *cli.Env, open Opener) []*cobra.Command {
	return []*cobra.Command{newEval(env, open), newInstantiate(env, open)}
}

// evalFlags are the flags that both commands have, as the shared options of
// the classic ones.
type evalFlags struct {
	r      request
	expr   string
	file   string
	shared cli.EvalFlags
	flakes cli.FlakeFlags
}

func (f *evalFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.expr, "expr", "E", "", "evaluate this expression instead of a file")
	fl.StringVarP(&f.file, "file", "f", "", "evaluate attributes of this `FILE`: the operands")
	fl.StringArrayVarP(&f.r.attrs, "attr", "A", nil, "attribute path to select (may be repeated)")
	f.shared.Register(fl)
	f.flakes.Register(fl)
}

func (f *evalFlags) request(env *cli.Env, args []string) (*request, error) {
	f.r.files = args
	if name, ok := cli.FindRecipe(env.Dir); ok && len(args) == 0 {
		f.r.files = []string{"./" + name}
	}
	switch {
	case f.expr != "" && f.file != "":
		return nil, &cli.ExitError{Code: cli.ExitUsage, Err: errors.New("--expr and --file exclude each other")}
	case f.expr != "":
		f.r.files, f.r.exprs, f.r.attrs = []string{f.expr}, true, append(f.r.attrs, args...)
	case f.file != "":
		f.r.files, f.r.attrs = []string{f.file}, append(f.r.attrs, args...)
	}
	common, err := classic.FromFlags(&f.shared)
	if err != nil {
		return nil, err
	}
	f.r.common = common
	return &f.r, common.ReadArgs(env.Stdin, env.Dir)
}

func newEval(env *cli.Env, open Opener) *cobra.Command {
	var f evalFlags
	var json, xml, raw, write bool
	cmd := &cobra.Command{
		Use:   "eval [FILE... | FLAKE#ATTRIBUTE...]",
		Short: "Evaluate a Nix expression and print its value",
		Long: `Evaluates a file (default: ./iso.nix, or else ./default.nix), an expression, or an
output of a flake and prints the value. What is a flake is told by "isomorph build --help"; the value
of an output is printed whole. With -f or -E the operands are attributes.

The value is printed in the Nix language, nested values only as far as they are
evaluated already; --strict evaluates everything. Nothing is written to the
store unless --read-write is given.`,
		Example: `  isomorph eval -E '1 + 2'
  isomorph eval --json --strict -A config.system.build.isoImage.name iso.nix
  isomorph eval nixpkgs#hello.meta.description`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flakes, err := f.asFlakes(env, args)
			if err != nil {
				return err
			}
			r := &f.r
			if flakes == nil {
				if r, err = f.request(env, args); err != nil {
					return err
				}
			}
			r.evalOnly = true
			r.common.ReadOnly = !write
			switch {
			case raw:
				r.form = formRaw
			case xml:
				r.form = formXML
			case json:
				r.form = formJSON
			}
			if flakes != nil {
				return flakes.run(cmd.Context(), env, open, &f.flakes)
			}
			return r.run(cmd.Context(), env, open)
		},
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&f.r.strict, "strict", false, "evaluate and print everything")
	fl.BoolVar(&json, "json", false, "print JSON")
	fl.BoolVar(&xml, "xml", false, "print XML, with positions")
	fl.BoolVar(&f.r.noLocation, "no-location", false, "with --xml: no positions")
	fl.BoolVar(&raw, "raw", false, "print a string without quotes and without a newline")
	fl.BoolVar(&write, "read-write", false, "write sources and derivations to the store")
	fl.StringVar(&f.r.apply, "apply", "", "print what this `FUNCTION` makes of the value")
	fl.BoolVar(&f.r.pretty, "pretty", false, "with --json: spread it over lines")
	cmd.MarkFlagsMutuallyExclusive("json", "xml", "raw")
	return cmd
}

func newInstantiate(env *cli.Env, open Opener) *cobra.Command {
	var f evalFlags
	var readOnly bool
	cmd := &cobra.Command{
		Use:   "instantiate [FILE... | FLAKE#ATTRIBUTE...]",
		Short: "Evaluate a recipe to derivations and write them to the store",
		Long: `Evaluates a file (default: ./iso.nix, or else ./default.nix) or an output of a flake to the derivations
that it holds, writes them to the store and prints their paths, which are those
that Nix computes. Nothing is built.`,
		Example: `  isomorph instantiate iso.nix -A iso
  isomorph instantiate '<nixpkgs>' -A hello
  isomorph instantiate .#iso`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flakes, err := f.asFlakes(env, args)
			if err != nil {
				return err
			}
			if flakes != nil {
				flakes.common.ReadOnly = readOnly
				return flakes.run(cmd.Context(), env, open, &f.flakes)
			}
			r, err := f.request(env, args)
			if err != nil {
				return err
			}
			r.common.ReadOnly = readOnly
			return r.run(cmd.Context(), env, open)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "compute the paths and write nothing")
	cmd.Flags().StringVar(&f.r.addRoot, "add-root", "", "make a link that keeps the derivation from being collected")
	return cmd
}
