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

func newAccess(opts Options) *access {
	a := &access{pure: opts.PureEval, tree: map[string]bool{}}
	if opts.PureEval {
		return a
	}
	for _, e := range opts.SearchPath {
		if !isPseudoURL(e.Path) {
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

// allows tells whether path is below something allowed. What leads to it can
// be looked at, too: else no symlink on the way could be resolved.
func (a *access) allows(path string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := path; ; p = p[:strings.LastIndexByte(p, '/')] {
		if p == "" {
			p = "/"
		}
		if a.tree[p] {
			return true
		}
		if p == "/" {
			break
		}
	}
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

// AllowPath lets a restricted or pure evaluation read path and all below it.
func (w *world) AllowPath(path string) { w.access.allow(eval.CanonPath(path)) }

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
	if file, ok := strings.CutPrefix(url, "file://"); ok {
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
