package storecmd

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/storepath"
)

// trees prints the references of paths as trees; what was printed before is
// not unfolded again.
func (s *session) trees(ctx context.Context, paths []storepath.Path) error {
	t := treePrinter{s: s, ctx: ctx, done: map[storepath.Path]bool{}}
	for _, p := range paths {
		if err := t.node(p, "", ""); err != nil {
			return err
		}
	}
	return s.printf("%s", t.out.String())
}

type treePrinter struct {
	s    *session
	ctx  context.Context
	done map[storepath.Path]bool
	out  strings.Builder
}

// maxTreeDepth bounds the recursion; no chain of references in nixpkgs is a
// tenth as long.
const maxTreeDepth = 10000

func (t *treePrinter) node(p storepath.Path, first, rest string) error {
	if len(rest) > maxTreeDepth*len("│   ") {
		return fmt.Errorf("references nest deeper than %d", maxTreeDepth)
	}
	info, err := t.s.info(t.ctx, p)
	if err != nil {
		return err
	}
	t.out.WriteString(first + t.s.s.Dir().Join(p))
	if t.done[p] {
		t.out.WriteString(" [...]\n")
		return nil
	}
	t.done[p] = true
	t.out.WriteString("\n")
	refs := slices.DeleteFunc(slices.Clone(info.References), func(r storepath.Path) bool { return r == p })
	// Nix prints first what the others need.
	refs, err = t.s.sorted(t.ctx, refs)
	if err != nil {
		return err
	}
	for i, r := range refs {
		branch, below := "├───", "│   "
		if i == len(refs)-1 {
			branch, below = "└───", "    "
		}
		if err := t.node(r, rest+branch, rest+below); err != nil {
			return err
		}
	}
	return nil
}

// graph prints the closure of paths for Graphviz, in the order of Nix: always
// the first of the paths that are known and not yet printed.
func (s *session) graph(ctx context.Context, paths []storepath.Path) error {
	colours := []string{"black", "red", "green", "blue", "magenta", "burlywood"}
	var b strings.Builder
	b.WriteString("digraph G {\n")
	todo := &pathHeap{}
	seen := map[storepath.Path]bool{}
	push := func(p storepath.Path) {
		if !seen[p] {
			seen[p] = true
			heap.Push(todo, p)
		}
	}
	for _, p := range paths {
		push(p)
	}
	for edges := 0; todo.Len() > 0; {
		p := heap.Pop(todo).(storepath.Path)
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\"%s\" [label = \"%s\", shape = box, style = filled, fillcolor = \"#ff0000\"];\n", p, p.Name())
		for _, r := range info.References {
			if r != p {
				push(r)
				fmt.Fprintf(&b, "\"%s\" -> \"%s\" [color = \"%s\"];\n", r, p, colours[edges%len(colours)])
				edges++
			}
		}
	}
	b.WriteString("}\n")
	return s.printf("%s", b.String())
}

// graphML prints the same as graph in the XML form of GraphML.
func (s *session) graphML(ctx context.Context, paths []storepath.Path) error {
	var b strings.Builder
	b.WriteString(graphMLHead)
	todo := &pathHeap{}
	for _, p := range paths {
		heap.Push(todo, p)
	}
	for done := map[storepath.Path]bool{}; todo.Len() > 0; {
		p := heap.Pop(todo).(storepath.Path)
		if done[p] {
			continue
		}
		done[p] = true
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		kind := "output-path"
		if p.IsDerivation() {
			kind = "derivation"
		}
		// Nix shows a name up to its first dash.
		name := p.Name()[:strings.IndexByte(p.Name(), '-')+1]
		fmt.Fprintf(&b, graphMLNode, p, info.NarSize, name, kind)
		for _, r := range info.References {
			if r != p {
				heap.Push(todo, r)
				fmt.Fprintf(&b, "  <edge source=\"%s\" target=\"%s\"/>\n", p, r)
			}
		}
	}
	b.WriteString("</graph>\n</graphml>\n")
	return s.printf("%s", b.String())
}

const graphMLHead = `<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns='http://graphml.graphdrawing.org/xmlns'
    xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'
    xsi:schemaLocation='http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd'>
<key id='narSize' for='node' attr.name='narSize' attr.type='long'/>` +
	`<key id='name' for='node' attr.name='name' attr.type='string'/>` +
	`<key id='type' for='node' attr.name='type' attr.type='string'/>` +
	`<graph id='G' edgedefault='directed'>
`

const graphMLNode = `  <node id="%s">
    <data key="narSize">%d</data>
    <data key="name">%s</data>
    <data key="type">%s</data>
  </node>
`

// pathHeap gives the smallest path first.
type pathHeap []storepath.Path

func (h pathHeap) Len() int           { return len(h) }
func (h pathHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h pathHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *pathHeap) Push(x any)        { *h = append(*h, x.(storepath.Path)) }
func (h *pathHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
