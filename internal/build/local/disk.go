package local

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"isomorph/internal/build/sandbox"
)

// Below these a failure has probably to do with the disk; the numbers are
// Nix's (libstore/unix/build/derivation-builder.cc, decideWhetherDiskFull).
const (
	requiredBytes = 8 << 20
	requiredFiles = 50
)

// diskNote returns a line about the store's disk if it is full, "" otherwise.
func (j *job) diskNote() string {
	var st unix.Statfs_t
	if err := unix.Statfs(j.scratch.Dir(), &st); err != nil {
		return ""
	}
	if st.Bavail*uint64(st.Bsize) >= requiredBytes && (st.Files == 0 || st.Ffree >= requiredFiles) {
		return ""
	}
	return "\nnote: build failure may have been caused by lack of free disk space: " + j.diskAdvice()
}

func (j *job) diskAdvice() string {
	return fmt.Sprintf("the disk with '%s' is full. Free some space, for example with 'isomorph gc', and run the command again", j.o.Store.RealPath(""))
}

// explain adds advice to errors of a full disk that met us and not the build.
// The kernel also says "no space" when the number of namespaces is used up;
// that error has advice of its own.
func (j *job) explain(err error) error {
	if _, ok := errors.AsType[*sandbox.UnavailableError](err); ok {
		return err
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w\n%s", err, j.diskAdvice())
	}
	return err
}
