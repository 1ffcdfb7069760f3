package eval

import (
	"fmt"
	"runtime/debug"
	"unsafe"

	"isomorph/internal/nixlang/syntax"
)

// Options are the settings of a [State].
type Options struct {
	// StoreDir is the logical store directory, "/nix/store" if empty.
	StoreDir string
	// MaxCallDepth limits nested calls, 10000 if zero (Nix's max-call-depth).
	MaxCallDepth int
	// ShowTrace asks for the frames of all function calls in error traces and
	// for traces in full.
	ShowTrace bool
	// CopyPath copies a path of the file system to the store, or finds out
	// where it would lie there, and returns its full store path and the
	// context element that stands for it. It throws errors as panics.
	CopyPath func(c *Ctx, path string) (storePath string, elem ContextElem)
}

// State is what all workers of one evaluation share: names, source texts,
// settings and the builtins. It may be used by several goroutines once the
// builtins are in place.
type State struct {
	opts       Options
	symbols    *syntax.Symbols
	files      *syntax.Files
	emptyAttrs Value
	globals    globals
	merges     mergeCache
	resolver   resolver
}

// NewState makes a State without builtins.
func NewState(opts Options) *State {
	if opts.StoreDir == "" {
		opts.StoreDir = "/nix/store"
	}
	if opts.MaxCallDepth == 0 {
		opts.MaxCallDepth = 10000
	}
	s := &State{opts: opts, symbols: newSymbols(), files: new(syntax.Files)}
	s.emptyAttrs = AttrsValue(newAttrs(&shape{static: true}, 0))
	return s
}

// Symbols returns the table of names, which the parser shares.
func (s *State) Symbols() *syntax.Symbols { return s.symbols }

// Files returns the table of source texts.
func (s *State) Files() *syntax.Files { return s.files }

// StoreDir returns the logical store directory.
func (s *State) StoreDir() string { return s.opts.StoreDir }

// EmptyAttrs returns the set without attributes.
func (s *State) EmptyAttrs() Value { return s.emptyAttrs }

// Stats counts work. Equal programs give equal counts, so that tests can pin
// them.
type Stats struct {
	Thunks, Forced         uint64 // thunks made, thunks evaluated
	Envs, EnvSlots         uint64
	Calls, PrimOpCalls     uint64 // of lambdas, of builtins
	Sets, SetAttrs         uint64 // sets made, attributes in them
	Lists, ListElems       uint64 // lists made by literals and ++
	Lookups, LookupMisses  uint64 // selections; look-ups that the hint of the place did not answer
	Updates, UpdateCopied  uint64 // uses of //, attributes copied by them
	MergeHits, MergeMisses uint64 // look-ups of the cache of merged shapes
	Concats                uint64 // uses of ++
	PlanHits, PlanMisses   uint64 // formals matched by a remembered plan, by search
}

// Ctx is one worker of an evaluation, used by one goroutine at a time.
type Ctx struct {
	st    *State
	Stats Stats

	frames   []frame // what is being evaluated, innermost last
	sp       int     // how many of frames are in use
	segEnd   int     // value of sp at which evaluation moves to a new stack
	depth    int     // nested calls, as Nix counts them
	maxDepth int     // limit of depth
	args     []Value // arguments of the builtins that are running
}

// segment is how many frames may pile up on one Go stack. A frame costs about
// 1.3 KB of stack, so that a segment stays far below Go's limit of 1 GiB, at
// which a program dies without a word.
const segment = 20000

// maxFrames is where evaluation gives up: chains of thunks are not counted as
// calls and have no other limit than memory.
const maxFrames = 10_000_000

// NewCtx makes a worker.
func (s *State) NewCtx() *Ctx {
	return &Ctx{st: s, maxDepth: s.opts.MaxCallDepth, frames: make([]frame, 1024), segEnd: segment}
}

// State returns what the worker shares with others.
func (c *Ctx) State() *State { return c.st }

// Intern returns the symbol of a name.
func (c *Ctx) Intern(name string) Sym { return c.st.symbols.Intern(name) }

