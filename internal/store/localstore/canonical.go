package localstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// maxDepth is how deep a store path's tree may be: as deep as Nix accepts a
// NAR, because a deeper tree could be made but neither copied nor verified.
const maxDepth = 64

// keptXattrs are attributes that the host's security modules put on every
// file; Nix leaves the same ones (ignored-acls).
var keptXattrs = []string{"security.selinux", "security.csm", "system.nfs4_acl"}

// inode names a file whatever its names.
type inode struct{ dev, ino uint64 }

// sharing is a regular file with more than one name.
type sharing struct {
	names [][]string // each as components below the directory that is sealed
	links uint64     // names that the file has anywhere
}

// canonicaliser brings a tree into the canonical form of Nix: regular files
// 0444 or 0555, directories 0555, modification time 1 (symlinks too), owned by
// us, no extended attributes, no set-id bits, nothing but files, directories
// and symlinks (posix-fs-canonicalise.cc).
type canonicaliser struct {
	uid    uint32
	shared map[inode]*sharing
	files  int
	at     []string // components of the place we are at
}

// canonicalise works on the entry name of base, a directory that belongs to us
// alone. It returns how many files, directories and symlinks there are.
func canonicalise(base *os.File, name string, uid uint32) (int, error) {
	c := &canonicaliser{uid: uid, shared: map[inode]*sharing{}}
	if err := c.entry(base, name); err != nil {
		return 0, err
	}
	return c.files, c.unshare(base)
}

func (c *canonicaliser) entry(dir *os.File, name string) error {
	st, err := lstatAt(dir, name)
	if err != nil {
		return err
	}
	c.files++
	c.at = append(c.at, name)
	defer func() { c.at = c.at[:len(c.at)-1] }()
	if err := c.own(dir, name, &st); err != nil {
		return err
	}
	switch kind(&st) {
	case unix.S_IFREG:
		err = c.regular(dir, name, &st)
	case unix.S_IFDIR:
		err = c.directory(dir, name, &st)
	case unix.S_IFLNK:
		err = c.symlink(dir, name)
	default:
		return fmt.Errorf("file '%s/%s' has an unsupported type (%s); a store path may hold only regular files, directories and symlinks",
			dir.Name(), name, kindName(&st))
	}
	if err != nil || (st.Mtim.Sec == 1 && st.Mtim.Nsec == 0 && kind(&st) != unix.S_IFDIR) {
		return err
	}
	return setTimeAt(dir, name)
}

func kindName(st *unix.Stat_t) string {
	switch kind(st) {
	case unix.S_IFIFO:
		return "named pipe"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFBLK:
		return "block device"
	case unix.S_IFCHR:
		return "character device"
	}
	return fmt.Sprintf("mode %o", st.Mode)
}

func setTimeAt(dir *os.File, name string) error {
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: 1}}
	return pathErr("set time of", dir, name, unix.UtimesNanoAt(int(dir.Fd()), name, ts, unix.AT_SYMLINK_NOFOLLOW))
}

// own refuses a file of somebody else, or takes it over if we are root.
func (c *canonicaliser) own(dir *os.File, name string, st *unix.Stat_t) error {
	if st.Uid == c.uid {
		return nil
	}
	if c.uid != 0 {
		return fmt.Errorf("invalid ownership on file '%s/%s': it belongs to uid %d", dir.Name(), name, st.Uid)
	}
	return pathErr("chown", dir, name, unix.Fchownat(int(dir.Fd()), name, 0, 0, unix.AT_SYMLINK_NOFOLLOW))
}

