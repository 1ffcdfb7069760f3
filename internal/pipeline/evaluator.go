package pipeline

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"isomorph/internal/flake"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
	"isomorph/internal/treehash"
)

// Evaluator evaluates recipes against a store.
type Evaluator struct {
	State   *eval.State
	Library *builtins.Library

	c       *eval.Ctx
	cores   int // workers that may be used, if a repetition is possible
	cfg     EvalConfig
	host    builtins.Host
	objects *hostObjects
	unwatch []func() // ends what watches over the evaluation
	inputs  *hostInputs
	flakes  *flake.Engine // made when the first flake is asked for
	called  *sync.Map     // what flakes of the command line are: calledFlake by callKey

	// rebuild changes how builds are done.
	rebuild func(*BuildConfig)

	// channelSource puts the embedded channel into the store.
	channelSource func(context.Context) (storepath.Path, error)
}

// host joins what the builtins ask for.
type host struct {
	*hostFiles
	*hostObjects
	*hostInputs
	cfg EvalConfig
	now int64
}

var _ builtins.Host = (*host)(nil)

// Getenv returns a variable of the environment, nothing in pure mode.
func (h *host) Getenv(name string) string {
	return h.cfg.getenv(name)
}

func (c *EvalConfig) getenv(name string) string {
	if c.LookupEnv == nil {
		return ""
	}
	v, _ := c.LookupEnv(name)
	return v
}

// CurrentTime returns when the evaluation began.
func (h *host) CurrentTime() int64 { return h.now }

// CurrentSystem returns the platform to build for.
func (h *host) CurrentSystem() string {
	if h.cfg.EvalSystem != "" {
		return h.cfg.EvalSystem
	}
	return h.cfg.System
}

// Trace shows a message of builtins.trace.
func (h *host) Trace(msg string) { h.cfg.Trace(msg) }

// Warn shows a warning. That the channel is not there needs none when it could
// not be put there: the error tells why.
func (h *host) Warn(msg string) {
	if h.cfg.Channel.Err() != nil && strings.Contains(msg, h.cfg.Channel.Dir()) {
		return
	}
	h.cfg.Warn(msg)
}

// EvaluationWarning shows a warning of the recipe itself (builtins.warn).
func (h *host) EvaluationWarning(msg string) { h.cfg.EvalWarn(msg) }

// newEvaluator makes an evaluator that reads from reader and writes to writer;
// with a nil writer it computes paths and writes nothing. before may put
// another host in front of the one that looks at the world.
func newEvaluator(ctx context.Context, cfg EvalConfig, now int64, reader store.Reader, writer store.Store, hasher *treehash.Hasher, before func(builtins.Host) builtins.Host) *Evaluator {
	files := newHostFiles(reader, cfg.Channel)
	if cfg.MaxMemory > 0 {
		files.maxFile = min(maxFile, cfg.MaxMemory/2)
	}
	objects := newHostObjects(ctx, reader, writer, files, hasher)
	inputs := &hostInputs{ctx: ctx}
	h := before(&host{hostFiles: files, hostObjects: objects, hostInputs: inputs, cfg: cfg, now: now})
	e := &Evaluator{cfg: cfg, host: h, objects: objects, inputs: inputs, called: &sync.Map{}}
	inputs.lookUp = e.lookUpInput
	release, _ := builtins.Release(cfg.NixVersion) // which was looked at with the settings
	e.State = eval.NewState(eval.Options{
		StoreDir:     string(reader.Dir()),
		Release:      release,
		MaxCallDepth: cfg.MaxCallDepth,
		MaxSteps:     cfg.MaxSteps,
		Advise:       cfg.Advise,
		Libraries:    sync.OnceValue(func() []string { return cfg.libraries(reader.Dir()) }),
		ShowTrace:    cfg.ShowTrace,
		CopyPath: func(c *eval.Ctx, path string) (string, eval.ContextElem) {
			return e.Library.CopyPath(c, path)
		},
	})
	e.Library = builtins.Install(e.State, builtins.Options{
		Host:       h,
		NixVersion: cfg.NixVersion,
		SearchPath: cfg.SearchPath,
		Nixpkgs:    cfg.nixpkgs(),
		Home:       cfg.Home, Dir: cfg.Dir,
		PureEval:     cfg.Pure,
		RestrictEval: cfg.Restricted,
		AllowIFD:     cfg.AllowIFD,
		TraceIFD:     cfg.TraceIFD,
		AllowedURIs:  cfg.AllowedURIs,
		TraceVerbose: cfg.TraceVerbose, PipeOperators: cfg.PipeOperators, TOMLTimestamps: cfg.TOMLTimestamps, Flakes: cfg.Flakes, Lints: cfg.Lints, AbortOnWarn: cfg.AbortOnWarn,
		GetFlake:    func(c *eval.Ctx, ref eval.Value) eval.Value { return e.Flakes().GetFlake(c, ref) },
		FlakeSource: func(ref string) storepath.Path { return e.Flakes().Source(ref) },
		FetchTree:   cfg.FetchTree || cfg.Flakes, FetchClosure: cfg.FetchClosure, TrustForges: cfg.TrustForges,
	})
	e.c = e.State.NewCtx()
	e.watch(ctx)
	return e
}

