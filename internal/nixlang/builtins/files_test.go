package builtins

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

// What the system says of files has Nix's words; what the host itself says has
// its own.
func TestFileErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: OpStatus, Path: "/a", Err: syscall.EACCES}, `getting status of "/a": Permission denied`},
		{&fs.PathError{Op: OpStatus, Path: "/a", Err: syscall.ENAMETOOLONG}, `getting status of "/a": File name too long`},
		{&fs.PathError{Op: OpOpen, Path: "/a", Err: syscall.EACCES}, "opening file '/a': Permission denied"},
		{&fs.PathError{Op: OpReadDir, Path: "/a", Err: syscall.EACCES}, `cannot read directory "/a": Permission denied`},
		{&fs.PathError{Op: OpFollow, Path: "/a", Err: syscall.ELOOP}, "infinite symlink recursion in path '/a'"},
		{&fs.PathError{Op: OpStatus, Path: "/a", Err: syscall.ENOENT}, "path '/b' does not exist"},
		{&fs.PathError{Op: OpOpen, Path: "/a", Err: errors.New("it is a FIFO")}, "open /a: it is a FIFO"},
	} {
		if got := fileError("/b", test.err).Msg; got != test.want {
			t.Errorf("%v: %q, not %q", test.err, got, test.want)
		}
	}
}
