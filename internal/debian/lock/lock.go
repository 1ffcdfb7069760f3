// Package lock is the file that pins every Debian package the channel is made
// of: by path in the archive, size and SHA-256.
//
// A lock is generated from a signed index ([Generate]) and from then on stands
// by itself: building needs neither index nor signature, only files with these
// hashes. It records which InRelease file it was made from, so that the way
// from a signature to each pin can be walked again ([Check]).
//
// There is one canonical text for a lock, so that a change shows as a small
// difference: keys sorted, one package a line. [Parse] reads any JSON text with
// the same meaning, for people edit roots by hand; it is strict about
// everything else.
package lock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"isomorph/internal/debian/index"
	"isomorph/internal/debian/version"
)

// Version is the version of the format.
const Version = 1

// MaxSize is the largest lock file accepted, in bytes.
const MaxSize = 64 << 20

// Lock is the contents of a lock file. Fields stand in the order of their keys
// in the file.
type Lock struct {
	Architecture string                 `json:"architecture"` // Debian's name, "amd64"
	Exclude      []string               `json:"exclude"`      // never taken; sorted
	Packages     map[string]*Package    `json:"packages"`     // by name
	Repositories map[string]*Repository `json:"repositories"` // "debian", "debian-security"
	Roots        []string               `json:"roots"`        // what was asked for; sorted
	Sources      map[string]*Source     `json:"sources"`      // upstream archives, by source package
	Version      int                    `json:"version"`      // of the format
}

// Package is the pin of one binary package.
type Package struct {
	Depends    []string `json:"depends"`    // names of packages of the lock; sorted
	Path       string   `json:"path"`       // of the .deb, from the archive's root
	Repository string   `json:"repository"` // key of Lock.Repositories
	SHA256     string   `json:"sha256"`     // 64 hexadecimal digits
	Size       int64    `json:"size"`       // bytes
	Version    string   `json:"version"`
}

// Source is the pin of one upstream source archive.
type Source struct {
	Path       string `json:"path"`
	Repository string `json:"repository"`
	SHA256     string `json:"sha256"`
	Size       int64  `json:"size"`
}

// Repository says which state of a repository the pins were taken from.
type Repository struct {
	Component     string `json:"component"` // "main"
	Date          string `json:"date"`      // of the Release file, RFC 3339
	InRelease     string `json:"inrelease"` // SHA-256 of the InRelease file
	PackagesIndex *Index `json:"packagesIndex"`
	Snapshot      string `json:"snapshot"` // see SnapshotTime
	SourcesIndex  *Index `json:"sourcesIndex,omitempty"`
	Suite         string `json:"suite"` // "bookworm"
}

// Index is the pin of an index file.
type Index struct {
	Path   string `json:"path"` // below dists/<suite>/
	SHA256 string `json:"sha256"`
}

// snapshotLayout is the form of snapshot.debian.org's timestamps.
const snapshotLayout = "20060102T150405Z"

// SnapshotTime returns the timestamp by which snapshot.debian.org is asked for
// the files of a Release dated d: the first midnight (UTC) at least 24 hours
// later. The service takes a picture of the archive every six hours or so and
// answers with the newest one that is not after the timestamp; by then that is
// one with the release's files, and the archive keeps a file for longer than
// that after it has been replaced.
func SnapshotTime(d time.Time) string {
	t := d.UTC().Add(24*time.Hour - time.Nanosecond).Truncate(24 * time.Hour).Add(24 * time.Hour)
	return t.Format(snapshotLayout)
}

// Encode returns the canonical text of the lock.
func (l *Lock) Encode() []byte {
	var b bytes.Buffer
	b.WriteString("{\n")
	fmt.Fprintf(&b, " \"architecture\": %s,\n", compact(l.Architecture))
	fmt.Fprintf(&b, " \"exclude\": %s,\n", compact(sorted(l.Exclude)))
	encodeMap(&b, "packages", l.Packages)
	encodeMap(&b, "repositories", l.Repositories)
	encodeList(&b, "roots", sorted(l.Roots))
	encodeMap(&b, "sources", l.Sources)
	fmt.Fprintf(&b, " \"version\": %d\n}\n", l.Version)
	return b.Bytes()
}

