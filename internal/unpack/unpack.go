// Package unpack writes the files of a tar or zip archive below a directory,
// and never anywhere else.
//
// Every name of an archive is walked part by part from an open directory, and
// no symbolic link is followed on the way, whoever made it: the archive itself
// may have (a link first, a file "through" it next: GHSA-gr92-w2r5-qw5p). Names
// that are absolute or climb with ".." are refused, not repaired. Of metadata
// only what a store keeps is taken: the kind of a file, its executable bit, the
// target of a symlink. Devices, FIFOs and sparse files are refused.
package unpack

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"isomorph/internal/unxz"
)

// Limits bounds what an archive may make; the zero value means the defaults.
type Limits struct {
	Entries int   // default 1 million
	Bytes   int64 // of all files together, default 16 GiB
}

const (
	maxPath    = 4096
	maxDepth   = 256
	zstdWindow = 128 << 20
)

// Archive unpacks the archive in the regular file r, whose compression and
// form are recognised by its first bytes, into the open directory dir. newest
// is when the youngest entry was changed, in seconds since 1970. On an error a
// part of the files may be there.
func Archive(r io.ReaderAt, size int64, dir int, limits Limits) (newest int64, err error) {
	if limits.Entries == 0 {
		limits.Entries = 1 << 20
	}
	if limits.Bytes == 0 {
		limits.Bytes = 16 << 30
	}
	u := &unpacker{root: dir, entries: limits.Entries, left: limits.Bytes}
	head := make([]byte, 6)
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if bytes.HasPrefix(head, []byte("PK")) {
		err := u.zip(r, size)
		return u.newest, err
	}
	stream, err := decompress(head, io.NewSectionReader(r, 0, size))
	if err != nil {
		return 0, err
	}
	err = u.tar(stream)
	return u.newest, err
}

func decompress(head []byte, r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(br)
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(br), nil
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return unxz.NewReader(br)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(br, zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	default:
		return br, nil
	}
}

type unpacker struct {
	root    int
	entries int
	left    int64
	newest  int64
}

// EntryError says which entry of an archive was refused, and why.
type EntryError struct {
	Name string
	Err  error
}

// Error names the entry.
func (e *EntryError) Error() string { return fmt.Sprintf("archive entry %q: %v", e.Name, e.Err) }

// Unwrap returns the reason.
func (e *EntryError) Unwrap() error { return e.Err }

func (u *unpacker) count() error {
	if u.entries--; u.entries < 0 {
		return fmt.Errorf("the archive has too many entries")
	}
	return nil
}

func (u *unpacker) tar(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		if err := u.count(); err != nil {
			return err
		}
		u.newest = max(u.newest, h.ModTime.Unix())
		if err := u.tarEntry(t, h); err != nil {
			return &EntryError{h.Name, err}
		}
	}
}

func (u *unpacker) tarEntry(t *tar.Reader, h *tar.Header) error {
	parts, err := split(h.Name)
	if err != nil || h.Typeflag == tar.TypeXGlobalHeader {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.mkdir(parts)
	case tar.TypeReg:
		if isSparse(h) {
			return fmt.Errorf("sparse files are not unpacked")
		}
		return u.file(parts, h.Mode&0o100 != 0, t)
	case tar.TypeSymlink:
		return u.symlink(parts, h.Linkname)
	case tar.TypeLink:
		from, err := split(h.Linkname)
		if err != nil {
			return fmt.Errorf("hard link to %q: %w", h.Linkname, err)
		}
		return u.link(from, parts)
	default:
		return fmt.Errorf("it is a special file (type %q)", h.Typeflag)
	}
}

func isSparse(h *tar.Header) bool {
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return h.Typeflag == tar.TypeGNUSparse
}

func (u *unpacker) zip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	for _, f := range z.File {
		if err := u.count(); err != nil {
			return err
		}
		u.newest = max(u.newest, f.Modified.Unix())
		if err := u.zipEntry(f); err != nil {
			return &EntryError{f.Name, err}
		}
	}
	return nil
}

