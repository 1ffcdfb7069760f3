// Command difffuzz makes programs at random (package gen), has them evaluated
// by this evaluator and by a real Nix, and compares what becomes of each: the
// value with its string contexts and derivation paths, or the first line of the
// error, and the messages of trace and warn in their order. Values are then
// printed by both once more, as nix-instantiate prints them: plainly, as JSON,
// as XML.
//
//	difffuzz -nix COMMAND [-seed N] [-n N] [-duration D]   look for differences
//	difffuzz -nix COMMAND -restricted [-seed N]...         the same in restricted evaluation
//	difffuzz -nix COMMAND -commands PROGRAM [-seed N]...   compare command lines, too
//	difffuzz -nix COMMAND -keep FILE...                    keep programs as cases
//	difffuzz -nix COMMAND -check                           ask Nix about all cases again
//	difffuzz -nix COMMAND -sweep EXPR [-of SET,SET...]     compare the attributes of a set
//
// A difference that remains when the program is alone in its process is made as
// small as possible and printed, and the exit status is 1 in the end. Equal seeds give equal programs. What has ever been found lies
// in testdata/cases with Nix's answer, and go test checks it without a Nix.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// errDifferent ends a run that has found something.
var errDifferent = errors.New("differences were found")

type options struct {
	nix      []string
	dir      string // the programs are written to
	store    string // of Nix, for programs that may copy their directory
	seed     uint64
	count    int
	duration time.Duration
	batch    int
	fuel     int
	most     int // differences after which to stop
	minimize bool
	keep     bool
	check    bool
	cases    string // directory of the kept cases
	sweeps   sweepOptions
	isomorph string // the program, to compare command lines

	restricted bool // only the programs and some files beside them may be read
	out        io.Writer
}

func main() {
	var o options
	nix := flag.String("nix", "", "command that \"nix repl\" and \"nix-instantiate\" are put behind; empty: Nix is on the PATH")
	flag.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "difffuzz"), "`directory` of the programs, which the Nix must see under the same name")
	flag.Uint64Var(&o.seed, "seed", 1, "of the first batch; each batch has the next one")
	flag.IntVar(&o.count, "n", 0, "stop after so many programs; 0: no limit")
	flag.DurationVar(&o.duration, "duration", 0, "stop after this time; 0: no limit")
	flag.IntVar(&o.batch, "batch", 1000, "programs for each process of Nix")
	flag.IntVar(&o.fuel, "fuel", 60, "size of the programs")
	flag.IntVar(&o.most, "most", 10, "stop after so many differences")
	flag.BoolVar(&o.minimize, "minimize", true, "make programs that differ smaller")
	flag.BoolVar(&o.keep, "keep", false, "write the programs in the files named to -cases, with the answers")
	flag.BoolVar(&o.check, "check", false, "compare the answers in -cases with the Nix and rewrite those that differ")
	flag.StringVar(&o.cases, "cases", "internal/tools/difffuzz/testdata/cases", "`directory` of kept cases")
	flag.StringVar(&o.sweeps.set, "sweep", "", "compare the derivations that are attributes of the value of an `expression`, such as that of nixpkgs")
	flag.StringVar(&o.sweeps.of, "of", "", "with -sweep: `attribute paths` of sets in it, separated by commas, whose attributes are compared instead")
	flag.IntVar(&o.sweeps.every, "every", 1, "with -sweep: take each N-th attribute only")
	flag.IntVar(&o.sweeps.deep, "deep", 0, "with -sweep: compare the attributes of sets that are no derivations, too, N levels down")
	flag.StringVar(&o.sweeps.save, "save", "", "with -sweep: `file` of Nix's answers; read if it is there, written if not")
	flag.StringVar(&o.isomorph, "commands", "", "compare command lines of nix-instantiate, run by this `program`")
	flag.BoolVar(&o.restricted, "restricted", false, "programs run in restricted evaluation, in which some of the files that they name may be read")
	flag.Parse()
	o.nix, o.out = strings.Fields(*nix), os.Stdout
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "difffuzz:", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context, args []string) error {
	o.place(o.dir)
	if err := prepare(o.dir); err != nil {
		return err
	}
	switch {
	case o.keep:
		return o.keepAll(ctx, args)
	case o.check:
		return o.checkCases(ctx)
	}
	if o.isomorph != "" {
		return o.commands(ctx)
	}
	if o.sweeps.set != "" {
		return o.sweep(ctx)
	}
	if len(args) > 0 {
		return o.compareFiles(ctx, args)
	}
	return o.fuzz(ctx)
}

// place gives programs and the store their places in a directory. A program that
// copies a directory above its own finds little to copy.
func (o *options) place(dir string) {
	o.dir, o.store = filepath.Join(dir, "programs", "of", "batch"), filepath.Join(dir, "store")
}

// compareFiles compares the programs in files and makes nothing smaller.
func (o *options) compareFiles(ctx context.Context, files []string) error {
	texts, err := readAll(files)
	if err != nil {
		return err
	}
	found, err := o.compare(ctx, texts, formNone)
	if err != nil {
		return err
	}
	for _, d := range found {
		d.print(o.out)
	}
	if len(found) > 0 {
		return errDifferent
	}
	return nil
}

func readAll(files []string) ([]string, error) {
	texts := make([]string, len(files))
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		texts[i] = string(b)
	}
	return texts, nil
}
