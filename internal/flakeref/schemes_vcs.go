package flakeref

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"isomorph/internal/lazyre"
	"isomorph/internal/nixhash"
)

// gitScheme is a git repository, by any transport that git has.
func gitScheme() *scheme {
	return &scheme{
		attributes: []string{
			"url", "ref", "rev", "shallow", "submodules", "lfs", "exportIgnore", "lastModified", "revCount", "narHash",
			"allRefs", "name", "dirtyRev", "dirtyShortRev", "verifyCommit", "keytype", "publicKey", "publicKeys",
		},
		fromURL: gitFromURL, check: gitCheck, toURL: gitToURL,
		override: func(a Attrs, ref, rev string) (Attrs, error) {
			a, err := setOverride(a, ref, rev)
			if err == nil && a["ref"] == nil && a["rev"] != nil {
				err = errors.New("Git input '" + show(a) + "' has a commit hash but no branch/tag name")
			}
			return a, err
		},
	}
}

func gitFromURL(u *URL, _ bool) (Attrs, error) {
	if application, _ := SplitScheme(u.Scheme); u.Scheme != "git" && application != "git" {
		return nil, nil
	}
	place := withoutQuery(u)
	a := Attrs{"type": "git"}
	for name, value := range u.Query {
		switch name {
		case "rev", "ref", "keytype", "publicKey", "publicKeys":
			a[name] = value
		case "shallow", "submodules", "lfs", "exportIgnore", "allRefs", "verifyCommit":
			a[name] = value == "1"
		default:
			place.Query[name] = value
		}
	}
	a["url"] = place.String()
	return gitCheck(a)
}

func gitCheck(a Attrs) (Attrs, error) {
	for _, name := range []string{"keytype", "publicKey", "publicKeys", "verifyCommit"} {
		if a[name] != nil {
			return nil, errors.New("experimental Nix feature 'verified-fetches' is disabled; add '--extra-experimental-features verified-fetches' to enable it")
		}
	}
	ref, ok, err := a.lookup("ref")
	if err != nil {
		return nil, err
	}
	if ok && !legalRef(ref) {
		return nil, badURL("invalid Git branch/tag name '%s'", ref)
	}
	text, err := a.str("url")
	if err != nil {
		return nil, err
	}
	u, err := FixGitURL(text)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"shallow", "submodules", "allRefs"} {
		if _, err := a.isTrue(name); err != nil {
			return nil, err
		}
	}
	a = maps.Clone(a)
	a["url"] = u.String()
	return a, nil
}

func gitToURL(a Attrs) (*URL, error) {
	text, err := a.str("url")
	if err != nil {
		return nil, err
	}
	u, err := parseURL(text, false, ignoreWarning)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "git" {
		u.Scheme = "git+" + u.Scheme
	}
	for _, name := range []string{"shallow", "lfs", "submodules", "exportIgnore"} {
		set, err := a.isTrue(name)
		if err != nil {
			return nil, err
		}
		if set {
			u.Query[name] = "1"
		}
	}
	return u, addRevRef(u, a)
}

var (
	mercurialRef = lazyre.New(`^[a-zA-Z0-9@][a-zA-Z0-9_./@+-]*$`)
	forgeHost    = lazyre.New(`^[a-zA-Z0-9.-]*$`)
	flakeID      = lazyre.New(`^[a-zA-Z][a-zA-Z0-9_-]*$`)
)

// mercurialScheme is a Mercurial repository.
func mercurialScheme() *scheme {
	return &scheme{
		attributes: []string{"url", "ref", "rev", "revCount", "narHash", "name"},
		fromURL:    mercurialFromURL, check: mercurialCheck, override: setOverride,
		toURL: func(a Attrs) (*URL, error) {
			text, err := a.str("url")
			if err != nil {
				return nil, err
			}
			u, err := parseURL(text, false, ignoreWarning)
			if err != nil {
				return nil, err
			}
			u.Scheme = "hg+" + u.Scheme
			return u, addRevRef(u, a)
		},
	}
}

func mercurialFromURL(u *URL, _ bool) (Attrs, error) {
	if !slices.Contains([]string{"hg+http", "hg+https", "hg+ssh", "hg+file"}, u.Scheme) {
		return nil, nil
	}
	place := withoutQuery(u)
	place.Scheme = strings.TrimPrefix(u.Scheme, "hg+")
	a := Attrs{"type": "hg"}
	for name, value := range u.Query {
		if name == "rev" || name == "ref" {
			a[name] = value
		} else {
			place.Query[name] = value
		}
	}
	a["url"] = place.String()
	return mercurialCheck(a)
}

