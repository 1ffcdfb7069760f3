package pipeline

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
)

// printed answers an input as nix-instantiate --eval --strict does, or with
// --json.
func printed(json bool) func(*Evaluator, Input) (Answer, error) {
	return func(ev *Evaluator, in Input) (a Answer, err error) {
		err = ev.Do(func(c *eval.Ctx) {
			v, _ := ev.Select(c, in)
			if json {
				defer ev.Ahead(c, Parts(c, v), func(c *eval.Ctx, v eval.Value) { builtins.ToJSON(c, 0, v, new(eval.ContextSet)) }).End()
				a.Text = builtins.ToJSON(c, 0, v, new(eval.ContextSet))
				return
			}
			defer ev.Ahead(c, Parts(c, v), func(c *eval.Ctx, v eval.Value) { c.ForceDeep(v) }).End()
			c.ForceDeep(v)
			a.Text = c.PrintStrict(v)
		})
		return a, err
	}
}

// aheadCases are programs whose parts need one another, or that tell in which
// order they are evaluated. Each part does some work, so that several workers
// meet.
var aheadCases = []struct {
	name, expr string
	again      bool // helpers may have an influence, so that it is evaluated twice
}{
	{name: "parts that share", expr: `let l = builtins.genList (i: if i < 2 then i else builtins.elemAt l (i - 1) + work 20) 200;
		in builtins.listToAttrs (map (i: { name = "a${toString i}"; value = builtins.elemAt l (199 - i); }) (builtins.genList (i: i) 200))`},
	{name: "a list", expr: `let x = work 2000; in builtins.genList (i: x + work (i * 7)) 100`},
	{name: "messages", expr: `let shown = n: builtins.trace "shown ${toString n}" (work n); x = shown 300; in
		{ a = work 500; b = x; c = shown 3; d = x + shown 4; e = shown 5; f = builtins.warn "w" x; g = shown 7; }`},
	{name: "messages behind caught errors", expr: `let bad = builtins.trace "bad" (throw "bad ${toString (work 100)}"); try = x: (builtins.tryEval x).success; in
		{ a = work 500; b = try bad; c = try bad; d = try (builtins.trace "d" bad); }`},
	{name: "a message that shows thunks", again: true, expr: `let s = { x = work 300; y = work 1; }; in
		{ a = work 900; b = builtins.trace s 1; c = s.x; d = s.y; e = work 3; }`},
	{name: "an error", again: true, expr: `let bad = throw "bad ${toString (work 100)}"; use = x: { inherit x; }; in
		{ a = work 500; b = (use bad).x; c = (use bad).x + 1; d = bad; e = builtins.tryEval bad; }`},
	{name: "the first of several errors", again: true, expr: `{ a = work 900; b = work 800; c = throw "c"; d = abort "d"; e = 1 + "e"; f = work 10; }`},
	{name: "an error that shows thunks", again: true, expr: `let s = { x = work 300; y = work 1; }; in { a = work 900; b = 1 + s; c = s.x; d = s.y; }`},
	{name: "a message, then an error", again: true, expr: `{ a = builtins.trace "a" (work 500); b = builtins.trace "b" (throw "b"); c = builtins.trace "c" 1; }`},
	{name: "infinite recursion over parts", again: true, expr: `let s = { a = work 100; b = s.c + work 50; c = s.d + work 50; d = s.e + work 50; e = s.b + work 50; f = work 3; }; in s`},
	{name: "too deep", again: true, expr: `let deep = n: if n == 0 then 0 else 1 + deep (n - 1); in { a = deep 3000; b = deep 20000; c = deep 100; }`},
	{name: "new names decide", expr: `{ a = work 5000; b = builtins.tryEval (import ./order.nix); c = import ./names.nix; d = work 3; }`},
	{name: "new names decide the other way", expr: `{ a = work 5000; b = builtins.tryEval (import ./order.nix); b2 = import ./sequence.nix; c = import ./names.nix; d = work 3; }`},
}

// aside gives each case a function that takes some time.
const aside = `let work = n: if n < 1 then 0 else 1 + work (n - 1); in `

// TestAheadIsLikeAlone: answers, messages and errors are those of one worker,
// to the character.
func TestAheadIsLikeAlone(t *testing.T) {
	for _, tc := range aheadCases {
		t.Run(strings.ReplaceAll(tc.name, " ", "-"), func(t *testing.T) {
			for i, answer := range []func(*Evaluator, Input) (Answer, error){printed(false), printed(true)} {
				q := func(a *asking) Query {
					return Query{Inputs: a.inputs(aside + tc.expr), Form: fmt.Sprint(i), Answer: answer}
				}
				checkAhead(t, q, tc.again)
			}
		})
	}
}