// Name returns the text of a symbol.
func (c *Ctx) Name(s Sym) string { return c.st.symbols.Name(s) }

// ShowName returns the text of a symbol as messages show it: quoted unless it
// is an identifier.
func (c *Ctx) ShowName(s Sym) string { return QuoteAttrName(c.Name(s)) }

func (c *Ctx) countSet(attrs int) {
	c.Stats.Sets++
	c.Stats.SetAttrs += uint64(attrs)
}

// enter counts a nested call and throws when there are too many. The caller
// must do c.depth-- on its normal way out; errors restore it by themselves.
func (c *Ctx) enter(pos Pos) {
	if c.depth > c.maxDepth {
		throwTooDeep(pos)
	}
	c.depth++
}

func throwTooDeep(pos Pos) {
	panic(Errorf(KindStackOverflow, pos, "stack overflow; max-call-depth exceeded"))
}

// Enter is for builtins that recurse: it counts as a call against
// max-call-depth, and each Enter needs a [Ctx.Leave] on the normal way out.
func (c *Ctx) Enter(pos Pos) { c.enter(pos) }

// Leave undoes [Ctx.Enter].
func (c *Ctx) Leave() { c.depth-- }

// Recurse calls f, on a fresh stack if the present one has grown long. A
// builtin that walks values calls it around each level of its recursion, and
// counts the level with [Ctx.Enter].
func (c *Ctx) Recurse(f func()) {
	c.push(frame{kn: uint32(frNone)})
	if c.sp >= c.segEnd {
		c.onNewStack(f)
	} else {
		f()
	}
	c.sp--
}

// onNewStack runs f on a stack of its own and waits for it.
func (c *Ctx) onNewStack(f func()) {
	if c.sp >= maxFrames {
		panic(Errorf(KindStackOverflow, 0, "stack overflow (possible infinite recursion)"))
	}
	end := c.segEnd
	c.segEnd = c.sp + segment
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	if r := <-done; r != nil {
		panic(r)
	}
	c.segEnd = end
}

// Try calls f and returns the error that it throws, nil if it returns. It
// leaves the worker fit for further use: thunks that were being evaluated
// keep the error and throw it again.
func (c *Ctx) Try(f func()) (err *Error) {
	sp, depth, seg, args := c.sp, c.depth, c.segEnd, len(c.args)
	ok := false
	defer func() {
		if ok {
			return
		}
		r := recover()
		err = asError(r)
		c.unwind(sp, err)
		c.depth, c.segEnd, c.args = depth, seg, c.args[:args]
	}()
	f()
	ok = true
	return nil
}

