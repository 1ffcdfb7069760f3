package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"isomorph/internal/nixlang/eval"
)

type sweepOptions struct {
	set   string // expression
	of    string // attribute paths in it, separated by commas
	every int
	deep  int    // levels of sets below these whose attributes are compared, too
	save  string // file of Nix's answers
}

// sweepMemory is what ours may use for a whole package set, and sweepBatch how
// many attributes one process of Nix evaluates, which forgets nothing.
const (
	sweepMemory = 8 << 30
	sweepBatch  = 1500
)

// sweep compares all attributes of a set, or of sets in it.
func (o *options) sweep(ctx context.Context) error {
	start := time.Now()
	us, err := newOurs(ctx, o.dir, sweepMemory, nil)
	if err != nil {
		return err
	}
	defer us.close()
	paths, got, err := us.sweep(o.sweeps)
	if err != nil {
		return err
	}
	want, err := o.savedAnswers(ctx, paths)
	if err != nil {
		return err
	}
	counts, found := map[string]int{}, 0
	for _, p := range paths {
		counts[kindOf(want[p])]++
		if sameText(want[p], got[p]) {
			continue
		}
		w, g, err := o.askAlone(ctx, p)
		if err != nil {
			return err
		}
		if sameText(w, g) {
			counts["differ beside others only"]++
			continue
		}
		found++
		fmt.Fprintf(o.out, "=== %s\n--- Nix\n%s--- ours\n%s", p, w, g)
	}
	o.sweepSummary(counts, len(paths), start, found)
	if found > 0 {
		return errDifferent
	}
	return nil
}

// askAlone asks both about a path in a process of its own: what an attribute
// traces when it is evaluated is told once in a process.
func (o *options) askAlone(ctx context.Context, path string) (want, got string, err error) {
	us, err := newOurs(ctx, o.dir, sweepMemory, nil)
	if err != nil {
		return "", "", err
	}
	defer us.close()
	w := sweeper{ours: us, set: o.sweeps.set}
	a, err := w.describe(path)
	if err != nil {
		return "", "", err
	}
	answers := map[string]string{}
	err = o.askAbout(ctx, []string{path}, answers)
	return answers[path], a.whole(), err
}

// sweep lists the paths that are compared, and describes what is there.
func (o *ours) sweep(opts sweepOptions) (paths []string, answers map[string]string, err error) {
	w := sweeper{ours: o, set: opts.set, answers: map[string]string{}}
	for prefix := range strings.SplitSeq(opts.of, ",") {
		at := strings.FieldsFunc(prefix, func(r rune) bool { return r == '.' })
		if err := w.walk(at, opts.every, opts.deep); err != nil {
			return nil, nil, err
		}
	}
	return w.paths, w.answers, nil
}

type sweeper struct {
	*ours
	set     string              // expression
	queries map[bool]eval.Value // of its value, which is evaluated once
	paths   []string
	answers map[string]string
}

// isSet is the description of a set that is no derivation.
const isSet = `"is set"`

