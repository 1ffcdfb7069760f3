package build

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// CheckOutputs applies the checks that a derivation asks for to its outputs,
// which need not be valid yet. The error's text is Nix's
// (libstore/build/derivation-check.cc).
func CheckOutputs(ctx context.Context, s store.Reader, drv storepath.Path, d *derivation.Derivation, o *Options, outputs map[string]*store.PathInfo) error {
	c := checker{ctx: ctx, store: s, drv: drv, outputs: outputs, byPath: map[storepath.Path]*store.PathInfo{}}
	for _, i := range outputs {
		c.byPath[i.Path] = i
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		checks, ok := o.Checks[name]
		if o.Attrs == nil {
			checks, ok = o.Checks[""]
		}
		if !ok {
			continue
		}
		if err := c.check(name, checks); err != nil {
			return err
		}
	}
	return nil
}

type checker struct {
	ctx     context.Context
	store   store.Reader
	drv     storepath.Path
	outputs map[string]*store.PathInfo
	byPath  map[storepath.Path]*store.PathInfo
}

func (c *checker) join(p storepath.Path) string { return c.store.Dir().Join(p) }

func (c *checker) check(name string, k Checks) error {
	info := c.outputs[name]
	if k.MaxSize > 0 && info.NarSize > k.MaxSize {
		return fmt.Errorf("path '%s' is too large at %d bytes; limit is %d bytes", c.join(info.Path), info.NarSize, k.MaxSize)
	}
	closure, size, err := c.closure(info, k)
	if err != nil {
		return err
	}
	if k.MaxClosureSize > 0 && size > k.MaxClosureSize {
		return fmt.Errorf("closure of path '%s' is too large at %d bytes; limit is %d bytes", c.join(info.Path), size, k.MaxClosureSize)
	}
	if k.IgnoreSelf {
		closure = slices.DeleteFunc(closure, func(p storepath.Path) bool { return p == info.Path })
	}
	for _, rule := range []struct {
		spec    []string
		used    []storepath.Path
		allowed bool
	}{
		{k.AllowedReferences, info.References, true},
		{k.AllowedRequisites, closure, true},
		{k.DisallowedReferences, info.References, false},
		{k.DisallowedRequisites, closure, false},
	} {
		// A list that is there and empty allows nothing; none allows all.
		if rule.spec == nil {
			continue
		}
		if err := c.compare(name, rule.spec, rule.used, rule.allowed); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) compare(output string, spec []string, used []storepath.Path, allowed bool) error {
	set := map[storepath.Path]bool{}
	for _, word := range spec {
		if info, ok := c.outputs[word]; ok {
			set[info.Path] = true
			continue
		}
		p, _, err := c.store.Dir().Split(word)
		if err != nil {
			return fmt.Errorf("derivation '%s' output check for '%s' contains output name '%s', but this is not a valid output of this derivation. (Valid outputs are [%s].)",
				c.join(c.drv), output, word, strings.Join(slices.Sorted(maps.Keys(c.outputs)), ", "))
		}
		set[p] = true
	}
	var bad strings.Builder
	for _, p := range used {
		if set[p] != allowed {
			bad.WriteString("\n  " + c.join(p))
		}
	}
	if bad.Len() == 0 {
		return nil
	}
	return fmt.Errorf("output '%s' is not allowed to refer to the following paths:%s", c.join(c.outputs[output].Path), bad.String())
}

// closure is only computed if a check needs it.
func (c *checker) closure(info *store.PathInfo, k Checks) ([]storepath.Path, uint64, error) {
	if k.AllowedRequisites == nil && k.DisallowedRequisites == nil && k.MaxClosureSize == 0 {
		return nil, 0, nil
	}
	seen := map[storepath.Path]bool{info.Path: true}
	todo := []storepath.Path{info.Path}
	size := uint64(0)
	for i := 0; i < len(todo); i++ {
		next, ok := c.byPath[todo[i]]
		if !ok {
			var err error
			if next, err = c.store.Info(c.ctx, todo[i]); err != nil {
				return nil, 0, err
			}
		}
		size += next.NarSize
		for _, r := range next.References {
			if !seen[r] {
				seen[r] = true
				todo = append(todo, r)
			}
		}
	}
	slices.Sort(todo)
	return todo, size, nil
}
