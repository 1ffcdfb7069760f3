package flake

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"isomorph/internal/flakeref"
	"isomorph/internal/lazyre"
)

// InputPath is a path of input names from the root of a lock file: what
// "nixops/nixpkgs" stands for.
type InputPath []string

// String joins the names with slashes.
func (p InputPath) String() string { return strings.Join(p, "/") }

// key is the path as a key of maps; keys sort as paths do.
func (p InputPath) key() string { return strings.Join(p, "\x00") }

func pathOfKey(k string) InputPath { return strings.Split(k, "\x00") }

// join returns the path with more names at its end.
func (p InputPath) join(names ...string) InputPath {
	return append(slices.Clip(slices.Clone(p)), names...)
}

var inputName = lazyre.New(`^[a-zA-Z][a-zA-Z0-9_-]*$`)

// ParseInputPath reads a path; an empty one is the flake itself.
func ParseInputPath(s string) (InputPath, error) {
	var p InputPath
	for _, name := range strings.FieldsFunc(s, func(r rune) bool { return r == '/' }) {
		if !inputName.MatchString(name) {
			return nil, fmt.Errorf("invalid flake input attribute path element '%s'", name)
		}
		p = append(p, name)
	}
	return p, nil
}

// Edge is an input of a node: a node of its own, or one that is found by
// following a path from the root.
type Edge struct {
	Node    *Node     // nil if the input follows another
	Follows InputPath // may be empty: the flake itself
}

// Node is one source of a lock file; the root is the flake itself.
type Node struct {
	Inputs map[string]Edge

	// What follows is not set in the root.
	Locked   flakeref.Ref // with revision and hash
	Original flakeref.Ref // as flake.nix has it
	NotFlake bool         // a source only
	Parent   *InputPath   // of a relative path: the node whose tree it lies in
}

// LockFile is what flake.lock holds.
type LockFile struct{ Root *Node }

// NewLockFile returns one without inputs.
func NewLockFile() *LockFile { return &LockFile{Root: &Node{}} }

func (n *Node) set(name string, e Edge) {
	if n.Inputs == nil {
		n.Inputs = map[string]Edge{}
	}
	n.Inputs[name] = e
}

// Names returns the names of the inputs, sorted.
func (n *Node) Names() []string { return slices.Sorted(maps.Keys(n.Inputs)) }

// maxDepth bounds how deeply inputs nest. Each level of a lock file is another
// flake, which somebody has written.
const maxDepth = 1000

var errDepth = errors.New("flake inputs nest too deeply")

// Reader reads lock files.
type Reader struct {
	// IsLocked tells whether a source will always be the same tree.
	IsLocked func(flakeref.Attrs) bool
	Warn     func(msg string)
}

// Read reads the text of a lock file of version 5, 6 or 7; name is for
// messages.
func (r Reader) Read(text, name string) (*LockFile, error) {
	v, err := readJSON(text)
	if err != nil {
		return nil, fmt.Errorf("Could not parse '%s': %w", name, err)
	}
	top, ok := v.(object)
	if !ok {
		return nil, fmt.Errorf("lock file '%s' is not a JSON object", name)
	}
	version, ok := top["version"].(int64)
	if !ok && top["version"] != nil {
		return nil, fmt.Errorf("lock file '%s' has a version that is no number", name)
	}
	if version < 5 || version > 7 {
		return nil, fmt.Errorf("lock file '%s' has unsupported version %d", name, version)
	}
	nodes, ok1 := top["nodes"].(object)
	root, ok2 := top["root"].(string)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("lock file '%s' has no 'nodes' or no 'root'", name)
	}
	g := graphReader{Reader: r, nodes: nodes, made: map[string]*Node{root: {}}, root: root}
	lock := &LockFile{Root: g.made[root]}
	set, ok := nodes[root].(object)
	if !ok {
		return nil, fmt.Errorf("lock file references missing node '%s'", root)
	}
	return lock, g.inputs(lock.Root, set, 0)
}

type graphReader struct {
	Reader
	nodes object
	made  map[string]*Node
	root  string
}

func (g *graphReader) inputs(n *Node, set object, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	inputs, ok := set["inputs"].(object)
	if !ok && set["inputs"] != nil {
		return errors.New("'inputs' of a node is not a set")
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		switch v := inputs[name].(type) {
		case []any:
			path, err := stringList(v)
			if err != nil {
				return err
			}
			n.set(name, Edge{Follows: path})
		case string:
			child, err := g.node(v, depth)
			if err != nil {
				return err
			}
			n.set(name, Edge{Node: child})
		default:
			return fmt.Errorf("input '%s' is neither the name of a node nor a path", name)
		}
	}
	return nil
}

