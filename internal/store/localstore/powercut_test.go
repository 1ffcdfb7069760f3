package localstore_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/store/localstore"
)

// inNamespace runs the calling test again in a process with a mount namespace
// of its own and reports what came of it; there it returns true. Without one,
// any process that makes a namespace meanwhile takes a copy of our mounts with
// it and keeps a file system alive that has lost its power.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "ISOMORPH_TEST_NAMESPACE"
	if os.Getenv(mark) != "" {
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("mounting a file system needs root")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	case !strings.Contains(string(out), "--- PASS"):
		t.Errorf("the test did not run:\n%s", out)
	}
	return false
}

// disk is an ext4 file system in a file that can lose its power.
type disk struct {
	*testing.T
	image, mount string
}

// newDisk makes a file system that writes nothing back by itself for a long
// time, so that whatever was not flushed explicitly is lost in a cut.
func newDisk(t *testing.T) *disk {
	dir := t.TempDir()
	d := &disk{T: t, image: filepath.Join(dir, "image"), mount: filepath.Join(dir, "mnt")}
	if err := os.Mkdir(d.mount, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, 96<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Skipf("mkfs.ext4: %v %s", err, out)
	}
	if out, err := d.tryMount(); err != nil {
		t.Skipf("mount: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", d.mount).Run() })
	return d
}

func (d *disk) tryMount() ([]byte, error) {
	return exec.Command("mount", "-t", "ext4", "-o", "loop,commit=1000", d.image, d.mount).CombinedOutput()
}

// cut drops everything that is not on the disk, journal included, and mounts
// what is left.
func (d *disk) cut() {
	d.Helper()
	const ext4Shutdown, noLogFlush = 0x8004587d, 2
	f, err := os.Open(d.mount)
	if err != nil {
		d.Fatal(err)
	}
	err = unix.IoctlSetPointerInt(int(f.Fd()), ext4Shutdown, noLogFlush)
	f.Close()
	if err != nil {
		d.Skipf("cutting the power of ext4: %v", err)
	}
	if out, err := exec.Command("umount", d.mount).CombinedOutput(); err != nil {
		d.Fatalf("umount: %v %s", err, out)
	}
	if out, err := d.tryMount(); err != nil {
		d.Fatalf("mount after the cut: %v %s", err, out)
	}
}

// After a power cut no valid path is damaged and nothing acknowledged is gone.
// With the build tag weak_nofsync this test has to fail.
func TestPowerCut(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDisk(t)
	root := filepath.Join(d.mount, "store")
	_, total, err := runChild(t, filepath.Join(d.mount, "first"), 0, durable)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range []int{total / 3, 2 * total / 3, total + 1} {
		// The child is stopped and then the power goes, or its death would
		// not be distinguishable from the cut.
		root := fmt.Sprintf("%s-%d", root, i)
		acked, _, _ := runChild(t, root, at, durable)
		d.cut()
		if _, err := os.Stat(root); err != nil && len(acked) == 0 {
			continue
		}
		wantSound(t, root, acked)
		if _, _, err := runChild(t, root, 0); err != nil {
			t.Errorf("cut after line %d, run again: %v", at, err)
		}
		wantTidy(t, root)
	}
}

// On a full disk everything fails with a clear error, nothing valid is
// damaged, and a collection still works.
func TestDiskFull(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	mount := t.TempDir()
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=14m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(mount, unix.MNT_DETACH) })
	root := filepath.Join(mount, "store")
	var failed error
	for i := 0; failed == nil && i < 40; i++ {
		s := open(t, options(root))
		_, failed = s.AddText(t.Context(), fmt.Sprintf("big-%d", i), make([]byte, 700<<10+i), nil)
		s.Close()
	}
	if !isNoSpace(failed) {
		t.Fatalf("filling the disk: %v", failed)
	}
	fill(t, filepath.Join(mount, "filler"))
	s, err := localstore.Open(t.Context(), options(root))
	if err != nil {
		t.Fatalf("open on a full disk: %v", err)
	}
	if _, err := s.AddText(t.Context(), "one-more", make([]byte, 1<<20), nil); err == nil || !isNoSpace(err) {
		t.Errorf("adding to a full disk: %v", err)
	}
	s.Close()
	wantTidy(t, root)
	wantSound(t, root, nil)
	if _, _, err := runChild(t, root, 0); err != nil {
		t.Errorf("after the collection: %v", err)
	}
}

// isNoSpace recognises the clear error for a full disk.
func isNoSpace(err error) bool { return errors.Is(err, unix.ENOSPC) }

// fill takes the last byte of a file system.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 16; size > 0; {
		if n, err := f.Write(make([]byte, size)); err != nil || n == 0 {
			size /= 2
		}
	}
}
