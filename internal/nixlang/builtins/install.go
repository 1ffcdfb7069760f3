package builtins

import (
	"strings"
	"sync"

	"isomorph/internal/nixlang/ere"
	"isomorph/internal/nixlang/eval"
)

// DefaultNixVersion is what builtins.nixVersion says unless told otherwise: the
// version of C++ Nix that the builtins were compared with.
const DefaultNixVersion = "2.34.8"

// langVersion is the version of the language (EvalState::createBaseEnv in
// libexpr/primops.cc).
const langVersion = 6

// Library is the set of builtins of one evaluation, with what they share:
// compiled regular expressions, imported files.
type Library struct {
	*world
	opts    Options
	partRec *eval.Record // { right; wrong; }
	tryRec  *eval.Record // { success; value; }
	drvName *eval.Record // { name; version; }
	less    *eval.PrimOp // lessThan, which sort knows

	mu       sync.Mutex
	patterns map[string]pattern
	matchers sync.Pool // of *ere.Matcher
}

// Install registers all builtins. It must be called once, before the first
// program is parsed.
func Install(st *eval.State, opts Options) *Library {
	if opts.NixVersion == "" {
		opts.NixVersion = DefaultNixVersion
	}
	l := &Library{
		world: newWorld(st, opts), opts: opts,
		partRec:  st.NewRecord("right", "wrong"),
		tryRec:   st.NewRecord("success", "value"),
		drvName:  st.NewRecord("name", "version"),
		patterns: map[string]pattern{},
		matchers: sync.Pool{New: func() any { return new(ere.Matcher) }},
	}
	for _, group := range [][]*eval.PrimOp{
		typePrims(), l.controlPrims(), l.listPrims(), l.attrPrims(), l.stringPrims(), l.regexPrims(),
		l.numberPrims(), l.versionPrims(), l.formatPrims(), l.contextPrims(), l.world.primOps(), l.world.flakePrims(), l.world.featurePrims(),
	} {
		for _, p := range group {
			if since := builtinSince[strings.TrimPrefix(p.Name, "__")]; since > release(opts.NixVersion) {
				continue
			}
			p.Transient = transientArgs(p)
			st.AddPrimOp(p)
		}
	}
	l.addConstants(st)
	return l
}

func (l *Library) addConstants(st *eval.State) {
	st.AddConstant("true", eval.True)
	st.AddConstant("false", eval.False)
	st.AddConstant("null", eval.Null)
	st.AddConstant("__nixVersion", eval.String(l.opts.NixVersion))
	st.AddConstant("__storeDir", eval.String(st.StoreDir()))
	st.AddConstant("__langVersion", eval.Int(langVersion))
	if !l.opts.PureEval {
		// Asked for when it is used: what uses it is new every second.
		st.AddConstant("__currentTime", st.NewCtx().Lazy(func(*eval.Ctx) eval.Value { return eval.Int(l.opts.Host.CurrentTime()) }))
		st.AddConstant("__currentSystem", eval.String(l.opts.Host.CurrentSystem()))
	}
	l.world.constants(st.AddConstant)
}

// fn is the code of a builtin.
type fn = func(c *eval.Ctx, pos eval.Pos, args []eval.Value) eval.Value

// prim makes a table entry; args are the names of the arguments.
func prim(name, args, doc string, f fn) *eval.PrimOp {
	names := strings.Fields(args)
	return &eval.PrimOp{Name: name, Args: names, Arity: len(names), Doc: doc, Fn: f}
}

// fail throws an error of evaluation. Nix gives the errors of builtins no
// position of their own: the frame "while calling the '...' builtin" has it.
func fail(format string, args ...any) {
	panic(eval.Errorf(eval.KindEval, 0, format, args...))
}
