package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// makeRoot builds the sandbox's root on a tmpfs, makes it the root and forgets
// the host's. The tmpfs ends up read-only: only writable binds, /tmp and
// /dev/shm can be written to.
func makeRoot(o order) {
	check("make mounts private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	check("mount the root on "+o.Root, unix.Mount("tmpfs", o.Root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"))
	root, err := unix.Open(o.Root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	check("open "+o.Root, err)
	l := layout{root: root, rootPath: o.Root, dirs: map[string]int{"/": root}}
	l.etc(o)
	l.dev(o)
	l.proc(o.KernelUID)
	l.tmp()
	for _, b := range o.Binds {
		check("show "+b.Source+" as "+b.Target, l.bind(b))
	}
	check("make the root read-only", setMountAttr(root, unix.MOUNT_ATTR_RDONLY))
	check("enter the root", unix.Fchdir(root))
	check("change the root", unix.PivotRoot(".", "."))
	check("leave the host's root", unix.Unmount(".", unix.MNT_DETACH))
	check("enter the root", os.Chdir("/"))
	for _, fd := range l.dirs {
		unix.Close(fd)
	}
}

// layout makes things below a directory. It keeps the directories that it made
// open, because many binds share one.
type layout struct {
	root     int
	rootPath string
	dirs     map[string]int // path in the sandbox -> O_PATH descriptor
}

// dir opens a directory of the sandbox, making it and its parents if need be,
// without following a symbolic link.
func (l *layout) dir(p string) (int, error) {
	if fd, ok := l.dirs[p]; ok {
		return fd, nil
	}
	parent, err := l.dir(path.Dir(p))
	if err != nil {
		return -1, err
	}
	fd, err := mkdirOpen(parent, path.Base(p), 0o755)
	if err == nil {
		l.dirs[p] = fd
	}
	return fd, err
}

