package localstore

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// patterned returns n bytes in which a piece that is lost, or comes twice, shows.
func patterned(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func TestChunkPipe(t *testing.T) {
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunks*chunkSize + 17} {
		for _, step := range []int{7, 4096, chunkSize, 3 * chunkSize} {
			want, p := patterned(size), newChunkPipe()
			go func() {
				var err error
				for rest := want; len(rest) > 0 && err == nil; {
					n := min(step, len(rest))
					_, err = p.Write(rest[:n])
					rest = rest[n:]
				}
				p.finish(err)
			}()
			got, err := io.ReadAll(iotest.HalfReader(p))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes in steps of %d: %d bytes, %v", size, step, len(got), err)
			}
		}
	}
}

// Whichever side fails, the other one ends and learns why.
func TestChunkPipeEnds(t *testing.T) {
	why := errors.New("out of order")
	p := newChunkPipe()
	p.Write([]byte("abc"))
	p.finish(why)
	if _, err := io.ReadAll(p); err != why {
		t.Errorf("the reader got %v", err)
	}
	p = newChunkPipe()
	go func() {
		io.ReadFull(p, make([]byte, 10))
		p.stop(why)
	}()
	if n, err := p.Write(patterned(10 * chunks * chunkSize)); err != why || n == 10*chunks*chunkSize {
		t.Errorf("the writer wrote %d and got %v", n, err)
	}
	p.finish(nil)
}
