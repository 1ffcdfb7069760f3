// Package aptsources reads which Debian mirrors this machine uses, from apt's
// configuration (sources.list(5)): the one-line files *.list and the deb822
// files *.sources.
//
// Only the places are taken from there. What comes from a mirror is checked by
// hash or signature wherever it comes from, so apt's options about keys and
// trust have no meaning for us and are not read.
package aptsources

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"isomorph/internal/debian/deb822"
)

// maxFile is the largest configuration file read, in bytes.
const maxFile = 1 << 20

// Source is one archive for binary packages.
type Source struct {
	URI        string
	Suite      string
	Components []string
}

// Read reads the configuration below root, the machine's root directory. The
// sources stand in apt's order: sources.list, then sources.list.d by name. A
// file that cannot be read or understood is left out and told in problems; a
// machine without apt has no sources and no problems.
func Read(root fs.FS) (sources []Source, problems []error) {
	files := []string{"etc/apt/sources.list"}
	entries, _ := fs.ReadDir(root, "etc/apt/sources.list.d") // absent without apt
	for _, e := range entries {
		if ext := path.Ext(e.Name()); (ext == ".list" || ext == ".sources") && !e.IsDir() {
			files = append(files, "etc/apt/sources.list.d/"+e.Name())
		}
	}
	for _, name := range files {
		found, err := readFile(root, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("/%s: %w", name, err))
		}
		sources = append(sources, found...)
	}
	return sources, problems
}

func readFile(root fs.FS, name string) ([]Source, error) {
	f, err := root.Open(name)
	if err != nil {
		if name == "etc/apt/sources.list" {
			return nil, nil // newer systems have none
		}
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, err
	}
	if path.Ext(name) == ".sources" {
		return parseSources(b)
	}
	return parseList(b)
}

// parseSources reads the deb822 form.
func parseSources(b []byte) ([]Source, error) {
	var out []Source
	d := deb822.NewReader(bytes.NewReader(b), deb822.Config)
	for {
		s, err := d.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if strings.EqualFold(s.Get("Enabled"), "no") || !slices.Contains(strings.Fields(s.Get("Types")), "deb") {
			continue
		}
		for _, uri := range strings.Fields(s.Get("URIs")) {
			for _, suite := range strings.Fields(s.Get("Suites")) {
				out = append(out, Source{uri, suite, strings.Fields(s.Get("Components"))})
			}
		}
	}
}

// parseList reads the one-line form: deb [options] uri suite component...
func parseList(b []byte) ([]Source, error) {
	var out []Source
	for i, line := range strings.Split(string(b), "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "deb" {
			continue
		}
		rest := strings.TrimSpace(strings.TrimSpace(line)[len("deb"):])
		if strings.HasPrefix(rest, "[") {
			_, after, ok := strings.Cut(rest, "]")
			if !ok {
				return out, fmt.Errorf("line %d: the options are not closed", i+1)
			}
			rest = after
		}
		f = strings.Fields(rest)
		if len(f) < 2 {
			return out, fmt.Errorf("line %d: a URI and a suite are needed", i+1)
		}
		out = append(out, Source{f[0], f[1], f[2:]})
	}
	return out, nil
}

// Mirrors returns the base URLs of the archives that are mirrors of Debian, by
// repository name. Which repository a URL carries shows in the last part of its
// path, "debian" or "debian-security", as on every mirror of the official list.
func Mirrors(sources []Source) map[string][]string {
	out := map[string][]string{}
	for _, s := range sources {
		u, err := url.Parse(s.URI)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || !slices.Contains(s.Components, "main") {
			continue
		}
		name := path.Base(u.Path)
		base := strings.TrimSuffix(s.URI, "/")
		if (name == "debian" || name == "debian-security") && !slices.Contains(out[name], base) {
			out[name] = append(out[name], base)
		}
	}
	return out
}