// libraries are the directories whose files are not the recipe's author's: the
// store, and what the search path has under a name.
func (c *EvalConfig) libraries(store storepath.Dir) []string {
	dirs := []string{string(store)}
	for _, e := range c.SearchPath {
		if e.Prefix != "" && filepath.IsAbs(e.Path) {
			dirs = append(dirs, filepath.Clean(e.Path))
		}
	}
	if c.Channel != nil {
		dirs = append(dirs, c.Channel.Dir())
	}
	return dirs
}

// nixpkgs returns what finds the embedded channel, nil if the search path does
// not have it.
func (c *EvalConfig) nixpkgs() func() string {
	if c.Channel == nil {
		return nil
	}
	return c.Channel.Dir
}

// memoryTick is how often the memory of an evaluation is looked at: an
// evaluator allocates a gigabyte or two in a second.
const memoryTick = 10 * time.Millisecond

// watch stops the evaluation when ctx ends or the memory is used up.
func (e *Evaluator) watch(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { e.State.Stop("the evaluation was interrupted", ctx.Err()) })
	e.unwatch = append(e.unwatch, func() { stop() })
	if e.cfg.MaxMemory > 0 {
		tick := time.NewTicker(memoryTick)
		e.unwatch = append(e.unwatch, e.State.WatchMemory(e.cfg.MaxMemory, tick.C, nil), tick.Stop)
	}
}

// close ends what goes on beside the evaluation.
func (e *Evaluator) close() {
	e.objects.close()
	for _, f := range e.unwatch {
		f()
	}
	e.unwatch = nil
}

// EvalError is an error of evaluation, laid out for people.
type EvalError struct {
	Err  error
	Text string // begins with "error:"; several lines
}

// Error returns the text.
func (e *EvalError) Error() string { return e.Text }

// Unwrap returns the error itself.
func (e *EvalError) Unwrap() error { return e.Err }

// Do runs f, in which values may be forced and builtins may throw.
func (e *Evaluator) Do(f func(c *eval.Ctx)) error {
	err := e.c.Try(func() { f(e.c) })
	if err == nil {
		return nil
	}
	if cerr := e.cfg.Channel.Err(); cerr != nil {
		return cerr // it explains why <nixpkgs> seems not to exist
	}
	if cerr := e.objects.failed(); cerr != nil {
		return cerr // it explains why a file seems not to exist
	}
	return &EvalError{Err: err, Text: e.State.RenderError(err, e.cfg.ShowTrace)}
}

// ShowTrace tells whether errors are shown with the whole way to them.
func (e *Evaluator) ShowTrace() bool { return e.cfg.ShowTrace }

// Source says where an expression comes from.
type Source struct {
	File  string // a path, "<name>" to be found in the search path, "flake:REFERENCE", "channel:NAME", or a URL of a tarball
	Text  string // an expression itself, if File is ""
	Stdin bool   // Text was read from standard input
}

func (s Source) origin() syntax.Origin {
	if s.Stdin {
		return syntax.Origin{Kind: syntax.OriginStdin}
	}
	return syntax.Origin{Kind: syntax.OriginString}
}

// Arg is an argument for functions that are called automatically.
type Arg struct {
	Name, Value string
	IsString    bool // Value is the string itself, not an expression
}

// Input says what to evaluate.
type Input struct {
	Source Source
	Dir    string // absolute; relative paths start here
	Attr   string // attribute path, "" for the whole
	Args   []Arg
}

// Select returns an input for each of the attribute paths.
func (in Input) Select(attrs []string) []Input {
	all := make([]Input, len(attrs))
	for i, a := range attrs {
		all[i] = in
		all[i].Attr = a
	}
	return all
}

