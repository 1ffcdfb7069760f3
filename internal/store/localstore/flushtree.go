package localstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// fewFiles is up to how many files are flushed one by one. Beyond that one
// syncfs is cheaper (measured: 2,000 small files 3.0 s and 0.5 s), below it
// does not wait for what other programs have written.
const fewFiles = 24

// flushTree brings the tree at name and everything in it to disk. Symlinks
// have no contents of their own: they are on disk when their directory is.
func flushTree(dir *os.File, name string) error {
	st, err := lstatAt(dir, name)
	if err != nil || kind(&st) == unix.S_IFLNK {
		return err
	}
	f, err := openAt(dir, name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if kind(&st) == unix.S_IFDIR {
		names, err := f.Readdirnames(-1)
		if err != nil {
			return err
		}
		for _, n := range names {
			if err := flushTree(f, n); err != nil {
				return err
			}
		}
	}
	return syncFile(f)
}
