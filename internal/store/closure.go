package store

import (
	"context"
	"fmt"
	"slices"

	"isomorph/internal/storepath"
)

// Closure returns the given paths and everything they refer to, directly or
// not, sorted. All must be valid.
func Closure(ctx context.Context, s Reader, paths ...storepath.Path) ([]storepath.Path, error) {
	return reach(paths, func(p storepath.Path) ([]storepath.Path, error) {
		info, err := s.Info(ctx, p)
		if err != nil {
			return nil, err
		}
		return info.References, nil
	})
}

// ReferrersClosure returns the given paths and everything that refers to
// them, directly or not, sorted.
func ReferrersClosure(ctx context.Context, s Reader, paths ...storepath.Path) ([]storepath.Path, error) {
	return reach(paths, func(p storepath.Path) ([]storepath.Path, error) {
		return s.Referrers(ctx, p)
	})
}

// ClosureInfo is like [Closure] with what is known about each path.
func ClosureInfo(ctx context.Context, s Reader, paths ...storepath.Path) ([]*PathInfo, error) {
	all, err := Closure(ctx, s, paths...)
	if err != nil {
		return nil, err
	}
	infos := make([]*PathInfo, len(all))
	for i, p := range all {
		if infos[i], err = s.Info(ctx, p); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// reach walks breadth first with a list, not by recursion: the depth of a
// closure is in the hands of whoever wrote the paths.
func reach(from []storepath.Path, next func(storepath.Path) ([]storepath.Path, error)) ([]storepath.Path, error) {
	seen := make(map[storepath.Path]bool, len(from))
	var todo []storepath.Path
	push := func(ps []storepath.Path) {
		for _, p := range ps {
			if !seen[p] {
				seen[p] = true
				todo = append(todo, p)
			}
		}
	}
	push(from)
	for i := 0; i < len(todo); i++ {
		ps, err := next(todo[i])
		if err != nil {
			return nil, err
		}
		push(ps)
	}
	slices.Sort(todo)
	return todo, nil
}

// CycleError says that references lead from a path back to itself by way of
// another path, which no sequence of builds can make.
type CycleError struct{ Path, Other storepath.Path }

// Error names both ends.
func (e *CycleError) Error() string {
	return fmt.Sprintf("cycle detected in the references of '%s' from '%s'", e.Path, e.Other)
}

// TopoSort orders paths so that each stands after the paths it refers to,
// and otherwise by name. refs may return paths outside the set (ignored) and
// the path itself (ignored). It returns a [*CycleError] if there is no such order.
func TopoSort(paths []storepath.Path, refs func(storepath.Path) []storepath.Path) ([]storepath.Path, error) {
	sorted := slices.Clone(paths)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	const (
		unseen = iota
		open
		done
	)
	state := make(map[storepath.Path]int, len(sorted))
	for _, p := range sorted {
		state[p] = unseen
	}
	type frame struct {
		p    storepath.Path
		refs []storepath.Path
	}
	out := make([]storepath.Path, 0, len(sorted))
	var stack []frame
	enter := func(p storepath.Path) {
		state[p] = open
		rs := slices.Clone(refs(p))
		slices.Sort(rs)
		stack = append(stack, frame{p, rs})
	}
	for _, root := range sorted {
		if state[root] == unseen {
			enter(root)
		}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if len(f.refs) == 0 {
				state[f.p] = done
				out = append(out, f.p)
				stack = stack[:len(stack)-1]
				continue
			}
			r := f.refs[0]
			f.refs = f.refs[1:]
			if st, ok := state[r]; !ok || r == f.p || st == done {
				continue
			} else if st == open {
				return nil, &CycleError{r, f.p}
			}
			enter(r)
		}
	}
	return out, nil
}
