package builtins

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"isomorph/internal/nixlang/eval"
)

// SearchPathEntry says where the lookup paths <prefix> and <prefix/...> are
// found; an entry without a prefix offers all that lies in it.
type SearchPathEntry struct {
	Prefix string
	Path   string // of a file or directory, or a URL ("channel:NAME" too) of an archive, or "flake:REFERENCE"
}

// ParseSearchPathEntry reads an element of NIX_PATH or an argument of -I:
// "prefix=path" or "path".
func ParseSearchPathEntry(s string) SearchPathEntry {
	prefix, path, ok := strings.Cut(s, "=")
	if !ok {
		return SearchPathEntry{Path: s}
	}
	return SearchPathEntry{prefix, path}
}

// ParseNixPath splits the value of NIX_PATH at its colons, except those inside
// of URLs.
func ParseNixPath(s string) []SearchPathEntry {
	var entries []SearchPathEntry
	for s != "" {
		end := strings.IndexByte(s, ':')
		if end < 0 {
			return append(entries, ParseSearchPathEntry(s))
		}
		if path := s[strings.LastIndexByte(s[:end], '=')+1:]; isPseudoURL(path) || strings.HasPrefix(path, flakeScheme) {
			if more := strings.IndexByte(s[end+1:], ':'); more >= 0 {
				end += 1 + more
			} else {
				end = len(s)
			}
		}
		if end > 0 {
			entries = append(entries, ParseSearchPathEntry(s[:end]))
		} else {
			entries = append(entries, SearchPathEntry{})
		}
		s = s[min(end+1, len(s)):]
	}
	return entries
}

// flakeScheme begins an entry or an operand that is a flake reference.
const flakeScheme = "flake:"

// FindFlake returns the store path of the source that "flake:REFERENCE" stands
// for; ok is false for other texts. It is the whole tree, wherever in it the
// flake lies, and nothing in it is evaluated or locked. Errors are thrown: a
// flake that is not there does not make way for the next entry (Nix 2.34,
// libcmd/common-eval-args.cc).
func (w *world) FindFlake(c *eval.Ctx, text string) (path string, ok bool) {
	ref, ok := strings.CutPrefix(text, flakeScheme)
	if !ok {
		return "", false
	}
	if !w.opts.Flakes || w.opts.FlakeSource == nil {
		panic(experimental("flakes", ""))
	}
	c.Alone()
	return w.dir.Join(w.opts.FlakeSource(ref)), true
}

// absolute returns the absolute form of a search path entry that is no URL.
func (o *Options) absolute(path string) string {
	if !strings.HasPrefix(path, "/") {
		path = o.Dir + "/" + path
	}
	return eval.CanonPath(path)
}

// PseudoURL returns the URL of an archive if that is what a file of a command
// is: a URL, or "channel:NAME" (libcmd/common-eval-args.cc).
func PseudoURL(file string) (url string, ok bool) { return resolveURL(file), isPseudoURL(file) }

// isPseudoURL tells whether a search path entry is something to download.
func isPseudoURL(s string) bool {
	if strings.HasPrefix(s, "channel:") {
		return true
	}
	scheme, _, ok := strings.Cut(s, "://")
	if !ok {
		return false
	}
	switch scheme {
	case "http", "https", "file", "channel", "git", "s3", "ssh":
		return true
	}
	return false
}

// resolveURL expands the short form of the official channels.
func resolveURL(s string) string {
	if channel, ok := strings.CutPrefix(s, "channel:"); ok {
		return "https://channels.nixos.org/" + channel + "/nixexprs.tar.xz"
	}
	return s
}

// suffix returns what is left of a lookup path after the entry's prefix.
func (e SearchPathEntry) suffix(path string) (rest string, ok bool) {
	switch rest, ok = strings.CutPrefix(path, e.Prefix); {
	case !ok:
		return "", false
	case e.Prefix == "" || rest == "":
		return rest, true
	}
	return strings.CutPrefix(rest, "/")
}

// searchRoot is what a search path entry stands for, once it has been looked at.
type searchRoot struct {
	path string
	ok   bool
}

// nixPath is the value of builtins.nixPath.
func (w *world) nixPath(c *eval.Ctx) eval.Value {
	list := make([]eval.Value, 0, len(w.opts.SearchPath)+1)
	add := func(prefix string, path eval.Value) {
		b := c.NewAttrs(2)
		b.Set(eval.SymPath, path)
		b.Set(eval.SymPrefix, eval.String(prefix))
		list = append(list, b.Build())
	}
	if !w.opts.PureEval {
		for _, e := range w.opts.SearchPath {
			add(e.Prefix, eval.String(e.Path))
		}
		if f := w.opts.Nixpkgs; f != nil {
			add(nixpkgs, c.Lazy(func(*eval.Ctx) eval.Value { return eval.String(f()) }))
		}
	}
	return eval.List(list)
}

