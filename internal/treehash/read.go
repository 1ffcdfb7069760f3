package treehash

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
)

// Contents are read ahead in batches of neighbours in the archive. Memory is
// bounded by the batches between readers and hasher.
const (
	batchFiles = 64
	batchBytes = 512 << 10
	batches    = 8         // being read or waiting for the hasher
	largeFile  = 256 << 10 // from this size on the hasher reads by itself, in pieces
	pieceSize  = 256 << 10
)

// item is a file or symlink whose contents are needed.
type item struct {
	e    *entry
	rel  string
	data []byte // contents or target; nil for a large file
	exec bool
	size int64
	err  error
}

type batch struct {
	items []item
	arena *arena        // what the contents lie in, until all are hashed
	ready chan struct{} // closed when they have been read
}

const arenaSize = batchBytes + largeFile

// arenaSizes are those of arenas, smallest first. Most of what an evaluation
// hashes are single files.
var arenaSizes = [...]int64{8 << 10, 64 << 10, pieceSize, arenaSize}

type arena struct {
	class int // index of its size in arenaSizes
	bytes []byte
}

// arenas and outputs are lent from one tree to the next: an evaluation hashes
// thousands, and collects no garbage for most of its time.
var (
	arenas  [len(arenaSizes)]sync.Pool
	outputs = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 64<<10) }}
)

// takeArena returns memory for files of so many bytes, as far as they go into one.
func takeArena(size int64) *arena {
	class := 0
	for class < len(arenaSizes)-1 && size > arenaSizes[class] {
		class++
	}
	if a, ok := arenas[class].Get().(*arena); ok {
		return a
	}
	return &arena{class, make([]byte, arenaSizes[class])}
}

// release gives the memory back.
func (a *arena) release() {
	arenas[a.class].Put(a)
}

// hashing is one tree on its way through the hash.
type hashing struct {
	t       *Tree
	root    int // -1 unless the tree is a directory
	marks   maphash.Seed
	w       *nar.Writer
	current *batch
	left    []item        // of the current batch
	next    func() *batch // the batch after the current one, nil after the last
}

// dump writes the archive of a tree.
func (h *Hasher) dump(t *Tree, to io.Writer) error {
	out := outputs.Get().(*bufio.Writer)
	defer outputs.Put(out)
	out.Reset(to)
	defer out.Reset(nil)
	s := &hashing{t: t, root: -1, marks: h.marks, w: nar.NewWriter(out)}
	if t.top.kind == unix.DT_DIR {
		fd, err := openRoot(t)
		if err != nil {
			return err
		}
		s.root = fd
		defer unix.Close(fd)
	}
	stop := s.start(h.opts.Readers)
	err := s.node(&t.top, "")
	stop()
	s.release()
	if err == nil {
		err = s.w.Close()
	}
	return errors.Join(err, out.Flush())
}

// counter counts what goes through it.
type counter struct {
	w io.Writer
	n int64
}

// Write passes p on.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.w.Write(p)
}

// start begins reading ahead, and returns what ends it. A small tree is read by
// the hasher itself.
func (s *hashing) start(readers int) (stop func()) {
	if s.t.count < worthKeeping {
		all := collect(s.t)
		s.next = func() *batch {
			if len(all) == 0 {
				return nil
			}
			b := all[0]
			all = all[1:]
			s.fill(b)
			return b
		}
		return func() {}
	}
	todo, done := make(chan *batch), make(chan *batch, batches)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(todo)
		defer close(done)
		for _, b := range collect(s.t) {
			select { // its place in the order, and a bound on how many there are
			case done <- b:
			case <-quit:
				return
			}
			select {
			case todo <- b:
			case <-quit:
				return
			}
		}
	})
	for range readers {
		wg.Go(func() {
			for b := range todo {
				s.fill(b)
				close(b.ready)
			}
		})
	}
	s.next = func() *batch {
		b := <-done
		if b != nil {
			<-b.ready
		}
		return b
	}
	return func() { close(quit); wg.Wait() }
}

// collect cuts the files of a tree into batches, in archive order.
func collect(t *Tree) []*batch {
	var all []*batch
	var b *batch
	var bytes int64
	var walk func(e *entry, rel string)
	walk = func(e *entry, rel string) {
		if e.kind == unix.DT_DIR {
			for i := range e.sub {
				walk(&e.sub[i], join(rel, e.sub[i].name))
			}
			return
		}
		if b == nil || len(b.items) == batchFiles || bytes >= batchBytes {
			b = &batch{ready: make(chan struct{})}
			all, bytes = append(all, b), 0
		}
		b.items = append(b.items, item{e: e, rel: rel})
		bytes += e.stamp.size
	}
	walk(&t.top, "")
	return all
}

// fill reads the items of a batch.
func (s *hashing) fill(b *batch) {
	var size int64
	for i := range b.items {
		if n := b.items[i].e.stamp.size; n < largeFile {
			size += n
		}
	}
	b.arena = takeArena(size)
	free := b.arena.bytes
	for i := range b.items {
		free = s.fillItem(&b.items[i], free)
	}
}

