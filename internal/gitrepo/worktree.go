package gitrepo

import (
	"context"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
)

// WorkTree is what git knows of a work tree.
type WorkTree struct {
	Head    string   // the commit that is checked out, "" if there is none yet
	Files   []string // tracked and there, sorted; no submodules
	Changed []string // of Files, those that differ from Head
	Deleted []string // tracked, or in Head, but not there
	Dirty   bool     // something differs from Head

	Submodules []Submodule // those that .gitmodules names
}

// Submodule is an entry of .gitmodules.
type Submodule struct {
	Path, URL, Branch string
	Rev               string // the commit that the containing tree asks for, "" in a work tree
}

// WorkTree looks at the work tree.
func (r *Repo) WorkTree(ctx context.Context) (*WorkTree, error) {
	if r.workTree == "" {
		return nil, fmt.Errorf("the repository '%s' has no work tree", r.gitDir)
	}
	t := &WorkTree{}
	var err error
	if t.Head, err = r.Head(ctx); err != nil {
		return nil, err
	}
	if err := r.status(ctx, t); err != nil {
		return nil, err
	}
	if err := r.listIndex(ctx, t); err != nil {
		return nil, err
	}
	file := filepath.Join(r.workTree, ".gitmodules")
	if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() {
		if t.Submodules, err = r.g.readModules(ctx, file); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// indexEnv lets git see the stranger's index and work tree.
func (r *Repo) indexEnv() []string {
	return []string{"GIT_INDEX_FILE=" + filepath.Join(r.gitDir, "index"), "GIT_WORK_TREE=" + r.workTree}
}

// inWorkTree runs git in the view with the index and the work tree.
func (r *Repo) inWorkTree(ctx context.Context, args ...string) ([]byte, error) {
	return r.g.run(ctx, r.dir, r.indexEnv(), append([]string{"-C", r.workTree}, args...)...)
}

// status reads which files differ. Git compares with the index by size and time
// first, and reads only what may have changed.
func (r *Repo) status(ctx context.Context, t *WorkTree) error {
	out, err := r.inWorkTree(ctx, "status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all")
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(out), "\x00") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields := map[byte]int{'1': 9, 'u': 11}[line[0]]
		f := strings.SplitN(line, " ", max(fields, 1))
		if fields == 0 || len(f) != fields || len(f[1]) != 2 {
			return fmt.Errorf("git reported the state of a file as %q", line)
		}
		t.Dirty = true
		name := f[fields-1]
		if f[1][0] == 'D' || f[1][1] == 'D' {
			t.Deleted = append(t.Deleted, name)
		} else {
			t.Changed = append(t.Changed, name)
		}
	}
	slices.Sort(t.Changed)
	slices.Sort(t.Deleted)
	return nil
}

// listIndex reads which files are tracked.
func (r *Repo) listIndex(ctx context.Context, t *WorkTree) error {
	out, err := r.inWorkTree(ctx, "ls-files", "--stage", "-z", "--full-name")
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, d := range t.Deleted {
		gone[d] = true
	}
	for line := range strings.SplitSeq(string(out), "\x00") {
		meta, name, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(meta, "160000 ") || gone[name] {
			continue
		}
		if err := checkPath(name); err != nil {
			return err
		}
		t.Files = append(t.Files, name)
	}
	slices.Sort(t.Files)
	t.Files = slices.Compact(t.Files) // a conflict has a file several times
	return nil
}

// CopyTracked copies the tracked files of a work tree, as they are on the disk,
// to the directory dir, which must be empty.
func (r *Repo) CopyTracked(t *WorkTree, dir string, o TreeOptions) error {
	from, err := unix.Open(r.workTree, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: r.workTree, Err: err}
	}
	defer unix.Close(from)
	attrs := &attributes{}
	if o.ExportIgnore {
		if attrs, err = r.workTreeAttributes(from, t.Files); err != nil {
			return err
		}
	}
	w, err := newWriter(dir)
	if err != nil {
		return err
	}
	defer w.close()
	made := map[string]bool{"": true}
	for _, name := range t.Files {
		if dir, ok := attrs.ignoredDeep(name); ok {
			if err := w.mkdirs(dir, made); err != nil {
				return err
			}
			continue
		}
		if err := copyTracked(w, from, name, made); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repo) workTreeAttributes(from int, files []string) (*attributes, error) {
	var with []string
	for _, f := range files {
		if path.Base(f) == attributesFile {
			with = append(with, f)
		}
	}
	return r.newAttributes(with, func(name string) ([]byte, error) {
		f, err := openTracked(from, name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxPointer))
	})
}

