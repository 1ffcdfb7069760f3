package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"isomorph/internal/nixlang/gen"
)

// difference is a program that does not mean the same to both.
type difference struct {
	text      string
	form      form // in which its value is printed; formNone: as the driver describes it
	want, got answer
	index     int
}

func (d difference) print(w io.Writer) {
	fmt.Fprintf(w, "--- program\n%s\n", d.text)
	if d.form != formNone {
		fmt.Fprintf(w, "--- printed with %s\n", strings.Join(d.form.args(), " "))
	}
	fmt.Fprintf(w, "--- Nix\n%s--- ours\n%s", d.want, d.got)
}

// fuzz compares batches until something says stop.
func (o *options) fuzz(ctx context.Context) error {
	start, seed := time.Now(), o.seed
	counts, total, found := map[string]int{}, 0, 0
	for ; o.more(start, total) && ctx.Err() == nil && found < o.most; seed++ {
		trees, texts := o.makeBatch(seed)
		diffs, err := o.compareCounting(ctx, texts, form(seed%4), counts)
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		total += len(texts)
		n, err := o.report(ctx, seed, trees, diffs, counts)
		if found += n; err != nil && ctx.Err() == nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	o.summary(counts, total, start, seed, found)
	if found > 0 {
		return errDifferent
	}
	return nil
}

// report prints the differences of a batch that remain when the program is alone,
// and of those that look alike only one. It returns how many.
func (o *options) report(ctx context.Context, seed uint64, trees []*gen.Node, diffs []difference, counts map[string]int) (found int, err error) {
	seen := map[string]bool{}
	for _, d := range diffs {
		if seen[d.key()] {
			continue
		}
		alone, ok, err := o.confirm(ctx, d)
		if err != nil {
			return found, err
		}
		if !ok {
			counts["differs beside others only"]++
			continue
		}
		seen[d.key()] = true
		found++
		fmt.Fprintf(o.out, "=== seed %d, program %d\n", seed, d.index)
		if t := trees[d.index]; t != nil && o.minimize {
			alone = o.shrink(ctx, t, alone)
		}
		alone.print(o.out)
	}
	return found, nil
}

func (o *options) more(start time.Time, total int) bool {
	return (o.count == 0 || total < o.count) && (o.duration == 0 || time.Since(start) < o.duration)
}

// makeBatch makes the programs of a seed. One in twelve is damaged and has no
// tree; one in eight has other blanks than its tree.
func (o *options) makeBatch(seed uint64) (trees []*gen.Node, texts []string) {
	src := rand.New(rand.NewPCG(seed, 0))
	for range o.batch {
		t := gen.Program(src, gen.Options{Fuel: 5 + src.IntN(o.fuel), Wrong: []int{-1, 10, 40}[src.IntN(3)]})
		text := t.String()
		if src.IntN(12) == 0 {
			text, t = gen.Corrupt(src, text), nil
		}
		if src.IntN(8) == 0 {
			text = gen.Layout(src, text)
		}
		trees, texts = append(trees, t), append(texts, text)
	}
	return trees, texts
}

// key is the same for differences that look alike.
func (d difference) key() string {
	return d.want.class() + " " + d.got.class() + " " + pattern(d.want) + pattern(d.got)
}

// pattern is the part of an answer that programs with the same fault share.
func pattern(a answer) string {
	s := a.err
	if len(s) > 25 {
		s = s[:25]
	}
	return s
}

func (o *options) summary(counts map[string]int, total int, start time.Time, seed uint64, found int) {
	took := time.Since(start)
	fmt.Fprintf(o.out, "%d programs (seeds %d to %d) in %s, %.0f a second, %d differences\n",
		total, o.seed, seed-1, took.Round(time.Second), float64(total)/took.Seconds(), found)
	for _, c := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(o.out, "%8d %s\n", counts[c], c)
	}
}
