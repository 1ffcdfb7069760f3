package pipeline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// hostFiles reads files for the evaluator. Names below the logical store
// directory are looked up in the store (and, before a tree has been copied
// there, in the tree); all others are those of the machine.
type hostFiles struct {
	dir   storepath.Dir
	store store.Reader

	// text returns the contents of a store object that is not written yet.
	text func(storepath.Path) ([]byte, bool)

	// copied returns the tree that a store object is being copied from, if
	// that can be read as the object would be; nil if not. It may be nil.
	copied func(storepath.Path) *beside

	// settle sees to it that a store object that is still on its way into the
	// store is there.
	settle func(storepath.Path)

	maxFile int64 // bytes that a file may have that is read

	// lazy is a directory that is made when the first file in it is asked
	// for.
	lazy *LazyTree

	reads  atomic.Int64      // files read so far
	onRead func(count int64) // told of each one; may be nil

	mu    sync.RWMutex
	trees map[storepath.Path]string // store objects that are still trees elsewhere
	found map[storepath.Path]string // where other store objects lie, once they are there
	plain map[string]struct{}       // files of which no part is a symlink
}

func newHostFiles(reader store.Reader, lazy *LazyTree) *hostFiles {
	return &hostFiles{dir: reader.Dir(), store: reader, lazy: lazy, maxFile: maxFile,
		text:   func(storepath.Path) ([]byte, bool) { return nil, false },
		settle: func(storepath.Path) {},
		trees:  map[storepath.Path]string{}, found: map[storepath.Path]string{}, plain: map[string]struct{}{}}
}

// LazyTree is a directory that is made when the first file in it is asked for:
// the embedded channel, which many an evaluation has no use for.
type LazyTree struct {
	Base   string                 // directory that it is to lie in, absolute
	Locate func() (string, error) // returns its name in Base, at some cost; nil: it is Base
	Make   func() error

	found, made sync.Once
	dir         string
	err         error
}

// unknownTree is the name of a tree that has none. It lies nowhere.
const unknownTree = "unknown"

// Dir returns the directory, which need not be there yet.
func (t *LazyTree) Dir() string {
	t.found.Do(func() {
		if t.Locate == nil {
			t.dir = t.Base
			return
		}
		name, err := t.Locate()
		if err != nil {
			name, t.err = unknownTree, err
		}
		t.dir = filepath.Join(t.Base, name)
	})
	return t.dir
}

// touch makes the directory if name lies in it. An error is kept for
// [LazyTree.Err]; to the evaluator the directory just is not there.
func (t *LazyTree) touch(name string) {
	if t == nil || !strings.HasPrefix(name, t.Base) || !strings.HasPrefix(name, t.Dir()) {
		return
	}
	t.made.Do(func() {
		if t.err == nil {
			t.err = t.Make()
		}
	})
}

// Err returns why the directory could not be made.
func (t *LazyTree) Err() error {
	if t == nil {
		return nil
	}
	return t.err
}

// maxLinks is how many symlinks a path may lead through, as in Nix.
const maxLinks = 1024

// real returns where the bytes of a file lie; symlinks are not looked at.
func (f *hostFiles) real(name string) string {
	if !f.dir.Contains(name) {
		f.lazy.touch(name)
		return name
	}
	p, rest, err := f.dir.Split(name)
	if err != nil {
		return name
	}
	f.mu.RLock()
	tree, ok := f.trees[p]
	if !ok {
		tree, ok = f.found[p]
	}
	f.mu.RUnlock()
	if ok {
		return tree + rest
	}
	return f.find(p) + rest
}

// find returns where a store object lies.
func (f *hostFiles) find(p storepath.Path) string {
	f.settle(p)
	at := f.store.RealPath(p)
	if _, err := os.Lstat(at); errors.Is(err, fs.ErrNotExist) {
		// The machine may have a Nix store of its own, and a recipe may name
		// a tree in it that is not in ours.
		own := f.dir.Join(p)
		if _, err := os.Lstat(own); err != nil {
			return at
		}
		at = own
	}
	f.mu.Lock()
	f.found[p] = at
	f.mu.Unlock()
	return at
}

// follow returns the name of a file with symlinks followed that lead into, out
// of or through the store, where the kernel would look in the wrong place.
// Names outside of the store are left to the kernel.
func (f *hostFiles) follow(name string) (string, error) {
	if !f.dir.Contains(name) {
		return name, nil
	}
	return f.ResolveSymlinks(name, true)
}

// ReadFile returns the contents of a file.
func (f *hostFiles) ReadFile(name string) ([]byte, error) {
	name, err := f.follow(name)
	if err != nil {
		return nil, err
	}
	if n := f.reads.Add(1); f.onRead != nil {
		f.onRead(n)
	}
	if b, ok := f.unwritten(name); ok {
		return b, nil
	}
	if p, ok := f.beside(name); ok {
		if b, ok := p.readFile(f.maxFile); ok {
			return b, nil
		}
	}
	b, err := readLimited(f.real(name), f.maxFile)
	if p, ok := errors.AsType[*fs.PathError](err); ok && p.Op == builtins.OpOpen {
		if _, err := f.Lstat(name); err != nil { // the fault of a directory on the way
			return nil, err
		}
		err = named(builtins.OpOpen, name, err)
	}
	return b, err
}

// named gives an error of the system the name of the file that the language
// sees, and an operation that it knows.
func named(op, name string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: op, Path: name, Err: p.Err}
	}
	return err
}

// maxFile is how many bytes a file may have that is read into a string, if
// there is memory for it.
const maxFile = 1 << 30

