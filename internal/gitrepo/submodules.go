package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/flakeref"
)

// readModules reads a file in the form of .gitmodules.
func (g *Git) readModules(ctx context.Context, file string) ([]Submodule, error) {
	values, err := g.readConfig(ctx, file)
	if err != nil {
		return nil, err
	}
	byName := map[string]*Submodule{}
	var names []string
	for _, kv := range values {
		rest, ok := strings.CutPrefix(kv.key, "submodule.")
		dot := strings.LastIndexByte(rest, '.')
		if !ok || dot < 0 {
			continue
		}
		name, what := rest[:dot], rest[dot+1:]
		if byName[name] == nil {
			byName[name] = &Submodule{}
			names = append(names, name)
		}
		switch what {
		case "path":
			byName[name].Path = kv.value
		case "url":
			byName[name].URL = kv.value
		case "branch":
			byName[name].Branch = kv.value
		}
	}
	var all []Submodule
	for _, name := range names {
		s := *byName[name]
		if s.Path == "" {
			continue
		}
		if err := checkPath(s.Path); err != nil {
			return nil, fmt.Errorf("submodule '%s': %w", name, err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Submodule) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// Submodules returns the submodules of a commit with the commits that they are
// pinned to. Paths in .gitmodules where the tree has no submodule are left out,
// and so is what export-ignore hides.
func (r *Repo) Submodules(ctx context.Context, rev string) ([]Submodule, error) {
	entries, err := r.listTree(ctx, rev)
	if err != nil {
		return nil, err
	}
	pinned := map[string]string{}
	modules := ""
	for _, e := range entries {
		switch {
		case e.kind == kindSubmodule:
			pinned[e.path] = e.oid
		case e.path == ".gitmodules" && (e.kind == kindFile || e.kind == kindExec):
			modules = e.oid
		}
	}
	if modules == "" {
		return nil, nil
	}
	all, err := r.modulesFromBlob(ctx, modules)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s Submodule) bool { return pinned[s.Path] == "" })
	for i := range all {
		all[i].Rev = pinned[all[i].Path]
	}
	return all, nil
}

func (r *Repo) modulesFromBlob(ctx context.Context, oid string) ([]Submodule, error) {
	b, err := r.git(ctx, "cat-file", "blob", oid)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(r.g.o.TempDir, "modules-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return r.g.readModules(ctx, f.Name())
}

// ResolveSubmodule returns the URL of a submodule. One that begins with "./" or
// "../" is relative to base, the URL that the repository itself came from; for
// one on this machine that is its remote "origin", or its own place.
func (r *Repo) ResolveSubmodule(ctx context.Context, url, base string) (string, error) {
	if !strings.HasPrefix(url, "./") && !strings.HasPrefix(url, "../") {
		return url, nil
	}
	if r.view {
		base = r.workTree
		if base == "" {
			base = r.gitDir
		}
		if origin := r.origin(ctx); origin != "" {
			base = origin
		}
	}
	if strings.HasPrefix(base, "/") {
		return filepath.Join(base, url), nil
	}
	u, err := flakeref.FixGitURL(base)
	if err != nil {
		return "", fmt.Errorf("resolve the submodule's URL '%s': %w", url, err)
	}
	joined := filepath.Join("/"+strings.Join(u.Path, "/"), url)
	u.Path = strings.Split(joined, "/")
	return u.String(), nil
}

// origin returns the URL of the remote "origin" in the stranger's configuration.
func (r *Repo) origin(ctx context.Context) string {
	values, err := r.g.readConfig(ctx, filepath.Join(r.commonDir, "config"))
	if err != nil {
		return ""
	}
	for _, kv := range slices.Backward(values) {
		if kv.key == "remote.origin.url" {
			return kv.value
		}
	}
	return ""
}
