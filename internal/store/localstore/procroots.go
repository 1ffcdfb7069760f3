package localstore

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"isomorph/internal/storepath"
)

// maxProcFile is how much of a file of /proc is looked at.
const maxProcFile = 16 << 20

// findRuntimeRoots finds the paths that running processes use: their program,
// working directory, open files, mapped files, and environment. Processes of
// other users are out of sight; so is everything if ProcDir is "". Errors are
// normal here: processes end while we look.
func (s *Store) findRuntimeRoots(add func(p storepath.Path, link string)) {
	if s.opts.ProcDir == "" {
		return
	}
	names, _ := readDirNames(s.opts.ProcDir)
	for _, name := range names {
		if _, err := strconv.Atoi(name); err == nil {
			s.processRoots(filepath.Join(s.opts.ProcDir, name), add)
		}
	}
}

func (s *Store) processRoots(proc string, add func(p storepath.Path, link string)) {
	links := []string{filepath.Join(proc, "exe"), filepath.Join(proc, "cwd")}
	fds, _ := readDirNames(filepath.Join(proc, "fd"))
	for _, fd := range fds {
		links = append(links, filepath.Join(proc, "fd", fd))
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil {
			if p, ok := s.Resolve(target); ok {
				add(p, link)
			}
		}
	}
	for _, name := range []string{"maps", "environ"} {
		file := filepath.Join(proc, name)
		for _, p := range s.pathsIn(readProcFile(file)) {
			add(p, file)
		}
	}
}

func readProcFile(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, maxProcFile))
	return b
}

// pathsIn finds everything in b that looks like a path of this store, by its
// logical or its real name.
func (s *Store) pathsIn(b []byte) (found []storepath.Path) {
	for _, dir := range []string{string(s.Dir()), s.at.store} {
		found = append(found, pathsBelow(b, dir)...)
	}
	return found
}

func pathsBelow(b []byte, dir string) (found []storepath.Path) {
	prefix := []byte(dir + "/")
	for {
		i := bytes.Index(b, prefix)
		if i < 0 {
			return found
		}
		b = b[i+len(prefix):]
		end := 0
		for end < len(b) && isPathByte(b[end]) {
			end++
		}
		if p, err := storepath.ParseBase(string(b[:end])); err == nil {
			found = append(found, p)
		}
	}
}

func isPathByte(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	return bytes.IndexByte([]byte("+-._?="), c) >= 0
}