// asError turns what was thrown into an error. A fault of this program keeps
// its Go stack in the message, for whoever reads the bug report.
func asError(r any) *Error {
	switch r := r.(type) {
	case *Error:
		return r
	case error:
		return &Error{Kind: KindOther, Err: r, Msg: fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
	}
	return &Error{Kind: KindOther, Msg: fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
}

// frame is an entry of the stack of what is being evaluated. It costs a few
// stores to push one, and tells all that a trace needs if an error comes by;
// no code runs, and no defer is needed, to leave it.
type frame struct {
	p, q unsafe.Pointer
	pos  Pos
	kn   uint32 // kind in the low 4 bits, above them a number whose meaning is the kind's
}

func (f *frame) kind() frameKind { return frameKind(f.kn & 15) }
func (f *frame) n() uint32       { return f.kn >> 4 }

type frameKind uint32

const (
	frNone    frameKind = iota
	frThunk             // p = *Thunk, q = *code: restored on error
	frMsg               // p, n: a message
	frCall              // p = *lambda called at pos
	frPrim              // p = *PrimOp called at pos
	frSelect            // p = *selectNode, q = *env, n = names found, pos = of the last attribute found
	frAttr              // n = Sym: while evaluating the attribute
	frIndex             // n: while evaluating list element at index
	frFunctor           // a set with __functor called at pos
	frFunc              // p = *func() string
	frAlways            // p, n: a message that is always shown
)

func (c *Ctx) push(f frame) {
	if c.sp == len(c.frames) {
		c.growFrames()
	}
	c.frames[c.sp] = f
	c.sp++
}

func (c *Ctx) growFrames() {
	bigger := make([]frame, 2*len(c.frames))
	copy(bigger, c.frames)
	c.frames = bigger
}

func (c *Ctx) pushMsg(pos Pos, msg string) {
	c.push(frame{kn: uint32(frMsg) | uint32(len(msg))<<4, pos: pos, p: unsafe.Pointer(unsafe.StringData(msg))})
}

// PushTrace announces what is about to be done, as errors will tell it: "while
// ...". Each needs a [Ctx.PopTrace] on the normal way out.
func (c *Ctx) PushTrace(pos Pos, msg string) { c.pushMsg(pos, msg) }

// PushTraceFunc is PushTrace for a message that costs something to make; f is
// called only when an error passes.
func (c *Ctx) PushTraceFunc(pos Pos, f func() string) {
	c.push(frame{kn: uint32(frFunc), pos: pos, p: unsafe.Pointer(&f)})
}

// PopTrace undoes one [Ctx.PushTrace] or [Ctx.PushTraceFunc].
func (c *Ctx) PopTrace() { c.sp-- }

// unwind takes the frames above sp off the stack, adding to the error what
// they say and settling thunks that were under evaluation.
func (c *Ctx) unwind(sp int, e *Error) {
	for i := c.sp - 1; i >= sp; i-- {
		c.unwindFrame(c.frames[i], e)
		c.frames[i] = frame{}
	}
	c.sp = sp
}

func (c *Ctx) unwindFrame(f frame, e *Error) {
	switch f.kind() {
	case frThunk:
		t := (*Thunk)(f.p)
		if e.loop == t && t.code == blackholed {
			e.Trace = append(e.Trace, Trace{Msg: "entering the infinite recursion", Always: true})
			e.loop = nil
		}
		settle(t, (*code)(f.q), e)
	case frMsg, frAlways:
		e.addTrace(f.pos, unsafe.String((*byte)(f.p), int(f.n())), f.kind() == frAlways)
	case frCall:
		c.traceCall(e, (*lambda)(f.p), f.pos)
	case frPrim:
		if p := (*PrimOp)(f.p); !p.NoTrace {
			e.addTrace(f.pos, "while calling the '"+p.ShortName()+"' builtin", false)
		}
	case frSelect:
		(*selectNode)(f.p).trace(c, e, f)
	case frAttr:
		e.addTrace(f.pos, "while evaluating the attribute '"+c.ShowName(Sym(f.n()))+"'", false)
	case frIndex:
		e.addTrace(f.pos, fmt.Sprintf("while evaluating list element at index %d", f.n()), false)
	case frFunctor:
		e.addTrace(f.pos, "while calling a functor (an attribute set with a '__functor' attribute)", false)
	case frFunc:
		e.addTrace(f.pos, (*(*func() string)(f.p))(), false)
	}
}

func (e *Error) addTrace(pos Pos, msg string, always bool) {
	if msg != "" {
		e.Trace = append(e.Trace, Trace{Pos: pos, Msg: msg, Always: always})
	}
}

// settle makes a thunk remember the error that left it. Running out of stack
// depends on who asked, so such a thunk may be tried again.
func settle(t *Thunk, k *code, e *Error) {
	if e.Kind == KindStackOverflow || e.Kind == KindIFD || e.Kind == KindOther {
		t.code = k
		return
	}
	t.p = unsafe.Pointer(&failure{e})
	t.code = failedCode
}

func (c *Ctx) traceCall(e *Error, fn *lambda, pos Pos) {
	if !c.st.opts.ShowTrace {
		return
	}
	what := "anonymous lambda"
	if fn.name != 0 {
		what = "'" + c.Name(fn.name) + "'"
	}
	e.addTrace(fn.innerPos, "while calling "+what, false)
	if pos != 0 {
		e.addTrace(pos, "from call site", false)
	}
}
