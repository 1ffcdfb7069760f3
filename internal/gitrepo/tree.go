package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits of a tree; the caller's store has its own for depth and names.
const (
	maxEntries = 4 << 20
	maxBytes   = 16 << 30
	maxTarget  = 4095
	maxDepth   = 64
)

// kind is the type of a tree's entry.
type kind uint8

const (
	kindDir kind = iota
	kindFile
	kindExec
	kindLink
	kindSubmodule
)

type entry struct {
	path string // slash-separated, checked
	kind kind
	oid  string
}

// TreeOptions say what is taken of a tree.
type TreeOptions struct {
	ExportIgnore bool // leave out what has the attribute export-ignore
}

// WriteTree writes the tree of a commit to the directory dir, which must be
// empty. Submodules become empty directories.
func (r *Repo) WriteTree(ctx context.Context, rev, dir string, o TreeOptions) error {
	entries, err := r.listTree(ctx, rev)
	if err != nil {
		return err
	}
	if o.ExportIgnore {
		if entries, err = r.withoutIgnored(ctx, entries); err != nil {
			return err
		}
	}
	w, err := newWriter(dir)
	if err != nil {
		return err
	}
	defer w.close()
	return r.writeEntries(ctx, entries, w)
}

// listTree returns the entries of a commit's tree, directories before what is
// in them.
func (r *Repo) listTree(ctx context.Context, rev string) ([]entry, error) {
	if err := r.MustHave(ctx, rev); err != nil {
		return nil, err
	}
	out, err := r.git(ctx, "ls-tree", "-r", "-t", "-z", "--full-tree", rev)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if len(line) == 0 {
			continue
		}
		e, err := parseTreeLine(string(line))
		if err != nil {
			return nil, fmt.Errorf("in the commit '%s': %w", rev, err)
		}
		if entries = append(entries, e); len(entries) > maxEntries {
			return nil, fmt.Errorf("the commit '%s' has more than %d files", rev, maxEntries)
		}
	}
	return entries, nil
}

// parseTreeLine reads "<mode> <type> <object>\t<path>".
func parseTreeLine(s string) (entry, error) {
	meta, name, ok := strings.Cut(s, "\t")
	f := strings.Fields(meta)
	if !ok || len(f) != 3 {
		return entry{}, fmt.Errorf("git listed a tree as %q", s)
	}
	e := entry{path: name, oid: f[2]}
	switch {
	case f[0] == "040000" || f[0] == "40000":
		e.kind = kindDir
	case f[0] == "120000":
		e.kind = kindLink
	case f[0] == "160000":
		e.kind = kindSubmodule
	case strings.HasPrefix(f[0], "100"):
		mode, err := strconv.ParseUint(f[0], 8, 32)
		if err != nil {
			return entry{}, fmt.Errorf("file '%s' has an unsupported Git file type", name)
		}
		e.kind = kindFile
		if mode&0o100 != 0 {
			e.kind = kindExec
		}
	default:
		return entry{}, fmt.Errorf("file '%s' has an unsupported Git file type", name)
	}
	return e, checkPath(name)
}

// checkPath refuses names that lead out of the tree.
func checkPath(name string) error {
	parts := strings.Split(name, "/")
	if len(parts) > maxDepth {
		return fmt.Errorf("the file '%s' lies deeper than %d directories", name, maxDepth)
	}
	for _, p := range parts {
		if p == "" || p == "." || p == ".." {
			return fmt.Errorf("the file name '%s' is not allowed", name)
		}
	}
	return nil
}