// Root returns the value of the source, not called or selected from yet.
func (e *Evaluator) Root(c *eval.Ctx, in Input) eval.Value {
	if in.Source.File == "" {
		return e.Library.EvalString(c, in.Source.Text, in.Dir, in.Source.origin())
	}
	return e.Library.EvalRootFile(c, e.resolveFile(c, in.Source.File, in.Dir))
}

// resolveFile returns the file that a command's operand names.
func (e *Evaluator) resolveFile(c *eval.Ctx, file, dir string) string {
	if len(file) > 2 && file[0] == '<' && file[len(file)-1] == '>' {
		return e.Library.FindFile(c, file[1:len(file)-1])
	}
	if source, ok := e.Library.FindFlake(c, file); ok {
		return source
	}
	if url, ok := builtins.PseudoURL(file); ok {
		c.Alone()
		p, err := e.host.Fetch(builtins.FetchRequest{URL: url, Name: "source", Unpack: true})
		if err != nil {
			panic(eval.Wrap(0, err))
		}
		return e.objects.dir.Join(p)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	return filepath.Clean(file)
}

// AutoArgs makes the set of automatic arguments. They are read in the order of
// their names; the last one of a name counts, and is the only one that is read.
func (e *Evaluator) AutoArgs(c *eval.Ctx, in Input) *eval.Attrs {
	b := c.NewAttrs(len(in.Args))
	last := map[string]Arg{}
	for _, a := range in.Args {
		last[a.Name] = a
	}
	for _, name := range slices.Sorted(maps.Keys(last)) {
		a := last[name]
		if a.IsString {
			b.SetName(a.Name, eval.String(a.Value))
			continue
		}
		// A mistake in the text is one even if nothing asks for the argument.
		e.Library.ParseString(c, a.Value, in.Dir, syntax.Origin{Kind: syntax.OriginString})
		b.SetName(a.Name, c.Lazy(func(c *eval.Ctx) eval.Value {
			return e.Library.EvalString(c, a.Value, in.Dir, syntax.Origin{Kind: syntax.OriginString})
		}))
	}
	return b.Build().AsAttrs()
}

// Select returns the value that an input asks for, finished.
func (e *Evaluator) Select(c *eval.Ctx, in Input) (eval.Value, *eval.Attrs) {
	args := e.AutoArgs(c, in)
	return c.Force(selectPath(c, e.Root(c, in), in.Attr, args)), args
}

// Parse parses the source of an input without evaluating it.
func (e *Evaluator) Parse(c *eval.Ctx, in Input) syntax.Expr {
	if in.Source.File != "" {
		return e.Library.ParseFile(c, e.resolveFile(c, in.Source.File, in.Dir))
	}
	return e.Library.ParseString(c, in.Source.Text, in.Dir, in.Source.origin())
}

// Derivations evaluates an input to the derivations that it holds. With an error
// it returns those before the one that is at fault.
func (e *Evaluator) Derivations(in Input) ([]Found, error) {
	var found []Found
	err := e.Do(func(c *eval.Ctx) {
		v, args := e.Select(c, in)
		k := collector{c: c, dir: e.objects.dir, args: args, done: map[*eval.Attrs]bool{}, maxDepth: e.cfg.MaxCallDepth, ahead: e.Ahead}
		k.collect(v, 0)
		k.describeAll(func(f Found) { found = append(found, f) })
	})
	return found, err
}

// defaultAttr is the attribute that is built when none is selected: "iso" if
// the source, called with its arguments, is a set that has it.
func (e *Evaluator) defaultAttr(in Input) (attr string, err error) {
	err = e.Do(func(c *eval.Ctx) {
		v := c.AutoCall(e.Root(c, in), e.AutoArgs(c, in))
		if v.Type() == eval.TypeSet && !c.IsDerivation(v) && v.AsAttrs().Has(c.Intern(defaultAttr)) {
			attr = defaultAttr
		}
	})
	return attr, err
}

// FindFile returns where the search path has a file.
func (e *Evaluator) FindFile(name string) (file string, err error) {
	err = e.Do(func(c *eval.Ctx) { file = e.Library.FindFile(c, name) })
	return file, err
}

// Commit makes the derivations and texts of the evaluation valid in the store.
func (e *Evaluator) Commit(ctx context.Context) error {
	if err := e.objects.commit(ctx); err != nil {
		return fmt.Errorf("write the derivations to the store: %w", err)
	}
	return nil
}
