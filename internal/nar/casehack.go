package nar

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// caseHackSuffix goes before the number in names that Nix makes up.
const caseHackSuffix = "~nix~case~hack~"

// RestoreCaseHack is [Restore] for a file system that takes "a" and "A" for one
// name: of such entries of a directory all but the first get a suffix (Nix:
// use-case-hack). [DumpCaseHack] takes it away again.
func RestoreCaseHack(r io.Reader, parent int, name string, maxSize uint64) error {
	rs := &restorer{name: name, dirs: []int{parent}, buf: make([]byte, 128<<10)}
	defer rs.close()
	return ReadAll(r, &caseHack{sink: rs}, maxSize)
}

// DumpCaseHack is [Dump] for a tree that RestoreCaseHack has made.
func DumpCaseHack(w io.Writer, path string) error {
	parent, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	return dumpAt(w, parent, filepath.Base(path), dumper{display: path, caseHack: true})
}

// caseHack passes a tree on with other names.
type caseHack struct {
	sink Sink
	dirs []hackedDir // open directories, outermost first
}

// hackedDir is a directory with the names of the archive that have come in it,
// by their lower-case forms.
type hackedDir struct {
	path string
	seen map[string]*hackedName
}

type hackedName struct {
	name string
	more int // how many more have come with it
}

// rename returns the path that an entry gets.
func (h *caseHack) rename(path string) (string, error) {
	if len(h.dirs) == 0 {
		return path, nil
	}
	dir := h.dirs[len(h.dirs)-1]
	name := path[strings.LastIndexByte(path, '/')+1:]
	first := dir.seen[strings.ToLower(name)]
	if first == nil {
		dir.seen[strings.ToLower(name)] = &hackedName{name: name}
		return join(dir.path, name), nil
	}
	first.more++
	hacked := name + caseHackSuffix + strconv.Itoa(first.more)
	if other := dir.seen[strings.ToLower(hacked)]; other != nil {
		return "", formatErrorf(path, "NAR contains file name '%s' that collides with case-hacked file name '%s'", name, other.name)
	}
	return join(dir.path, hacked), nil
}

// Directory begins a directory.
func (h *caseHack) Directory(path string) error {
	path, err := h.rename(path)
	if err != nil {
		return err
	}
	h.dirs = append(h.dirs, hackedDir{path, map[string]*hackedName{}})
	return h.sink.Directory(path)
}

// Leave ends a directory.
func (h *caseHack) Leave(string) error {
	last := len(h.dirs) - 1
	path := h.dirs[last].path
	h.dirs = h.dirs[:last]
	return h.sink.Leave(path)
}

// Symlink passes a symlink on.
func (h *caseHack) Symlink(path, target string) error {
	path, err := h.rename(path)
	if err != nil {
		return err
	}
	return h.sink.Symlink(path, target)
}

// File passes a regular file on.
func (h *caseHack) File(path string, executable bool, size uint64, contents io.Reader) error {
	path, err := h.rename(path)
	if err != nil {
		return err
	}
	return h.sink.File(path, executable, size, contents)
}

// unhack returns the names of the archive with the names on disk, and refuses
// two that are the same.
func (d *dumper) unhack(names []string, rel string) (map[string]string, error) {
	onDisk := map[string]string{}
	for _, n := range names {
		name, _, _ := strings.Cut(n, caseHackSuffix)
		if other, taken := onDisk[name]; taken {
			return nil, fmt.Errorf("file name collision between '%s' and '%s'", filepath.Join(d.display, rel, other), filepath.Join(d.display, rel, n))
		}
		onDisk[name] = n
	}
	return onDisk, nil
}
