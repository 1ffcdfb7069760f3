package eval

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

// memoryLimit is how much memory an evaluation may use, and how much it does.
type memoryLimit struct {
	bytes int64 // 0: no limit
	used  func() int64
}

// largeAllocation is how many bytes of values that are checked beforehand may
// be made between two looks at the memory.
const largeAllocation = 4 << 20

// closeLook is how many calls of functions, a power of 2, may go by between two
// looks at the memory, once there is reason to look.
const closeLook = 256

// roomForWatcher is how many bytes there must be between half the limit and the
// limit for a watcher beside the evaluation to come in time, on a busy machine,
// too.
const roomForWatcher = 1 << 30

// WatchMemory stops the evaluation when the program uses more than limit bytes
// of memory, and makes values that would exceed it an error. used tells how much
// is in use, [MemoryInUse] if nil; it is asked at each tick. When half of the
// memory is used, or from the beginning if that is little, the workers look for
// themselves: however long the next tick takes, they do not go far beyond the
// limit. The watch goes on until the returned function is called. It must begin
// before the evaluation does.
func (s *State) WatchMemory(limit int64, tick <-chan time.Time, used func() int64) (stop func()) {
	if used == nil {
		used = MemoryInUse
	}
	s.memory = memoryLimit{limit, used}
	if limit/2 < roomForWatcher {
		s.brake.maxDepth.Store(alwaysAsk)
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-tick:
				switch n := used(); {
				case n > limit && s.memory.exceeded(0):
					s.Stop(s.memory.message(), nil)
					return
				case n > limit/2:
					s.brake.maxDepth.Store(alwaysAsk)
				}
			}
		}
	}()
	return func() { close(done) }
}

// exceeded tells whether so many more bytes would be too much. What counts is
// what is alive: garbage is collected before the answer is yes. An evaluation
// that is hardly below the limit then would do nothing but collect, so that it
// is over for it, too.
func (m *memoryLimit) exceeded(more int64) bool {
	if m.bytes == 0 || m.used()+more <= m.bytes {
		return false
	}
	runtime.GC()
	return m.used()+more > m.bytes/16*15
}

func (m *memoryLimit) message() string {
	return fmt.Sprintf("the evaluation needs more than %s of memory, the limit that the setting max-eval-memory sets; if it is right to need more: --option max-eval-memory %s",
		showBytes(m.bytes), showBytes(2*m.bytes))
}

// showBytes writes a size as the settings take it: 512M, 4G.
func showBytes(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}} {
		if n >= unit.size && n%unit.size == 0 {
			return fmt.Sprintf("%d%s", n/unit.size, unit.name)
		}
	}
	if n >= 1<<30 {
		return fmt.Sprintf("%dM", n>>20)
	}
	return fmt.Sprint(n)
}

// reserve throws if there is no room for so many more bytes.
func (c *Ctx) reserve(pos Pos, bytes int64) {
	if c.unseen += bytes; c.unseen < largeAllocation {
		return
	}
	c.unseen = 0
	m := &c.st.memory
	if !m.exceeded(bytes) {
		return
	}
	msg := m.message()
	if bytes >= largeAllocation {
		msg += fmt.Sprintf(" (it wants %s at once)", showBytes(bytes))
	}
	panic(Errorf(KindStopped, c.whereabouts(pos), "%s", msg))
}

// lookAtMemory throws if the memory is used up.
func (c *Ctx) lookAtMemory(pos Pos) {
	if m := &c.st.memory; m.exceeded(0) {
		panic(Errorf(KindStopped, c.whereabouts(pos), "%s", m.message()))
	}
}

// MemoryInUse returns how many bytes the Go heap and the stacks of this process
// take: what is alive and what no collection has found to be dead yet.
func MemoryInUse() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	var n uint64
	for _, s := range samples {
		n += s.Value.Uint64()
	}
	return int64(n)
}
