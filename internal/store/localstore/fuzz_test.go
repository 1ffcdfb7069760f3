package localstore

import (
	"slices"
	"strings"
	"testing"

	"isomorph/internal/storepath"
)

func FuzzParseCA(f *testing.F) {
	h := "sha256:" + strings.Repeat("0", 52)
	seeds := []string{"text:" + h, "fixed:" + h, "fixed:r:" + h, "fixed:r:sha1:" + strings.Repeat("1", 32), "", "fixed", "fixed:r:", "git:" + h}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCA(s)
		if err != nil {
			return
		}
		again, err := parseCA(c.String())
		if err != nil || again != c {
			t.Errorf("%q reads as %v, which reads as %v, %v", s, c, again, err)
		}
	})
}

func FuzzTempRoots(f *testing.F) {
	s := &Store{opts: Options{StoreDir: storepath.DefaultDir}, at: layout{store: "/real/store"}}
	p := storepath.Path(strings.Repeat("0", 32) + "-name")
	for _, seed := range []string{"", s.Dir().Join(p) + "\x00", s.Dir().Join(p), "d", "\x00\x00", "x\x00" + s.Dir().Join(p) + "\x00/nix/sto"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range s.parseTempRoots(b) {
			if !strings.Contains(string(b), s.Dir().Join(p)+"\x00") {
				t.Errorf("%s does not stand in %q", p, b)
			}
		}
	})
}

func FuzzPathsIn(f *testing.F) {
	s := &Store{opts: Options{StoreDir: storepath.DefaultDir}, at: layout{store: "/real/store"}}
	p := storepath.Path(strings.Repeat("0", 32) + "-name")
	for _, seed := range []string{"", "PATH=/nix/store/" + string(p) + "/bin:/real/store/" + string(p) + "\x00X=1", "/nix/store/", "/nix/store//nix/store/" + string(p)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		found := s.pathsIn(b)
		for _, p := range found {
			if !strings.Contains(string(b), "/"+string(p)) {
				t.Errorf("%s does not stand in %q", p, b)
			}
		}
		more := append([]byte("\n/nix/store/"+string(p)+" "), b...)
		if !slices.Contains(s.pathsIn(more), p) {
			t.Errorf("not found in %q", more)
		}
	})
}