// writeEntries asks for all blobs in one call of cat-file and writes them.
func (r *Repo) writeEntries(ctx context.Context, entries []entry, w *writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, err := r.g.command(ctx, r.dir, nil, "cat-file", "--batch", "--buffer")
	if err != nil {
		return err
	}
	said := tail{}
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		b := bufio.NewWriterSize(in, 1<<16)
		for _, e := range entries {
			if e.isBlob() {
				b.WriteString(e.oid + "\n") // an error ends git, which is seen below
			}
		}
		b.Flush()
		in.Close()
	}()
	err = writeAll(entries, w, bufio.NewReaderSize(out, 1<<16))
	if err != nil {
		cancel()
	}
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = &CommandError{Args: []string{"cat-file"}, Stderr: string(said.b), Err: werr}
	}
	return err
}

func (e entry) isBlob() bool { return e.kind == kindFile || e.kind == kindExec || e.kind == kindLink }

func writeAll(entries []entry, w *writer, r *bufio.Reader) error {
	for _, e := range entries {
		if !e.isBlob() {
			if err := w.mkdir(e.path); err != nil {
				return err
			}
			continue
		}
		size, err := blobHeader(r, e)
		if err != nil {
			return err
		}
		if err := w.blob(e, io.LimitReader(r, size), size); err != nil {
			return err
		}
		if nl, err := r.ReadByte(); err != nil || nl != '\n' {
			return errors.Join(err, fmt.Errorf("git ended early while the file '%s' was read", e.path))
		}
	}
	return nil
}

// blobHeader reads "<object> blob <size>".
func blobHeader(r *bufio.Reader, e entry) (int64, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("read the file '%s' from git: %w", e.path, err)
	}
	f := strings.Fields(line)
	if len(f) != 3 || f[1] != "blob" {
		return 0, fmt.Errorf("the contents of '%s' (git object %s) are missing from the repository", e.path, e.oid)
	}
	return strconv.ParseInt(f[2], 10, 64)
}

// writer makes files below a directory. It makes every directory itself and
// walks from an open descriptor without following symlinks.
type writer struct {
	root int
	left int64
}

func newWriter(dir string) (*writer, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return &writer{fd, maxBytes}, nil
}

func (w *writer) close() { unix.Close(w.root) }

// inRoot are the rules of looking up a name below an open directory.
func inRoot(flags uint64, mode uint64) *unix.OpenHow {
	return &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Mode: mode,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
}

// parent opens the directory of name.
func parent(root int, name string) (fd int, base string, err error) {
	dir, base := path.Split(name)
	if dir == "" {
		dir = "."
	}
	fd, err = unix.Openat2(root, strings.TrimSuffix(dir, "/"), inRoot(unix.O_RDONLY|unix.O_DIRECTORY, 0))
	if err != nil {
		return -1, "", &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return fd, base, nil
}

func (w *writer) mkdir(name string) error {
	fd, base, err := parent(w.root, name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Mkdirat(fd, base, 0o755); err != nil {
		return &os.PathError{Op: "mkdir", Path: name, Err: err}
	}
	return nil
}

func (w *writer) blob(e entry, r io.Reader, size int64) error {
	if w.left -= size; w.left < 0 {
		return fmt.Errorf("the repository's files are larger than %d bytes together", int64(maxBytes))
	}
	fd, base, err := parent(w.root, e.path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if e.kind == kindLink {
		if size > maxTarget {
			return fmt.Errorf("the target of the symlink '%s' is too long", e.path)
		}
		target, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return symlink(fd, base, e.path, string(target))
	}
	return writeFile(fd, base, e.path, e.kind == kindExec, r)
}

func symlink(dir int, base, name, target string) error {
	if target == "" || strings.IndexByte(target, 0) >= 0 {
		return fmt.Errorf("the target of the symlink '%s' is empty or holds a NUL", name)
	}
	if err := unix.Symlinkat(target, dir, base); err != nil {
		return &os.PathError{Op: "symlink", Path: name, Err: err}
	}
	return nil
}

func writeFile(dir int, base, name string, executable bool, r io.Reader) error {
	mode := uint64(0o644)
	if executable {
		mode = 0o755
	}
	fd, err := unix.Openat2(dir, base, inRoot(unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, mode))
	if err != nil {
		return &os.PathError{Op: "create", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
