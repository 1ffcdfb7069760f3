package lock

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"isomorph/internal/debian/archive"
	"isomorph/internal/debian/index"
	"isomorph/internal/debian/release"
	"isomorph/internal/debian/solver"
)

// Archive is where a generator reads from; *archive.Client is one.
type Archive interface {
	Release(ctx context.Context, repository string, p release.Policy) (*release.Release, []byte, error)
	PinnedRelease(ctx context.Context, repository, suite, sum string) (*release.Release, error)
	Index(ctx context.Context, repository, suite string, f release.File) ([]byte, error)
}

var _ Archive = (*archive.Client)(nil)

// Paths of the indexes below dists/<suite>/, for component and architecture.
const (
	packagesPath = "%s/binary-%s/Packages.xz"
	sourcesPath  = "%s/source/Sources.xz"
)

// Generator makes locks.
type Generator struct {
	Archive Archive
	Now     func() time.Time
	// Keys gives the keyring of a repository; nil means the keys that are
	// built in.
	Keys func(repository string) (*release.Keyring, error)
}

// Request says what a lock shall hold.
type Request struct {
	Suite        string // code name, "bookworm"
	Architecture string // "amd64"
	Security     bool   // take the security archive too; its newer versions win
	Roots        []string
	Exclude      []string
	Sources      []string // source packages of which to pin the upstream archive
	// Previous is the lock in use, nil if there is none. An archive state
	// older than the one it records is refused.
	Previous *Lock
}

// Generate makes a lock from the archive's present state: signature, dates and
// hashes are checked on the way.
func (g *Generator) Generate(ctx context.Context, req Request) (*Lock, error) {
	l := &Lock{Architecture: req.Architecture, Exclude: sorted(req.Exclude), Roots: sorted(req.Roots),
		Repositories: map[string]*Repository{}, Version: Version}
	repos := []string{"debian"}
	if req.Security {
		repos = append(repos, "debian-security")
	}
	for _, name := range repos {
		r, err := g.current(ctx, name, req)
		if err != nil {
			return nil, err
		}
		l.Repositories[name] = r
	}
	return l, g.fill(ctx, l, req.Sources)
}

// Again makes a lock for other roots from the state that old pins, without a
// look at what the archive has now. Only what is new in roots changes.
func (g *Generator) Again(ctx context.Context, old *Lock, roots, exclude, sources []string) (*Lock, error) {
	l := &Lock{Architecture: old.Architecture, Exclude: sorted(exclude), Roots: sorted(roots),
		Repositories: map[string]*Repository{}, Version: Version}
	for name, r := range old.Repositories {
		copied := *r
		l.Repositories[name] = &copied
	}
	return l, g.fill(ctx, l, sources)
}

// suiteOf is the name of a distribution's suite in a repository.
func suiteOf(repository, codename string) string {
	if repository == "debian-security" {
		return codename + "-security"
	}
	return codename
}

func (g *Generator) current(ctx context.Context, name string, req Request) (*Repository, error) {
	keys := g.Keys
	if keys == nil {
		keys = release.ArchiveKeys
	}
	ring, err := keys(name)
	if err != nil {
		return nil, err
	}
	policy := release.Policy{Keys: ring, Suite: suiteOf(name, req.Suite), Now: g.Now()}
	if req.Previous != nil && req.Previous.Repositories[name] != nil && req.Previous.Repositories[name].Suite == policy.Suite {
		if policy.NotBefore, err = time.Parse(time.RFC3339, req.Previous.Repositories[name].Date); err != nil {
			return nil, err
		}
	}
	rel, _, err := g.Archive.Release(ctx, name, policy)
	if err != nil {
		return nil, err
	}
	const component = "main"
	file, err := rel.File(fmt.Sprintf(packagesPath, component, req.Architecture))
	if err != nil {
		return nil, err
	}
	return &Repository{
		Component: component, Suite: policy.Suite, InRelease: rel.SHA256,
		Date: rel.Date.Format(time.RFC3339), Snapshot: SnapshotTime(rel.Date),
		PackagesIndex: &Index{Path: file.Path, SHA256: file.SHA256},
	}, nil
}