// encodeMap writes one entry a line.
func encodeMap[V any](b *bytes.Buffer, key string, m map[string]V) {
	fmt.Fprintf(b, " %q: {", key)
	sep := "\n"
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(b, "%s  %s: %s", sep, compact(name), compact(m[name]))
		sep = ",\n"
	}
	if len(m) > 0 {
		b.WriteString("\n ")
	}
	b.WriteString("},\n")
}

func encodeList(b *bytes.Buffer, key string, list []string) {
	fmt.Fprintf(b, " %q: [", key)
	sep := "\n"
	for _, v := range list {
		fmt.Fprintf(b, "%s  %s", sep, compact(v))
		sep = ",\n"
	}
	if len(list) > 0 {
		b.WriteString("\n ")
	}
	b.WriteString("],\n")
}

// compact encodes a value on one line. The types of this package cannot fail to
// encode.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// sorted returns the names sorted, each once, and never nil, which JSON would
// write as null.
func sorted(names []string) []string {
	out := append([]string{}, names...)
	slices.Sort(out)
	return slices.Compact(out)
}

// Parse reads a lock and checks its form and that it fits together.
func Parse(b []byte) (*Lock, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("lock file is larger than %d bytes", MaxSize)
	}
	if err := checkJSON(b); err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	l := &Lock{}
	if err := decodeStrict(b, l); err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	return l, nil
}

func (l *Lock) check() error {
	if l.Version != Version {
		return fmt.Errorf("it has version %d, this program knows version %d", l.Version, Version)
	}
	if l.Architecture == "" {
		return fmt.Errorf("it names no architecture")
	}
	for _, name := range slices.Sorted(maps.Keys(l.Repositories)) {
		if err := l.Repositories[name].check(); err != nil {
			return fmt.Errorf("repository %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Packages)) {
		if err := l.checkPackage(name, l.Packages[name]); err != nil {
			return fmt.Errorf("package %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Sources)) {
		s := l.Sources[name]
		if s == nil {
			return fmt.Errorf("source %s: is null", name)
		}
		if err := l.checkFile(s.Path, s.SHA256, s.Size, s.Repository); err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
	}
	return nil
}

func (r *Repository) check() error {
	if r == nil || r.PackagesIndex == nil {
		return fmt.Errorf("is incomplete")
	}
	if _, err := time.Parse(time.RFC3339, r.Date); err != nil {
		return fmt.Errorf("date %q: %w", r.Date, err)
	}
	if _, err := time.Parse(snapshotLayout, r.Snapshot); err != nil {
		return fmt.Errorf("snapshot %q: %w", r.Snapshot, err)
	}
	for _, sum := range []string{r.InRelease, r.PackagesIndex.SHA256} {
		if err := index.CheckSHA256(sum); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lock) checkPackage(name string, p *Package) error {
	if err := index.CheckName(name); err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("is null")
	}
	if err := version.Check(p.Version); err != nil {
		return err
	}
	for _, d := range p.Depends {
		if l.Packages[d] == nil {
			return fmt.Errorf("it depends on %s, which is not in the lock", d)
		}
	}
	return l.checkFile(p.Path, p.SHA256, p.Size, p.Repository)
}

func (l *Lock) checkFile(path, sum string, size int64, repository string) error {
	if err := index.CheckPath(path); err != nil {
		return err
	}
	if err := index.CheckSHA256(sum); err != nil {
		return err
	}
	if size <= 0 {
		return fmt.Errorf("size %d", size)
	}
	if l.Repositories[repository] == nil {
		return fmt.Errorf("it is of repository %q, which the lock does not describe", repository)
	}
	return nil
}

// Read reads a lock file. A file that does not exist gives an error for which
// errors.Is(err, fs.ErrNotExist) holds.
func Read(path string) (*Lock, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// Write replaces a lock file in one step: after a crash it holds the old lock or
// the new one.
func (l *Lock) Write(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := renameio.WriteFile(path, l.Encode(), 0o644, renameio.WithTempDir(dir)); err != nil {
		return fmt.Errorf("write lock file: %w", err)
	}
	return nil
}

// URL returns where a file of a repository is found for good: in the pictures
// that snapshot.debian.org keeps. Downloaders put mirrors before it.
func (l *Lock) URL(repository, path string) string {
	r := l.Repositories[repository]
	if r == nil {
		return ""
	}
	return "https://snapshot.debian.org/archive/" + repository + "/" + r.Snapshot + "/" + path
}
