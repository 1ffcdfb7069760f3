package build

import (
	"slices"

	"isomorph/internal/storepath"
)

// Scanner is a writer that looks for the hash parts of store paths in what is
// written to it, wherever they stand and however the writes are cut. This is
// how Nix finds references: a file that holds the 32 characters may use the
// path, one that does not cannot.
type Scanner struct {
	hashes map[string]storepath.Path
	found  map[storepath.Path]bool
	tail   []byte // last 31 bytes or fewer of earlier writes
}

// NewScanner looks for the given paths.
func NewScanner(paths []storepath.Path) *Scanner {
	s := &Scanner{hashes: make(map[string]storepath.Path, len(paths)), found: map[storepath.Path]bool{}}
	for _, p := range paths {
		s.hashes[p.HashPart()] = p
	}
	return s
}

// inAlphabet tells which bytes can stand in a hash: Nix's base 32 leaves out
// e, o, u and t.
var inAlphabet = func() (t [256]bool) {
	for _, c := range []byte("0123456789abcdfghijklmnpqrsvwxyz") {
		t[c] = true
	}
	return t
}()

// Write looks at p; it never fails.
func (s *Scanner) Write(p []byte) (int, error) {
	if len(s.hashes) > 0 {
		head := p[:min(len(p), storepath.HashLen-1)]
		s.tail = append(s.tail, head...)
		s.search(s.tail)
		s.search(p)
		s.keepTail(p)
	}
	return len(p), nil
}

func (s *Scanner) keepTail(p []byte) {
	if len(p) >= storepath.HashLen-1 {
		s.tail = append(s.tail[:0], p[len(p)-(storepath.HashLen-1):]...)
	} else if over := len(s.tail) - (storepath.HashLen - 1); over > 0 {
		s.tail = append(s.tail[:0], s.tail[over:]...)
	}
}

// search looks at each place from its end backwards: a byte that cannot be in
// a hash rules out all places up to it, so most bytes are never looked at.
func (s *Scanner) search(b []byte) {
	for i := 0; i+storepath.HashLen <= len(b); {
		window := b[i : i+storepath.HashLen]
		j := storepath.HashLen - 1
		for j >= 0 && inAlphabet[window[j]] {
			j--
		}
		if j >= 0 {
			i += j + 1
			continue
		}
		if p, ok := s.hashes[string(window)]; ok {
			s.found[p] = true
			delete(s.hashes, string(window))
		}
		i++
	}
}

// Found returns the paths seen so far, sorted.
func (s *Scanner) Found() []storepath.Path {
	out := make([]storepath.Path, 0, len(s.found))
	for p := range s.found {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}