// fill reads the indexes that the lock's repositories name and pins roots,
// dependencies and sources.
func (g *Generator) fill(ctx context.Context, l *Lock, sources []string) error {
	x, err := g.ReadIndex(ctx, l)
	if err != nil {
		return err
	}
	chosen, err := solver.Solve(x, solver.Request{Roots: l.Roots, Exclude: l.Exclude})
	if err != nil {
		return err
	}
	l.Packages = map[string]*Package{}
	for name, c := range chosen {
		p := c.Package
		l.Packages[name] = &Package{Depends: c.Depends, Path: p.Path, Repository: p.Repository,
			SHA256: p.SHA256, Size: p.Size, Version: p.Version}
	}
	if err := g.fillSources(ctx, l, sources); err != nil {
		return err
	}
	return l.check()
}

// ReadIndex fetches the package indexes that the lock pins and reads them into
// one index.
func (g *Generator) ReadIndex(ctx context.Context, l *Lock) (*index.Index, error) {
	x := index.New()
	for _, name := range slices.Sorted(maps.Keys(l.Repositories)) {
		r := l.Repositories[name]
		b, err := g.Archive.Index(ctx, name, r.Suite, release.File{Path: r.PackagesIndex.Path, SHA256: r.PackagesIndex.SHA256})
		if err != nil {
			return nil, err
		}
		if err := x.ReadXZ(bytes.NewReader(b), name, l.Architecture); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", r.PackagesIndex.Path, r.Suite, err)
		}
	}
	return x, nil
}

// fillSources pins upstream archives, from the main archive only: a security
// update seldom brings a new upstream archive, and a recipe that builds from
// source has its own patches.
func (g *Generator) fillSources(ctx context.Context, l *Lock, names []string) error {
	l.Sources = map[string]*Source{}
	const name = "debian"
	r := l.Repositories[name]
	if len(names) == 0 {
		r.SourcesIndex = nil
		return nil
	}
	rel, err := g.Archive.PinnedRelease(ctx, name, r.Suite, r.InRelease)
	if err != nil {
		return err
	}
	file, err := rel.File(fmt.Sprintf(sourcesPath, r.Component))
	if err != nil {
		return err
	}
	b, err := g.Archive.Index(ctx, name, r.Suite, file)
	if err != nil {
		return err
	}
	found, err := index.FindSources(bytes.NewReader(b), names)
	if err != nil {
		return err
	}
	r.SourcesIndex = &Index{Path: file.Path, SHA256: file.SHA256}
	for n, s := range found {
		l.Sources[n] = &Source{Path: s.Path, Repository: name, SHA256: s.SHA256, Size: s.Size}
	}
	return nil
}

// Check walks the way from the pinned InRelease files to every pin again and
// returns what does not agree, in words; none means that the lock is what
// [Generator.Again] would make of its roots.
func (g *Generator) Check(ctx context.Context, l *Lock) ([]string, error) {
	for _, name := range slices.Sorted(maps.Keys(l.Repositories)) {
		r := l.Repositories[name]
		rel, err := g.Archive.PinnedRelease(ctx, name, r.Suite, r.InRelease)
		if err != nil {
			return nil, fmt.Errorf("the pinned InRelease file: %w", err)
		}
		if bad := checkRepository(name, r, rel); bad != nil {
			return bad, nil
		}
	}
	fresh, err := g.Again(ctx, l, l.Roots, l.Exclude, slices.Sorted(maps.Keys(l.Sources)))
	if err != nil {
		return nil, err
	}
	return Differences(l, fresh), nil
}

// checkRepository compares what a lock says of a repository with its Release
// file.
func checkRepository(name string, r *Repository, rel *release.Release) []string {
	var bad []string
	if got := rel.Date.Format(time.RFC3339); got != r.Date {
		bad = append(bad, fmt.Sprintf("%s: the InRelease file is dated %s, the lock says %s", name, got, r.Date))
	}
	if rel.Codename != r.Suite && rel.Suite != r.Suite {
		bad = append(bad, fmt.Sprintf("%s: the InRelease file is for %s, the lock says %s", name, rel.Codename, r.Suite))
	}
	f, err := rel.File(r.PackagesIndex.Path)
	switch {
	case err != nil:
		bad = append(bad, fmt.Sprintf("%s: %v", name, err))
	case f.SHA256 != r.PackagesIndex.SHA256:
		bad = append(bad, fmt.Sprintf("%s: the InRelease file lists %s with SHA-256 %s, the lock says %s", name, f.Path, f.SHA256, r.PackagesIndex.SHA256))
	}
	return bad
}
