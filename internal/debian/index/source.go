package index

import (
	"fmt"
	"io"
	"strings"

	"isomorph/internal/debian/deb822"
	"isomorph/internal/debian/version"
	"isomorph/internal/unxz"
)

// Source is the upstream archive of a source package.
type Source struct {
	Name    string
	Version string
	Path    string // of the archive, from the root
	SHA256  string
	Size    int64
}

// FindSources reads a Sources.xz index and returns the archive of each of the
// named source packages, at its highest version: the .orig.tar file, or the
// .tar file of a native package. A name that is not there is an error.
func FindSources(r io.Reader, names []string) (map[string]*Source, error) {
	z, err := unxz.NewReader(r)
	if err != nil {
		return nil, err
	}
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	found := map[string]*Source{}
	d := deb822.NewReader(limit(z), deb822.Strict)
	for {
		s, err := d.Next()
		if err == io.EOF {
			return found, allFound(found, names)
		}
		if err != nil {
			return nil, err
		}
		name := s.Get("Package")
		if !want[name] || s.Get("Extra-Source-Only") == "yes" {
			continue
		}
		src, err := parseSource(s)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		}
		if old := found[name]; old == nil || version.Compare(src.Version, old.Version) > 0 {
			found[name] = src
		}
	}
}

func allFound(found map[string]*Source, names []string) error {
	for _, n := range names {
		if found[n] == nil {
			return fmt.Errorf("no source package %q in the index", n)
		}
	}
	return nil
}

func parseSource(s deb822.Stanza) (*Source, error) {
	src := &Source{Name: s.Get("Package"), Version: s.Get("Version")}
	if err := version.Check(src.Version); err != nil {
		return nil, err
	}
	for _, line := range strings.Split(s.Get("Checksums-Sha256"), "\n") {
		f := strings.Fields(line)
		if len(f) != 3 || !isUpstream(f[2]) {
			continue
		}
		size, err := ParseSize(f[1])
		if err != nil {
			return nil, err
		}
		src.SHA256, src.Size, src.Path = f[0], size, s.Get("Directory")+"/"+f[2]
		if err := CheckSHA256(src.SHA256); err != nil {
			return nil, err
		}
		return src, CheckPath(src.Path)
	}
	return nil, fmt.Errorf("version %s has no upstream archive with a SHA-256", src.Version)
}

// isUpstream reports whether a file of a source package is the upstream archive
// and not Debian's changes, a component or a signature.
func isUpstream(name string) bool {
	base, ext, ok := strings.Cut(name, ".tar.")
	return ok && !strings.Contains(ext, ".") && !strings.HasSuffix(base, ".debian") && !strings.Contains(base, ".orig-")
}
