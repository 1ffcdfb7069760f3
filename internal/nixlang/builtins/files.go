package builtins

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Builtins that look at files and the environment.

// readFile returns a file's contents, embedded ones included.
func (w *world) readFile(path string) []byte {
	if isEmbedded(path) {
		return []byte(w.embedded(path))
	}
	w.check(path)
	b, err := w.host.ReadFile(path)
	if err != nil {
		throw(path, err)
	}
	return b
}

func (w *world) lstat(path string) (FileKind, error) {
	if isEmbedded(path) {
		if _, ok := embeddedFile(path); ok {
			return Regular, nil
		}
		return "", fs.ErrNotExist
	}
	w.check(path)
	return w.host.Lstat(path)
}

func (w *world) primPathExists(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	exists := false
	err := c.Try(func() { // a file that may not be read does not exist, even if that is found out while the path is evaluated
		v := c.Force(args[0])
		// A path value knows no slash at its end; a string with one asks for a
		// directory.
		mustBeDir := v.IsString() && (strings.HasSuffix(v.AsString(), "/") || strings.HasSuffix(v.AsString(), "/."))
		follow := followParents
		if mustBeDir {
			follow = followAll
		}
		path := w.realisePath(c, v, follow)
		kind, err := w.lstat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			throw(path, err)
		}
		exists = err == nil && (!mustBeDir || kind == Directory)
	})
	if err != nil && err.Kind != eval.KindRestricted {
		panic(err)
	}
	return eval.Bool(exists && err == nil)
}

func (w *world) primReadFile(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	path := w.realisePath(c, args[0], followAll)
	b := w.readFile(path)
	if bytes.IndexByte(b, 0) >= 0 {
		panic(eval.Errorf(eval.KindEval, 0, "the contents of the file '%s' cannot be represented as a Nix string", path))
	}
	var refs []eval.ContextElem
	if w.dir.Contains(path) {
		for _, p := range w.referencesOf(path) {
			if bytes.Contains(b, []byte(p.HashPart())) {
				refs = append(refs, eval.ContextElem{Path: string(p)})
			}
		}
	}
	if len(refs) == 0 {
		return eval.StringBytes(b)
	}
	return eval.StringWith(string(b), eval.NewContext(refs...))
}

func (w *world) primReadDir(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	path := w.realisePath(c, args[0], followAll)
	w.check(path)
	entries, err := w.host.ReadDir(path)
	if _, missing := w.lstat(path); errors.Is(err, syscall.ENOTDIR) && missing == nil {
		if c.Since(readDirRelease) {
			panic(&eval.Error{Kind: eval.KindOther, Err: err, Msg: "'" + path + "' is not a directory"})
		}
		panic(&eval.Error{Kind: eval.KindOther, Err: err, Msg: "cannot read directory \"" + path + "\": Not a directory"})
	}
	if err != nil {
		throw(path, err)
	}
	b := c.NewAttrs(len(entries))
	for _, e := range entries {
		if w.access == nil || w.access.allows(strings.TrimSuffix(path, "/")+"/"+e.Name) {
			b.SetName(e.Name, w.kinds[e.Kind])
		}
	}
	return b.Build()
}

func (w *world) primReadFileType(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	path := w.realisePath(c, args[0], followNone)
	w.refuseSymlinks(path)
	kind, err := w.lstat(path)
	if err != nil {
		throw(path, err)
	}
	return w.kinds[kind]
}

// refuseSymlinks throws if a directory on the way to a path is a symlink:
// readFileType follows none, not even there.
func (w *world) refuseSymlinks(path string) {
	if w.follow(path, false) == path {
		return
	}
	for i := 1; i < len(path); i++ {
		if dir := path[:i]; path[i] == '/' && w.follow(dir, true) != dir {
			panic(eval.Errorf(eval.KindOther, 0, "path '%s' is a symlink", dir))
		}
	}
}

func (w *world) primHashFile(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.hashFile")
	algo, err := nixhash.ParseAlgorithm(name)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	path := w.realisePath(c, args[1], followAll)
	return eval.String(nixhash.Sum(algo, w.readFile(path)).Base16())
}

func (w *world) primGetEnv(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.getEnv")
	if w.opts.PureEval || w.opts.RestrictEval {
		return eval.EmptyStr
	}
	return eval.String(w.host.Getenv(name))
}

// primDiscardOutputDependency and the next are the two context builtins that
// know what a derivation is.
func primDiscardOutputDependency(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var set eval.ContextSet
	s := c.CoerceToString(0, args[0], &set, "while evaluating the argument passed to builtins.unsafeDiscardOutputDependency", 0)
	elems := make([]eval.ContextElem, 0, set.Context().Len())
	for _, e := range set.Context().Elems() {
		if e.Kind == eval.ContextDrvDeep {
			e.Kind = eval.ContextPath
		}
		elems = append(elems, e)
	}
	return eval.StringWith(s, eval.NewContext(elems...))
}

func (w *world) primAddDrvOutputDependencies(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var set eval.ContextSet
	s := c.CoerceToString(0, args[0], &set, "while evaluating the argument passed to builtins.addDrvOutputDependencies", 0)
	elems := set.Context().Elems()
	if len(elems) != 1 {
		panic(eval.Errorf(eval.KindEval, 0, "context of string '%s' must have exactly one element, but has %d", s, len(elems)))
	}
	e := elems[0]
	switch {
	case e.Kind == eval.ContextOutput:
		panic(eval.Errorf(eval.KindEval, 0, "`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '%s'", e.Output))
	case !storepath.Path(e.Path).IsDerivation():
		panic(eval.Errorf(eval.KindEval, 0, "path '%s' is not a derivation", w.dir.Join(storepath.Path(e.Path))))
	}
	return eval.StringWith(s, eval.NewContext(eval.ContextElem{Kind: eval.ContextDrvDeep, Path: e.Path}))
}
