package eval

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// MemoryPolicy is how the garbage collector is to work during an evaluation.
// Collecting is the largest single cost that can be switched: an evaluation
// keeps most of what it makes, so that collections find little, and a NixOS
// system evaluates in half of the CPU time without any.
type MemoryPolicy struct {
	// Total is how much memory the process may use, in bytes: that of the
	// machine or of its control group. Zero is taken as 4 GiB.
	Total int64
	// Free is how much may be used before the first collection; zero is taken
	// as 40 % of Total, but no more than 4 GiB.
	Free int64
}

// afterFirst is the growth in percent between collections once Free is used up.
const afterFirst = 60

// Start puts the policy into force, for the whole process, and returns what
// ends it: the former settings are restored and free memory is given back to
// the system. One policy can be in force at a time.
//
// At first nothing is collected. The collection that takes place when Free is
// used up switches to collecting as usual, bounded by 80 % of Total.
func (p MemoryPolicy) Start() (stop func()) {
	if p.Total <= 0 {
		p.Total = 4 << 30
	}
	if p.Free <= 0 {
		p.Free = min(p.Total/5*2, 4<<30)
	}
	var mu sync.Mutex
	stopped := false
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(p.Free)
	onCollection(func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			debug.SetGCPercent(afterFirst)
			debug.SetMemoryLimit(p.Total / 5 * 4)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		debug.FreeOSMemory()
	}
}

// onCollection arranges for f to be called after the next collection.
func onCollection(f func()) {
	sentinel := new([64]byte) // too large to share a block with others
	runtime.AddCleanup(sentinel, func(int) { f() }, 0)
}
