package builtins

import (
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/storepath"
)

// maxSymlinks bounds the links that lead from one to the next.
const maxSymlinks = 1024

func (w *world) primImport(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	path := w.realisePath(c, args[0], followNone)
	if v, ok := w.importDerivation(c, path); ok {
		return v
	}
	return w.ImportFile(c, path)
}

func (w *world) primScopedImport(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	scope := args[0]
	path := w.realisePath(c, args[1], followNone)
	if v, ok := w.importDerivation(c, path); ok {
		return v
	}
	set := c.ForceAttrs(0, scope, "while evaluating the first argument passed to builtins.scopedImport")
	src := w.source(w.resolveImport(path))
	src.Scope = set
	return w.run(c, src)
}

// ImportFile returns the value of a file, or of the default.nix in it if it is
// a directory: a thunk, which is the same for all imports of the file. Errors
// in finding the file are thrown.
func (w *world) ImportFile(c *eval.Ctx, path string) eval.Value {
	file := w.resolveImport(path)
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.files[file]
	if !ok {
		v = c.Lazy(func(c *eval.Ctx) eval.Value { return w.evalFile(c, file) })
		w.files[file] = v
	}
	return v
}

func (w *world) evalFile(c *eval.Ctx, file string) eval.Value {
	src := w.source(file)
	src.NoTree = true
	p := w.program(c, src)
	c.PushTraceFunc(0, func() string { return "while evaluating the file '" + file + "':" })
	v := c.Run(p)
	c.PopTrace()
	return v
}

// program parses a text. A helper that would have to warn about it gives up.
func (w *world) program(c *eval.Ctx, src eval.Source) *eval.Program {
	warned := false
	if c.IsHelper() {
		src.Warn = func(string) { warned = true }
	}
	p, err := w.st.Parse(src)
	if warned {
		c.Alone()
	}
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return p
}

// source reads a file for the parser.
func (w *world) source(file string) eval.Source {
	return eval.Source{
		Text:          w.readFile(file),
		Origin:        syntax.Origin{Kind: syntax.OriginFile, Name: file},
		BasePath:      dirName(file),
		Home:          w.home(),
		PipeOperators: w.opts.PipeOperators, Lints: w.opts.Lints, Warn: w.host.Warn,
	}
}

func (w *world) home() string {
	if w.opts.PureEval {
		return ""
	}
	return w.opts.Home
}

// EvalString evaluates a text that is in no file, such as that of a command
// line. basePath is where its relative paths start.
func (w *world) EvalString(c *eval.Ctx, text, basePath string, origin syntax.Origin) eval.Value {
	return w.run(c, w.stringSource(text, basePath, origin))
}

func (w *world) stringSource(text, basePath string, origin syntax.Origin) eval.Source {
	return eval.Source{
		Text: []byte(text), Origin: origin, BasePath: basePath, Home: w.home(),
		PipeOperators: w.opts.PipeOperators, Lints: w.opts.Lints, Warn: w.host.Warn,
	}
}

// ParseFile and ParseString return the tree of an expression without evaluating
// it. Errors are thrown.
func (w *world) ParseFile(c *eval.Ctx, path string) syntax.Expr {
	return w.parse(c, w.source(w.resolveImport(path)))
}

// ParseString is like EvalString, see [world.ParseFile].
func (w *world) ParseString(c *eval.Ctx, text, basePath string, origin syntax.Origin) syntax.Expr {
	return w.parse(c, w.stringSource(text, basePath, origin))
}

func (w *world) parse(c *eval.Ctx, src eval.Source) syntax.Expr { return w.program(c, src).Tree() }

// resolveImport returns the file that an import of path means. A symlink at its
// end is followed, so that relative paths in the file start where it really
// lies; a symlink further up is not.
func (w *world) resolveImport(path string) string {
	w.mu.Lock()
	file, ok := w.resolved[path]
	w.mu.Unlock()
	if ok {
		return file
	}
	file = w.findImport(path)
	w.mu.Lock()
	w.resolved[path] = file
	w.mu.Unlock()
	return file
}

func (w *world) findImport(path string) string {
	file := w.followLast(path)
	if kind, err := w.lstat(w.follow(file, true)); err != nil {
		throw(file, err)
	} else if kind == Directory {
		return strings.TrimSuffix(file, "/") + "/default.nix"
	}
	return file
}

func (w *world) followLast(path string) string {
	for range maxSymlinks {
		if path == "/" {
			return path
		}
		at := w.follow(path, false)
		kind, err := w.lstat(at)
		if err != nil {
			throw(at, err)
		}
		if kind != Symlink {
			return path
		}
		target, err := w.host.Readlink(at)
		if err != nil {
			throw(path, err)
		}
		if !strings.HasPrefix(target, "/") {
			target = dirName(path) + "/" + target
		}
		path = eval.CanonPath(target)
	}
	panic(eval.Errorf(eval.KindOther, 0, "too many symbolic links encountered while traversing the path '%s'", path))
}

func dirName(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// importDerivation gives the meaning of importing a .drv file of the store.
func (w *world) importDerivation(c *eval.Ctx, path string) (eval.Value, bool) {
	p, err := w.dir.Parse(path)
	if err != nil || !p.IsDerivation() {
		return eval.Value{}, false
	}
	d, err := w.host.ReadDerivation(p)
	if err != nil {
		return eval.Value{}, false // then it is an ordinary file, or missing
	}
	return c.Call1(0, w.importedDrv, w.derivationAttrs(c, p, d)), true
}

func (w *world) derivationAttrs(c *eval.Ctx, p storepath.Path, d *derivation.Derivation) eval.Value {
	b := c.NewAttrs(3 + len(d.Outputs))
	deep := eval.ContextElem{Kind: eval.ContextDrvDeep, Path: string(p)}
	b.Set(eval.SymDrvPath, eval.StringWith(w.dir.Join(p), eval.NewContext(deep)))
	b.Set(eval.SymName, eval.String(d.Env.At("name")))
	var names []eval.Value
	for _, name := range d.OutputNames() {
		b.SetName(name, w.outputString(p, name, d.Outputs.At(name).Path))
		names = append(names, eval.String(name))
	}
	b.Set(eval.SymOutputs, eval.List(names))
	return b.Build()
}

// EvalSetFile evaluates a file that must be a set as it is written, such as a
// flake.nix. The value is not shared with imports of the file.
func (w *world) EvalSetFile(c *eval.Ctx, file string) eval.Value {
	p := w.program(c, w.source(file))
	c.PushTraceFunc(0, func() string { return "while evaluating the file '" + file + "':" })
	if _, ok := p.Tree().(*syntax.Attrs); !ok {
		panic(eval.Errorf(eval.KindEval, 0, "file '%s' must be an attribute set", file))
	}
	v := c.Run(p)
	c.PopTrace()
	return v
}

// CallFlake returns the function that makes the value of a flake.
func (w *world) CallFlake(c *eval.Ctx) eval.Value { return w.internalExpr(c, "call-flake.nix") }
