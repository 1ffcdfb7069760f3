package pipeline

import (
	"context"
	"errors"
	"sync"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// copies puts trees into the store beside the evaluator. Once the hash of a
// tree is known so is its store path, which is all that an evaluation wants of
// most trees; writing the files takes several times as long, and happens
// meanwhile, one tree after the other.
//
// What is being copied is not valid yet. Whoever wants to make anything valid
// that refers to it settles the copies before; so does whoever wants to read it,
// unless that can be done where it comes from (see [beside]).
type copies struct {
	ctx    context.Context
	cancel context.CancelFunc
	batch  store.Batch

	mu      sync.Mutex
	pending map[storepath.Path]*copying // not committed yet
	last    *copying
	err     error // the first that went wrong
}

// copying is one tree on its way into the store.
type copying struct {
	refs  []storepath.Path
	from  *beside       // nil if its source cannot be read in its place
	valid bool          // the store had it; to be looked at when done
	done  chan struct{} // closed when the batch or the store has it
}

func newCopies(ctx context.Context, batch store.Batch) *copies {
	c := &copies{batch: batch, pending: map[storepath.Path]*copying{}}
	c.ctx, c.cancel = context.WithCancel(ctx)
	return c
}

// begin starts to copy a tree whose path is p unless valid says that the store has
// it, which takes long enough not to be asked by the evaluator. valid and the
// filter of src are called on another goroutine. from is nil if the source cannot
// be read in its place.
func (c *copies) begin(p storepath.Path, valid func() bool, src store.Source, from *beside) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending[p] != nil {
		return
	}
	k, before := &copying{refs: src.References, from: from, done: make(chan struct{})}, c.last
	c.pending[p], c.last = k, k
	go func() {
		defer close(k.done)
		if before != nil {
			<-before.done
		}
		if k.valid = valid(); k.valid {
			return
		}
		if _, err := c.batch.AddTree(c.ctx, src); err != nil {
			c.fail(err)
		}
	}()
}

// fail notes an error, unless it only tells that another one, or the end of
// the session, has put an end to this copy.
func (c *copies) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		c.cancel()
	}
}

// get returns the copy of p that has not been committed, nil if there is none.
func (c *copies) get(p storepath.Path) *copying {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending[p]
}

// source returns what can be read in place of p while that is being copied, nil
// if nothing can.
func (c *copies) source(p storepath.Path) *beside {
	if k := c.get(p); k != nil {
		return k.from
	}
	return nil
}

// failed returns why a tree could not be copied.
func (c *copies) failed() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// wait waits for all copies that have begun.
func (c *copies) wait() {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil {
		<-last.done
	}
}

// commit makes everything in the batch valid, the trees included.
func (c *copies) commit(ctx context.Context) error {
	c.wait()
	if err := c.failed(); err != nil {
		return err
	}
	c.mu.Lock()
	var ready []storepath.Path
	for p, k := range c.pending {
		select {
		case <-k.done:
			ready = append(ready, p)
		default: // begun since
		}
	}
	c.mu.Unlock()
	if err := c.batch.Commit(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range ready {
		delete(c.pending, p)
	}
	return nil
}

// close ends the copies that are under way.
func (c *copies) close() {
	if c == nil {
		return
	}
	c.fail(errors.New("the session has ended"))
	c.wait()
}