func (c *canonicaliser) regular(dir *os.File, name string, st *unix.Stat_t) error {
	if st.Mode&0o400 == 0 {
		if err := chmodAt(dir, name, st.Mode&0o777|0o400); err != nil {
			return err
		}
	}
	// O_NONBLOCK: should the file be something else by now, do not hang.
	f, err := openAt(dir, name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := stripXattrs(f, true); err != nil {
		return err
	}
	want := uint32(0o444)
	if st.Mode&0o100 != 0 {
		want = 0o555
	}
	if st.Mode&0o7777 != want {
		if err := unix.Fchmod(int(f.Fd()), want); err != nil {
			return pathErr("chmod", dir, name, err)
		}
	}
	if st.Nlink > 1 {
		c.share(st)
	}
	return nil
}

func (c *canonicaliser) share(st *unix.Stat_t) {
	id := inode{uint64(st.Dev), st.Ino}
	s := c.shared[id]
	if s == nil {
		s = &sharing{links: uint64(st.Nlink)}
		c.shared[id] = s
	}
	s.names = append(s.names, slices.Clone(c.at))
}

func (c *canonicaliser) symlink(dir *os.File, name string) error {
	f, err := openAt(dir, name, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return stripXattrs(f, false)
}

func (c *canonicaliser) directory(dir *os.File, name string, st *unix.Stat_t) error {
	if len(c.at) > maxDepth {
		return fmt.Errorf("directory '%s/%s' lies more than %d levels deep, which no NAR may", dir.Name(), name, maxDepth)
	}
	d, err := openDirAt(dir, name, st)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := stripXattrs(d, true); err != nil {
		return err
	}
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := c.entry(d, n); err != nil {
			return err
		}
	}
	return pathErr("chmod", dir, name, unix.Fchmod(int(d.Fd()), 0o555))
}

// stripXattrs removes extended attributes, access control lists and file
// capabilities. A handle from O_PATH (a symlink) has to go through /proc.
func stripXattrs(f *os.File, direct bool) error {
	if direct {
		_, err := stripXattrsOf(int(f.Fd()), f.Name())
		return err
	}
	_, err := stripXattrList(f.Name(),
		func(buf []byte) (int, error) { return unix.Listxattr(procPath(f), buf) },
		func(a string) error { return unix.Removexattr(procPath(f), a) })
	return err
}

// stripXattrsOf is stripXattrs for an open file, and tells whether there was
// anything to remove.
func stripXattrsOf(fd int, name string) (removed bool, err error) {
	return stripXattrList(name,
		func(buf []byte) (int, error) { return unix.Flistxattr(fd, buf) },
		func(a string) error { return unix.Fremovexattr(fd, a) })
}

func stripXattrList(name string, list func([]byte) (int, error), remove func(string) error) (removed bool, err error) {
	n, err := list(nil)
	if n == 0 || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENODATA) {
		return false, nil
	}
	buf := make([]byte, max(n, 0)+256)
	if err == nil {
		n, err = list(buf)
	}
	if err != nil {
		return false, fmt.Errorf("querying extended attributes of '%s': %w", name, err)
	}
	for a := range strings.SplitSeq(strings.TrimRight(string(buf[:n]), "\x00"), "\x00") {
		if slices.Contains(keptXattrs, a) {
			continue
		}
		if err := remove(a); err != nil {
			return true, fmt.Errorf("removing extended attribute '%s' from '%s': %w", a, name, err)
		}
		removed = true
	}
	return removed, nil
}

// unshare gives each file that also has a name outside the tree an inode of
// its own: through that other name its contents could be changed later.
// Hard links inside the tree are left alone.
func (c *canonicaliser) unshare(base *os.File) error {
	for _, s := range c.shared {
		if uint64(len(s.names)) == s.links {
			continue
		}
		for _, name := range s.names {
			if err := unshareOne(base, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func unshareOne(dir *os.File, at []string) error {
	if len(at) == 1 {
		return copyInPlace(dir, at[0])
	}
	st, err := lstatAt(dir, at[0])
	if err != nil {
		return err
	}
	d, err := openDirAt(dir, at[0], &st)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unshareOne(d, at[1:]); err != nil {
		return err
	}
	if err := unix.Fchmod(int(d.Fd()), 0o555); err != nil {
		return pathErr("chmod", dir, at[0], err)
	}
	return setTimeAt(dir, at[0])
}

// copyInPlace replaces a regular file by a copy of it with a new inode.
func copyInPlace(dir *os.File, name string) error {
	const tmp = ".isomorph-unshare" // the directory is ours alone
	old, err := openAt(dir, name, unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer old.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(old.Fd()), &st); err != nil {
		return pathErr("stat", dir, name, err)
	}
	f, err := openAt(dir, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, old)
	err = errors.Join(err, unix.Fchmod(int(f.Fd()), st.Mode&0o777), f.Close())
	if err != nil {
		return pathErr("copy", dir, name, errors.Join(err, unlinkAt(dir, tmp, 0)))
	}
	if err := renameAt(dir, tmp, dir, name, 0); err != nil {
		return err
	}
	return setTimeAt(dir, name)
}