// fillItem reads an item into free memory, and returns what is left of that.
func (s *hashing) fillItem(it *item, free []byte) []byte {
	switch it.e.kind {
	case unix.DT_REG:
		return s.fillFile(it, free)
	case unix.DT_LNK:
		if it.data, it.err = s.readlink(it.rel); it.err == nil {
			it.err = it.e.remember(markOf(maphash.Bytes(s.marks, it.data), false))
		}
		it.err = s.wrap("readlink", it.rel, it.err)
	default:
		it.err = s.wrap("archive", it.rel, nar.UnsupportedKind(uint32(it.e.kind)<<12))
	}
	return free
}

func (s *hashing) wrap(op, rel string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: filepath.Join(s.t.root, rel), Err: err}
}

// open opens a file of the tree; rel "" is the tree itself.
func (s *hashing) open(rel string, flags int) (int, error) {
	if rel == "" {
		return unix.Open(s.t.root, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	}
	return openBelow(s.root, rel, flags)
}

// fillFile reads a regular file unless it is large.
func (s *hashing) fillFile(it *item, free []byte) []byte {
	fd, err := s.openFile(it)
	if err != nil {
		it.err = err
		return free
	}
	defer unix.Close(fd)
	switch {
	case it.size >= largeFile:
		return free
	case it.size > int64(len(free)): // it has grown, or sizes were not known
		it.data = make([]byte, it.size)
	default:
		it.data, free = free[:it.size:it.size], free[it.size:]
	}
	err = readFull(fd, it.data)
	if err == nil {
		err = it.e.remember(markOf(maphash.Bytes(s.marks, it.data), it.exec))
	}
	it.err = s.wrap("read", it.rel, err)
	return free
}

// openFile opens a regular file and finds out its size and executable bit.
func (s *hashing) openFile(it *item) (int, error) {
	fd, err := s.open(it.rel, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return -1, s.wrap("open", it.rel, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, s.wrap("stat", it.rel, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return -1, s.wrap("open", it.rel, ErrChanged)
	}
	it.size, it.exec = st.Size, st.Mode&0o100 != 0
	return fd, nil
}

// readFull fills p from the start of a file.
func readFull(fd int, p []byte) error {
	for len(p) > 0 {
		n, err := unix.Read(fd, p)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return fmt.Errorf("it became shorter while it was read")
		}
		p = p[n:]
	}
	return nil
}

// readlink returns the target of a symlink of the tree.
func (s *hashing) readlink(rel string) ([]byte, error) {
	fd, err := s.open(rel, unix.O_PATH)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	buf := make([]byte, nar.MaxTarget+1)
	n, err := unix.Readlinkat(fd, "", buf)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		err = ErrChanged // the kernel says so of what is no symlink
	}
	return buf[:max(n, 0)], err
}

// node writes an entry to the archive.
func (s *hashing) node(e *entry, rel string) error {
	if e.kind != unix.DT_DIR {
		return s.leaf(rel)
	}
	s.w.Directory()
	for i := range e.sub {
		sub := &e.sub[i]
		s.w.Entry(sub.name)
		if err := s.node(sub, join(rel, sub.name)); err != nil {
			return err
		}
	}
	s.w.Leave()
	return s.wrap("archive", rel, s.w.Err())
}

// leaf writes the next file or symlink, which is the one at rel.
func (s *hashing) leaf(rel string) error {
	if len(s.left) == 0 {
		s.release()
		if s.current = s.next(); s.current == nil {
			return s.wrap("archive", rel, errors.New("it was not read (this is a bug)"))
		}
		s.left = s.current.items
	}
	it := &s.left[0]
	s.left = s.left[1:]
	switch {
	case it.err != nil:
		return it.err
	case it.e.kind == unix.DT_LNK:
		s.w.Symlink(string(it.data))
	case it.size >= largeFile:
		return s.large(it)
	default:
		s.w.File(it.exec, uint64(it.size)).Write(it.data)
	}
	return s.wrap("archive", rel, s.w.Err())
}

// release gives the memory of the current batch back.
func (s *hashing) release() {
	if s.current != nil && s.current.arena != nil {
		s.current.arena.release()
		s.current.arena = nil
	}
}

// large writes a file in pieces.
func (s *hashing) large(it *item) error {
	fd, err := s.openFile(it)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	buf := takeArena(pieceSize)
	defer buf.release()
	var mark maphash.Hash
	mark.SetSeed(s.marks)
	out := s.w.File(it.exec, uint64(it.size))
	for left := it.size; left > 0; {
		piece := buf.bytes[:min(left, int64(len(buf.bytes)))]
		if err := readFull(fd, piece); err != nil {
			return s.wrap("read", it.rel, err)
		}
		mark.Write(piece)
		if _, err := out.Write(piece); err != nil {
			return s.wrap("archive", it.rel, err)
		}
		left -= int64(len(piece))
	}
	if err := it.e.remember(markOf(mark.Sum64(), it.exec)); err != nil {
		return s.wrap("read", it.rel, err)
	}
	return s.wrap("archive", it.rel, s.w.Err())
}
