package eval

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size in bytes of the pages that the kernel may use instead of
// small ones.
const hugePage = 2 << 20

// hugePages is done once in a process: memory that the heap has had before is
// cleared when it is asked for again.
var hugePages sync.Once

// useHugePages asks the kernel to back the heap, up to a size in bytes, with
// huge pages. The heap grows in small steps, each of them new to the kernel, so
// it is made to grow to that size at once, by something that is given back
// without having been touched. That is stacks of goroutines: unlike objects, they
// are free again when they end and not only after a collection. A kernel that has
// no huge pages, or is told not to use them, goes on as before.
func useHugePages(size int64) {
	var asked, ended sync.WaitGroup
	release := make(chan struct{})
	for _, s := range largeStacks {
		for ; size >= s.size; size -= s.size {
			asked.Add(1)
			ended.Go(func() {
				s.grow()
				adviseStack(s.size)
				asked.Done()
				<-release // or the next one would take the same place
			})
		}
	}
	asked.Wait()
	close(release)
	ended.Wait()
}

// largeStacks grow the stack of a goroutine that has called nothing yet, by
// calling a function with a frame that needs almost so many bytes. The sizes are
// powers of two, as those of stacks are, largest first.
var largeStacks = []struct {
	size int64
	grow func()
}{
	{256 << 20, withFrame[[256<<20 - frameRest]byte]},
	{64 << 20, withFrame[[64<<20 - frameRest]byte]},
	{16 << 20, withFrame[[16<<20 - frameRest]byte]},
}

// growStack gives the calling goroutine a stack for some thousand nested calls at
// once: a stack that grows step by step is copied at each. What is not used of it
// takes no memory.
func growStack() { withFrame[[4<<20 - frameRest]byte]() }

// frameRest is how many bytes of a stack are left for other frames.
const frameRest = 64 << 10

// withFrame has room in its frame for a result of that type, which is not
// touched: the function that returns one is not called.
//
//go:noinline
func withFrame[T any]() {
	if never {
		returnValue[T]()
	}
}

var never bool

//go:noinline
func returnValue[T any]() (v T) { return v }

// adviseStack asks for huge pages for the stack of the calling goroutine, which
// has so many bytes and on which there is little else yet.
func adviseStack(size int64) {
	const unit = 8 << 10 // what large stacks are aligned to
	var here byte
	end := (uintptr(unsafe.Pointer(&here)) + unit - 1) &^ (unit - 1)
	start := (end - uintptr(size)) &^ (hugePage - 1) // what is before it is heap, too
	unix.RawSyscall(unix.SYS_MADVISE, start, end-start, unix.MADV_HUGEPAGE)
}
