// Package buildcmd has the main command, isomorph build, and the classic
// nix-build, which is the same without the image.
package buildcmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/pipeline"
	"isomorph/internal/realise"
	"isomorph/internal/storepath"
)

// Opener opens what a command builds in.
type Opener func(ctx context.Context, common *classic.Common) (*pipeline.Session, error)

type command struct {
	env    *cli.Env
	open   Opener
	shared cli.EvalFlags
	flakes cli.FlakeFlags

	file       string
	attrs      []string
	expr       string
	outLink    string
	printOut   bool
	noOutLink  bool
	outDir     string
	jobs       string
	cores      string
	keepGoing  bool
	keepFailed bool
	timeout    string
	maxSilent  string
	check      bool
	dryRun     bool
	json       bool
	quiet      bool
	logs       bool
	expect     string
}

// New returns the command build.
func New(env *cli.Env, open Opener) *cobra.Command {
	c := &command{env: env, open: open}
	cmd := &cobra.Command{
		Use:   "build [RECIPE | FLAKE[#ATTRIBUTE][^OUTPUTS]...]",
		Short: "Build a recipe or the output of a flake into a bootable image",
		Long: `Evaluates a recipe, downloads and builds what it needs, and puts the image into
the output directory, with its SHA-256.

RECIPE is a Nix file, or a directory with an iso.nix or else a default.nix in
it; without one it is the working directory. From a set with an attribute "iso" that one is
built, unless -A selects another. <nixpkgs> is the embedded channel unless -I or
NIX_PATH say otherwise.

An operand with a "#" in it, with a scheme of flakes (path: git+https: github: flake: ...),
or that is a directory without a recipe which is or lies below one with a flake.nix, is an output
of a flake; so is a name that is no file's, which the registries know, and the working directory
if it has no recipe and it, or a directory above it, has a flake.nix. ATTRIBUTE is looked for in packages.SYSTEM, in legacyPackages.SYSTEM and as it is;
without one it is packages.SYSTEM.default. Flakes are evaluated purely unless
--impure is given. The flake "nixpkgs" is the embedded channel unless a registry says
otherwise. With -f or -E the operands are attributes of that file or expression.

The image is called after the recipe's directory and the commit that it is a
clean checkout of, or else the hash of its derivation.`,
		Example: `  isomorph build examples/hello/iso.nix
  isomorph build -I nixpkgs=$HOME/nixpkgs iso.nix -A iso
  isomorph build --expect-sha256 5443e41a... iso.nix
  isomorph build .#nixosConfigurations.live.config.system.build.isoImage
  isomorph build github:owner/repo/branch#iso`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	fl := cmd.Flags()
	fl.StringArrayVarP(&c.attrs, "attr", "A", nil, "attribute `PATH` to build (may be repeated)")
	fl.StringVarP(&c.expr, "expr", "E", "", "build this `EXPRESSION` instead of a recipe")
	fl.StringVarP(&c.outLink, "out-link", "o", "result", "name of the `LINK` to the output, which keeps it from being collected")
	fl.BoolVar(&c.noOutLink, "no-out-link", false, "make no link")
	fl.BoolVar(&c.noOutLink, "no-link", false, "the same, by Nix's name")
	fl.BoolVar(&c.printOut, "print-out-paths", false, "print the paths of the outputs in the store, and nothing else")
	fl.StringVar(&c.outDir, "out-dir", "out", "`DIR` for images")
	fl.StringVarP(&c.jobs, "max-jobs", "j", "", "builds at once: a `NUMBER`, or \"auto\" for one per processor")
	fl.StringVar(&c.cores, "cores", "", "processors that one build may use: a `NUMBER`, 0 for all")
	fl.BoolVarP(&c.keepGoing, "keep-going", "k", false, "go on with what does not depend on a failed build")
	fl.BoolVarP(&c.keepFailed, "keep-failed", "K", false, "keep the directory of a failed build")
	fl.StringVar(&c.timeout, "timeout", "", "`SECONDS` after which a build is stopped")
	fl.StringVar(&c.maxSilent, "max-silent-time", "", "`SECONDS` without output after which a build is stopped")
	fl.BoolVar(&c.check, "check", false, "build again what is there already, and compare")
	fl.BoolVar(&c.dryRun, "dry-run", false, "print what would be downloaded and built")
	fl.BoolVar(&c.json, "json", false, "print the result as JSON")
	fl.BoolVarP(&c.quiet, "quiet", "q", false, "show no progress")
	fl.BoolVarP(&c.logs, "print-build-logs", "L", false, "print the builders' output as it comes, a line at a time")
	fl.StringVar(&c.expect, "expect-sha256", "", "fail unless the image has this digest, in `HEX`")
	fl.StringVarP(&c.file, "file", "f", "", "build attributes of this `FILE`: the operands")
	c.shared.Register(fl)
	c.flakes.Register(fl)
	return cmd
}

func (c *command) common() (*classic.Common, error) {
	common, err := classic.FromFlags(&c.shared)
	if err != nil {
		return nil, err
	}
	common.Jobs, common.Cores, common.Timeout, common.MaxSilent = c.jobs, c.cores, c.timeout, c.maxSilent
	common.KeepGoing, common.KeepFailed, common.Check = c.keepGoing, c.keepFailed, c.check
	common.Quiet, common.PrintLogs = c.quiet, c.logs
	if err := common.ReadArgs(c.env.Stdin, c.env.Dir); err != nil {
		return nil, err
	}
	return common, c.checkNumbers()
}

// checkNumbers refuses numbers that are none before anything is done.
func (c *command) checkNumbers() error {
	for flag, value := range map[string]string{
		"--max-jobs": c.jobs, "--cores": c.cores, "--timeout": c.timeout, "--max-silent-time": c.maxSilent,
	} {
		if _, err := classic.Int(flag, value, 0, 0); err != nil {
			return &cli.ExitError{Code: cli.ExitUsage, Err: err}
		}
	}
	return nil
}

// recipe finds what to build.
func (c *command) recipe(args []string) (string, error) {
	dir := c.env.Dir
	if len(args) == 1 {
		info, err := os.Stat(abs(c.env.Dir, args[0]))
		if err != nil || !info.IsDir() {
			return args[0], nil // a file, a URL, <...>, or an error to come
		}
		dir = args[0]
	}
	name, ok := cli.FindRecipe(abs(c.env.Dir, dir))
	if !ok {
		return "", fmt.Errorf("there is neither an iso.nix nor a default.nix in %s; name a recipe, or write one with \"isomorph init DIR\"", dir)
	}
	return filepath.Join(dir, name), nil
}

// splitOperands gives the operands the meaning that -f and -E ask for: they are
// attributes then.
func (c *command) splitOperands(args []string) ([]string, error) {
	if c.file == "" && c.expr == "" {
		if len(args) > 1 {
			return nil, &cli.ExitError{Code: cli.ExitUsage, Err: errors.New("there can be only one recipe; several operands must be flakes, or attributes with -f FILE")}
		}
		return args, nil
	}
	if c.file != "" && c.expr != "" {
		return nil, &cli.ExitError{Code: cli.ExitUsage, Err: errors.New("--expr and --file exclude each other")}
	}
	c.attrs = append(c.attrs, args...)
	if c.file != "" {
		return []string{c.file}, nil
	}
	return nil, nil
}

func (c *command) request(args []string, common *classic.Common) (pipeline.BuildRequest, error) {
	args, err := c.splitOperands(args)
	if err != nil {
		return pipeline.BuildRequest{}, err
	}
	req := pipeline.BuildRequest{
		Attrs: c.attrs, Environ: c.env.Environ, OutDir: abs(c.env.Dir, c.outDir), Dir: c.env.Dir,
		Input: pipeline.Input{Dir: c.env.Dir},
	}
	for _, a := range common.Args {
		req.Input.Args = append(req.Input.Args, pipeline.Arg(a))
	}
	if c.expr != "" {
		req.Input.Source.Text = c.expr
		req.Name = "image"
		return req, nil
	}
	file, err := c.recipe(args)
	if err != nil {
		return req, err
	}
	req.Input.Source.File = file
	req.Dir, req.Name = recipeName(abs(c.env.Dir, file))
	return req, nil
}

// recipeName returns the directory of a recipe and what its images are called:
// the directory's name.
func recipeName(file string) (dir, name string) {
	dir = file
	if strings.HasSuffix(file, ".nix") {
		dir = filepath.Dir(file)
	}
	name = filepath.Base(dir)
	if name == "/" || name == "." {
		name = "image"
	}
	return dir, name
}

func abs(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func (c *command) run(ctx context.Context, args []string) error {
	common, err := c.common()
	if err != nil {
		return err
	}
	if err := checkDigest(c.expect); err != nil {
		return err
	}
	evaluate, req, err := c.evaluation(args, common)
	if err != nil {
		return err
	}
	s, err := c.open(ctx, common)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := evaluate(ctx, s)
	if err != nil {
		return err
	}
	// Building wants the memory that evaluation needed.
	s.Release()
	if c.dryRun {
		return c.printPlan(ctx, s, found)
	}
	outs, err := s.Realise(ctx, found)
	s.CloseDisplay()
	if err != nil {
		return &cli.ExitError{Code: realise.ExitCode(err), Err: err}
	}
	return c.finish(ctx, s, req, outs)
}

// evaluation returns what evaluates the operands to derivations.
func (c *command) evaluation(args []string, common *classic.Common) (func(context.Context, *pipeline.Session) ([]pipeline.Found, error), pipeline.BuildRequest, error) {
	if c.meansFlakes(args) {
		return c.flakeEvaluation(args, common)
	}
	req, err := c.request(args, common)
	return func(ctx context.Context, s *pipeline.Session) ([]pipeline.Found, error) {
		return s.Instantiate(ctx, req)
	}, req, err
}

// checkDigest refuses an --expect-sha256 that nothing could equal.
func checkDigest(hex string) error {
	if hex == "" {
		return nil
	}
	if len(hex) != 64 || strings.Trim(strings.ToLower(hex), "0123456789abcdef") != "" {
		return &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf("--expect-sha256 takes 64 hexadecimal digits, not '%s'", hex)}
	}
	return nil
}

func (c *command) printPlan(ctx context.Context, s *pipeline.Session, found []pipeline.Found) error {
	plan, err := s.Plan(ctx, found)
	if err != nil {
		return err
	}
	s.CloseDisplay()
	section := func(n int, what string) {
		if n > 0 {
			fmt.Fprintf(c.env.Stdout, "%d %s:\n", n, what)
		}
	}
	section(len(plan.Downloads), "files to download")
	for _, d := range plan.DownloadList() {
		fmt.Fprintf(c.env.Stdout, "  %s\n", d.URL)
	}
	section(len(plan.Builds), "derivations to build")
	for _, p := range plan.Builds {
		fmt.Fprintf(c.env.Stdout, "  %s\n", s.PrintPath(p))
	}
	if plan.Empty() {
		fmt.Fprintln(c.env.Stdout, "nothing to do: everything is in the store")
	}
	return nil
}

// result is what --json prints for each output.
type result struct {
	Drv    string `json:"drvPath,omitempty"`
	Out    string `json:"outPath"`
	Real   string `json:"realPath"`
	Image  string `json:"image,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
}

func (c *command) finish(ctx context.Context, s *pipeline.Session, req pipeline.BuildRequest, outs []pipeline.Output) error {
	if err := c.link(ctx, s, outs); err != nil {
		return err
	}
	results := []result{} // in JSON a list, even if it is empty
	var text strings.Builder
	unexpected := ""
	for _, o := range outs {
		r := result{Out: s.PrintPath(o.Path), Real: o.Real}
		if o.Drv != "" {
			r.Drv = s.PrintPath(o.Drv)
		}
		img, err := s.Deliver(ctx, req, o)
		if err != nil {
			return err
		}
		if img == nil {
			fmt.Fprintln(&text, o.Real)
		} else {
			text.WriteString(img.Announce())
			r.Image, r.SHA256, r.Size = img.Path, img.SHA256, img.Size
		}
		if !strings.EqualFold(r.SHA256, c.expect) {
			unexpected = cmp.Or(r.SHA256, "no image, but "+r.Out)
		}
		results = append(results, r)
	}
	if c.printOut {
		text.Reset()
		for _, r := range results {
			fmt.Fprintln(&text, r.Out)
		}
	}
	if err := c.print(text.String(), results); err != nil {
		return err
	}
	if len(results) == 0 {
		unexpected = "nothing"
		fmt.Fprintln(c.env.Stderr, "nothing was built: the expression holds no derivations")
	}
	if c.expect != "" && unexpected != "" {
		return &cli.ExitError{Code: cli.ExitHashMismatch, Err: fmt.Errorf("the image is not the expected one\n  expected: %s\n  got:      %s", strings.ToLower(c.expect), unexpected)}
	}
	return nil
}

func (c *command) print(text string, results []result) error {
	if !c.json {
		_, err := io.WriteString(c.env.Stdout, text)
		return err
	}
	enc := json.NewEncoder(c.env.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(results)
}

// link makes ./result and its like: result, result-2 for the second derivation,
// and result-dev for an output that is not the usual one.
func (c *command) link(ctx context.Context, s *pipeline.Session, outs []pipeline.Output) error {
	if c.noOutLink || c.outLink == "" {
		return nil
	}
	numbers := map[storepath.Path]int{}
	for _, o := range outs {
		if numbers[o.Object()] == 0 {
			numbers[o.Object()] = len(numbers) + 1
		}
		link := abs(c.env.Dir, c.outLink)
		if n := numbers[o.Object()]; n > 1 {
			link += "-" + strconv.Itoa(n)
		}
		if o.Drv != "" && o.Output != "out" {
			link += "-" + o.Output
		}
		if err := s.AddRoot(ctx, link, o.Path); err != nil {
			return fmt.Errorf("%w; everything is built: choose another place with --out-link LINK and --out-dir DIR, or --no-out-link", err)
		}
	}
	return nil
}
