package eval

import (
	"strings"
	"sync"
)

// PrimOp is a builtin. Register it with [State.AddPrimOp].
type PrimOp struct {
	// Name as in the table of globals, with "__" in front if the bare name is
	// not to be global: "__add", "map".
	Name  string
	Args  []string // names of the arguments, for documentation
	Arity int      // number of arguments; zero: a constant that is computed when first used
	Doc   string   // Markdown
	// NoTrace leaves "while calling the '...' builtin" out of error traces.
	NoTrace bool
	// Transient has bit i set if Fn does not keep the slot args[i] beyond its
	// return, neither in its result nor elsewhere; what forcing it gave it may
	// keep. A thunk in the slot is then used again for something else.
	Transient uint8
	// Fn computes the result, which may be a thunk. args holds exactly Arity
	// slots, not forced; the slice is only valid until Fn returns, so copy the
	// Values that outlive it. pos is where the call is written, zero if that
	// is not known.
	Fn func(c *Ctx, pos Pos, args []Value) Value
}

// ShortName returns the name inside the builtins set.
func (p *PrimOp) ShortName() string { return strings.TrimPrefix(p.Name, "__") }

// partial is a function with some, but not all, of its arguments.
type partial struct {
	fn   Value // kLambda or kPrimOp
	args []Value
}

// globals are the names that every program sees without binding them.
type globals struct {
	names    []Sym
	values   []Value
	index    map[Sym]int
	builtins []Attr
	prims    []*PrimOp
	seal     sync.Once
	set      Value
}

func (g *globals) add(name Sym, v Value) {
	if g.index == nil {
		g.index = map[Sym]int{}
	}
	g.index[name] = len(g.names)
	g.names = append(g.names, name)
	g.values = append(g.values, v)
}

// AddPrimOp registers a builtin: as a global under its name and, without a
// leading "__", in the builtins set. All registration must be over before the
// first program is parsed.
func (s *State) AddPrimOp(p *PrimOp) {
	v := PrimOpValue(p)
	if p.Arity == 0 {
		v = (&Ctx{st: s}).Lazy(func(c *Ctx) Value {
			c.push(frame{kn: uint32(frPrim), p: ptr(p)})
			r := c.Force(p.Fn(c, 0, nil))
			c.sp--
			return r
		})
	}
	s.globals.prims = append(s.globals.prims, p)
	s.AddConstant(p.Name, v)
}

// AddConstant registers a global value, which may be a thunk, in the same
// places as AddPrimOp.
func (s *State) AddConstant(name string, v Value) {
	s.globals.add(s.symbols.Intern(name), v)
	s.globals.builtins = append(s.globals.builtins, Attr{Name: s.symbols.Intern(strings.TrimPrefix(name, "__")), Value: v})
}

// PrimOps returns the registered builtins in the order of registration.
func (s *State) PrimOps() []*PrimOp { return s.globals.prims }

// Builtins returns the set of all builtins. It contains itself as "builtins",
// which is a global, too. The first call ends registration.
func (s *State) Builtins() Value {
	s.globals.seal.Do(func() {
		c := s.NewCtx()
		b := c.NewAttrs(len(s.globals.builtins) + 1)
		for _, a := range s.globals.builtins {
			b.SetAttr(a)
		}
		self := c.Intern("builtins")
		b.Set(self, Null)
		s.globals.set = b.Build()
		set := s.globals.set.AsAttrs()
		*set.slot(set.sh.find(self)) = s.globals.set
		s.globals.add(self, s.globals.set)
	})
	return s.globals.set
}

// Global returns the value of a global name.
func (s *State) Global(name string) (Value, bool) {
	s.Builtins()
	i, ok := s.globals.index[s.symbols.Intern(name)]
	if !ok {
		return Value{}, false
	}
	return s.globals.values[i], true
}
