// Package index reads Debian's Packages and Sources indexes: which packages a
// suite has, what each depends on, and the path, size and SHA-256 of its file.
//
// An index is read only after its own hash has been checked against a signed
// Release file (package release). Even so each field that names a file or ends
// in a lock is checked for form: a mirror's operator is trusted for contents,
// not for path tricks.
package index

import (
	"fmt"
	"io"
	"path"
	"sort"
	"strconv"
	"strings"

	"isomorph/internal/debian/deb822"
	"isomorph/internal/debian/version"
	"isomorph/internal/unxz"
)

// MaxSize is the largest decompressed index accepted, in bytes (that of
// Debian's largest suite is about 60 MB).
const MaxSize = 512 << 20

// Package is one binary package.
type Package struct {
	Name         string
	Version      string
	Architecture string
	Path         string // of the .deb, from the archive's root
	SHA256       string // of the .deb, 64 hexadecimal digits
	Size         int64  // of the .deb, in bytes
	Depends      string // Pre-Depends and Depends, not yet parsed
	Provides     string // not yet parsed
	Priority     string
	Description  string // its first line
	Repository   string // the name that the caller gave the index
}

// Index is a set of packages, for each name the highest version.
type Index struct {
	byName   map[string]*Package
	provides map[string][]provider
}

type provider struct {
	pkg     *Package
	version string // "" if the virtual package has none
}

// New returns an empty index.
func New() *Index {
	return &Index{byName: map[string]*Package{}, provides: map[string][]provider{}}
}

// Package returns the package of that name, nil if there is none.
func (x *Index) Package(name string) *Package { return x.byName[name] }

// Len returns how many packages the index has.
func (x *Index) Len() int { return len(x.byName) }

