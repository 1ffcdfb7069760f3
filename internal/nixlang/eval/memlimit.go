package eval

import (
	"fmt"
	"runtime/metrics"
	"time"
)

// memoryLimit is how much memory an evaluation may use, and how much it does.
type memoryLimit struct {
	bytes int64 // 0: no limit
	used  func() int64
}

// largeAllocation is the size in bytes from which one is checked beforehand;
// what many small ones add up to, the watcher sees soon enough.
const largeAllocation = 4 << 20

// WatchMemory stops the evaluation when the program uses more than limit bytes
// of memory, and makes single large values that would exceed it an error. used
// tells how much is in use, [MemoryInUse] if nil; it is asked at each tick. The
// watch goes on until the returned function is called. It must begin before the
// evaluation does.
func (s *State) WatchMemory(limit int64, tick <-chan time.Time, used func() int64) (stop func()) {
	if used == nil {
		used = MemoryInUse
	}
	s.memory = memoryLimit{limit, used}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-tick:
				if used() > limit {
					s.Stop(s.memory.message(), nil)
					return
				}
			}
		}
	}()
	return func() { close(done) }
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
	m := &c.st.memory
	if bytes >= largeAllocation && m.bytes > 0 && m.used()+bytes > m.bytes {
		panic(Errorf(KindStopped, c.whereabouts(pos), "%s (it wants %s at once)", m.message(), showBytes(bytes)))
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