// TestAheadDerivations is the same for derivations: those of a set, and those of
// several attributes.
func TestAheadDerivations(t *testing.T) {
	const drvs = `let d = name: deps: derivation { inherit name deps; system = "x86_64-linux"; builder = "/bin/sh"; n = work 50; src = ./sources + "/${name}"; };
		l = builtins.genList (i: d "d${toString i}" (if i < 3 then [ ] else map (j: builtins.elemAt l (i - j)) [ 1 2 3 ])) 40;
		set = builtins.listToAttrs (map (x: { inherit (x) name; value = x; }) l); in `
	for name, q := range map[string]func(a *asking) Query{
		"set": func(a *asking) Query {
			return Query{Inputs: a.inputs(aside + drvs + `set // { other = work 3; sub = set // { recurseForDerivations = true; }; }`)}
		},
		"list": func(a *asking) Query { return Query{Inputs: a.inputs(aside + drvs + `l`)} },
		"attributes": func(a *asking) Query {
			a.file("default.nix", "{ }: "+aside+drvs+"set // { message = builtins.trace \"shown\" set.d39; }")
			in := Input{Source: Source{File: "./default.nix"}, Dir: a.dir}
			return Query{Inputs: in.Select([]string{"d3", "d39", "message", "d20", "d21", "d0"})}
		},
		"a missing attribute": func(a *asking) Query {
			in := Input{Source: Source{Text: aside + drvs + "set"}, Dir: a.dir}
			return Query{Inputs: in.Select([]string{"d3", "none", "d20"})}
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkAhead(t, func(a *asking) Query {
				q := q(a)
				q.Form, q.Answer = FormDerivations, Derivations
				return q
			}, name == "a missing attribute")
		})
	}
}

func (a *asking) inputs(expr string) []Input {
	return []Input{{Source: Source{Text: expr}, Dir: a.dir}}
}

// checkAhead compares what a query comes to with one worker and with several.
func checkAhead(t *testing.T, query func(a *asking) Query, again bool) {
	t.Helper()
	var want said
	for _, cores := range []int{1, 2, 4, 2, 3} {
		a := newAsking(t)
		a.cfg.Eval.ShowTrace, a.cfg.Eval.Cores, a.nocache = true, cores, true
		a.file("order.nix", `{ yy1 = 1; zz1 = 2; } == { yy1 = 3; zz1 = throw "zz1"; }`)
		a.file("sequence.nix", `(builtins.tryEval (builtins.deepSeq { yy2 = throw "yy2"; zz2 = throw "zz2"; } 1)).success`)
		a.file("names.nix", `{ zz1 = { yy1 = 1; zz2 = { yy2 = 1; }; }; }`)
		for i := range 40 {
			a.file(fmt.Sprintf("sources/d%d/file", i), strings.Repeat("x", 100000*(i%3)))
		}
		q := query(a)
		got, evaluators := a.run(q)
		for i := range got.Answers {
			for j := range got.Answers[i].Found {
				got.Answers[i].Found[j].Origin = nil
			}
		}
		got.Err = strings.ReplaceAll(got.Err, a.dir, "DIR")
		if cores == 1 {
			want = got
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d workers: %+v\none: %+v", cores, got, want)
		}
		if again && evaluators != 2 {
			t.Errorf("%d workers: %d evaluations; this one has to be repeated", cores, evaluators)
		}
	}
}

// run answers a query in a session of its own, and tells how many evaluators
// that took.
func (a *asking) run(q Query) (s said, evaluators int) {
	a.t.Helper()
	cfg := a.cfg
	for kind, f := range map[string]*func(string){"trace": &cfg.Eval.Trace, "warn": &cfg.Eval.Warn, "evalwarn": &cfg.Eval.EvalWarn} {
		*f = func(msg string) { s.Messages = append(s.Messages, kind+": "+msg) }
	}
	cfg.EvalCache = CacheConfig{}
	session, err := Open(a.t.Context(), cfg, a.readOnly)
	check(a.t, err)
	defer session.Close()
	q.Evaluating = func(*Evaluator) { evaluators++ }
	if _, err = session.Ask(a.t.Context(), q, func(answer Answer) error {
		s.Answers = append(s.Answers, answer)
		return nil
	}); err != nil {
		s.Err = err.Error()
	}
	return s, evaluators
}