func (w *world) searchPath() []SearchPathEntry {
	if w.opts.PureEval {
		return nil
	}
	return w.wholePath()
}

// nixpkgs is the name of the entry that [Options] may have apart from the others.
const nixpkgs = "nixpkgs"

// wholePath is SearchPath and what follows it.
func (o *Options) wholePath() []SearchPathEntry {
	if o.Nixpkgs == nil {
		return o.SearchPath
	}
	return append(slices.Clip(o.SearchPath), SearchPathEntry{nixpkgs, o.Nixpkgs()})
}

func (w *world) primFindFile(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var entries []SearchPathEntry
	for _, v := range c.ForceList(0, args[0], "while evaluating the first argument passed to builtins.findFile") {
		entries = append(entries, w.searchEntry(c, v))
	}
	path := c.ForceStringNoCtx(0, args[1], "while evaluating the second argument passed to builtins.findFile")
	return eval.Path(w.find(c, entries, path))
}

func (w *world) searchEntry(c *eval.Ctx, v eval.Value) SearchPathEntry {
	set := c.ForceAttrs(0, v, "while evaluating an element of the list passed to builtins.findFile")
	var e SearchPathEntry
	if p, ok := set.Get(eval.SymPrefix); ok {
		e.Prefix = c.ForceStringNoCtx(0, p, "while evaluating the `prefix` attribute of an element of the list passed to builtins.findFile")
	}
	at := c.GetAttr(set, eval.SymPath, "in an element of the __nixPath")
	var ctx eval.ContextSet
	e.Path = c.CoerceToString(0, at.Value, &ctx, "while evaluating the `path` attribute of an element of the list passed to builtins.findFile", eval.CoerceNoCopy)
	w.realise(c, ctx.Context())
	return e
}

// FindFile returns the file that <path> means. Errors are thrown.
func (w *world) FindFile(c *eval.Ctx, path string) string { return w.find(c, w.searchPath(), path) }

func (w *world) find(c *eval.Ctx, entries []SearchPathEntry, path string) string {
	for _, e := range entries {
		rest, ok := e.suffix(path)
		if !ok {
			continue
		}
		root := w.searchRoot(c, e.Path)
		if !root.ok {
			continue
		}
		file := w.follow(eval.CanonPath(root.path+"/"+rest), true)
		if _, err := w.lstat(file); err == nil {
			return file
		}
	}
	if rest, ok := strings.CutPrefix(path, "nix/"); ok {
		return eval.CanonPath(corepkgs + "/" + rest)
	}
	if w.opts.PureEval {
		panic(eval.Errorf(eval.KindThrown, 0, "cannot look up '<%s>' in pure evaluation mode (use '--impure' to override)", path))
	}
	panic(eval.Errorf(eval.KindThrown, 0, "file '%s' was not found in the Nix search path (add it using $NIX_PATH or -I)", path).
		Advise("-I NAME=PATH adds a name; there are now: %s", w.searchNames()))
}

// searchRoot looks at an entry's path once, and says so once if it is not
// there.
func (w *world) searchRoot(c *eval.Ctx, path string) searchRoot {
	w.mu.Lock()
	root, ok := w.entries[path]
	w.mu.Unlock()
	if ok {
		return root
	}
	root = w.findRoot(c, path)
	w.mu.Lock()
	w.entries[path] = root
	w.mu.Unlock()
	return root
}

func (w *world) findRoot(c *eval.Ctx, path string) searchRoot {
	if isPseudoURL(path) {
		c.Alone()
		p, err := w.host.Fetch(FetchRequest{URL: resolveURL(path), Name: "source", Unpack: true})
		if err == nil {
			w.access.allow(w.dir.Join(p))
			return searchRoot{w.dir.Join(p), true}
		}
		w.host.Warn("Nix search path entry '" + path + "' cannot be downloaded, ignoring: " + err.Error())
		return searchRoot{}
	}
	if source, ok := w.FindFlake(c, path); ok {
		return searchRoot{source, true}
	}
	abs := w.opts.absolute(path)
	_, err := w.lstat(w.follow(abs, true))
	if err == nil {
		return searchRoot{abs, true}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		w.warn(c, "Nix search path entry '"+path+"' cannot be read, ignoring: "+err.Error())
		return searchRoot{}
	}
	w.warn(c, "Nix search path entry '"+path+"' does not exist, ignoring")
	return searchRoot{}
}

// searchNames lists the names that the search path has.
func (w *world) searchNames() string {
	var names []string
	for _, e := range w.wholePath() {
		if e.Prefix != "" {
			names = append(names, "<"+e.Prefix+">")
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
