package realise

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"isomorph/internal/derivation"
	"isomorph/internal/storepath"
)

const fetchBuilder = "builtin:fetchurl"

// Plan is the work that lies between the store as it is and some goals. It can
// be run once.
type Plan struct {
	Builds    []storepath.Path // derivations to build, inputs first
	Downloads []storepath.Path // derivations that are downloads, sorted by name
	Valid     int              // derivations that were looked at and need nothing

	goals []Goal
	nodes map[storepath.Path]*node
}

// Download is one file that a plan would download.
type Download struct {
	Drv  storepath.Path
	Name string
	URL  string
	Hash string // as the derivation specifies it: base 16
}

// DownloadList describes the downloads, sorted by name: what --dry-run shows,
// and what --offline says is missing.
func (p *Plan) DownloadList() []Download {
	out := make([]Download, 0, len(p.Downloads))
	for _, drv := range p.Downloads {
		d := p.nodes[drv].d
		out = append(out, Download{drv, d.Name, d.Env.At("url"), d.Outputs.At("out").Hash})
	}
	return out
}

// InOrder returns builds and downloads in the order in which Nix announces
// them: by path, but each behind what it needs.
func (p *Plan) InOrder() []storepath.Path {
	order := make([]storepath.Path, 0, len(p.nodes))
	seen := map[*node]bool{}
	byPath := func(a, b *node) int { return cmp.Compare(a.drv, b.drv) }
	// The stack holds nodes twice: first to be opened, then to be written down.
	type step struct {
		n    *node
		done bool
	}
	var stack []step
	push := func(nodes []*node) {
		sorted := slices.SortedFunc(slices.Values(nodes), byPath)
		for _, n := range slices.Backward(sorted) {
			stack = append(stack, step{n: n})
		}
	}
	push(slices.Collect(maps.Values(p.nodes)))
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch {
		case top.done:
			order = append(order, top.n.drv)
		case !seen[top.n]:
			seen[top.n] = true
			stack = append(stack, step{top.n, true})
			push(top.n.inputs)
		}
	}
	return order
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Builds)+len(p.Downloads) == 0 }

// node is one derivation of the graph.
type node struct {
	drv    storepath.Path
	d      *derivation.Derivation
	wanted map[string]bool // outputs
	needed bool            // something wanted is missing
	again  bool            // it is built although everything wanted is valid

	inputs     []*node // needed ones
	dependents []*node
	missing    int // inputs that are not done yet
	failedDeps int
	height     int // longest way to a goal
	started    bool
	lent       bool // its slot, while it waits for another process
}

func (n *node) download() bool { return n.d.Builder == fetchBuilder }

// Plan works out what to do.
func (r *Realiser) Plan(ctx context.Context, goals []Goal) (*Plan, error) {
	p := &planner{r: r, ctx: ctx, nodes: map[storepath.Path]*node{}}
	for _, g := range goals {
		outputs, err := r.Outputs(ctx, g)
		if err != nil {
			return nil, err
		}
		names := make([]string, 0, len(outputs))
		for n := range outputs {
			names = append(names, n)
		}
		if err := p.want(g.Drv, names); err != nil {
			return nil, err
		}
		p.nodes[g.Drv].again = r.o.Check || r.o.Repair
	}
	if err := p.expand(); err != nil {
		return nil, err
	}
	return p.plan(goals)
}

type planner struct {
	r        *Realiser
	ctx      context.Context
	nodes    map[storepath.Path]*node
	frontier []*node // to be looked at
	sources  []storepath.Path
	sourceOf map[storepath.Path]storepath.Path
}

// want notes that outputs are needed and puts the derivation on the frontier
// if that is news.
func (p *planner) want(drv storepath.Path, outputs []string) error {
	n, ok := p.nodes[drv]
	if !ok {
		d, err := p.r.derivation(p.ctx, drv)
		if err != nil {
			return err
		}
		n = &node{drv: drv, d: d, wanted: map[string]bool{}}
		p.nodes[drv] = n
	}
	news := false
	for _, name := range outputs {
		if !n.d.Outputs.Has(name) {
			return fmt.Errorf("derivation '%s' does not have the output '%s' that is wanted of it", p.r.o.Store.Dir().Join(drv), name)
		}
		if !n.wanted[name] {
			n.wanted[name], news = true, true
		}
	}
	if news && !n.needed {
		p.frontier = append(p.frontier, n)
	}
	return nil
}

// expand looks at the frontier until it is empty. A whole frontier is rooted
// and looked up at once, because each question to the store costs a query.
func (p *planner) expand() error {
	p.sourceOf = map[storepath.Path]storepath.Path{}
	for len(p.frontier) > 0 {
		front := p.frontier
		p.frontier = nil
		valid, err := p.validOutputs(front)
		if err != nil {
			return err
		}
		for _, n := range front {
			if !n.needed && p.isNeeded(n, valid) {
				n.needed = true
				if err := p.wantInputs(n); err != nil {
					return err
				}
			}
		}
	}
	return p.checkSources()
}