func (u *unpacker) zipEntry(f *zip.File) error {
	parts, err := split(f.Name)
	if err != nil {
		return err
	}
	mode := f.Mode()
	if mode.IsDir() {
		return u.mkdir(parts)
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	switch {
	case mode.IsRegular():
		return u.file(parts, mode&0o100 != 0, r)
	case mode.Type() == fs.ModeSymlink:
		target, err := io.ReadAll(io.LimitReader(r, maxPath))
		if err != nil {
			return err
		}
		return u.symlink(parts, string(target))
	default:
		return fmt.Errorf("it is a special file")
	}
}

// split checks an entry's name and cuts it into parts.
func split(name string) ([]string, error) {
	switch {
	case len(name) > maxPath:
		return nil, fmt.Errorf("the name is longer than %d bytes", maxPath)
	case strings.HasPrefix(name, "/"):
		return nil, fmt.Errorf("the name is absolute")
	case strings.IndexByte(name, 0) >= 0:
		return nil, fmt.Errorf("the name holds a NUL")
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			return nil, fmt.Errorf("the name leads upwards")
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) > maxDepth {
		return nil, fmt.Errorf("directories nest deeper than %d", maxDepth)
	}
	return parts, nil
}

// parent opens the directory that the last part lies in, making directories on
// the way. The caller closes it.
func (u *unpacker) parent(parts []string, create bool) (int, error) {
	dir, err := unix.Openat(u.root, ".", dirFlags, 0)
	if err != nil {
		return -1, err
	}
	for _, part := range parts[:len(parts)-1] {
		if create {
			if err := unix.Mkdirat(dir, part, 0o755); err != nil && err != unix.EEXIST {
				unix.Close(dir)
				return -1, err
			}
		}
		next, err := unix.Openat(dir, part, dirFlags, 0)
		unix.Close(dir)
		if err != nil {
			return -1, fmt.Errorf("%q is not a directory of the archive: %w", part, err)
		}
		dir = next
	}
	return dir, nil
}

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

func (u *unpacker) mkdir(parts []string) error {
	if len(parts) == 0 {
		return nil
	}
	dir, err := u.parent(append(parts[:len(parts):len(parts)], "."), true)
	if err != nil {
		return err
	}
	return unix.Close(dir)
}

// place opens the parent directory of an entry that is about to be made, and
// removes what an earlier entry of the same name left: the last one wins, as
// with tar.
func (u *unpacker) place(parts []string) (int, string, error) {
	if len(parts) == 0 {
		return -1, "", fmt.Errorf("it has no name")
	}
	dir, err := u.parent(parts, true)
	if err != nil {
		return -1, "", err
	}
	name := parts[len(parts)-1]
	if err := unix.Unlinkat(dir, name, 0); err != nil && err != unix.ENOENT {
		unix.Close(dir)
		return -1, "", fmt.Errorf("replace an earlier entry: %w", err)
	}
	return dir, name, nil
}

func (u *unpacker) file(parts []string, executable bool, r io.Reader) error {
	dir, name, err := u.place(parts)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	mode := uint32(0o644)
	if executable {
		mode = 0o755
	}
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return err
	}
	n, err := io.Copy(fdWriter(fd), io.LimitReader(r, u.left+1))
	u.left -= n
	if cerr := unix.Close(fd); err == nil {
		err = cerr
	}
	if err == nil && u.left < 0 {
		err = fmt.Errorf("the archive unpacks to too much")
	}
	return err
}

func (u *unpacker) symlink(parts []string, target string) error {
	if target == "" || len(target) > maxPath || strings.IndexByte(target, 0) >= 0 {
		return fmt.Errorf("the symlink's target is empty, too long or holds a NUL")
	}
	dir, name, err := u.place(parts)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unix.Symlinkat(target, dir, name)
}

func (u *unpacker) link(from, to []string) error {
	if len(from) == 0 || len(to) == 0 {
		return fmt.Errorf("the hard link has no name")
	}
	source, err := u.parent(from, false)
	if err != nil {
		return err
	}
	defer unix.Close(source)
	var st unix.Stat_t
	if err := unix.Fstatat(source, from[len(from)-1], &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("hard link to %q: %w", strings.Join(from, "/"), err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return fmt.Errorf("hard link to something that is no regular file")
	}
	dir, name, err := u.place(to)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unix.Linkat(source, from[len(from)-1], dir, name, 0)
}

// fdWriter writes to an open file.
type fdWriter int

// Write writes all of p.
func (fd fdWriter) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Write(int(fd), p[done:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}
