package eval

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"isomorph/internal/nixlang/syntax"
)

// Options are the settings of a [State].
type Options struct {
	// StoreDir is the logical store directory, "/nix/store" if empty.
	StoreDir string
	// MaxCallDepth limits nested calls, 10000 if zero (Nix's max-call-depth).
	MaxCallDepth int
	// Release is the minor version of the Nix 2 whose behaviour is wanted, where
	// versions differ. Default: 34, the one that all else was compared with.
	Release int
	// MaxSteps limits the calls of functions in one worker, and so the time
	// that an evaluation takes, in the same way on every machine; 0 for no
	// limit.
	MaxSteps int
	// ShowTrace asks for the frames of all function calls in error traces and
	// for traces in full.
	ShowTrace bool
	// Advise adds hints to errors, which Nix does not have.
	Advise bool
	// Libraries returns directories whose files are not the user's own: hints
	// point at places elsewhere. It may be nil.
	Libraries func() []string
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
	brake      brake
	memory     memoryLimit
	symbols    *syntax.Symbols
	files      *syntax.Files
	emptyAttrs Value
	globals    globals
	merges     mergeCache
	resolver   resolver
	nodes      sync.Pool // of *syntax.Nodes, empty

	known atomic.Uint32 // the last name that is older than the first team; 0: there has been none
	doubt atomic.Bool   // a team may have had an influence

	faults atomic.Int32 // errors of this program in helpers
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
	s.brake.init(opts)
	s.emptyAttrs = AttrsValue(newAttrs(newShape(&names{}, nil, true), 0))
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
	ThunksReused           uint64 // thunks that were not made because one had become free
	Envs, EnvSlots         uint64
	EnvsReused             uint64 // frames of calls that were not made because one had become free
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
	st     *State
	team   *Team // nil: the worker is alone
	helper bool  // it works ahead for the one that leads the team
	hole   *code // of thunks that it has claimed, while there is a team
	wait   wait
	Stats  Stats

	gaveUp   bool   // a helper has given its last job up
	obstacle *Thunk // because of that, if not nil

	frames []frame // what is being evaluated, innermost last
	sp     int     // how many of frames are in use
	segEnd int     // value of sp at which evaluation moves to a new stack
	depth  int     // nested calls, as Nix counts them
	steps  int     // calls so far, counted while a limit has to be looked at
	polls  int     // calls of Poll while there is reason to look closely
	unseen int64   // bytes of values made since the last look at the memory
	args   []Value // arguments of the builtins that are running

	grown *strings.Builder // see growText

	spareFrames [spareSizes]spares[env] // by number of slots
	spareThunks spares[Thunk]

	unions    unions
	runs      runs  // of the union being made
	keys      []Sym // of the shape being made
	nameLists nameLists
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
	return &Ctx{st: s, frames: make([]frame, 64), segEnd: segment}
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

// enter counts a nested call and throws when there are too many, or when the
// evaluation is to end (see [State.Stop]). The caller must do c.depth-- on its normal way out; errors restore it by themselves.
func (c *Ctx) enter(pos Pos) {
	if int64(c.depth) > c.st.brake.maxDepth.Load() {
		c.overLimit(pos)
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
//
// f is an object of its own, with all variables that it changes. What runs often
// asks [Ctx.deep] first and makes none.
func (c *Ctx) Recurse(f func()) {
	c.push(frame{kn: uint32(frNone)})
	if c.sp >= c.segEnd {
		c.onNewStack(f)
	} else {
		f()
	}
	c.sp--
}

// deep tells whether the next call of Recurse will run on a stack of its own.
func (c *Ctx) deep() bool { return c.sp+1 >= c.segEnd }

// onNewStack runs f on a stack of its own and waits for it.
func (c *Ctx) onNewStack(f func()) {
	if c.sp >= maxFrames {
		panic(Errorf(KindStackOverflow, 0, "stack overflow (possible infinite recursion)"))
	}
	c.Poll() // chains of thunks come by nowhere else
	c.lookAtMemory(0)
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
// keep the error and throw it again. In a helper most errors are not returned
// but end its job, see [Team].
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
		if c.helper && aheadFailed[err.Kind] == nil {
			panic(err)
		}
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
		return &Error{Kind: KindOther, internal: true, Err: r, Msg: fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
	}
	return &Error{Kind: KindOther, internal: true, Msg: fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
}
