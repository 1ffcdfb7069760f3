package builtins

import (
	"strings"
	"sync"

	"isomorph/internal/nixlang/eval"
)

// access is the list of what may be read in restricted and in pure evaluation:
// the search path (restricted only), what the evaluation has put in the store,
// and what the caller allows.
type access struct {
	pure bool
	mu   sync.Mutex
	tree map[string]bool
}

func newAccess(opts Options, path func() []SearchPathEntry) *access {
	a := &access{pure: opts.PureEval, tree: map[string]bool{}}
	if opts.PureEval {
		return a
	}
	for _, e := range path() {
		if !isPseudoURL(e.Path) && !strings.HasPrefix(e.Path, flakeScheme) {
			a.allow(opts.absolute(e.Path))
		}
	}
	return a
}

func (a *access) allow(path string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tree[path] = true
}

// contains tells whether path is allowed or below something allowed.
func (a *access) contains(path string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := path; ; p = dirName(p) {
		if a.tree[p] {
			return true
		}
		if p == "/" {
			return false
		}
	}
}

// allows tells whether path may be looked at: it is contained, or leads to
// something allowed. Without the latter no symlink on the way could be
// resolved. Of a directory that only leads to something, nothing else may be
// shown.
func (a *access) allows(path string) bool {
	if a.contains(path) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	prefix := strings.TrimSuffix(path, "/") + "/"
	for p := range a.tree {
		if strings.HasPrefix(p, prefix) {
			return true
		}
	}
	return false
}

// check throws if a file may not be read.
func (w *world) check(path string) {
	if w.access == nil || isEmbedded(path) || w.access.allows(path) {
		return
	}
	mode := "in restricted mode"
	if w.access.pure {
		mode = "in pure evaluation mode (use '--impure' to override)"
	}
	panic(eval.Errorf(eval.KindRestricted, 0, "access to absolute path '%s' is forbidden %s", path, mode))
}

// followChecked resolves symlinks like [Files.ResolveSymlinks], but looks only
// at what may be looked at: an error must not tell where a link leads that lies
// outside of what is allowed. The caller checks the path that comes out.
func (w *world) followChecked(path string, last bool) string {
	at, parts := "/", splitPath(path)
	for links := 0; len(parts) > 0; {
		next := eval.CanonPath(at + "/" + parts[0])
		parts = parts[1:]
		if len(parts) == 0 && !last {
			return next
		}
		if !w.access.allows(next) {
			at = next
			continue
		}
		kind, err := w.host.Lstat(next)
		if err != nil || kind != Symlink {
			at = next // a missing file is the caller's to find
			continue
		}
		if links++; links > maxSymlinks {
			panic(eval.Errorf(eval.KindOther, 0, "too many symbolic links encountered while traversing the path '%s'", path))
		}
		target, err := w.host.Readlink(next)
		if err != nil {
			throw(next, err)
		}
		if strings.HasPrefix(target, "/") {
			at = "/"
		}
		parts = append(splitPath(target), parts...)
	}
	return at
}

// splitPath returns the parts of a path; ".." is kept, as what it means depends
// on the symlinks before it.
func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// visible limits a filter to what may be looked at, for a tree that only leads
// to something allowed.
func (w *world) visible(path string, inner Filter) Filter {
	if w.access == nil || w.access.contains(path) {
		return inner
	}
	return func(path string, kind FileKind) (bool, error) {
		if !w.access.allows(path) {
			return false, nil
		}
		if inner == nil {
			return true, nil
		}
		return inner(path, kind)
	}
}

// checkURL throws if a URL may not be fetched in restricted evaluation: it must
// be one of the allowed URIs or below one.
func (w *world) checkURL(url string) {
	if !w.opts.RestrictEval && !w.opts.PureEval {
		return
	}
	if w.opts.PureEval && !w.opts.RestrictEval {
		return // pinned by its hash instead
	}
	for _, prefix := range w.opts.AllowedURIs {
		if uriBelow(url, prefix) {
			return
		}
	}
	if file := strings.TrimPrefix(url, "file://"); strings.HasPrefix(file, "/") {
		w.check(eval.CanonPath(file))
		return
	}
	panic(eval.Errorf(eval.KindRestricted, 0, "access to URI '%s' is forbidden in restricted mode", url))
}

// uriBelow tells whether url is prefix or continues it after a slash; a prefix
// of a scheme alone ("https:") allows all of it.
func uriBelow(url, prefix string) bool {
	if url == prefix {
		return true
	}
	if !strings.HasPrefix(url, prefix) || prefix == "" {
		return false
	}
	last := prefix[len(prefix)-1]
	return last == '/' || url[len(prefix)] == '/' || last == ':' && strings.Count(prefix, ":") == 1
}
