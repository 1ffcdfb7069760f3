package flake

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/eval"
)

// Flags say how a flake is to be locked; Nix's flags of the same names.
type Flags struct {
	Recreate      bool // forget the old lock file
	NoUpdate      bool // a lock file that would change is an error
	NoWrite       bool // use the new lock file, and write it nowhere
	FailUnlocked  bool // an input that cannot be locked is an error, not a warning
	NoRegistries  bool
	LockedOnly    bool // inputs to be fetched must be locked already
	Commit        bool
	ApplyConfig   bool   // nixConfig counts
	ReferenceFile string // read this file instead of the flake's flake.lock
	OutputFile    string // write this one instead

	Overrides map[string]flakeref.Ref // by InputPath.Key
	Updates   map[string]bool         // likewise
}

// Key is the path as a key of [Flags].
func (p InputPath) Key() string { return p.key() }

// Locked is a flake with its inputs locked.
type Locked struct {
	*Flake
	Lock *LockFile

	places map[*Node]place // nodes that have been fetched
}

// place is where a node's flake lies.
type place struct {
	root string // the tree's directory in the store
	dir  string // in that
}

func (p place) full() string { return path.Join(p.root, p.dir) }

// Lock fetches a flake, brings its lock file up to date and writes it if that
// is wanted and possible.
func (e *Engine) Lock(c *eval.Ctx, top flakeref.Ref, flags Flags) *Locked {
	return e.lock(c, top, &flags, e.getFlake(c, top, e.useTop(&flags), nil, false))
}

// locker makes one lock file.
type locker struct {
	e     *Engine
	c     *eval.Ctx
	flags *Flags
	flake *Flake
	out   *Locked

	overrides   map[string]override
	explicit    map[string]bool // overrides of the command line
	used        map[string]bool // overrides that something asked for
	updatesUsed map[string]bool
	parents     []flakeref.Ref
}

// override is what an input is replaced by.
type override struct {
	input  Input
	source place      // relative paths start from this flake
	parent *InputPath // of the flake that overrides; nil for the command line
}

func (e *Engine) lock(c *eval.Ctx, top flakeref.Ref, flags *Flags, f *Flake) *Locked {
	if flags.ApplyConfig {
		e.applyConfig(f)
	}
	e.frame(c, "while updating the lock file of flake '%s'", f.Locked)
	if e.opts.RefuseDirty && flags.ReferenceFile != "" {
		throw("reference lock file was provided, but the `allow-dirty` setting is set to false")
	}
	k := &locker{
		e: e, c: c, flags: flags, flake: f,
		out:       &Locked{Flake: f, Lock: NewLockFile(), places: map[*Node]place{}},
		overrides: map[string]override{}, explicit: map[string]bool{}, used: map[string]bool{}, updatesUsed: map[string]bool{},
	}
	here := place{f.root, f.Dir}
	for key, ref := range flags.Overrides {
		k.overrides[key] = override{input: Input{Ref: &ref}, source: here}
		k.explicit[key] = true
	}
	file := flags.ReferenceFile
	if file == "" {
		file = here.full() + "/flake.lock"
	}
	old := e.readLock(file)
	from := old.Root
	if flags.Recreate {
		from = nil
	}
	k.out.places[k.out.Lock.Root] = here
	k.compute(f.Inputs, k.out.Lock.Root, nil, from, nil, here, false)
	k.warnUnused()
	if err := k.out.Lock.Check(); err != nil {
		throwErr(err)
	}
	if !k.out.Lock.Equal(old) || flags.OutputFile != "" {
		k.write(top, old)
	}
	c.PopTrace()
	return k.out
}

func (e *Engine) readLock(file string) *LockFile {
	text, ok, err := e.opts.World.ReadFile(file)
	if err != nil {
		throwErr(err)
	}
	if !ok {
		return NewLockFile()
	}
	lock, err := Reader{IsLocked: e.opts.World.IsLocked, Warn: e.opts.Warn}.Read(string(text), file)
	if err != nil {
		throwErr(err)
	}
	return lock
}