// readLimited reads a file of at most limit bytes. As in Nix, the size that the
// system gives is what counts: files that have none, such as /dev/zero and
// those in /proc, are empty. A FIFO would keep us waiting for whoever writes
// to it, so it is an error.
func readLimited(name string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.Mode()&fs.ModeNamedPipe != 0:
		err = errors.New("it is a FIFO and not a file")
	case info.IsDir():
		err = syscall.EISDIR
	case info.Size() > limit:
		err = fmt.Errorf("it has %d bytes, more than the %d that can be read at once", info.Size(), limit)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	b := make([]byte, info.Size())
	n, err := io.ReadFull(file, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return b[:n], nil
}

// unwritten returns the contents of a text that exists in memory only so far.
func (f *hostFiles) unwritten(name string) ([]byte, bool) {
	if !f.dir.Contains(name) {
		return nil, false
	}
	p, rest, err := f.dir.Split(name)
	if err != nil || rest != "" {
		return nil, false
	}
	return f.text(p)
}

// ReadDir returns the entries of a directory, sorted.
func (f *hostFiles) ReadDir(name string) ([]builtins.DirEntry, error) {
	name, err := f.follow(name)
	if err != nil {
		return nil, err
	}
	if p, ok := f.beside(name); ok {
		if list, ok := p.readDir(); ok {
			return list, nil
		}
	}
	list, err := os.ReadDir(f.real(name))
	if err != nil {
		return nil, named(builtins.OpReadDir, name, err)
	}
	entries := make([]builtins.DirEntry, len(list))
	for i, e := range list {
		entries[i] = builtins.DirEntry{Name: e.Name(), Kind: builtins.KindOf(e.Type())}
	}
	return entries, nil
}

// Lstat returns the kind of a file.
func (f *hostFiles) Lstat(name string) (builtins.FileKind, error) {
	if f.dir.Contains(name) {
		resolved, err := f.ResolveSymlinks(name, false)
		if err != nil {
			return "", err
		}
		name = resolved
		if _, ok := f.unwritten(name); ok {
			return builtins.Regular, nil
		}
	}
	if p, ok := f.beside(name); ok {
		kind, err := p.tree.Kind(p.rel)
		if err != nil {
			return "", &fs.PathError{Op: builtins.OpStatus, Path: name, Err: fs.ErrNotExist}
		}
		return builtins.FileKind(kind), nil
	}
	info, err := os.Lstat(f.real(name))
	if errors.Is(err, syscall.ENOTDIR) {
		err = &fs.PathError{Op: builtins.OpStatus, Path: name, Err: fs.ErrNotExist}
	}
	if errors.Is(err, fs.ErrNotExist) && f.aboveStore(name) {
		return builtins.Directory, nil
	}
	if err != nil {
		return "", named(builtins.OpStatus, name, err)
	}
	return builtins.KindOf(info.Mode().Type()), nil
}

// aboveStore tells whether a name is that of the store's own directory or leads
// to it. It need not exist on this machine.
func (f *hostFiles) aboveStore(name string) bool {
	return strings.HasPrefix(string(f.dir)+"/", strings.TrimSuffix(name, "/")+"/")
}

// Readlink returns the target of a symlink as it is written.
func (f *hostFiles) Readlink(name string) (string, error) {
	target, err := f.readlink(name)
	return target, named(builtins.OpStatus, name, err)
}

func (f *hostFiles) readlink(name string) (string, error) {
	if p, ok := f.beside(name); ok {
		if target, ok, err := p.readlink(); ok {
			return target, err
		}
	}
	return os.Readlink(f.real(name))
}

// ResolveSymlinks follows symlinks part by part, in the language's view of the
// file system. That a file is no symlink is found out once: files are taken to
// stay what they are during an evaluation, as in Nix.
func (f *hostFiles) ResolveSymlinks(name string, last bool) (string, error) {
	done, left := f.knownPlain(name)
	links := 0
	for left != "" {
		part, rest, _ := strings.Cut(strings.TrimLeft(left, "/"), "/")
		left = rest
		switch part {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		if f.aboveStore(next) {
			done = next
			continue
		}
		if left == "" && !last {
			return next, nil
		}
		target, err := f.readlink(next)
		switch {
		case errors.Is(err, syscall.EINVAL): // not a symlink
			done = next
			f.mu.Lock()
			f.plain[done] = struct{}{}
			f.mu.Unlock()
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
			return missing(path.Join(next, left))
		case err != nil:
			return "", named(builtins.OpStatus, next, err)
		default:
			if links++; links > maxLinks {
				return "", &fs.PathError{Op: builtins.OpFollow, Path: name, Err: syscall.ELOOP}
			}
			left = target + "/" + left
			if strings.HasPrefix(target, "/") {
				done = "/"
			}
		}
	}
	return done, nil
}

// missing returns the name of a file that is not there, unless it is too long for
// the system: that is told of the part up to where it becomes so.
func missing(name string) (string, error) {
	if len(name) < syscall.PathMax {
		return name, nil
	}
	if i := strings.IndexByte(name[syscall.PathMax:], '/'); i >= 0 {
		name = name[:syscall.PathMax+i]
	}
	return "", &fs.PathError{Op: builtins.OpStatus, Path: name, Err: syscall.ENAMETOOLONG}
}

// knownPlain splits name where the part ends of which it is known that it has
// no symlinks: behind the last or the one before it, which are the cases that
// matter.
func (f *hostFiles) knownPlain(name string) (done, left string) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if _, ok := f.plain[name]; ok {
		return name, ""
	}
	if dir, base := path.Split(name); len(dir) > 1 {
		if _, ok := f.plain[dir[:len(dir)-1]]; ok {
			return dir[:len(dir)-1], base
		}
	}
	return "/", name
}
