package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// TestNodesReset: the memory of a tree that was taken back serves the next one,
// and nothing of the former is left in it.
func TestNodesReset(t *testing.T) {
	o := Options{Symbols: NewSymbols(), Files: new(Files), BasePath: "/", Nodes: new(Nodes)}
	texts := []string{
		`{ a.b = 1; inherit (x.y) c "d"; ${e} = [ 2.5 "s" ./p ]; f = rec { inherit g; }; }`,
		`x: { y, z ? 3, ... }@all: let a = x; in with y; if a == z then -a else !(assert a ? b.${c}; a.b or 4) // { }`,
		"''\n  text ${x} more\n''" + ` + "a${b}c" + __curPos`,
		"[ " + strings.Repeat("(a: b: [ a b ]) ", 2000) + "]",
	}
	parse := func(text string, nodes *Nodes) Expr {
		o.Nodes = nodes
		e, err := Parse([]byte(text), o)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	nodes := new(Nodes)
	places := map[string]bool{}
	for round := range 3 {
		for _, text := range texts {
			e := parse(text, nodes)
			if got, want := Print(e, o.Symbols), Print(parse(text, nil), o.Symbols); got != want {
				t.Errorf("round %d: got %s, want %s", round, got, want)
			}
			places[fmt.Sprintf("%T %p", e, e)] = true
			nodes.Reset()
		}
	}
	if len(places) > 2*len(texts) {
		t.Errorf("%d trees lay in %d places", 3*len(texts), len(places))
	}
}
