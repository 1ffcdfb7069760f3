package build_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"isomorph/internal/build"
	"isomorph/internal/storepath"
)

const (
	hashA = "0123456789abcdfghijklmnpqrsvwxyz"
	hashB = "ap84qpp7pjwsv5pjl0cd4ywvqlwfgx34"
	pathA = storepath.Path(hashA + "-a")
	pathB = storepath.Path(hashB + "-b")
)

// naive is what the scanner must agree with.
func naive(b []byte) []storepath.Path {
	var out []storepath.Path
	for _, p := range []storepath.Path{pathA, pathB} {
		if bytes.Contains(b, []byte(p.HashPart())) {
			out = append(out, p)
		}
	}
	return out
}

func scan(pieces ...[]byte) []storepath.Path {
	s := build.NewScanner([]storepath.Path{pathA, pathB})
	for _, p := range pieces {
		_, _ = s.Write(p)
	}
	return s.Found()
}

func TestScannerFindsAcrossEveryCut(t *testing.T) {
	text := []byte("xx/nix/store/" + hashA + "-a" + hashB[1:] + hashB + "0")
	for i := range text {
		for j := i; j <= len(text); j++ {
			if got := scan(text[:i], text[i:j], text[j:]); !slices.Equal(got, []storepath.Path{pathA, pathB}) {
				t.Fatalf("cut at %d and %d: %v", i, j, got)
			}
		}
	}
	var bytewise [][]byte
	for i := range text {
		bytewise = append(bytewise, text[i:i+1])
	}
	if got := scan(bytewise...); len(got) != 2 {
		t.Errorf("byte by byte: %v", got)
	}
	if got := scan([]byte(hashA[:31] + "e" + hashA[1:])); len(got) != 0 {
		t.Errorf("found %v where nothing is", got)
	}
}

func FuzzScanner(f *testing.F) {
	seeds := []string{"", hashA, hashA[1:] + hashA, strings.Repeat("0", 31) + hashB, hashA[:16] + hashA}
	for _, s := range seeds {
		f.Add([]byte(s), uint8(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint8) {
		n := min(int(cut), len(b))
		if got, want := scan(b[:n], b[n:]), naive(b); !slices.Equal(got, want) {
			t.Errorf("cut at %d: got %v, want %v", n, got, want)
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	data := bytes.Repeat([]byte("some text, not a hash; 0123456789abcdef\x00\xff"), 30000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		scan(data)
	}
}
