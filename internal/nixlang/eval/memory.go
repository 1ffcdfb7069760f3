package eval

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// MemoryPolicy is how the garbage collector is to work during an evaluation.
// Collecting is the largest single cost that can be switched: an evaluation
// keeps much of what it makes, so that each collection marks a lot to find
// little. Never to collect is not best either, because memory that is new to
// the process costs more than memory that is used again.
type MemoryPolicy struct {
	// Total is how much memory the process may use, in bytes: that of the
	// machine or of its control group. Zero is taken as 4 GiB.
	Total int64
	// Free is how large the heap may be, in bytes, however little of it is in
	// use; zero is taken as 320 MiB, but no more than 20 % of Total.
	Free int64
}

const (
	defaultFree = 320 << 20
	// growth is how large the heap may become between two collections, in
	// percent more than what the first of them left. Over a package set with
	// its tens of thousands of derivations 160 took a sixth less time than 80
	// and no more memory, since the last collections were spared.
	growth = 160
	// runtimeMinimum is the size of the heap, in bytes, below which the runtime
	// does not collect at a GC percentage of 100.
	runtimeMinimum = 4 << 20
)

// Start puts the policy into force, for the whole process, and returns what
// ends it: the former settings are restored and free memory is given back to
// the system. One policy can be in force at a time.
//
// The first collection takes place when the heap has the size Free. From then on
// a heap may grow to Free, or by a fixed part of what is in use if that is more,
// bounded by 80 % of Total.
//
// The caller is taken to be the goroutine that will evaluate, and gets a large
// stack.
func (p MemoryPolicy) Start() (stop func()) {
	if p.Total <= 0 {
		p.Total = 4 << 30
	}
	if p.Free <= 0 {
		p.Free = min(p.Total/5, defaultFree)
	}
	percent := debug.SetGCPercent(gcPercent(p.Free, heapInUse())) // the command may hold something already
	limit := debug.SetMemoryLimit(p.Total / 5 * 4)
	w := &memoryWatch{free: p.Free}
	w.await()
	hugePages.Do(func() { useHugePages(p.Free) })
	growStack()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopped = true
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		debug.FreeOSMemory()
	}
}

// memoryWatch sets the size of the heap anew after each collection.
type memoryWatch struct {
	free    int64
	mu      sync.Mutex
	stopped bool
}

// await arranges for adjust to be called after the next collection.
func (w *memoryWatch) await() {
	sentinel := new([64]byte) // too large to share a block with others
	runtime.AddCleanup(sentinel, func(w *memoryWatch) { w.adjust() }, w)
}

func (w *memoryWatch) adjust() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	w.await()
	debug.SetGCPercent(gcPercent(w.free, heapInUse()))
}

// gcPercent returns the percentage at which a heap of which live bytes are in
// use grows to the size that the policy allows.
func gcPercent(free, live int64) int {
	live = max(live, runtimeMinimum)
	return int(max(growth, (free-live)*100/live))
}

// heapInUse returns how many bytes the last collection left.
func heapInUse() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}
