package localstore

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"isomorph/internal/nar"
)

// Files of an archive are handed in bundles to those who write them.
const (
	writers     = 2
	bundleOps   = 64
	bundleBytes = 256 << 10 // a larger file is written by the goroutine that reads the archive
	bundles     = 4         // that wait for a writer
)

// restore creates the tree of a NAR as the entry name of base, in canonical
// form from the start, whatever the umask and whatever access control lists
// the directory hands down. It returns the number of files.
//
// The names come from a stranger. Each file is made relative to the directory
// that restore itself has just made and holds open, and must not exist; so
// nothing in the archive can lead outside (CVE-2024-45593).
//
// Creating files is nearly all of the work, and the kernel lets two directories
// be filled at once: what the archive says is cut into bundles of neighbours,
// which several goroutines take.
//
// many is called after each aheadFiles files.
func restore(r io.Reader, base *os.File, name string, maxSize uint64, many func()) (files int, err error) {
	rs := &restorer{many: many, name: name, base: base, todo: make(chan *bundle, bundles), buf: make([]byte, 128<<10)}
	rs.in = []*newDir{{fd: int(base.Fd()), made: true}}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for b := range rs.todo {
				rs.write(b)
			}
		})
	}
	err = nar.ReadAll(r, rs, maxSize)
	if err != nil {
		rs.fail(err)
	}
	rs.flush()
	close(rs.todo)
	wg.Wait()
	for i := len(rs.in) - 1; i > 0; i-- { // open only after an error
		rs.release(rs.in[i])
	}
	return rs.files, rs.failed()
}

// restorer reads an archive and fills bundles. The second part of it is what the
// writers use, too.
type restorer struct {
	name  string
	base  *os.File
	in    []*newDir // base, and the directories that we are in
	now   *bundle   // that is being filled
	buf   []byte
	files int
	many  func()
	told  int

	todo  chan *bundle
	plain [kinds]atomic.Bool // what is made of a kind is canonical from the start; endDir stands for directories
	mu    sync.Mutex
	err   error // the first
}

// bundle is a piece of an archive.
type bundle struct {
	ops  []op
	data []byte // contents of its files, one after the other
}

// op is something to be made in a directory, or its end: nothing more will be.
type op struct {
	dir    *newDir
	name   string
	what   opKind
	target string // of a symlink
	size   int    // of a file
}

type opKind uint8

const (
	makeFile opKind = iota
	makeProgram
	makeSymlink
	endDir
	kinds
)

var bundlePool = sync.Pool{New: func() any {
	return &bundle{ops: make([]op, 0, bundleOps), data: make([]byte, 0, bundleBytes)}
}}

var _ nar.Sink = (*restorer)(nil)

// at returns the innermost directory and the last name of a path.
func (rs *restorer) at(path string) (*newDir, string) {
	dir := rs.in[len(rs.in)-1]
	if path == "" {
		return dir, rs.name
	}
	return dir, path[strings.LastIndexByte(path, '/')+1:]
}

// add puts an operation into the current bundle, which has room for it.
func (rs *restorer) add(o op) error {
	rs.now.ops = append(rs.now.ops, o)
	o.dir.users.Add(1)
	return rs.failed()
}

// room sees to it that the current bundle has room for an operation with so
// many bytes, bundleBytes at most.
func (rs *restorer) room(size int) {
	if rs.now != nil && (len(rs.now.ops) == bundleOps || len(rs.now.data)+size > bundleBytes) {
		rs.flush()
	}
	if rs.now == nil {
		rs.now = bundlePool.Get().(*bundle)
	}
}

// flush hands the current bundle on.
func (rs *restorer) flush() {
	if rs.now != nil {
		if rs.files/aheadFiles > rs.told {
			rs.told++
			rs.many()
		}
		rs.todo <- rs.now
		rs.now = nil
	}
}

// Directory implements [nar.Sink].
func (rs *restorer) Directory(path string) error {
	rs.files++
	dir, name := rs.at(path)
	dir.users.Add(1)
	d := &newDir{parent: dir, name: name, fd: -1}
	d.users.Add(1)
	rs.in = append(rs.in, d)
	return rs.failed()
}

// Leave implements [nar.Sink].
func (rs *restorer) Leave(string) error {
	last := len(rs.in) - 1
	d := rs.in[last]
	rs.in = rs.in[:last]
	rs.room(0)
	err := rs.add(op{dir: d, what: endDir})
	d.users.Add(-1) // the operation is a user now
	return err
}

// Symlink implements [nar.Sink].
func (rs *restorer) Symlink(path, target string) error {
	rs.files++
	dir, name := rs.at(path)
	rs.room(0)
	return rs.add(op{dir: dir, name: name, what: makeSymlink, target: target})
}

// File implements [nar.Sink].
func (rs *restorer) File(path string, executable bool, size uint64, contents io.Reader) error {
	rs.files++
	dir, name := rs.at(path)
	o := op{dir: dir, name: name, what: makeFile}
	if executable {
		o.what = makeProgram
	}
	if size > bundleBytes {
		return rs.file(&o, nil, contents)
	}
	rs.room(int(size))
	o.size = int(size)
	old := len(rs.now.data)
	rs.now.data = rs.now.data[:old+o.size]
	if _, err := io.ReadFull(contents, rs.now.data[old:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return rs.add(o)
}

// fail notes an error; after the first one nothing more is made.
func (rs *restorer) fail(err error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.err == nil {
		rs.err = err
	}
}

func (rs *restorer) failed() error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.err
}
