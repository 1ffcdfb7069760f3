package pipeline

import (
	"io/fs"
	"os"
	"strings"
	"syscall"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/treehash"
)

// beside is a tree that is being copied into the store, as somebody sees it who
// does not wait for that: the listing says what is in it, and files are read
// where they come from. What is read counts only if it is what the hash of the
// tree was made of. So the evaluator sees the store object and nothing else,
// whatever becomes of its source meanwhile.
type beside struct {
	tree   *treehash.Tree // one that [treehash.Tree.Seen] has returned
	hasher *treehash.Hasher
	root   string // where its files are
}

// besideFile is a file of a tree that is being copied.
type besideFile struct {
	*beside
	rel string // in the tree, "" for its root
}

// beside finds a file of the store in a tree that is being copied.
func (f *hostFiles) beside(name string) (besideFile, bool) {
	if f.copied == nil || !f.dir.Contains(name) {
		return besideFile{}, false
	}
	p, rest, err := f.dir.Split(name)
	if err != nil {
		return besideFile{}, false
	}
	b := f.copied(p)
	if b == nil || len(rest) > maxRest {
		return besideFile{}, false
	}
	return besideFile{b, strings.TrimPrefix(rest, "/")}, true
}

// maxRest is from which length on a path, or a name in it, can be one that is too
// long for the system, which has an error of its own for that.
const maxRest = 255

// real returns where the file is read.
func (p besideFile) real() string {
	if p.rel == "" {
		return p.root
	}
	return p.root + "/" + p.rel
}

// readFile returns the contents of a file, and false for whatever should be
// asked of the store object.
func (p besideFile) readFile(limit int64) ([]byte, bool) {
	if kind, err := p.tree.Kind(p.rel); err != nil || kind != string(builtins.Regular) {
		return nil, false
	}
	b, err := readLimited(p.real(), limit)
	return b, err == nil && p.hasher.Recognise(p.tree, p.rel, b)
}

// readlink is os.Readlink; the result is false if the store object should be
// asked.
func (p besideFile) readlink() (string, bool, error) {
	kind, err := p.tree.Kind(p.rel)
	if err == nil && kind != string(builtins.Symlink) {
		err = syscall.EINVAL
	}
	if err != nil {
		return "", true, &fs.PathError{Op: "readlink", Path: p.real(), Err: err}
	}
	target, err := os.Readlink(p.real())
	return target, err == nil && p.hasher.Recognise(p.tree, p.rel, []byte(target)), nil
}

// readDir returns the entries of a directory.
func (p besideFile) readDir() ([]builtins.DirEntry, bool) {
	var list []builtins.DirEntry
	err := p.tree.Names(p.rel, func(name, kind string) {
		list = append(list, builtins.DirEntry{Name: name, Kind: builtins.FileKind(kind)})
	})
	return list, err == nil
}