func (p *planner) validOutputs(front []*node) (map[storepath.Path]bool, error) {
	var paths []storepath.Path
	for _, n := range front {
		for name := range n.wanted {
			if o := n.d.Outputs.At(name).Path; o != "" {
				paths = append(paths, o)
			}
		}
	}
	slices.Sort(paths)
	if err := p.r.o.Store.AddTempRoot(p.ctx, paths...); err != nil {
		return nil, err
	}
	return p.r.o.Store.ValidPaths(p.ctx, paths)
}

func (p *planner) isNeeded(n *node, valid map[storepath.Path]bool) bool {
	for name := range n.wanted {
		if !valid[n.d.Outputs.At(name).Path] {
			return true
		}
	}
	return n.again
}

func (p *planner) wantInputs(n *node) error {
	for drv, outputs := range n.d.InputDrvs.All() {
		if err := p.want(drv, outputs); err != nil {
			return err
		}
	}
	for _, s := range n.d.InputSrcs {
		if _, seen := p.sourceOf[s]; !seen {
			p.sourceOf[s] = n.drv
			p.sources = append(p.sources, s)
		}
	}
	return nil
}

// checkSources makes sure that the files the builds start from are there:
// nothing can make them any more.
func (p *planner) checkSources() error {
	slices.Sort(p.sources)
	if err := p.r.o.Store.AddTempRoot(p.ctx, p.sources...); err != nil {
		return err
	}
	valid, err := p.r.o.Store.ValidPaths(p.ctx, p.sources)
	if err != nil {
		return err
	}
	dir := p.r.o.Store.Dir()
	for _, s := range p.sources {
		if !valid[s] {
			return fmt.Errorf("dependency '%s' of '%s' does not exist; evaluate the recipe again to add it to the store",
				dir.Join(s), dir.Join(p.sourceOf[s]))
		}
	}
	return nil
}

// plan links the needed nodes and sorts them.
func (p *planner) plan(goals []Goal) (*Plan, error) {
	plan := &Plan{goals: goals, nodes: map[storepath.Path]*node{}}
	for drv, n := range p.nodes {
		if !n.needed {
			plan.Valid++
			continue
		}
		plan.nodes[drv] = n
		for input := range n.d.InputDrvs.All() {
			if in := p.nodes[input]; in.needed {
				n.inputs = append(n.inputs, in)
				in.dependents = append(in.dependents, n)
			}
		}
		n.missing = len(n.inputs)
	}
	order := topological(plan.nodes)
	if len(order) != len(plan.nodes) {
		return nil, fmt.Errorf("the derivations depend on each other in a circle")
	}
	heights(order)
	for _, n := range order {
		if n.download() {
			plan.Downloads = append(plan.Downloads, n.drv)
		} else {
			plan.Builds = append(plan.Builds, n.drv)
		}
	}
	slices.SortFunc(plan.Downloads, func(a, b storepath.Path) int { return cmp.Compare(a.Name(), b.Name()) })
	return plan, nil
}

// topological orders nodes so that inputs stand before what needs them, ties by
// path, so that the order is the same in every run.
func topological(nodes map[storepath.Path]*node) []*node {
	var ready, out []*node
	left := map[*node]int{}
	for _, n := range nodes {
		left[n] = len(n.inputs)
		if len(n.inputs) == 0 {
			ready = append(ready, n)
		}
	}
	for len(ready) > 0 {
		slices.SortFunc(ready, func(a, b *node) int { return cmp.Compare(a.drv, b.drv) })
		var next []*node
		for _, n := range ready {
			out = append(out, n)
			for _, d := range n.dependents {
				if left[d]--; left[d] == 0 {
					next = append(next, d)
				}
			}
		}
		ready = next
	}
	return out
}

// Weights for the longest way: nobody knows how long a build takes, but a
// build usually takes longer than a download, and one that puts many things
// together longer than one that is made of few.
const (
	buildWeight    = 4
	downloadWeight = 1
	inputsPerBuild = 16 // that many inputs count as much as a build
)

func (n *node) weight() int {
	if n.download() {
		return downloadWeight
	}
	return buildWeight * (1 + len(n.d.InputDrvs)/inputsPerBuild)
}

// heights goes from the goals down: order backwards.
func heights(order []*node) {
	for _, n := range slices.Backward(order) {
		h := 0
		for _, d := range n.dependents {
			h = max(h, d.height)
		}
		n.height = h + n.weight()
	}
}