// ignoredDeep tells whether a file or a directory that it lies in is ignored, and
// in which directory that happens: it is there, although nothing may be in it.
func (a *attributes) ignoredDeep(name string) (dir string, ok bool) {
	if len(a.rules) == 0 {
		return "", false
	}
	for i := range len(name) {
		if name[i] == '/' && a.ignored(name[:i], true) {
			return path.Dir(name[:i]), true
		}
	}
	return path.Dir(name), a.ignored(name, false)
}

func copyTracked(w *writer, from int, name string, made map[string]bool) error {
	fd, base, err := parent(from, name)
	if err != nil {
		return nil // a directory above it has gone, or has become a symlink
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstatat(fd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return &os.PathError{Op: "stat", Path: name, Err: err}
	}
	if err := w.mkdirs(path.Dir(name), made); err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		return copyLink(w, fd, base, name)
	case unix.S_IFREG:
		f, err := openTracked(from, name)
		if err != nil {
			return err
		}
		defer f.Close()
		e := entry{path: name, kind: kindFile}
		if st.Mode&0o100 != 0 {
			e.kind = kindExec
		}
		return w.blob(e, f, st.Size)
	case unix.S_IFDIR:
		return nil // what is in it is not tracked
	}
	return fmt.Errorf("file '%s' has an unsupported type", name)
}

// openTracked opens a regular file below a directory.
func openTracked(from int, name string) (*os.File, error) {
	fd, err := unix.Openat2(from, name, inRoot(unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0))
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.Join(err, fmt.Errorf("'%s' is not a regular file", name))
	}
	return f, nil
}

func copyLink(w *writer, dir int, base, name string) error {
	buf := make([]byte, maxTarget+1)
	n, err := unix.Readlinkat(dir, base, buf)
	if err != nil {
		return &os.PathError{Op: "readlink", Path: name, Err: err}
	}
	fd, to, err := parent(w.root, name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return symlink(fd, to, name, string(buf[:n]))
}

// mkdirs makes a directory and those above it, each once.
func (w *writer) mkdirs(dir string, made map[string]bool) error {
	if dir == "." || made[dir] {
		return nil
	}
	if err := w.mkdirs(path.Dir(dir), made); err != nil {
		return err
	}
	made[dir] = true
	return w.mkdir(dir)
}

// Fingerprint is a hash of all that makes a dirty work tree different from its
// commit (GitInputScheme::getFingerprint in Nix's git.cc): SHA-512 in base 16 of
// the names and archives of the files that changed, and the names of those that
// are gone, each text as archives have them.
func (r *Repo) Fingerprint(t *WorkTree) (string, error) {
	from, err := unix.Open(r.workTree, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: r.workTree, Err: err}
	}
	defer unix.Close(from)
	sum := sha512.New()
	for _, name := range inPathOrder(t.Changed) {
		hashText(sum, "modified:")
		hashText(sum, "/"+name)
		if err := hashFile(sum, from, name); err != nil {
			return "", err
		}
	}
	for _, name := range inPathOrder(t.Deleted) {
		hashText(sum, "deleted:")
		hashText(sum, "/"+name)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// inPathOrder sorts names as Nix's CanonPath does: what is in a directory comes
// before what has more letters than its name.
func inPathOrder(names []string) []string {
	return slices.SortedFunc(slices.Values(names), func(a, b string) int {
		return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
	})
}

// hashText writes a text as archives have it: length, bytes, zeros.
func hashText(sum hash.Hash, s string) {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(s)))
	sum.Write(length[:])
	io.WriteString(sum, s)
	sum.Write(make([]byte, -len(s)&7))
}

func hashFile(sum hash.Hash, from int, name string) error {
	fd, base, err := parent(from, name)
	if err != nil {
		return nil // it counts as missing, as when it is copied
	}
	defer unix.Close(fd)
	err = nar.DumpAt(sum, fd, base, name, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
