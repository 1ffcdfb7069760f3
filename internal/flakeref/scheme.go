package flakeref

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/lazyre"
)

// scheme is one way to fetch, with its two ways to write it down.
type scheme struct {
	attributes []string // that it has, besides "type"

	// fromURL returns the attributes that a URL stands for, nil if the URL is
	// of another scheme. tree tells whether a file tree is wanted, and not a
	// single file.
	fromURL func(u *URL, tree bool) (Attrs, error)

	// check refuses attribute sets that make no sense, and may complete them.
	check func(a Attrs) (Attrs, error)

	toURL func(a Attrs) (*URL, error)

	// override replaces branch and commit.
	override func(a Attrs, ref, rev string) (Attrs, error)
}

// schemes has all of them by the value of "type".
var schemes map[string]*scheme

// schemeOrder is the order in which they are asked about a URL.
var schemeOrder []string

func init() { //nolint:gochecknoinits // the functions in the table read it
	schemes = map[string]*scheme{
		"file": curlScheme("file"), "tarball": curlScheme("tarball"),
		"git": gitScheme(), "hg": mercurialScheme(), "path": pathScheme(), "indirect": indirectScheme(),
		"github": archiveScheme("github"), "gitlab": archiveScheme("gitlab"), "sourcehut": archiveScheme("sourcehut"),
	}
	schemeOrder = slices.Sorted(maps.Keys(schemes))
}

// Experimental tells whether Nix has sources of this type only with its
// experimental feature "flakes".
func Experimental(kind string) bool {
	switch kind {
	case "path", "indirect", "github", "gitlab", "sourcehut":
		return true
	}
	return false
}

var commit = lazyre.New(`^[0-9a-fA-F]{40}$`)

// fixup checks the attributes that all schemes share.
func fixup(a Attrs) error {
	if _, err := a.str("type"); err != nil {
		return err
	}
	if _, _, err := a.lookup("ref"); err != nil {
		return err
	}
	if err := a.number("revCount"); err != nil {
		return err
	}
	return a.number("lastModified")
}

func attrsFromURL(u *URL, tree bool) (Attrs, error) {
	for _, name := range schemeOrder {
		a, err := schemes[name].fromURL(u, tree)
		if err != nil {
			return nil, err
		}
		if a != nil {
			return a, fixup(a)
		}
	}
	if application, transport := SplitScheme(u.Scheme); application == "file" && transport == "git" {
		return nil, fmt.Errorf("input '%s' is unsupported; did you mean 'git+file' instead of 'file+git'?", u)
	}
	return nil, fmt.Errorf("input '%s' is unsupported", u)
}

// checkAttrs returns attributes that a flake reference can have. Those of an
// unknown type are taken as they are: they can be kept, but not fetched.
func checkAttrs(a Attrs) (Attrs, error) {
	kind, ok, err := a.lookup("type")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("'type' attribute to specify input scheme is required but not provided")
	}
	s, ok := schemes[kind]
	if !ok {
		return a, fixup(a)
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if name != "type" && !slices.Contains(s.attributes, name) {
			return nil, fmt.Errorf("input attribute '%s' not supported by scheme '%s'", name, kind)
		}
	}
	if a, err = s.check(a); err != nil {
		return nil, err
	}
	return a, fixup(a)
}

// noOverride is for schemes that know neither branches nor commits.
func noOverride(a Attrs, ref, rev string) (Attrs, error) {
	switch {
	case ref != "":
		return nil, fmt.Errorf("don't know how to set branch/tag name of input '%s' to '%s'", show(a), ref)
	case rev != "":
		return nil, fmt.Errorf("don't know how to set revision of input '%s' to '%s'", show(a), rev)
	}
	return a, nil
}

// setOverride puts branch and commit into the attributes.
func setOverride(a Attrs, ref, rev string) (Attrs, error) {
	a = maps.Clone(a)
	if rev != "" {
		a["rev"] = rev
	}
	if ref != "" {
		a["ref"] = ref
	}
	return a, nil
}

// show prints attributes for a message.
func show(a Attrs) string {
	u, err := urlOf(a)
	if err != nil {
		return a.JSON()
	}
	return u.String()
}

func urlOf(a Attrs) (*URL, error) {
	kind, _ := a["type"].(string)
	s, ok := schemes[kind]
	if !ok {
		return nil, fmt.Errorf("cannot show unsupported input '%s'", a.JSON())
	}
	return s.toURL(a)
}

// addRevRef puts branch and commit into the query of a URL.
func addRevRef(u *URL, a Attrs) error {
	rev, err := a.rev()
	if err != nil {
		return err
	}
	if rev != "" {
		u.Query["rev"] = rev
	}
	ref, _, err := a.lookup("ref")
	if ref != "" {
		u.Query["ref"] = ref
	}
	return err
}

func parseUint(s string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64)
	return n, err == nil
}

// withoutQuery returns a copy of u with a query of its own, empty.
func withoutQuery(u *URL) *URL {
	c := *u
	c.Query = map[string]string{}
	return &c
}

// query returns the attributes as parameters of a URL, but for those named.
func (a Attrs) query(except ...string) map[string]string {
	q := map[string]string{}
	for name, v := range a {
		switch v := v.(type) {
		case string:
			q[name] = v
		case uint64:
			q[name] = strconv.FormatUint(v, 10)
		case bool:
			q[name] = map[bool]string{true: "1", false: "0"}[v]
		}
	}
	for _, name := range except {
		delete(q, name)
	}
	return q
}

func sortedNames(q map[string]string) []string { return slices.Sorted(maps.Keys(q)) }
