package localstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// graph is the whole database in memory, as a collection needs it. 100,000
// paths are some tens of megabytes, and asking for each alone would take
// seconds with everybody waiting.
type graph struct {
	paths   []storepath.Path // sorted
	refs    map[storepath.Path][]storepath.Path
	deriver map[storepath.Path]storepath.Path
	outputs map[storepath.Path][]storepath.Path // of derivations
}

func (s *Store) readGraph(ctx context.Context) (*graph, error) {
	g := &graph{
		refs:    map[storepath.Path][]storepath.Path{},
		deriver: map[storepath.Path]storepath.Path{},
		outputs: map[storepath.Path][]storepath.Path{},
	}
	byID := map[int64]storepath.Path{}
	err := s.each(ctx, "select id, path, coalesce(deriver, '') from ValidPaths", func(id int64, path, deriver string) error {
		p, err := s.Dir().Parse(path)
		if err != nil {
			return err
		}
		byID[id] = p
		g.paths = append(g.paths, p)
		g.refs[p] = nil
		if d, err := s.Dir().Parse(deriver); err == nil {
			g.deriver[p] = d
		}
		return nil
	})
	if err == nil {
		err = s.each(ctx, "select referrer, reference, '' from Refs", func(from int64, to, _ string) error {
			var id int64
			if _, err := fmt.Sscan(to, &id); err != nil {
				return err
			}
			g.refs[byID[from]] = append(g.refs[byID[from]], byID[id])
			return nil
		})
	}
	if err == nil {
		err = s.each(ctx, "select drv, id, path from DerivationOutputs", func(drv int64, _, path string) error {
			p, err := s.Dir().Parse(path)
			g.outputs[byID[drv]] = append(g.outputs[byID[drv]], p)
			return err
		})
	}
	slices.Sort(g.paths)
	if err != nil {
		return nil, fmt.Errorf("read the store's database: %w", err)
	}
	return g, nil
}

// each runs a query with an integer and two text columns. The database is not
// written meanwhile (the caller holds gc.lock), or if it is, by somebody whose
// paths are temporary roots.
func (s *Store) each(ctx context.Context, query string, row func(int64, string, string) error) error {
	type record struct {
		n    int64
		a, b string
	}
	var all []record
	err := s.db.queryRows(ctx, query, nil, func(rows *sql.Rows) error {
		var r record
		err := rows.Scan(&r.n, &r.a, &r.b)
		all = append(all, r)
		return err
	}, func() { all = nil })
	for _, r := range all {
		if err != nil {
			break
		}
		err = row(r.n, r.a, r.b)
	}
	return err
}

func (g *graph) has(p storepath.Path) bool {
	_, ok := g.refs[p]
	return ok
}

// needs returns what lives because p does.
func (g *graph) needs(p storepath.Path, opts *store.GCOptions) []storepath.Path {
	out := slices.Clone(g.refs[p])
	if opts.KeepDerivations {
		if d := g.deriver[p]; d != "" && slices.Contains(g.outputs[d], p) {
			out = append(out, d)
		}
	}
	if opts.KeepOutputs {
		out = append(out, g.outputs[p]...)
	}
	return out
}

// referrersClosure returns the paths and all that refer to them.
func (g *graph) referrersClosure(paths []storepath.Path) map[storepath.Path]bool {
	referrers := map[storepath.Path][]storepath.Path{}
	for p, refs := range g.refs {
		for _, r := range refs {
			referrers[r] = append(referrers[r], p)
		}
	}
	seen := map[storepath.Path]bool{}
	todo := slices.Clone(paths)
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[p] {
			seen[p] = true
			todo = append(todo, referrers[p]...)
		}
	}
	return seen
}
