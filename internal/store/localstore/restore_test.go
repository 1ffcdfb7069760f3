package localstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
)

// wideArchive is the NAR of a tree of many directories, with files of all sizes
// that are treated differently, programs, symlinks, and directories that are
// empty or hold directories only.
func wideArchive(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := nar.NewWriter(&out)
	w.Directory()
	for i := range 8 {
		w.Entry(fmt.Sprintf("d%02d", i))
		w.Directory()
		for j := range 20 {
			w.Entry(fmt.Sprintf("e%02d", j))
			switch {
			case j == 3:
				w.Directory()
				w.Leave()
			case j == 5:
				w.Directory()
				w.Entry("deep")
				w.Directory()
				w.Leave()
				w.Leave()
			case j == 7:
				w.Symlink("../e01")
			default:
				size := []int{0, 10, 5000, bundleBytes, bundleBytes + 1}[(i*20+j)%41%5]
				w.File(j%4 == 0, uint64(size)).Write(bytes.Repeat([]byte{byte(i + j)}, size))
			}
		}
		w.Leave()
	}
	w.Entry("last")
	w.File(false, 4).Write([]byte("end\n"))
	w.Leave()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openTemp(t testing.TB) *os.File {
	t.Helper()
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		emptyDir(dir)
		dir.Close()
	})
	return dir
}

// checkRestored compares a restored tree with its archive and with the
// canonical form.
func checkRestored(t *testing.T, base *os.File, archive []byte) {
	t.Helper()
	var again bytes.Buffer
	if err := nar.DumpAt(&again, int(base.Fd()), "x", "x", nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), archive) {
		t.Error("the tree is not that of the archive")
	}
	err := filepath.WalkDir(filepath.Join(base.Name(), "x"), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.ModTime().Unix() != 1 {
			t.Errorf("%s has the time %v", p, info.ModTime())
		}
		if mode := info.Mode().Perm(); info.Mode().Type() != fs.ModeSymlink && mode != 0o444 && mode != 0o555 {
			t.Errorf("%s has the mode %v", p, mode)
		}
		if n, err := unix.Llistxattr(p, make([]byte, 256)); err == nil && n > 0 {
			t.Errorf("%s has extended attributes", p)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRestore(t *testing.T) {
	archive := wideArchive(t)
	base := openTemp(t)
	files, err := restore(bytes.NewReader(archive), base, "x", 0, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 8*22 + 1; files != want {
		t.Errorf("%d files, want %d", files, want)
	}
	checkRestored(t, base, archive)
}

// Neither a umask nor an access control list that the directory hands down
// shows in what is restored.
func TestRestoreIsCanonical(t *testing.T) {
	archive := wideArchive(t)
	for _, mask := range []int{0, 0o077, 0o111, 0o777} {
		t.Run(fmt.Sprintf("umask %o", mask), func(t *testing.T) {
			base := openTemp(t)
			old := unix.Umask(mask)
			_, err := restore(bytes.NewReader(archive), base, "x", 0, func() {})
			unix.Umask(old)
			if err != nil {
				t.Fatal(err)
			}
			checkRestored(t, base, archive)
		})
	}
	t.Run("access control list", func(t *testing.T) {
		base := openTemp(t)
		// Version 2, then tag, permissions and id of each entry: the owner
		// rwx, user 1 rw, the group r, mask rw, others r (acl(5), and linux/posix_acl_xattr.h).
		acl := []byte{2, 0, 0, 0,
			1, 0, 7, 0, 255, 255, 255, 255,
			2, 0, 6, 0, 1, 0, 0, 0,
			4, 0, 4, 0, 255, 255, 255, 255,
			16, 0, 6, 0, 255, 255, 255, 255,
			32, 0, 4, 0, 255, 255, 255, 255}
		if err := unix.Setxattr(base.Name(), "system.posix_acl_default", acl, 0); err != nil {
			t.Skipf("temporary files cannot have access control lists: %v", err)
		}
		if _, err := restore(bytes.NewReader(archive), base, "x", 0, func() {}); err != nil {
			t.Fatal(err)
		}
		checkRestored(t, base, archive)
	})
}

// After an error no directory stays open, whoever has made it.
func TestRestoreFails(t *testing.T) {
	archive := wideArchive(t)
	open := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(list)
	}
	base, broken := openTemp(t), errors.New("broken")
	before := open()
	for i := range 8 {
		name := fmt.Sprint("x", i)
		r := io.MultiReader(bytes.NewReader(archive[:len(archive)*i/8]), &failing{broken})
		if _, err := restore(r, base, name, 0, func() {}); !errors.Is(err, broken) {
			t.Errorf("cut at %d/8: got %v", i, err)
		}
	}
	if _, err := restore(bytes.NewReader(archive), base, "x0/none", 0, func() {}); err == nil {
		t.Error("a tree was restored where it cannot be")
	}
	if after := open(); after != before {
		t.Errorf("%d files are open, before %d", after, before)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }
