package flakeref

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// Ref is a flake reference.
type Ref struct {
	Attrs Attrs  // the source: what is fetched; without "dir"
	Dir   string // where in it the flake lies, "" for its top
}

// FromAttrs returns the reference that an attribute set stands for. The error
// says which attribute is missing, not known, or wrong.
func FromAttrs(a Attrs) (Ref, error) {
	dir, _, err := a.lookup("dir")
	if err != nil {
		return Ref{}, err
	}
	rest := maps.Clone(a)
	delete(rest, "dir")
	rest, err = checkAttrs(rest)
	return Ref{Attrs: rest, Dir: dir}, err
}

// ToAttrs returns the reference as one attribute set.
func (r Ref) ToAttrs() Attrs {
	a := maps.Clone(r.Attrs)
	if r.Dir != "" {
		a["dir"] = r.Dir
	}
	return a
}

// Text prints the reference in its canonical form. References of an unknown
// type have none.
func (r Ref) Text() (string, error) {
	u, err := urlOf(r.Attrs)
	if err != nil {
		return "", err
	}
	if r.Dir != "" && !has(u.Query, "dir") {
		if u.Query == nil {
			u.Query = map[string]string{}
		}
		u.Query["dir"] = r.Dir
	}
	return u.String(), nil
}

// String is Text for messages: what has no text is shown as JSON.
func (r Ref) String() string {
	text, err := r.Text()
	if err != nil {
		return r.ToAttrs().JSON()
	}
	return text
}

// Equal tells whether two references are the same, attribute by attribute.
func (r Ref) Equal(o Ref) bool { return r.Dir == o.Dir && reflect.DeepEqual(r.Attrs, o.Attrs) }

// Type returns the scheme: "path", "git", "github", "indirect" ...
func (r Ref) Type() string { kind, _ := r.Attrs["type"].(string); return kind }

// Str returns a string attribute, "" if there is none.
func (r Ref) Str(name string) string { s, _ := r.Attrs[name].(string); return s }

// Int returns an integer attribute, 0 if there is none.
func (r Ref) Int(name string) uint64 { n, _ := r.Attrs[name].(uint64); return n }

// IsIndirect tells whether the reference is a name for the registries.
func (r Ref) IsIndirect() bool { return r.Type() == "indirect" }

// Relative returns the path of a reference to a directory of the flake that
// contains the reference; ok is false for all others.
func (r Ref) Relative() (path string, ok bool) {
	path = r.Str("path")
	return path, r.Type() == "path" && !strings.HasPrefix(path, "/")
}

// With returns the reference with another branch and commit, as far as they
// are given.
func (r Ref) With(ref, rev string) (Ref, error) {
	s, ok := schemes[r.Type()]
	if !ok || ref == "" && rev == "" {
		return r, nil
	}
	a, err := s.override(r.Attrs, ref, rev)
	return Ref{Attrs: a, Dir: r.Dir}, err
}

// Covers tells whether o is r, or would be without its branch and commit: then
// an entry of a registry for r is one for o.
func (r Ref) Covers(o Ref) bool {
	if reflect.DeepEqual(r.Attrs, o.Attrs) {
		return true
	}
	a := maps.Clone(o.Attrs)
	delete(a, "ref")
	delete(a, "rev")
	return reflect.DeepEqual(r.Attrs, a)
}

// Canonical returns the reference with the directory taken out of the URL in
// it: older versions of Nix have left it there in lock files.
func (r Ref) Canonical() Ref {
	text, ok := r.Attrs["url"].(string)
	if !ok {
		return r
	}
	u, err := parseURL(text, true, ignoreWarning)
	if err != nil {
		return r
	}
	if dir, ok := u.Query["dir"]; ok && r.Dir != "" && r.Dir == dir {
		delete(u.Query, "dir")
	}
	a := maps.Clone(r.Attrs)
	a["url"] = u.String()
	return Ref{Attrs: a, Dir: r.Dir}
}

// Options say what a text may stand for.
type Options struct {
	// BaseDir is the absolute directory that relative paths start from. With
	// it a path is looked up on this machine, and leads to the git repository
	// that it lies in. Without it a path must be absolute, and is not looked
	// at.
	BaseDir string

	AllowMissing bool // the flake need not be there yet
	NotFlake     bool // what is meant is a source, which needs no flake.nix
	KeepRelative bool // without BaseDir: relative paths are good, and stay so

	// Warn and Notice are told about what is probably not meant. May be nil.
	Warn, Notice func(msg string)
}

func (o *Options) warn(msg string) {
	if o.Warn != nil {
		o.Warn(msg)
	}
}

func (o *Options) notice(msg string) {
	if o.Notice != nil {
		o.Notice(msg)
	}
}

// Parse reads a reference, in which there must be no fragment.
func Parse(text string, o Options) (Ref, error) {
	r, fragment, err := ParseWithFragment(text, o)
	if err == nil && fragment != "" {
		err = fmt.Errorf("unexpected fragment '%s' in flake reference '%s'", fragment, text)
	}
	return r, err
}

// ParseWithFragment reads a reference and what follows its "#", decoded.
func ParseWithFragment(text string, o Options) (r Ref, fragment string, err error) {
	if r, fragment, ok, err := parseID(text, !o.NotFlake); ok {
		return r, fragment, err
	}
	r, fragment, err = parseRefURL(text, o)
	if errors.As(err, new(*urlError)) {
		return parsePath(text, o)
	}
	return r, fragment, err
}

// IsURL tells whether a text has a scheme that flake references know.
func IsURL(text string) bool {
	scheme, _, ok := strings.Cut(text, ":")
	if !ok || !schemeForm.MatchString(scheme) {
		return false
	}
	switch application, transport := SplitScheme(scheme); {
	case application == "git", application == "hg", application == "tarball", application == "file":
		return true
	case application != "":
		return false
	default:
		switch transport {
		case "flake", "path", "git", "github", "gitlab", "sourcehut", "file", "http", "https":
			return true
		}
		return false
	}
}

// parseRefURL reads a reference that is a URL.
func parseRefURL(text string, o Options) (Ref, string, error) {
	u, err := parseURL(text, true, o.warn)
	if err != nil {
		return Ref{}, "", err
	}
	if o.BaseDir != "" && (u.Scheme == "path" || u.Scheme == "git+file") {
		path, err := u.filePath()
		if err != nil {
			return Ref{}, "", err
		}
		if !strings.HasPrefix(path, "/") {
			u.Path = pathSegments(cleanPath(o.BaseDir + "/" + path))
		}
	}
	return fromURL(u, !o.NotFlake)
}

func fromURL(u *URL, tree bool) (Ref, string, error) {
	dir := u.Query["dir"]
	delete(u.Query, "dir")
	fragment := u.Fragment
	u.Fragment = ""
	a, err := attrsFromURL(u, tree)
	return Ref{Attrs: a, Dir: dir}, fragment, err
}

// parseID reads the short form of an indirect reference: ID, ID/BRANCH,
// ID/COMMIT or ID/BRANCH/COMMIT.
func parseID(text string, tree bool) (r Ref, fragment string, ok bool, err error) {
	id, encoded, _ := strings.Cut(text, "#")
	if !idForm.MatchString(id) || misfit(encoded, unreserved+subDelims+`":@/?%`+lenientFragment) != "" {
		return Ref{}, "", false, nil
	}
	r, _, err = fromURL(&URL{Scheme: "flake", Path: strings.Split(id, "/"), Query: map[string]string{}}, tree)
	return r, decode(encoded), true, err
}
