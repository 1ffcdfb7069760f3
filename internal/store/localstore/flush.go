//go:build !weak_nofsync

package localstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncFile brings a file or directory to disk.
func syncFile(f *os.File) error {
	return pathErr("fsync", f, ".", ignoringEINTR(func() error { return unix.Fsync(int(f.Fd())) }))
}

// syncFileSystem brings everything on f's file system to disk.
func syncFileSystem(f *os.File) error {
	return pathErr("syncfs", f, ".", ignoringEINTR(func() error { return unix.Syncfs(int(f.Fd())) }))
}

// synchronous is the SQLite mode of a durable store: each commit reaches the
// disk before it returns.
const synchronous = "FULL"