func (g *graphReader) node(key string, depth int) (*Node, error) {
	if key == g.root {
		return nil, errors.New("lock file contains cycle to root node")
	}
	if n, ok := g.made[key]; ok {
		return n, nil
	}
	set, ok := g.nodes[key].(object)
	if !ok {
		return nil, fmt.Errorf("lock file references missing node '%s'", key)
	}
	n, err := g.locked(set)
	if err != nil {
		return nil, err
	}
	g.made[key] = n
	return n, g.inputs(n, set, depth+1)
}

// locked reads what a node says of its source.
func (g *graphReader) locked(set object) (*Node, error) {
	locked, err := refOf(set, "locked", "info")
	if err != nil {
		return nil, err
	}
	original, err := refOf(set, "original", "")
	if err != nil {
		return nil, err
	}
	n := &Node{Locked: locked, Original: original}
	if flake, ok := set["flake"]; ok {
		is, ok := flake.(bool)
		if !ok {
			return nil, errors.New("'flake' of a node is not a Boolean")
		}
		n.NotFlake = !is
	}
	if parent, ok := set["parent"].([]any); ok {
		path, err := stringList(parent)
		if err != nil {
			return nil, err
		}
		n.Parent = &path
	}
	if _, relative := locked.Relative(); !relative && !g.IsLocked(locked.Attrs) {
		if locked.Str("narHash") == "" {
			return nil, fmt.Errorf("Lock file contains unlocked input '%s'. Use '--allow-dirty-locks' to accept this lock file.", locked.Attrs.JSON())
		}
		g.Warn(fmt.Sprintf("Lock file entry '%s' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. "+
			"This is not reproducible and will break after garbage collection or when shared.", locked))
	}
	return n, nil
}

// refOf reads a reference; version 5 kept some of its attributes in info.
func refOf(set object, name, info string) (flakeref.Ref, error) {
	o, ok := set[name].(object)
	if !ok {
		return flakeref.Ref{}, fmt.Errorf("attribute '%s' missing in lock file", name)
	}
	attrs := flakeref.Attrs{}
	more, _ := set[info].(object)
	for _, part := range []object{o, more} {
		for k, v := range part {
			switch v := v.(type) {
			case string, bool:
				attrs[k] = v
			case int64:
				attrs[k] = uint64(v)
			default:
				return flakeref.Ref{}, errors.New("unsupported input attribute type in lock file")
			}
		}
	}
	return flakeref.FromAttrs(attrs)
}

func stringList(l []any) (InputPath, error) {
	path := InputPath{}
	for _, v := range l {
		s, ok := v.(string)
		if !ok {
			return nil, errors.New("a path of inputs in the lock file has something else than strings in it")
		}
		path = append(path, s)
	}
	return path, nil
}

// Keys are the names of the nodes in a lock file.
type Keys map[*Node]string

// JSON returns the lock file as a value for [WriteJSON], and how its nodes are
// called in it: after the input that leads to them first, with a number if
// that is taken.
func (l *LockFile) JSON() (map[string]any, Keys) {
	d := dumper{nodes: object{}, keys: Keys{}, taken: map[string]bool{}}
	return object{"version": int64(7), "root": d.node("root", l.Root), "nodes": d.nodes}, d.keys
}

// String returns the text of the file, without the line break at its end.
func (l *LockFile) String() string {
	v, _ := l.JSON()
	return WriteJSON(v)
}

// Equal tells whether two lock files have the same text.
func (l *LockFile) Equal(o *LockFile) bool {
	a, _ := l.JSON()
	b, _ := o.JSON()
	return reflect.DeepEqual(a, b)
}

type dumper struct {
	nodes object
	keys  Keys
	taken map[string]bool
}

func (d *dumper) node(name string, n *Node) string {
	if key, ok := d.keys[n]; ok {
		return key
	}
	key := name
	for i := 2; d.taken[key]; i++ {
		key = fmt.Sprintf("%s_%d", name, i)
	}
	d.taken[key], d.keys[n] = true, key
	o := object{}
	if len(n.Inputs) > 0 {
		inputs := object{}
		for _, input := range n.Names() {
			if e := n.Inputs[input]; e.Node != nil {
				inputs[input] = d.node(input, e.Node)
			} else {
				inputs[input] = texts(e.Follows)
			}
		}
		o["inputs"] = inputs
	}
	if n.Original.Attrs != nil {
		o["original"], o["locked"] = object(n.Original.ToAttrs()), object(n.Locked.ToAttrs())
		if n.NotFlake {
			o["flake"] = false
		}
		if n.Parent != nil {
			o["parent"] = texts(*n.Parent)
		}
	}
	d.nodes[key] = o
	return key
}