// walk describes the attributes of a set and, deep levels down, of sets in it.
func (w *sweeper) walk(prefix []string, every, deep int) error {
	names, err := w.attrNames(prefix)
	if err != nil && len(prefix) > 0 { // is compared itself
		names, prefix = prefix[len(prefix)-1:], prefix[:len(prefix)-1]
	} else if err != nil {
		return err
	}
	for i := 0; i < len(names); i += every {
		at := append(slices.Clone(prefix), names[i])
		p := pathList(at)
		got, err := w.describe(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		w.paths = append(w.paths, p)
		w.answers[p] = got.whole()
		if got.value == isSet && deep > 0 {
			if err := w.walk(at, 1, deep-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *sweeper) describe(path string) (answer, error) {
	return w.answer(func(c *eval.Ctx) string { return c.PrintStrict(w.ask(c, path, false)) })
}

// attrNames returns the names of attributes of a set in the set.
func (w *sweeper) attrNames(at []string) (names []string, err error) {
	err = w.ev.Do(func(c *eval.Ctx) {
		for at := range c.Sorted(c.ForceAttrs(0, w.ask(c, pathList(at), true), "")) {
			names = append(names, c.Name(at.Name))
		}
	})
	return names, err
}

// ask returns the value at a path, which is a list in Nix's syntax, or its
// description.
func (w *sweeper) ask(c *eval.Ctx, path string, value bool) eval.Value {
	if w.queries == nil {
		text := fmt.Sprintf("let set = (%s); in value: if value then builtins.foldl' (s: n: s.${n}) set else import %s/describe.nix set", w.set, w.dir)
		f := w.eval(c, text)
		w.queries = map[bool]eval.Value{}
		for _, b := range []bool{true, false} {
			w.queries[b] = c.Call1(0, f, eval.Bool(b))
		}
	}
	return c.Call1(0, w.queries[value], w.eval(c, path))
}

// pathList writes an attribute path as a list.
func pathList(at []string) string {
	var b strings.Builder
	b.WriteString("[ ")
	for _, name := range at {
		b.WriteString(strings.ReplaceAll(strconv.Quote(name), "${", `\${`) + " ")
	}
	return b.String() + "]"
}

// savedAnswers returns Nix's answers by path: those of the file, and for what is
// not there those of Nix, which are put there.
func (o *options) savedAnswers(ctx context.Context, paths []string) (map[string]string, error) {
	saved := map[string]string{}
	if text, err := os.ReadFile(cmp.Or(o.sweeps.save, os.DevNull)); err == nil && len(text) > 0 {
		if err := json.Unmarshal(text, &saved); err != nil {
			return nil, fmt.Errorf("%s: %w", o.sweeps.save, err)
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return saved[p] != "" })
	for batch := range slices.Chunk(missing, sweepBatch) {
		if err := o.askAbout(ctx, batch, saved); err != nil {
			return nil, err
		}
		text, err := json.MarshalIndent(saved, "", " ")
		if err != nil {
			return nil, err
		}
		if o.sweeps.save != "" {
			if err := os.WriteFile(o.sweeps.save, text, 0o644); err != nil {
				return nil, err
			}
		}
	}
	return saved, nil
}

// askAbout asks Nix. The paths are in a file, for nix repl wraps long lines when
// it shows them.
func (o *options) askAbout(ctx context.Context, paths []string, answers map[string]string) error {
	file := filepath.Join(o.dir, "paths.nix")
	if err := os.WriteFile(file, []byte("[\n"+strings.Join(paths, "\n")+"\n]\n"), 0o644); err != nil {
		return err
	}
	queries := make([]string, len(paths))
	for i := range paths {
		queries[i] = fmt.Sprintf("at %d", i)
	}
	definitions := []string{fmt.Sprintf("at = let describe = import %s/describe.nix (%s); paths = import %s; in i: describe (builtins.elemAt paths i)", o.dir, o.sweeps.set, file)}
	got, err := oracle{prefix: o.nix, dir: o.dir, store: memoryStore}.ask(ctx, definitions, queries)
	if err != nil {
		return err
	}
	for i, a := range got {
		answers[paths[i]] = a.whole()
	}
	return nil
}

// sameText is same for answers as texts.
func sameText(a, b string) bool {
	a, b = toBuild.ReplaceAllString(a, "$1"), toBuild.ReplaceAllString(b, "$1")
	return slices.EqualFunc(strings.Split(a, "\n"), strings.Split(b, "\n"), func(x, y string) bool { return general(x) == general(y) })
}

// toBuild is what Nix says of a build that is needed, of which the first line
// counts.
var toBuild = regexp.MustCompile(`(error: Cannot build '[^\n]*\n)Reason: [^\n]*\n(Output paths:\n)?( +/[^\n]*\n)*`)

// kindOf sorts answers for the summary.
func kindOf(a string) string {
	switch {
	case strings.Contains(a, ".drv\"\n"):
		return "derivations"
	case strings.Contains("\n"+a, "\nerror: "):
		return "refused"
	}
	return "other values"
}

func (o *options) sweepSummary(counts map[string]int, total int, start time.Time, found int) {
	fmt.Fprintf(o.out, "%d attributes in %s, %d differences\n", total, time.Since(start).Round(time.Second), found)
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(o.out, "%8d %s\n", counts[k], k)
	}
}
