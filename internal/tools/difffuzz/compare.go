package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// compare has both evaluate programs and returns those that differ. The values
// of the others are printed by both in a form, too, unless it is formNone.
func (o *options) compare(ctx context.Context, texts []string, f form) ([]difference, error) {
	return o.compareCounting(ctx, texts, f, map[string]int{})
}

func (o *options) compareCounting(ctx context.Context, texts []string, f form, counts map[string]int) ([]difference, error) {
	if err := writePrograms(o.dir, texts); err != nil {
		return nil, err
	}
	nix := o.oracle(o.dir)
	want, err := nix.run(ctx, len(texts))
	if err != nil {
		return nil, err
	}
	us, err := newOurs(ctx, o.dir, batchMemory, o.allowed(o.dir))
	if err != nil {
		return nil, err
	}
	var diffs []difference
	var values []int
	for i, w := range want {
		if why := w.incomparable(); why != "" {
			counts[why]++
			continue
		}
		got, err := us.run(i)
		if err != nil {
			return nil, fmt.Errorf("%w:\n%s", err, texts[i])
		}
		counts[w.class()]++
		if !same(w, got, formNone) {
			diffs = append(diffs, difference{texts[i], formNone, w, got, i})
		} else if w.err == "" {
			values = append(values, i)
		}
	}
	us.close()
	if f == formNone {
		return diffs, nil
	}
	more, err := o.comparePrinted(ctx, texts, values, f)
	return append(diffs, more...), err
}

// incomparable tells why there is nothing to compare an answer with, if so: Nix
// has crashed, or its store would have to have something in it. Ours here takes
// the word of a program for what is in the store, as Nix does that evaluates for
// reading only.
func (a answer) incomparable() string {
	switch {
	case a.err == crashed:
		return "Nix has crashed"
	case strings.HasSuffix(a.err, " is required, but there is no substituter that can build it"):
		return "not in the store"
	}
	return ""
}

// comparePrinted compares values as nix-instantiate prints them. It evaluates
// anew, since what has been evaluated already is printed even by a lazy form.
func (o *options) comparePrinted(ctx context.Context, texts []string, values []int, f form) (diffs []difference, err error) {
	us, err := newOurs(ctx, o.dir, batchMemory, o.allowed(o.dir))
	if err != nil {
		return nil, err
	}
	defer us.close()
	got, failing := map[int]answer{}, map[int]bool{}
	if f == formLazy { // what other programs have evaluated of a file shows
		values = slices.DeleteFunc(values, func(i int) bool { return strings.Contains(strings.ToLower(texts[i]), "import") })
	}
	for _, i := range values {
		a, err := us.print(i, f)
		if err != nil {
			return nil, fmt.Errorf("%w:\n%s", err, texts[i])
		}
		a.messages = nil // compared before
		got[i], failing[i] = a, a.err != ""
	}
	want, err := o.oracle(o.dir).print(ctx, values, f, failing)
	if err != nil {
		return nil, err
	}
	for _, i := range values {
		if !same(want[i], got[i], f) {
			diffs = append(diffs, difference{texts[i], f, want[i], got[i], i})
		}
	}
	return diffs, nil
}

// same tells whether two answers agree, but for what doc/compat.md names: an
// evaluated and an unevaluated lambda are the same in messages and in what is
// printed without being evaluated, of several undefined variables another one
// may be reported, and that a directory is no file or a TOML document is malformed
// is said in other words.
// Nothing can be built here, which each says in its own words, too.
func same(a, b answer, f form) bool {
	if f == formLazy {
		a.value, b.value = hideLambdas(a.value), hideLambdas(b.value)
	}
	if strings.HasPrefix(b.err, "string too long: ") && strings.HasPrefix(a.err, "stack overflow") {
		return true // the XML of a value that has no end grows beyond our limit before it is too deep
	}
	return hideTime(a.value) == hideTime(b.value) && general(a.err) == general(b.err) &&
		slices.EqualFunc(a.messages, b.messages, func(x, y string) bool { return general(x) == general(y) })
}

// clock is the time in the description of the set of builtins, and as it is
// printed, which may be before it is evaluated.
var clock = regexp.MustCompile(`(\\"currentTime\\"=| currentTime = )([0-9]+|<CODE>)`)

func hideTime(s string) string { return clock.ReplaceAllString(s, "time") }

func hideLambdas(s string) string { return strings.ReplaceAll(s, "<LAMBDA>", "<CODE>") }

var unbuildable = regexp.MustCompile("^(error: )?(Cannot build '.*'.|builder for '.*' failed .*|nothing can be built in a read-only session.*)$")

var directory = regexp.MustCompile("^(error: )?read .*: [Ii]s a directory$")

var lambda = regexp.MustCompile("«lambda[^«»]*(«[^»]*»[^»]*)?»")

func general(msg string) string {
	if strings.HasPrefix(strings.TrimPrefix(msg, "error: "), "undefined variable '") {
		return "undefined variable"
	}
	if unbuildable.MatchString(msg) {
		return "a derivation would have to be built"
	}
	if strings.HasPrefix(strings.TrimPrefix(msg, "error: "), "while parsing TOML:") {
		return "a TOML document is malformed"
	}
	if directory.MatchString(msg) {
		return "a directory is read as a file"
	}
	return lambda.ReplaceAllString(msg, "«thunk»")
}
