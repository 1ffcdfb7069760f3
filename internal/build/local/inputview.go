package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// inputView reads the inputs of a build by their logical paths, as a program in
// the sandbox would see them: symlinks lead to logical paths, wherever the
// store really lies, and what is not an input is not there.
type inputView struct {
	j *job
}

func newInputView(j *job) *inputView { return &inputView{j} }

var errNotDirectory = errors.New("not a directory")

// maxLinks is how many symlinks may be followed on the way to one file; Linux
// has the same limit.
const maxLinks = 40

// stat follows symlinks, and returns where they lead and what is there.
func (v *inputView) stat(name string) (logical string, st fs.FileInfo, err error) {
	links := 0
	todo := strings.Split(path.Clean(name), "/")[1:]
	if !path.IsAbs(name) {
		return "", nil, fmt.Errorf("'%s' is not an absolute path", name)
	}
	at := "/"
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		if part == "" || part == "." {
			continue
		}
		if part == ".." {
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		real, ok := v.real(next)
		if !ok { // above the store's entries
			if strings.HasPrefix(string(v.j.dir)+"/", next+"/") {
				at = next
				continue
			}
			return "", nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
		}
		if st, err = os.Lstat(real); err != nil {
			return "", nil, err
		}
		if st.Mode()&fs.ModeSymlink == 0 {
			if len(todo) > 0 && !st.IsDir() {
				return "", nil, fmt.Errorf("'%s' is %w", next, errNotDirectory)
			}
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", nil, fmt.Errorf("'%s': too many levels of symbolic links", name)
		}
		target, err := os.Readlink(real)
		if err != nil {
			return "", nil, err
		}
		if path.IsAbs(target) {
			at = "/"
		}
		todo = append(strings.Split(target, "/"), todo...)
		st = nil
	}
	if st == nil {
		return "", nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return at, st, nil
}

// real returns where a file of an input lies.
func (v *inputView) real(logical string) (string, bool) {
	p, rest, err := v.j.dir.Split(logical)
	if err != nil {
		return "", false
	}
	if _, ok := slices.BinarySearch(v.j.closure, p); !ok {
		return "", false
	}
	return path.Join(v.j.o.Store.RealPath(p), rest), true
}

// readDir returns the names in a directory, sorted.
func (v *inputView) readDir(name string) ([]string, error) {
	at, st, err := v.stat(name)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("'%s' is %w", name, errNotDirectory)
	}
	real, _ := v.real(at)
	entries, err := os.ReadDir(real)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// readFile returns the contents of a file.
func (v *inputView) readFile(name string) ([]byte, error) {
	at, _, err := v.stat(name)
	if err != nil {
		return nil, err
	}
	real, _ := v.real(at)
	return os.ReadFile(real)
}