// texts is a path for [WriteJSON]; the empty one is never nil, so that equal lock
// files are equal as values.
func texts(p InputPath) []string { return append([]string{}, p...) }

// Find returns the node that a path leads to, nil if there is none. It is an
// error if inputs follow each other in a circle.
func (l *LockFile) Find(path InputPath) (*Node, error) { return l.find(path, nil) }

func (l *LockFile) find(path InputPath, visited []InputPath) (*Node, error) {
	for i, v := range visited {
		if slices.Equal(v, path) {
			var names []string
			for _, p := range append(visited[i:], path) {
				names = append(names, p.String())
			}
			return nil, fmt.Errorf("follow cycle detected: [%s]", strings.Join(names, " -> "))
		}
	}
	if len(visited) > maxDepth {
		return nil, errDepth
	}
	visited = append(visited, path)
	at := l.Root
	for _, name := range path {
		e, ok := at.Inputs[name]
		if !ok {
			return nil, nil
		}
		if e.Node != nil {
			at = e.Node
			continue
		}
		next, err := l.find(e.Follows, visited)
		if next == nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// All returns the inputs by their paths. A node that is reached twice is gone
// into once.
func (l *LockFile) All() map[string]Edge {
	all := map[string]Edge{}
	done := map[*Node]bool{}
	var walk func(prefix InputPath, n *Node)
	walk = func(prefix InputPath, n *Node) {
		if done[n] {
			return
		}
		done[n] = true
		for _, name := range n.Names() {
			e, path := n.Inputs[name], prefix.join(name)
			all[path.key()] = e
			if e.Node != nil {
				walk(path, e.Node)
			}
		}
	}
	walk(nil, l.Root)
	return all
}

// Check makes sure that what inputs follow is there.
func (l *LockFile) Check() error {
	all := l.All()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		e := all[key]
		if e.Node != nil || len(e.Follows) == 0 {
			continue
		}
		n, err := l.Find(e.Follows)
		if err == nil && n == nil {
			err = fmt.Errorf("input '%s' follows a non-existent input '%s'", pathOfKey(key), e.Follows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Unlocked returns a source that is not sure to stay the same.
func (l *LockFile) Unlocked(isLocked func(flakeref.Attrs) bool) (ref flakeref.Ref, found bool) {
	all := l.All()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		n := all[key].Node
		if n == nil {
			continue
		}
		if _, relative := n.Locked.Relative(); !relative && !isLocked(n.Locked.Attrs) {
			return n.Locked, true
		}
	}
	return flakeref.Ref{}, false
}

// Diff tells what changed from one lock file to the next, for a person; a line
// for each fact.
func Diff(older, newer *LockFile) string {
	was, is := older.All(), newer.All()
	keys := map[string]bool{}
	for k := range was {
		keys[k] = true
	}
	for k := range is {
		keys[k] = true
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		path := pathOfKey(k)
		a, had := was[k]
		z, has := is[k]
		switch {
		case !had:
			fmt.Fprintf(&b, "• Added input '%s':\n    %s\n", path, z.describe())
		case !has:
			fmt.Fprintf(&b, "• Removed input '%s'\n", path)
		case !a.equal(z):
			fmt.Fprintf(&b, "• Updated input '%s':\n    %s\n  → %s\n", path, a.describe(), z.describe())
		}
	}
	return b.String()
}

func (e Edge) describe() string {
	if e.Node == nil {
		return "follows '" + e.Follows.String() + "'"
	}
	s := "'" + e.Node.Locked.String() + "'"
	if t := e.Node.Locked.Int("lastModified"); t != 0 {
		s += " (" + time.Unix(int64(t), 0).UTC().Format("2006-01-02") + ")"
	}
	return s
}

func (e Edge) equal(o Edge) bool {
	if e.Node != nil && o.Node != nil {
		return e.Node.Locked.Equal(o.Node.Locked)
	}
	return e.Node == nil && o.Node == nil && slices.Equal(e.Follows, o.Follows)
}
