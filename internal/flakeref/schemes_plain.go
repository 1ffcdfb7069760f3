package flakeref

import (
	"fmt"
	"slices"
	"strings"
)

// pathScheme is a directory of this machine; a relative one lies in the flake
// that names it.
func pathScheme() *scheme {
	return &scheme{
		attributes: []string{"path", "rev", "revCount", "lastModified", "narHash"},
		fromURL:    pathFromURL,
		check: func(a Attrs) (Attrs, error) {
			_, err := a.str("path")
			return a, err
		},
		toURL: func(a Attrs) (*URL, error) {
			path, err := a.str("path")
			if err != nil {
				return nil, err
			}
			return &URL{Scheme: "path", Path: pathSegments(path), Query: a.query("path", "type")}, nil
		},
		override: noOverride,
	}
}

func pathFromURL(u *URL, _ bool) (Attrs, error) {
	if u.Scheme != "path" {
		return nil, nil
	}
	if u.Authority != nil && u.Authority.Host != "" {
		return nil, fmt.Errorf("path URL '%s' should not have an authority ('%s')", u, u.Authority)
	}
	path, err := u.filePath()
	if err != nil {
		return nil, err
	}
	a := Attrs{"type": "path", "path": path}
	for _, name := range sortedNames(u.Query) {
		switch value := u.Query[name]; name {
		case "rev", "narHash":
			a[name] = value
		case "revCount", "lastModified":
			n, ok := parseUint(value)
			if !ok {
				return nil, fmt.Errorf("path URL '%s' has invalid parameter '%s'", u, name)
			}
			a[name] = n
		default:
			return nil, fmt.Errorf("path URL '%s' has unsupported parameter '%s'", u, name)
		}
	}
	return a, nil
}

// indirectScheme is a name to be looked up in the registries.
func indirectScheme() *scheme {
	return &scheme{
		attributes: []string{"id", "ref", "rev", "narHash"},
		fromURL:    indirectFromURL,
		check: func(a Attrs) (Attrs, error) {
			id, err := a.str("id")
			if err == nil && !flakeID.MatchString(id) {
				err = badURL("'%s' is not a valid flake ID", id)
			}
			return a, err
		},
		toURL: func(a Attrs) (*URL, error) {
			id, err := a.str("id")
			if err != nil {
				return nil, err
			}
			u := &URL{Scheme: "flake", Path: []string{id}}
			if ref, ok := a["ref"].(string); ok {
				u.Path = append(u.Path, ref)
			}
			rev, err := a.rev()
			if rev != "" {
				u.Path = append(u.Path, rev)
			}
			return u, err
		},
		override: setOverride,
	}
}

func indirectFromURL(u *URL, _ bool) (Attrs, error) {
	if u.Scheme != "flake" {
		return nil, nil
	}
	path := u.segments()
	a := Attrs{"type": "indirect"}
	switch len(path) {
	case 1:
	case 2:
		switch {
		case commit.MatchString(path[1]):
			a["rev"] = strings.ToLower(path[1])
		case legalRef(path[1]):
			a["ref"] = path[1]
		default:
			return nil, badURL("in flake URL '%s', '%s' is not a commit hash or branch/tag name", u, path[1])
		}
	case 3:
		if !legalRef(path[1]) {
			return nil, badURL("in flake URL '%s', '%s' is not a branch/tag name", u, path[1])
		}
		if !commit.MatchString(path[2]) {
			return nil, badURL("in flake URL '%s', '%s' is not a commit hash", u, path[2])
		}
		a["ref"], a["rev"] = path[1], strings.ToLower(path[2])
	default:
		return nil, badURL("GitHub URL '%s' is invalid", u)
	}
	if !flakeID.MatchString(path[0]) {
		return nil, badURL("'%s' is not a valid flake ID", path[0])
	}
	a["id"] = path[0]
	return a, nil
}

// curlAttributes are those of plain downloads; as parameters of a URL they are
// for Nix and not for the server.
var curlAttributes = []string{"url", "narHash", "name", "unpack", "rev", "revCount", "lastModified"}

// curlScheme is a download: kind "tarball" is unpacked, "file" is not.
func curlScheme(kind string) *scheme {
	return &scheme{
		attributes: curlAttributes,
		fromURL:    func(u *URL, tree bool) (Attrs, error) { return curlFromURL(kind, u, tree) },
		check:      func(a Attrs) (Attrs, error) { return a, nil },
		toURL: func(a Attrs) (*URL, error) {
			text, err := a.str("url")
			if err != nil {
				return nil, err
			}
			u, err := parseURL(text, false, ignoreWarning)
			if err != nil {
				return nil, err
			}
			return u, addNarHash(u, a)
		},
		override: noOverride,
	}
}

func curlFromURL(kind string, u *URL, tree bool) (Attrs, error) {
	application, transport := SplitScheme(u.Scheme)
	if !slices.Contains([]string{"file", "http", "https"}, transport) {
		return nil, nil
	}
	unpack := tree || hasArchiveName(u)
	if application != kind && (application != "" || unpack != (kind == "tarball")) {
		return nil, nil
	}
	a := Attrs{"type": kind}
	for _, name := range []string{"narHash", "rev"} {
		if value, ok := u.Query[name]; ok {
			a[name] = value
		}
	}
	for _, name := range []string{"revCount", "lastModified"} {
		if n, ok := parseUint(u.Query[name]); ok {
			a[name] = n
		}
	}
	place := withoutQuery(u)
	place.Scheme = transport
	for name, value := range u.Query {
		if !slices.Contains(curlAttributes, name) {
			place.Query[name] = value
		}
	}
	a["url"] = place.String()
	return a, nil
}

// hasArchiveName tells whether a URL ends like an archive.
func hasArchiveName(u *URL) bool {
	if len(u.Path) == 0 {
		return false
	}
	last := u.Path[len(u.Path)-1]
	for _, end := range []string{".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"} {
		if strings.HasSuffix(last, end) {
			return true
		}
	}
	return false
}
