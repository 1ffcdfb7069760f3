package resolve_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"isomorph/internal/nixlang/resolve"
	"isomorph/internal/nixlang/syntax"
)

type world struct {
	symbols *syntax.Symbols
	globals *resolve.Globals
}

func newWorld() world {
	s := syntax.NewSymbols()
	return world{s, resolve.NewGlobals(s, []string{"builtins", "true", "__sub"})}
}

// resolveText resolves a text, around which the frame with the given names lies.
func (w world) resolveText(text string, frame ...string) (syntax.Expr, error) {
	files := new(syntax.Files)
	e, err := syntax.Parse([]byte(text), syntax.Options{
		Symbols: w.symbols, Files: files, Origin: syntax.Origin{Kind: syntax.OriginString}, BasePath: "/",
	})
	if err != nil {
		return nil, err
	}
	scope := resolve.Scope{Files: files}
	for _, name := range frame {
		scope.Frame = append(scope.Frame, w.symbols.Intern(name))
	}
	return e, w.globals.Resolve(e, scope)
}

// Every use of a variable is shown as name=LEVEL.INDEX, name=gINDEX for a
// global, or name=w with the levels of the withs to look in, all counted from
// the variable's own frame.
func TestReferences(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"true", "true=g1"},
		{"x: x", "x=0.0"},
		{"x: y: z: [ x y z ]", "x=0.0 y=0.1 z=0.2"},
		{"x: y: z: w: [ x y z w ]", "x=1.0 y=1.1 z=1.2 w=0.0"},
		{"x: x: x", "x=0.1"},
		{"_: _: x: y: [ x y ]", "x=1.2 y=0.0"},
		{"x: { y }: z: [ x y z ]", "x=2.0 y=1.0 z=0.0"},
		{"{ a, b ? a, c ? all }@all: [ a b c all ]", "a=0.0 all=0.3 a=0.0 b=0.1 c=0.2 all=0.3"},
		{"x: (y: y) x", "y=0.0 x=0.0"},
		{"let a = b; b = 1; in a", "b=0.1 a=0.0"},
		{"let in true", "true=g1"},
		{"x: let in x", "x=0.0"},
		{"x: rec { a = x; b = a; }", "x=1.0 a=0.0"},
		{"x: { a = x; b = x; }", "x=0.0 x=0.0"},
		{"x: rec { inherit x; y = x; }", "x=0.0 x=0.0"},
		{"x: let inherit x; in x", "x=0.0 x=0.0"},
		{"true: let inherit builtins; in [ true builtins ]", "builtins=g0 true=1.0 builtins=0.0"},
		{"with builtins; [ a true ]", "builtins=g0 a=w0 true=g1"},
		{"with 1; with 2; a", "a=w0,1"},
		{"with 1; x: with 2; y: z: [ a x y ]", "a=w1,3 x=2.0 y=0.0"},
		{"with 1; let a = 1; in with 2; [ a b ]", "a=1.0 b=w0,2"},
		{"x: with x; with x.y; z", "x=0.0 x=1.0 z=w0,1"},
		{"1 - true", "__sub=g2 true=g1"},
		{"__sub: 1 - 2", "__sub=0.0"},
		{"x: x.${x}.y or (x ? ${x})", "x=0.0 x=0.0 x=0.0 x=0.0"},
		{"x: rec { ${x} = x; }", "x=0.0 x=0.0"},
		{"x: rec { a = 1; ${x} = a; }", "x=1.0 a=0.0"},
		{`x: "${x}" + ./y${x}`, "x=0.0 x=0.0"},
		{"x: if x then assert x; x else !x", "x=0.0 x=0.0 x=0.0 x=0.0"},
	} {
		w := newWorld()
		e, err := w.resolveText(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := w.references(e); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func (w world) references(e syntax.Expr) string {
	var out []string
	visit(e, func(v *syntax.Var) {
		s := w.symbols.Name(v.Name) + "="
		switch v.Ref.Kind {
		case syntax.RefLocal:
			s += fmt.Sprintf("%d.%d", v.Ref.Level, v.Ref.Index)
		case syntax.RefGlobal:
			s += fmt.Sprintf("g%d", v.Ref.Index)
		case syntax.RefWith:
			s += withLevels(v.Ref)
		default:
			s += "?"
		}
		out = append(out, s)
	})
	return strings.Join(out, " ")
}

func withLevels(ref syntax.Ref) string {
	level := ref.Level
	s := fmt.Sprintf("w%d", level)
	for with := ref.With; with.Outer != nil; with = with.Outer {
		level += with.OuterLevel
		s += fmt.Sprintf(",%d", level)
	}
	return s
}

// visit calls f for the variables of e in the order of the text, roughly.
func visit(e syntax.Expr, f func(*syntax.Var)) {
	all := func(es ...syntax.Expr) {
		for _, e := range es {
			visit(e, f)
		}
	}
	path := func(names []syntax.AttrName) {
		for _, n := range names {
			all(n.Expr)
		}
	}
	set := func(s *syntax.Attrs) {
		for _, from := range s.From {
			all(from.Expr)
		}
		for _, a := range s.Attrs {
			all(a.Value)
		}
		for _, d := range s.Dynamic {
			all(d.Name, d.Value)
		}
	}
	switch e := e.(type) {
	case *syntax.Var:
		f(e)
	case *syntax.Select:
		all(e.Subject)
		path(e.Path)
		all(e.Default)
	case *syntax.HasAttr:
		all(e.Subject)
		path(e.Path)
	case *syntax.Attrs:
		set(e)
	case *syntax.List:
		all(e.Elems...)
	case *syntax.Lambda:
		for _, formal := range e.Formals {
			all(formal.Default)
		}
		all(e.Body)
	case *syntax.Call:
		all(e.Fun)
		all(e.Args...)
	case *syntax.Let:
		set(e.Bindings)
		all(e.Body)
	case *syntax.With:
		all(e.Scope, e.Body)
	case *syntax.If:
		all(e.Cond, e.Then, e.Else)
	case *syntax.Assert:
		all(e.Cond, e.Body)
	case *syntax.Not:
		all(e.X)
	case *syntax.Binary:
		all(e.Left, e.Right)
	case *syntax.Concat:
		for _, p := range e.Parts {
			all(p.Expr)
		}
	}
}

func TestFusedLambdas(t *testing.T) {
	w := newWorld()
	e, err := w.resolveText("a: b: c: d: { e }: f: f")
	if err != nil {
		t.Fatal(err)
	}
	var got []uint8
	for l, ok := e.(*syntax.Lambda); ok; l, ok = l.Body.(*syntax.Lambda) {
		got = append(got, l.Fused)
	}
	if want := []uint8{3, 0, 0, 1, 1, 1}; string(got) != string(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	head := e.(*syntax.Lambda)
	if inner := head.Innermost().(*syntax.Lambda); w.symbols.Name(inner.Arg) != "d" || head.FrameSize() != 3 {
		t.Errorf("innermost is %s, frame of %d", w.symbols.Name(inner.Arg), head.FrameSize())
	}
}

// What a set inherits from: a plain variable needs no slot, anything else gets
// one, in the set's own frame or in one of its own.
func TestInheritSources(t *testing.T) {
	for _, c := range []struct {
		text             string
		frame, fromSlots uint32
		slots            []int32
		attrs            string // environment and source of each attribute
	}{
		{"x: { inherit (x) a b; }", 0, 0, []int32{-1}, "outer:x outer:x"},
		{"x: { inherit (x.y) a b; c = x; }", 0, 1, []int32{0}, "from:0 from:0 outer"},
		{"x: { inherit (x) a; inherit (x.y) b; inherit (x.z) c; }", 0, 2, []int32{-1, 0, 1}, "outer:x from:0 from:1"},
		{"x: rec { inherit (x) a; inherit (x.y) b; c = a; inherit x; }", 5, 0, []int32{-1, 4}, "rec:x rec:4 rec outer"},
		{"x: let inherit (x.y) b; in b", 2, 0, []int32{1}, "rec:1"},
		{"x: rec { inherit (x.y); }", 1, 0, []int32{0}, ""},
	} {
		w := newWorld()
		e, err := w.resolveText(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		s := setOf(e.(*syntax.Lambda).Body)
		var slots []int32
		for _, f := range s.From {
			slots = append(slots, f.Slot)
		}
		got := fmt.Sprint(s.FrameSize, s.FromSlots, slots, " ", w.environments(s))
		if want := fmt.Sprint(c.frame, c.fromSlots, c.slots, " ", c.attrs); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.text, got, want)
		}
	}
}

func setOf(e syntax.Expr) *syntax.Attrs {
	if l, ok := e.(*syntax.Let); ok {
		return l.Bindings
	}
	return e.(*syntax.Attrs)
}

func (w world) environments(s *syntax.Attrs) string {
	var out []string
	for _, a := range s.Attrs {
		text := map[syntax.AttrEnv]string{syntax.EnvOuter: "outer", syntax.EnvRec: "rec", syntax.EnvFrom: "from"}[a.Env]
		if a.Kind == syntax.AttrInheritFrom {
			from := a.Value.(*syntax.Select).Subject.(*syntax.InheritFrom)
			if from.Direct != nil {
				text += ":" + w.symbols.Name(from.Direct.Name)
			} else {
				text += fmt.Sprint(":", from.Slot)
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestUndefinedVariable(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"x", "'x' 1:1"},
		{"x: y", "'y' 1:4"},
		{"{ inherit x; }", "'x' 1:11"},
		{"let inherit x; in x", "'x' 1:13"},
		{"rec { a = y; inherit x; }", "'y' 1:11"},
		{"rec { inherit x; a = y; }", "'x' 1:15"},
		{"{ inherit (f) x; a = g; }", "'f' 1:12"},
		{"{ a ? b, c ? d }: e", "'b' 1:7"},
		{"with x; y", "'x' 1:6"},
		{"(with { }; x) y", "'y' 1:15"},
		{"f x", "'f' 1:1"},
		{"a.b or c", "'a' 1:1"},
		{"2 * 3", "'__mul' «none»"},
	} {
		_, err := newWorld().resolveText(c.text)
		var e *syntax.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v", c.text, err)
			continue
		}
		at := strings.TrimPrefix(e.At.String(), "«string»:")
		if got, want := e.Msg+" "+at, "undefined variable "+c.want; got != want {
			t.Errorf("%s: got %s, want %s", c.text, got, want)
		}
	}
}

func TestSuggestions(t *testing.T) {
	for text, want := range map[string]string{
		"stdenv: { fetchurl }: stdnev":          "stdenv",
		"let colour = 1; color = 2; in colr":    "color",
		"(colour: 1) colur":                     "", // out of scope there
		"{ inherit builtin; }":                  "builtins",
		"trye":                                  "true",
		"rec { inherit version; versoin = 1; }": "",
		"x: y":                                  "",
		"let sub = 1; in __sux":                 "",
	} {
		_, err := newWorld().resolveText(text)
		var e *syntax.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v", text, err)
			continue
		}
		if got := strings.Join(e.Suggestions, " "); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestProvidedFrame(t *testing.T) {
	w := newWorld()
	e, err := w.resolveText("x: [ a true b (with 1; c) x ]", "a", "b", "true")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.references(e), "a=1.0 true=1.2 b=1.1 c=w0 x=0.0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// The frame is gone afterwards, also after an error.
	if _, err := w.resolveText("a nothing", "a"); err == nil {
		t.Error("accepted")
	}
	if _, err := w.resolveText("a"); err == nil {
		t.Error("a is still defined")
	}
}

func TestDeepTrees(t *testing.T) {
	w := newWorld()
	for n, ok := range map[int]bool{50_000: true, 200_000: false} {
		_, err := w.resolveText("true" + strings.Repeat("+true", n))
		if (err == nil) != ok {
			t.Errorf("chain of %d: %v", n, err)
		}
		if !ok && !strings.Contains(fmt.Sprint(err), "nested too deeply") {
			t.Errorf("chain of %d: got %v", n, err)
		}
	}
}

// One base environment serves many goroutines.
func TestConcurrentUse(t *testing.T) {
	w := newWorld()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				text := fmt.Sprintf("a%d: b%d: let c = a%d; in [ c b%d true ]", i, j, i, j)
				e, err := w.resolveText(text)
				if err != nil {
					t.Error(err)
					return
				}
				want := fmt.Sprintf("a%d=1.0 c=0.0 b%d=1.1 true=g1", i, j)
				if got := w.references(e); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}
