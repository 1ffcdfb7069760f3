package syntax

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Symbol is an interned name. Equal names of one [Symbols] table have equal
// symbols, so names compare as numbers. Zero is no name.
//
// The order of symbols is the order of interning and, with several parsers at
// work, differs from run to run: never let it reach an output.
type Symbol uint32

// Symbols interns names. It is safe for use by several goroutines; looking up
// a known name takes no lock and allocates nothing. Names are never removed.
// The zero value is not usable: call [NewSymbols].
type Symbols struct {
	seed  maphash.Seed
	table atomic.Pointer[symbolTable]
	mu    sync.Mutex                    // held to add a name
	pages atomic.Pointer[[]*symbolPage] // replaced when one is added
	count atomic.Uint32
}

// symbolPageBits gives a page 24 KiB: enough for what a small evaluation needs.
const symbolPageBits = 10

type symbolPage [1 << symbolPageBits]symbolName

type symbolName struct {
	text string
	hash uint64
}

// symbolTable is an open-addressing hash table of symbols. A slot holds the
// upper half of a name's hash and, below, its symbol. It goes from zero to that
// once and never changes again, so readers need no lock; a reader that holds an
// outdated table misses and falls back to the lock.
type symbolTable struct {
	slots []atomic.Uint64
	mask  uint64
}

const symbolMask = 1<<32 - 1

// NewSymbols returns an empty table.
func NewSymbols() *Symbols {
	s := &Symbols{seed: maphash.MakeSeed()}
	s.table.Store(newSymbolTable(1 << 10))
	s.pages.Store(&[]*symbolPage{new(symbolPage)})
	return s
}

func newSymbolTable(size int) *symbolTable {
	return &symbolTable{slots: make([]atomic.Uint64, size), mask: uint64(size - 1)}
}

// Intern returns the symbol of name, adding it when it is new.
func (s *Symbols) Intern(name string) Symbol {
	h := maphash.String(s.seed, name)
	if sym, ok := find(s, s.table.Load(), name, h); ok {
		return sym
	}
	return s.add(name, h)
}

// InternBytes is [Symbols.Intern] for a name that lies in a buffer. The bytes
// are copied only when the name is new.
func (s *Symbols) InternBytes(name []byte) Symbol {
	h := maphash.Bytes(s.seed, name)
	if sym, ok := find(s, s.table.Load(), name, h); ok {
		return sym
	}
	return s.add(string(name), h)
}

// Lookup returns the symbol of name if it has been interned before. A name
// without a symbol cannot be an attribute of any set that exists.
func (s *Symbols) Lookup(name string) (Symbol, bool) {
	return find(s, s.table.Load(), name, maphash.String(s.seed, name))
}

// Name returns the text of a symbol, "" for zero.
func (s *Symbols) Name(sym Symbol) string {
	if sym == 0 {
		return ""
	}
	return s.entry(sym).text
}

// Len returns how many names there are; symbols are 1 to Len.
func (s *Symbols) Len() int { return int(s.count.Load()) }

func (s *Symbols) entry(sym Symbol) *symbolName {
	return &(*s.pages.Load())[sym>>symbolPageBits][sym&(1<<symbolPageBits-1)]
}

func find[T string | []byte](s *Symbols, t *symbolTable, name T, h uint64) (Symbol, bool) {
	for i := h & t.mask; ; i = (i + 1) & t.mask {
		slot := t.slots[i].Load()
		if slot == 0 {
			return 0, false
		}
		if slot^h <= symbolMask && s.entry(Symbol(slot)).text == string(name) {
			return Symbol(slot), true
		}
	}
}

func (s *Symbols) add(name string, h uint64) Symbol {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table.Load()
	if sym, ok := find(s, t, name, h); ok { // somebody else was faster
		return sym
	}
	sym := Symbol(s.count.Load() + 1)
	if pages := *s.pages.Load(); int(sym>>symbolPageBits) == len(pages) {
		pages = append(pages, new(symbolPage)) // at most behind what others see
		s.pages.Store(&pages)
	}
	*s.entry(sym) = symbolName{text: name, hash: h}
	if 2*uint64(sym) > t.mask {
		t = s.grow(t)
	}
	t.insert(sym, h)
	s.count.Store(uint32(sym))
	return sym
}

func (s *Symbols) grow(old *symbolTable) *symbolTable {
	t := newSymbolTable(2 * len(old.slots))
	for i := range old.slots {
		if sym := Symbol(old.slots[i].Load()); sym != 0 {
			t.insert(sym, s.entry(sym).hash)
		}
	}
	s.table.Store(t)
	return t
}

// insert publishes sym: its page entry must be complete before.
func (t *symbolTable) insert(sym Symbol, h uint64) {
	i := h & t.mask
	for t.slots[i].Load() != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i].Store(h&^symbolMask | uint64(sym))
}
