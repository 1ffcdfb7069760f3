package debfile

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// SeedPackage is the Debian package that the seed is made of.
const SeedPackage = "busybox-static"

// SeedLinks returns the names by which the seed's busybox can be called: what
// it takes to unpack the first packages.
func SeedLinks() []string { return []string{"ar", "sh", "tar", "xz"} }

// WriteSeed unpacks the program that the channel's bootstrap starts from: a
// statically linked busybox as dir/bin/busybox, with links to it. dir must not
// exist yet. The same package gives the same tree, so that its store path is
// the same whoever makes it.
func (f *File) WriteSeed(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := f.Unpack(d, func(p string) bool { return p == "bin/busybox" }); err != nil {
		return err
	}
	bin, err := unix.Openat(int(d.Fd()), "bin", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("the package has no bin/busybox: %w", err)
	}
	defer unix.Close(bin)
	for _, name := range SeedLinks() {
		if err := unix.Symlinkat("busybox", bin, name); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}
