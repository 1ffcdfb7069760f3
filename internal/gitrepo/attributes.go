package gitrepo

import (
	"bytes"
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Only one attribute is ever asked for.
const exportIgnore = "export-ignore"

const attributesFile = ".gitattributes"

// rule is a line of a .gitattributes file that says something about
// export-ignore.
type rule struct {
	dir     string // the file's directory, "" for the root
	pattern string
	dirOnly bool
	whole   bool // the pattern is matched with the path and not the base name
	set     bool // export-ignore, as opposed to -export-ignore, !export-ignore or a value
}

// attributes are the rules of a tree, the weaker ones first.
type attributes struct {
	rules  []rule
	macros map[string]bool // name -> what it says about export-ignore
}

// add reads a file of rules. Macros may only be defined where topLevel is set.
func (a *attributes) add(dir string, contents []byte, topLevel bool) {
	for line := range bytes.Lines(contents) {
		a.addLine(dir, strings.TrimRight(string(line), "\r\n"), topLevel)
	}
}

func (a *attributes) addLine(dir, line string, topLevel bool) {
	line = strings.TrimLeft(line, " \t")
	if line == "" || line[0] == '#' {
		return
	}
	pattern, rest := cutPattern(line)
	words := strings.Fields(rest)
	if name, ok := strings.CutPrefix(pattern, "[attr]"); ok {
		if set, said := a.verdict(words); topLevel && said {
			a.macros[name] = set
		}
		return
	}
	if strings.HasPrefix(pattern, "!") { // git forbids these, too
		return
	}
	set, said := a.verdict(words)
	if !said {
		return
	}
	r := rule{dir: dir, pattern: pattern, set: set}
	if p, ok := strings.CutSuffix(r.pattern, "/"); ok {
		r.pattern, r.dirOnly = p, true
	}
	r.whole = strings.Contains(r.pattern, "/")
	r.pattern = strings.TrimPrefix(r.pattern, "/")
	a.rules = append(a.rules, r)
}

// cutPattern splits off the first word, in which a blank can be escaped. Quotes
// are a part of it, as they are for the library that Nix reads attributes with.
func cutPattern(line string) (pattern, rest string) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' || c == '\t':
			return b.String(), line[i:]
		case c == '\\' && i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t'):
			i++
			b.WriteByte(line[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// verdict returns what a list of attributes says about export-ignore, the last
// word of it.
func (a *attributes) verdict(words []string) (set, said bool) {
	for _, w := range words {
		name, _, hasValue := strings.Cut(w, "=")
		bare := strings.TrimLeft(name, "-!")
		if bare == exportIgnore {
			set, said = name == bare && !hasValue, true
		} else if macro, ok := a.macros[bare]; ok && name == bare && !hasValue {
			set, said = macro, true
		}
	}
	return set, said
}

// ignored tells whether the attribute is set for a path.
func (a *attributes) ignored(name string, isDir bool) bool {
	for _, r := range slices.Backward(a.rules) {
		rel, ok := below(r.dir, name)
		if !ok || r.dirOnly && !isDir {
			continue
		}
		if r.whole && wildmatch(r.pattern, rel) || !r.whole && wildmatch(r.pattern, path.Base(rel)) {
			return r.set
		}
	}
	return false
}

func below(dir, name string) (rel string, ok bool) {
	if dir == "" {
		return name, true
	}
	return strings.CutPrefix(name, dir+"/")
}

// newAttributes collects the rules of the files at the given paths, read by
// read, and those of the repository itself.
func (r *Repo) newAttributes(files []string, read func(file string) ([]byte, error)) (*attributes, error) {
	a := &attributes{macros: map[string]bool{}}
	slices.SortFunc(files, func(x, y string) int { return strings.Count(x, "/") - strings.Count(y, "/") })
	for _, f := range files {
		b, err := read(f)
		if err != nil {
			return nil, err
		}
		dir := path.Dir(f)
		if dir == "." {
			dir = ""
		}
		a.add(dir, b, dir == "")
	}
	if b, err := readSmall(filepath.Join(r.dir, "info", "attributes")); err == nil {
		a.add("", b, true)
	}
	return a, nil
}

// withoutIgnored drops the entries of a commit that have export-ignore, with
// all below them.
func (r *Repo) withoutIgnored(ctx context.Context, entries []entry) ([]entry, error) {
	blobs := map[string]string{}
	var files []string
	for _, e := range entries {
		if path.Base(e.path) == attributesFile && (e.kind == kindFile || e.kind == kindExec) {
			files, blobs[e.path] = append(files, e.path), e.oid
		}
	}
	a, err := r.newAttributes(files, func(file string) ([]byte, error) {
		return r.git(ctx, "cat-file", "blob", blobs[file])
	})
	if err != nil || len(a.rules) == 0 {
		return entries, err
	}
	kept := entries[:0:0]
	dropped := ""
	for _, e := range entries {
		if dropped != "" && strings.HasPrefix(e.path, dropped) {
			continue
		}
		if a.ignored(e.path, e.kind == kindDir || e.kind == kindSubmodule) {
			dropped = e.path + "/"
			continue
		}
		kept = append(kept, e)
	}
	return kept, nil
}