func mercurialCheck(a Attrs) (Attrs, error) {
	text, err := a.str("url")
	if err != nil {
		return nil, err
	}
	if _, err := parseURL(text, false, ignoreWarning); err != nil {
		return nil, err
	}
	ref, ok, err := a.lookup("ref")
	if ok && !mercurialRef.MatchString(ref) {
		err = badURL("invalid Mercurial branch/tag name '%s'", ref)
	}
	return a, err
}

// archiveScheme is a forge that gives out its repositories as archives.
func archiveScheme(kind string) *scheme {
	return &scheme{
		attributes: []string{"owner", "repo", "ref", "rev", "narHash", "lastModified", "host", "treeHash"},
		fromURL:    func(u *URL, _ bool) (Attrs, error) { return archiveFromURL(kind, u) },
		check:      archiveCheck,
		toURL:      archiveToURL,
		override:   archiveOverride,
	}
}

func archiveFromURL(kind string, u *URL) (Attrs, error) {
	if u.Scheme != kind {
		return nil, nil
	}
	path := u.segments()
	if len(path) < 2 {
		return nil, badURL("URL '%s' is invalid", u)
	}
	a := Attrs{"type": kind, "owner": path[0], "repo": path[1]}
	if rest := strings.Join(path[2:], "/"); len(path) == 3 && commit.MatchString(rest) {
		a["rev"] = rest
	} else if len(path) > 2 {
		a["ref"] = rest
	}
	for name, what := range map[string]string{"rev": "commit hashes", "ref": "branch/tag names", "host": "", "narHash": ""} {
		value, ok := u.Query[name]
		if !ok {
			continue
		}
		if a[name] != nil {
			return nil, badURL("URL '%s' contains multiple %s", u, what)
		}
		a[name] = value
	}
	return archiveCheck(a)
}

func archiveCheck(a Attrs) (Attrs, error) {
	for _, name := range []string{"owner", "repo"} {
		if _, err := a.str(name); err != nil {
			return nil, err
		}
	}
	ref, hasRef, err := a.lookup("ref")
	if err != nil {
		return nil, err
	}
	rev, hasRev, err := a.lookup("rev")
	if err != nil {
		return nil, err
	}
	if hasRef && hasRev {
		return nil, badURL("input %s contains both a commit hash ('%s') and a branch/tag name ('%s')", a.JSON(), rev, ref)
	}
	if hasRev {
		if _, err := nixhash.Parse(rev, nixhash.SHA1); err != nil {
			return nil, err
		}
	}
	if hasRef && !legalRef(ref) {
		return nil, badURL("input %s contains an invalid branch/tag name", a.JSON())
	}
	host, ok, err := a.lookup("host")
	if ok && !forgeHost.MatchString(host) {
		err = badURL("input %s contains an invalid instance host", a.JSON())
	}
	return a, err
}

func archiveToURL(a Attrs) (*URL, error) {
	kind, _ := a["type"].(string)
	owner, err := a.str("owner")
	if err != nil {
		return nil, err
	}
	repo, err := a.str("repo")
	if err != nil {
		return nil, err
	}
	u := &URL{Scheme: kind, Path: []string{owner, repo}, Query: map[string]string{}}
	rev, err := a.rev()
	if err != nil {
		return nil, err
	}
	if ref, _ := a["ref"].(string); ref != "" {
		u.Path = append(u.Path, ref)
	}
	if rev != "" {
		u.Path = append(u.Path, rev)
	}
	if host, ok := a["host"].(string); ok {
		u.Query["host"] = host
	}
	return u, addNarHash(u, a)
}

func archiveOverride(a Attrs, ref, rev string) (Attrs, error) {
	if ref != "" && rev != "" {
		return nil, badURL("cannot apply both a commit hash (%s) and a branch/tag name ('%s') to input '%s'", rev, ref, show(a))
	}
	a = maps.Clone(a)
	if rev != "" {
		a["rev"] = rev
		delete(a, "ref")
	}
	if ref != "" {
		a["ref"] = ref
		delete(a, "rev")
	}
	return a, nil
}

func addNarHash(u *URL, a Attrs) error {
	h, err := a.narHash()
	if h != "" {
		u.Query["narHash"] = h
	}
	return err
}
