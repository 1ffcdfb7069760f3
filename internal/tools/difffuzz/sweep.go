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
	us, err := newOurs(ctx, o.dir, sweepMemory)
	if err != nil {
		return err
	}
	defer us.close()
	paths, err := o.sweepPaths(us)
	if err != nil {
		return err
	}
	want, err := o.savedAnswers(ctx, paths)
	if err != nil {
		return err
	}
	counts, found := map[string]int{}, 0
	describe := us.describer(o.sweeps.set)
	for _, p := range paths {
		got, err := us.answer(func(c *eval.Ctx) string { return describe(c, p) })
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		counts[kindOf(want[p])]++
		if got := got.String(); !sameText(want[p], got) {
			found++
			fmt.Fprintf(o.out, "=== %s\n--- Nix\n%s--- ours\n%s", p, want[p], got)
		}
	}
	o.sweepSummary(counts, len(paths), start, found)
	if found > 0 {
		return errDifferent
	}
	return nil
}

// describer returns what describes the value at a path, which is a list in
// Nix's syntax. The set is evaluated once.
func (o *ours) describer(set string) func(c *eval.Ctx, path string) string {
	var f eval.Value
	return func(c *eval.Ctx, path string) string {
		if f == (eval.Value{}) {
			f = o.eval(c, fmt.Sprintf("import %s/describe.nix (%s)", o.dir, set))
		}
		return c.PrintStrict(c.Call1(0, f, o.eval(c, path)))
	}
}

// sweepPaths lists the paths that are compared.
func (o *options) sweepPaths(us *ours) (paths []string, err error) {
	for prefix := range strings.SplitSeq(o.sweeps.of, ",") {
		names, err := us.attrNames(o.sweeps.set, prefix)
		if err != nil {
			return nil, err
		}
		for i := 0; i < len(names); i += o.sweeps.every {
			paths = append(paths, pathList(prefix, names[i]))
		}
	}
	return paths, nil
}

// attrNames returns the names of attributes of a set in a set.
func (o *ours) attrNames(set, prefix string) (names []string, err error) {
	text := "(" + set + ")"
	if prefix != "" {
		text += "." + prefix
	}
	err = o.ev.Do(func(c *eval.Ctx) {
		for at := range c.Sorted(c.ForceAttrs(0, o.eval(c, text), "")) {
			names = append(names, c.Name(at.Name))
		}
	})
	return names, err
}

// pathList writes an attribute path as a list.
func pathList(prefix, name string) string {
	var b strings.Builder
	b.WriteString("[ ")
	if prefix != "" {
		for part := range strings.SplitSeq(prefix, ".") {
			b.WriteString(strconv.Quote(part) + " ")
		}
	}
	b.WriteString(strings.ReplaceAll(strconv.Quote(name), "${", `\${`) + " ]")
	return b.String()
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

func (o *options) askAbout(ctx context.Context, paths []string, answers map[string]string) error {
	queries := make([]string, len(paths))
	for i, p := range paths {
		queries[i] = "describe " + p
	}
	definitions := []string{fmt.Sprintf("describe = import %s/describe.nix (%s)", o.dir, o.sweeps.set)}
	got, err := oracle{o.nix, o.dir, memoryStore}.ask(ctx, definitions, queries)
	if err != nil {
		return err
	}
	for i, a := range got {
		answers[paths[i]] = a.String()
	}
	return nil
}

// sameText is same for answers as texts.
func sameText(a, b string) bool {
	return slices.EqualFunc(strings.Split(a, "\n"), strings.Split(b, "\n"), func(x, y string) bool { return general(x) == general(y) })
}

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
