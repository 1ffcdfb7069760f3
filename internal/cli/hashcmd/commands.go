package hashcmd

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/nixhash"
)

// hashForms are the ways to write a hash, with the names that Nix gives them.
var hashForms = map[string]string{"base16": "base16", "nix32": "base32", "base32": "base32", "base64": "base64", "sri": "sri"}

func checkForm(name string) error {
	if hashForms[name] == "" {
		return fmt.Errorf("unknown hash format '%s', expect 'base16', 'nix32', 'base64', or 'sri'", name)
	}
	return nil
}

// New returns the command hash with those below it; they are those of "nix hash".
func New(env *cli.Env, deps Deps) *cobra.Command {
	root := &cobra.Command{
		Use:   "hash",
		Short: "Compute and convert hashes",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(newHashPath(env, deps, "file", true), newHashPath(env, deps, "path", false), newConvert(env))
	for _, form := range shortForms {
		root.AddCommand(newTo(env, form))
	}
	return root
}

// shortForms are the forms that are flags and names of commands, too.
var shortForms = []string{"base16", "base32", "base64", "sri"}

// formFlags are --format and its short forms.
type formFlags struct {
	format string
	short  map[string]*bool
}

func (f *formFlags) register(fl *pflag.FlagSet) {
	f.short = map[string]*bool{}
	fl.StringVar(&f.format, "format", "sri", "how to write the hash: base16, nix32, base64 or sri")
	for _, form := range shortForms {
		f.short[form] = fl.Bool(form, false, "the same as --format "+form)
	}
}

func (f *formFlags) form() (string, error) {
	for _, form := range shortForms { // of several the first, and the same one each time
		if *f.short[form] {
			return form, nil
		}
	}
	return hashForms[f.format], checkForm(f.format)
}

func newHashPath(env *cli.Env, deps Deps, name string, flat bool) *cobra.Command {
	var f formFlags
	var algo, mode string
	what := "the NAR of a file or tree: what fixed-output derivations with a recursive hash have"
	if flat {
		what = "the contents of a file"
	}
	cmd := &cobra.Command{
		Use:     name + " PATH...",
		Short:   "Print the hash of " + what,
		Example: "  isomorph hash " + name + " image.iso",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := nixhash.ParseAlgorithm(algo)
			if err != nil {
				return err
			}
			if mode != "nar" && mode != "flat" && mode != "" {
				return fmt.Errorf("unknown file ingestion method '%s', expect 'flat' or 'nar'", mode)
			}
			set, err := deps.Settings(&classic.Common{})
			if err != nil {
				return err
			}
			h := hashing{env: env, algo: a, flat: flat || mode == "flat", trees: deps.Trees(set)}
			if h.form, err = f.form(); err != nil {
				return err
			}
			for _, path := range args {
				if err := h.operand(path, false); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().StringVar(&algo, "algo", "sha256", "hash `ALGORITHM`: md5, sha1, sha256 or sha512")
	cmd.Flags().StringVar(&algo, "type", "sha256", "the same, by an older name")
	if !flat {
		cmd.Flags().StringVar(&mode, "mode", "", "what to hash: \"flat\" for the contents of a file, \"nar\"")
	}
	return cmd
}

func newConvert(env *cli.Env) *cobra.Command {
	var algo, from, to string
	cmd := &cobra.Command{
		Use:     "convert HASH...",
		Short:   "Write hashes in another format",
		Example: "  isomorph hash convert --to base16 sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var a nixhash.Algorithm
			var err error
			if algo != "" {
				if a, err = nixhash.ParseAlgorithm(algo); err != nil {
					return err
				}
			}
			for _, form := range []string{to, from} {
				if form != "" {
					if err := checkForm(form); err != nil {
						return err
					}
				}
			}
			h := hashing{env: env, algo: a, form: hashForms[to]}
			for _, text := range args {
				if got := formOf(text, a); from != "" && got != "" && got != hashForms[from] {
					return fmt.Errorf("input hash '%s' has format '%s', but '--from %s' was specified", text, nixForm(got), from)
				}
				if err := h.operand(text, true); err != nil {
					return err
				}
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&algo, "hash-algo", "", "hash `ALGORITHM`, if the hash does not name it")
	fl.StringVar(&from, "from", "", "`FORMAT` that the hash must have")
	fl.StringVar(&to, "to", "sri", "`FORMAT` to write: base16, nix32, base64 or sri")
	return cmd
}

// newTo is one of Nix's older names of convert.
func newTo(env *cli.Env, form string) *cobra.Command {
	var algo string
	cmd := &cobra.Command{
		Use: "to-" + form + " HASH...", Short: "Write hashes as " + form, Args: cobra.MinimumNArgs(1), Hidden: true,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			fmt.Fprintln(env.Stderr, "warning: The old format conversion subcommands of `nix hash` were deprecated in favor of `nix hash convert`.")
			h := hashing{env: env, form: form}
			if algo != "" {
				if h.algo, err = nixhash.ParseAlgorithm(algo); err != nil {
					return err
				}
			}
			for _, text := range args {
				if err := h.operand(text, true); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&algo, "type", "", "hash `ALGORITHM`, if the hash does not name it")
	return cmd
}

// nixForm is the name that Nix gives to a form today.
func nixForm(form string) string {
	if form == "base32" {
		return "nix32"
	}
	return form
}

// formOf returns how a hash is written, "" if it is none.
func formOf(text string, a nixhash.Algorithm) string {
	h, err := nixhash.Parse(text, a)
	if err != nil {
		return ""
	}
	_, digits, typed := strings.Cut(text, ":")
	if !typed {
		digits = text
	}
	size := len(h.Bytes())
	switch {
	case strings.Contains(text, "-"):
		return "sri"
	case len(digits) == hex.EncodedLen(size):
		return "base16"
	case len(digits) == len(h.Base32()):
		return "base32"
	}
	return "base64"
}