// Names returns the names of all packages, sorted.
func (x *Index) Names() []string {
	names := make([]string, 0, len(x.byName))
	for n := range x.byName {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// ReadXZ adds the packages of a Packages.xz file to the index; see Read.
func (x *Index) ReadXZ(r io.Reader, repository, arch string) error {
	z, err := unxz.NewReader(r)
	if err != nil {
		return err
	}
	return x.Read(z, repository, arch)
}

// Read adds the packages of a Packages file to the index, those of another
// architecture than arch and "all" left out. Where a name is there already the
// higher version stays; two files for one version are an error.
//
// After an error the index must not be used.
func (x *Index) Read(r io.Reader, repository, arch string) error {
	d := deb822.NewReader(limit(r), deb822.Strict)
	for {
		s, err := d.Next()
		if err == io.EOF {
			return x.indexProvides()
		}
		if err != nil {
			return err
		}
		p, err := parsePackage(s)
		if err != nil {
			return fmt.Errorf("stanza that ends at line %d: %w", d.Line(), err)
		}
		p.Repository = repository
		if p.Architecture != arch && p.Architecture != "all" {
			continue
		}
		if err := x.add(p); err != nil {
			return err
		}
	}
}

func (x *Index) add(p *Package) error {
	old := x.byName[p.Name]
	if old == nil {
		x.byName[p.Name] = p
		return nil
	}
	c := version.Compare(p.Version, old.Version)
	if c == 0 && p.SHA256 != old.SHA256 {
		return fmt.Errorf("package %s %s is listed with two different files (%s, %s)", p.Name, p.Version, old.Path, p.Path)
	}
	if c > 0 {
		x.byName[p.Name] = p
	}
	return nil
}

// indexProvides makes the table of virtual packages anew.
func (x *Index) indexProvides() error {
	clear(x.provides)
	for _, name := range x.Names() {
		p := x.byName[name]
		if p.Provides == "" {
			continue
		}
		rels, err := ParseRelations(p.Provides)
		if err != nil {
			return fmt.Errorf("Provides of %s: %w", name, err)
		}
		for _, alternatives := range rels {
			for _, r := range alternatives {
				x.provides[r.Name] = append(x.provides[r.Name], provider{p, r.Version})
			}
		}
	}
	return nil
}

// Providers returns the packages that meet r: the real package of that name
// first, then those that provide it, the more important priority first and then
// by name. A relation with a version is met only by a versioned Provides
// (Policy 7.5).
func (x *Index) Providers(r Relation) []*Package {
	var found []*Package
	if p := x.byName[r.Name]; p != nil && r.Accepts(p.Version) {
		found = append(found, p)
	}
	var virtual []*Package
	for _, v := range x.provides[r.Name] {
		if v.pkg.Name != r.Name && (r.Op == "" || v.version != "" && r.Accepts(v.version)) {
			virtual = append(virtual, v.pkg)
		}
	}
	sort.SliceStable(virtual, func(i, j int) bool {
		return priority(virtual[i].Priority) < priority(virtual[j].Priority)
	})
	return append(found, virtual...)
}

// priority is the rank of a package's priority (Policy 2.5).
func priority(name string) int {
	for i, n := range [...]string{"required", "important", "standard", "optional"} {
		if n == name {
			return i
		}
	}
	return 4
}

func parsePackage(s deb822.Stanza) (*Package, error) {
	p := &Package{}
	var size, pre string
	for _, f := range s {
		switch f.Name {
		case "Package":
			p.Name = f.Value
		case "Version":
			p.Version = f.Value
		case "Architecture":
			p.Architecture = f.Value
		case "Filename":
			p.Path = f.Value
		case "SHA256":
			p.SHA256 = f.Value
		case "Size":
			size = f.Value
		case "Pre-Depends":
			pre = f.Value
		case "Depends":
			p.Depends = f.Value
		case "Provides":
			p.Provides = f.Value
		case "Priority":
			p.Priority = f.Value
		case "Description":
			p.Description, _, _ = strings.Cut(f.Value, "\n")
		}
	}
	if pre != "" && p.Depends != "" {
		pre += ", "
	}
	p.Depends = pre + p.Depends
	return p, p.check(size)
}

func (p *Package) check(size string) error {
	if err := CheckName(p.Name); err != nil {
		return err
	}
	if err := version.Check(p.Version); err != nil {
		return fmt.Errorf("package %s: %w", p.Name, err)
	}
	if err := CheckPath(p.Path); err != nil {
		return fmt.Errorf("package %s: %w", p.Name, err)
	}
	if !strings.HasSuffix(p.Path, ".deb") {
		return fmt.Errorf("package %s: file %q is not a .deb", p.Name, p.Path)
	}
	if err := CheckSHA256(p.SHA256); err != nil {
		return fmt.Errorf("package %s: %w", p.Name, err)
	}
	n, err := ParseSize(size)
	p.Size = n
	if err != nil {
		return fmt.Errorf("package %s: %w", p.Name, err)
	}
	return nil
}

// CheckName returns an error unless name is a package name: two or more of
// a-z 0-9 + - . beginning with a letter or digit (Policy 5.6.1).
func CheckName(name string) error {
	ok := len(name) >= 2 && len(name) <= 128 && name[0] != '+' && name[0] != '-' && name[0] != '.'
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
	}
	if !ok {
		return fmt.Errorf("%q is not a package name", name)
	}
	return nil
}

// CheckPath returns an error unless p names a file below pool/ in the plainest
// way: no "..", no empty part, no byte that a URL or a shell would read in
// another way.
func CheckPath(p string) error {
	ok := strings.HasPrefix(p, "pool/") && path.Clean(p) == p && len(p) <= 1024
	for i := 0; ok && i < len(p); i++ {
		c := p[i]
		ok = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("/._+-~:%", c) >= 0
	}
	for _, part := range strings.Split(p, "/") {
		ok = ok && !strings.HasPrefix(part, ".")
	}
	if !ok {
		return fmt.Errorf("%q is not a plain path below pool/", p)
	}
	return nil
}

// CheckSHA256 returns an error unless s is 64 lower-case hexadecimal digits.
func CheckSHA256(s string) error {
	ok := len(s) == 64
	for i := 0; ok && i < len(s); i++ {
		ok = '0' <= s[i] && s[i] <= '9' || 'a' <= s[i] && s[i] <= 'f'
	}
	if !ok {
		return fmt.Errorf("%q is not a SHA-256 in hexadecimal", s)
	}
	return nil
}

// ParseSize reads a size in bytes: decimal digits only, below 2^40.
func ParseSize(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 40)
	if err != nil || s != strconv.FormatUint(n, 10) {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	return int64(n), nil
}

// limit makes an index longer than MaxSize an error, not a truncated index.
func limit(r io.Reader) io.Reader { return &limitReader{r, MaxSize} }

type limitReader struct {
	r    io.Reader
	left int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("index is longer than %d bytes", int64(MaxSize))
	}
	return n, err
}