func mkdirOpen(parent int, name string, mode uint32) (int, error) {
	if err := unix.Mkdirat(parent, name, mode); err != nil && err != unix.EEXIST {
		return -1, err
	}
	return unix.Openat(parent, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}

func (l *layout) file(p string, mode uint32, contents string) {
	dir, err := l.dir(path.Dir(p))
	check("make "+p, err)
	fd, err := unix.Openat(dir, path.Base(p), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, mode)
	check("make "+p, err)
	if contents != "" {
		_, err = unix.Write(fd, []byte(contents))
		check("write "+p, err)
	}
	unix.Close(fd)
}

func (l *layout) link(target, p string) {
	dir, err := l.dir(path.Dir(p))
	check("make "+p, err)
	check("make "+p, unix.Symlinkat(target, dir, path.Base(p)))
}

// etc holds the identity of the build user in Nix's words: three users, three
// groups, and one host.
func (l *layout) etc(o order) {
	l.file("/etc/passwd", 0o444, fmt.Sprintf("root:x:0:0:Nix build user:/build:/noshell\n"+
		"nixbld:x:%d:%d:Nix build user:/build:/noshell\n"+
		"nobody:x:65534:65534:Nobody:/:/noshell\n", UID, GID))
	l.file("/etc/group", 0o444, fmt.Sprintf("root:x:0:\nnixbld:!:%d:\nnogroup:x:65534:\n", GID))
	l.file("/etc/hosts", 0o444, "127.0.0.1 localhost\n::1 localhost\n")
	if o.Network == UserMode {
		l.file("/etc/resolv.conf", 0o444, "nameserver "+nameserver+"\n")
		l.file("/etc/nsswitch.conf", 0o444, "hosts: files dns\nservices: files\n")
	}
}

var devices = []string{"/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"}

func (l *layout) dev(o order) {
	for _, d := range devices {
		check("show "+d, l.bindDevice(d))
	}
	for _, d := range o.Devices {
		if err := l.bindDevice(d); !errors.Is(err, fs.ErrNotExist) {
			check("show "+d, err)
		}
	}
	l.link("/proc/self/fd", "/dev/fd")
	l.link("/proc/self/fd/0", "/dev/stdin")
	l.link("/proc/self/fd/1", "/dev/stdout")
	l.link("/proc/self/fd/2", "/dev/stderr")
	l.mount("devpts", "/dev/pts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
	l.link("pts/ptmx", "/dev/ptmx")
	size := o.Shm
	if size == "" {
		size = "50%"
	}
	l.mount("tmpfs", "/dev/shm", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777,size="+size)
}

// bindDevice shows a device file. Its mount is read-only, which does not keep
// anybody from writing to the device, but from changing the file's mode: when
// root runs us, the sandbox's user owns the machine's own /dev/null.
func (l *layout) bindDevice(p string) error {
	src, err := unix.OpenTree(unix.AT_FDCWD, p, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	if err := setMountAttr(src, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
		return err
	}
	l.file(p, 0o444, "")
	return l.attach(src, p)
}

func (l *layout) mount(fstype, p string, flags uintptr, data string) {
	_, err := l.dir(p)
	check("make "+p, err)
	check("mount "+p, unix.Mount(fstype, l.rootPath+p, fstype, flags, data))
	unix.Close(l.dirs[p]) // it is the directory below the mount
	delete(l.dirs, p)
}

func (l *layout) tmp() {
	// A bind of the caller's can cover it with a directory on disk.
	l.mount("tmpfs", "/tmp", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777")
}

// proc mounts a fresh /proc. What in it changes the machine belongs to the
// machine's root; when that is who runs us, the sandbox's user is root to the
// kernel as far as files go and could write to it: /proc/sys/kernel/core_pattern
// alone is enough to leave any sandbox.
func (l *layout) proc(kernelUID int) {
	l.mount("proc", "/proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if kernelUID != 0 {
		return
	}
	entries, err := os.ReadDir(l.rootPath + "/proc")
	check("list /proc", err)
	for _, e := range entries {
		name := e.Name()
		if strings.Trim(name, "0123456789") == "" || e.Type()&fs.ModeSymlink != 0 {
			continue
		}
		if e.IsDir() || ownerCanWrite(e) {
			check("protect /proc/"+name, protect(l.rootPath+"/proc/"+name))
		}
	}
}

func ownerCanWrite(e fs.DirEntry) bool {
	info, err := e.Info()
	return err != nil || info.Mode()&0o200 != 0
}

func protect(p string) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, p, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err := setMountAttr(tree, unix.MOUNT_ATTR_RDONLY); err != nil {
		return err
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, p, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// bind makes one source appear. The attributes are set before the mount is
// attached, and only ever added, so flags that the host locked stay.
func (l *layout) bind(b Bind) error {
	if !path.IsAbs(b.Target) || path.Clean(b.Target) != b.Target || b.Target == "/" {
		return errors.New("the target is not a clean absolute path")
	}
	var recursive uint
	if b.Recursive {
		recursive = unix.AT_RECURSIVE
	}
	src, err := unix.OpenTree(unix.AT_FDCWD, b.Source, recursive|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	var st unix.Stat_t
	if err := unix.Fstatat(src, "", &st, unix.AT_EMPTY_PATH); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return l.copyLink(b)
	}
	attr := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
	if !b.Writable {
		attr |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(src, "", recursive|unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attr}); err != nil {
		return err
	}
	return l.attachNew(src, b.Target, st.Mode&unix.S_IFMT == unix.S_IFDIR)
}

// attachNew makes the place for a mount and attaches it there.
func (l *layout) attachNew(src int, target string, isDir bool) error {
	parent, err := l.dir(path.Dir(target))
	if err != nil {
		return err
	}
	name := path.Base(target)
	if isDir {
		err = unix.Mkdirat(parent, name, 0o755)
	} else {
		err = unix.Mknodat(parent, name, unix.S_IFREG|0o444, 0)
	}
	if err != nil && err != unix.EEXIST {
		return err
	}
	return l.attach(src, target)
}

func (l *layout) attach(src int, target string) error {
	parent, err := l.dir(path.Dir(target))
	if err != nil {
		return err
	}
	if fd, ok := l.dirs[target]; ok { // covered from now on
		unix.Close(fd)
		delete(l.dirs, target)
	}
	return unix.MoveMount(src, "", parent, path.Base(target), unix.MOVE_MOUNT_F_EMPTY_PATH)
}

func (l *layout) copyLink(b Bind) error {
	to, err := os.Readlink(b.Source)
	if err != nil {
		return err
	}
	parent, err := l.dir(path.Dir(b.Target))
	if err != nil {
		return err
	}
	return unix.Symlinkat(to, parent, path.Base(b.Target))
}

func setMountAttr(fd int, set uint64) error {
	return unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: set})
}