func (k *locker) warnUnused() {
	for _, key := range slices.Sorted(maps.Keys(k.flags.Overrides)) {
		if !k.used[key] {
			k.e.opts.Warn(fmt.Sprintf("the flag '--override-input %s %s' does not match any input", pathOfKey(key), k.flags.Overrides[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(k.flags.Updates)) {
		if !k.updatesUsed[key] {
			k.e.opts.Warn(fmt.Sprintf("'%s' does not match any input of this flake", pathOfKey(key)))
		}
	}
}

// compute locks the inputs of a node. old is the node of the old lock file that
// locks can be taken from, nil if there is none. follows is what paths in old
// start from. source is the flake whose inputs these are; trusted says that
// they come from the lock file itself.
func (k *locker) compute(inputs map[string]Input, n *Node, at InputPath, old *Node, follows InputPath, source place, trusted bool) {
	if len(at) > maxDepth {
		throwErr(errDepth)
	}
	names := slices.Sorted(maps.Keys(inputs))
	for _, name := range names {
		k.addOverrides(inputs[name], at.join(name), at, source, 0)
	}
	k.warnNonexistent(inputs, at)
	for _, name := range names {
		k.e.frame(k.c, "while updating the flake input '%s'", at.join(name))
		one := step{locker: k, name: name, at: at.join(name), declared: inputs[name], node: n, old: old, follows: follows, source: source, parent: at, trusted: trusted}
		one.run()
		k.c.PopTrace()
	}
}

// addOverrides takes the overrides of an input's inputs. The first one counts:
// that of the flake that is nearest to the root.
func (k *locker) addOverrides(in Input, prefix, at InputPath, source place, depth int) {
	if depth > maxDepth {
		throwErr(errDepth)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Overrides)) {
		o, p := in.Overrides[name], prefix.join(name)
		if _, ok := k.overrides[p.key()]; !ok && (o.Ref != nil || o.Follows != nil) {
			k.overrides[p.key()] = override{input: o, source: source, parent: &at}
		}
		k.addOverrides(o, p, at, source, depth+1)
	}
}

func (k *locker) warnNonexistent(inputs map[string]Input, at InputPath) {
	for _, key := range slices.Sorted(maps.Keys(k.overrides)) {
		p := pathOfKey(key)
		name := p[len(p)-1]
		if _, ok := inputs[name]; !ok && slices.Equal(p[:len(p)-1], at) {
			k.e.opts.Warn(fmt.Sprintf("input '%s' has an override for a non-existent input '%s'", at, name))
		}
	}
}

// step locks one input.
type step struct {
	*locker
	name     string
	at       InputPath // the input
	declared Input     // as its flake has it
	node     *Node     // whose input it is
	old      *Node
	follows  InputPath
	source   place
	parent   InputPath
	trusted  bool

	input      Input // as it is to be used
	overridden bool
	base       place // where its relative path starts
	lies       *InputPath
}

func (s *step) run() {
	key := s.at.key()
	s.input, s.base = s.declared, s.source
	parent := &s.parent
	if o, ok := s.overrides[key]; ok {
		s.used[key] = true
		s.overridden = true
		s.input, s.base, parent = o.input, o.source, o.parent
		s.input.NotFlake = s.declared.NotFlake
	}
	if s.input.Follows != nil {
		s.node.set(s.name, Edge{Follows: *s.input.Follows})
		return
	}
	if s.input.Ref == nil {
		s.input.Ref = &flakeref.Ref{Attrs: flakeref.Attrs{"type": "indirect", "id": s.name}}
	}
	if _, ok := s.input.Ref.Relative(); ok {
		s.lies = parent
	}
	s.updatesUsed[key] = true
	if old := s.oldLock(); old != nil {
		s.keep(old)
		return
	}
	s.create()
}

// oldLock returns the input's node in the old lock file if it still holds.
func (s *step) oldLock() *Node {
	if s.old == nil || s.flags.Updates[s.at.key()] || s.explicit[s.at.key()] {
		return nil
	}
	n := s.old.Inputs[s.name].Node
	if n == nil || !n.Original.Canonical().Equal(s.input.Ref.Canonical()) {
		return nil
	}
	if (n.Parent == nil) != (s.lies == nil) || n.Parent != nil && !slices.Equal(*n.Parent, *s.lies) {
		return nil
	}
	return n
}

// keep copies a node of the old lock file. Its flake is only fetched if
// something below it may have changed.
func (s *step) keep(old *Node) {
	n := &Node{Locked: old.Locked, Original: old.Original, NotFlake: old.NotFlake, Parent: old.Parent}
	s.node.set(s.name, Edge{Node: n})
	refetch := s.updatesBelow()
	var inputs map[string]Input
	if !refetch {
		inputs, refetch = s.lockedInputs(old)
	}
	if !refetch {
		s.compute(inputs, n, s.at, old, s.follows, s.source, true)
		return
	}
	f := s.inputFlake(old.Locked, s.e.useInputs(s.flags), true)
	s.out.places[n] = place{f.root, f.Dir}
	s.compute(f.Inputs, n, s.at, old, s.follows, place{f.root, f.Dir}, false)
}

// updatesBelow tells whether an input of this one is to be updated.
func (s *step) updatesBelow() bool {
	for key := range s.flags.Updates {
		if strings.HasPrefix(key, s.at.key()+"\x00") {
			return true
		}
	}
	return false
}

// lockedInputs returns the inputs that the lock file has for a node. If one
// follows another and no flake asks for that any more, the flake may have
// changed and has to be looked at.
func (s *step) lockedInputs(old *Node) (inputs map[string]Input, changed bool) {
	inputs = map[string]Input{}
	for name, e := range old.Inputs {
		if e.Node != nil {
			inputs[name] = Input{Ref: &e.Node.Original, NotFlake: e.Node.NotFlake}
			continue
		}
		if _, ok := s.overrides[s.at.join(name).key()]; !ok && !s.trusted {
			return nil, true
		}
		p := s.follows.join(e.Follows...)
		inputs[name] = Input{Follows: &p}
	}
	return inputs, false
}

// relativeDir returns where a relative path leads; ok is false for other
// references.
func (s *step) relativeDir() (p place, ok bool) {
	rel, ok := s.input.Ref.Relative()
	if !ok {
		return place{}, false
	}
	full := path.Join(s.base.full(), rel)
	if full == s.base.root {
		return place{root: full}, true
	}
	if dir, ok := strings.CutPrefix(full, s.base.root+"/"); ok {
		return place{s.base.root, dir}, true
	}
	return place{root: full}, true // out of the tree: reading it says what is wrong
}

// inputFlake reads the flake of the input.
func (s *step) inputFlake(ref flakeref.Ref, which use, final bool) *Flake {
	p, ok := s.relativeDir()
	if !ok {
		return s.e.getFlake(s.c, ref, which, s.at, final)
	}
	if ref.Dir != "" {
		p.dir = path.Join(p.dir, ref.Dir)
	}
	f := &Flake{Original: ref, Resolved: ref, Locked: ref, Dir: p.dir, root: p.root}
	s.e.readFlake(s.c, f, s.at)
	return f
}

// create makes a new node, for which the source is fetched.
func (s *step) create() {
	ref := *s.input.Ref
	_, relative := ref.Relative()
	if s.flags.LockedOnly && !relative && !s.e.opts.World.IsLocked(ref.Attrs) {
		throw("cannot update unlocked flake input '%s' in pure mode", s.at)
	}
	explicit := s.explicit[s.at.key()]
	n := &Node{Original: ref, NotFlake: s.input.NotFlake, Parent: s.lies}
	if explicit && s.declared.Ref != nil {
		n.Original = *s.declared.Ref // so that the override is kept by the next update
	}
	if s.input.NotFlake {
		s.createSource(n, ref)
		return
	}
	which := s.e.useInputs(s.flags)
	if explicit {
		which = s.e.useTop(&Flags{})
	}
	f := s.inputFlake(ref, which, false)
	n.Locked = f.Locked
	s.node.set(s.name, Edge{Node: n})
	for _, p := range s.parents {
		if p.Equal(ref) {
			throw("found circular import of flake '%s'", p)
		}
	}
	s.parents = append(s.parents, ref)
	here := place{f.root, f.Dir}
	s.out.places[n] = here
	s.compute(f.Inputs, n, s.at, s.e.readLock(here.full()+"/flake.lock").Root, s.at, here, false)
	s.parents = s.parents[:len(s.parents)-1]
}

// createSource makes a node of a source that is no flake.
func (s *step) createSource(n *Node, ref flakeref.Ref) {
	if p, ok := s.relativeDir(); ok {
		n.Locked = ref
		s.out.places[n] = p
	} else {
		_, t := s.e.fetchRef(ref, s.e.useInputs(s.flags), false)
		n.Locked = flakeref.Ref{Attrs: t.Locked, Dir: ref.Dir}
		s.out.places[n] = place{root: s.e.opts.World.Store(t.Path)}
	}
	s.node.set(s.name, Edge{Node: n})
}
