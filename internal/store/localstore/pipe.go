package localstore

import (
	"io"
	"sync"
)

// Sizes of a [chunkPipe]: what the one side may be ahead of the other.
const (
	chunkSize = 64 << 10
	chunks    = 8
)

// chunkPipe hands bytes from one goroutine to another in large pieces, and
// lets the writer be ahead. io.Pipe makes the two meet at every one of the
// small writes that a NAR consists of.
type chunkPipe struct {
	full  chan []byte
	empty chan []byte
	gone  chan struct{} // closed when the reader wants no more

	once sync.Once
	why  error // of the reader, once gone is closed

	out []byte // being filled by the writer
	in  []byte // left of the piece that is being read, which is the start of buf
	buf []byte
	end error // of the writer, once full is closed
}

func newChunkPipe() *chunkPipe {
	p := &chunkPipe{full: make(chan []byte, chunks), empty: make(chan []byte, chunks), gone: make(chan struct{})}
	for range chunks - 1 {
		p.empty <- make([]byte, 0, chunkSize)
	}
	p.out = make([]byte, 0, chunkSize)
	return p
}

// Write waits for the reader when it is far ahead.
func (p *chunkPipe) Write(b []byte) (n int, err error) {
	for n < len(b) {
		if len(p.out) == cap(p.out) {
			if err := p.flush(); err != nil {
				return n, err
			}
		}
		m := min(len(b)-n, cap(p.out)-len(p.out))
		p.out = append(p.out, b[n:n+m]...)
		n += m
	}
	return n, nil
}

// flush hands on what was written, and gets an empty piece.
func (p *chunkPipe) flush() error {
	select {
	case p.full <- p.out:
	case <-p.gone:
		return p.why
	}
	select {
	case p.out = <-p.empty:
		return nil
	case <-p.gone:
		return p.why
	}
}

// finish ends what was written, with io.EOF for the reader if err is nil.
func (p *chunkPipe) finish(err error) {
	if p.end = err; err == nil {
		p.end = io.EOF
		select {
		case p.full <- p.out:
		case <-p.gone:
		}
	}
	close(p.full)
}

// Read returns what was written.
func (p *chunkPipe) Read(b []byte) (int, error) {
	for len(p.in) == 0 {
		if p.buf != nil {
			p.empty <- p.buf[:0]
			p.buf = nil
		}
		buf, ok := <-p.full
		if !ok {
			return 0, p.end
		}
		p.buf, p.in = buf, buf
	}
	n := copy(b, p.in)
	p.in = p.in[n:]
	return n, nil
}

// stop tells the writer that nobody reads any more, and why.
func (p *chunkPipe) stop(err error) {
	p.once.Do(func() {
		if p.why = err; err == nil {
			p.why = io.ErrClosedPipe
		}
		close(p.gone)
	})
}
