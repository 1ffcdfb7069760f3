package debfile

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits of a data archive.
const (
	maxEntries = 1 << 20
	maxPath    = 4096
)

// Unpack writes the files for which keep returns true below the open, empty
// directory dir; keep gets the path without "./" in front, and nil keeps all.
//
// Directories get mode 0755, files 0644 or 0755, whatever the umask; owners,
// times and special bits are not restored. Device nodes, pipes and sparse files
// are refused, as is a name that leads outside, through a link, or to something
// that is there already.
func (f *File) Unpack(dir *os.File, keep func(path string) bool) error {
	r, err := f.data.open(MaxData)
	if err != nil {
		return fmt.Errorf("%s: %w", f.data.name, err)
	}
	defer r.Close()
	t := tar.NewReader(r)
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF {
			return drain(r)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.data.name, err)
		}
		if n == maxEntries {
			return fmt.Errorf("%s: more than %d entries", f.data.name, maxEntries)
		}
		name, err := cleanName(h.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", f.data.name, err)
		}
		if name == "" || keep != nil && !keep(name) {
			continue
		}
		if err := unpackEntry(dir, name, h, t); err != nil {
			return fmt.Errorf("%s: entry %q: %w", f.data.name, h.Name, err)
		}
	}
}

// drain reads what follows the archive's end, so that the compression's
// checksums are verified.
func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// cleanName returns the path of an entry, "" for the root itself.
func cleanName(name string) (string, error) {
	if len(name) > maxPath {
		return "", fmt.Errorf("a path is longer than %d bytes", maxPath)
	}
	if strings.HasPrefix(name, "/") || strings.IndexByte(name, 0) >= 0 {
		return "", fmt.Errorf("path %q is absolute or has a zero byte", name)
	}
	for _, part := range strings.Split(name, "/") {
		if part == ".." || len(part) > 255 {
			return "", fmt.Errorf("path %q leads outside or has a part that is too long", name)
		}
	}
	if name = path.Clean(name); name == "." {
		return "", nil
	}
	return name, nil
}

func unpackEntry(dir *os.File, name string, h *tar.Header, contents io.Reader) error {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return errors.New("sparse files are not accepted")
		}
	}
	parent, err := openParent(dir, path.Dir(name))
	if err != nil {
		return err
	}
	defer parent.Close()
	fd, base := int(parent.Fd()), path.Base(name)
	switch h.Typeflag {
	case tar.TypeDir:
		return makeDir(fd, base)
	case tar.TypeReg:
		return writeFile(fd, base, h, contents)
	case tar.TypeSymlink:
		return unix.Symlinkat(h.Linkname, fd, base)
	case tar.TypeLink:
		return hardLink(dir, fd, base, h.Linkname)
	}
	return fmt.Errorf("type %q is not accepted", h.Typeflag)
}

// openParent opens the directory below dir that holds an entry, making what is
// missing. No part may be a link.
func openParent(dir *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat(int(dir.Fd()), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	if name == "." {
		return f, nil
	}
	for _, part := range strings.Split(name, "/") {
		if err := makeDir(int(f.Fd()), part); err != nil {
			f.Close()
			return nil, err
		}
		fd, err := unix.Openat(int(f.Fd()), part, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%q in its path: %w", part, err)
		}
		f = os.NewFile(uintptr(fd), name)
	}
	return f, nil
}

// makeDir makes a directory; one that is there is left as it is, anything else
// of that name is an error.
func makeDir(parent int, name string) error {
	err := unix.Mkdirat(parent, name, 0o755)
	if err == unix.EEXIST {
		var st unix.Stat_t
		if err := unix.Fstatat(parent, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return fmt.Errorf("%q is there already and not a directory", name)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return unix.Fchmodat(parent, name, 0o755, 0)
}

func writeFile(parent int, name string, h *tar.Header, contents io.Reader) (err error) {
	fd, err := unix.Openat(parent, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, contents); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if h.Mode&0o111 != 0 {
		mode = 0o755
	}
	return f.Chmod(mode)
}

// hardLink links to a regular file unpacked earlier.
func hardLink(dir *os.File, parent int, name, target string) error {
	target, err := cleanName(target)
	if err != nil || target == "" {
		return fmt.Errorf("hard link to %q", target)
	}
	from, err := openParent(dir, path.Dir(target))
	if err != nil {
		return err
	}
	defer from.Close()
	var st unix.Stat_t
	if err := unix.Fstatat(int(from.Fd()), path.Base(target), &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("hard link to %q: %w", target, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return fmt.Errorf("hard link to %q, which is not a file", target)
	}
	return unix.Linkat(int(from.Fd()), path.Base(target), parent, name, 0)
}
