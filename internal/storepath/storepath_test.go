package storepath_test

import (
	"errors"
	"strings"
	"testing"

	"isomorph/internal/nixhash"
	"isomorph/internal/storepath"
)

const dir = storepath.DefaultDir

// The wanted paths are those that nix-instantiate 2.34.8 prints for
// toFile "n" "hi", toFile "m" of a text that names the first, and
// path { path = ./f; recursive = false; } of a file holding "hello\n".
func TestMake(t *testing.T) {
	n, err := dir.MakeText("n", nixhash.Sum(nixhash.SHA256, []byte("hi")), nil)
	if want := storepath.Path("ns6axn280m3ql7y8pmdplbnm15l40hib-n"); err != nil || n != want {
		t.Errorf("text path = %s, %v, want %s", n, err, want)
	}
	m, err := dir.MakeText("m", nixhash.Sum(nixhash.SHA256, []byte("x "+dir.Join(n))), []storepath.Path{n})
	if want := storepath.Path("zj3jgjq54iay3s8nfb7k5hfmrxg9bnnl-m"); err != nil || m != want {
		t.Errorf("text path with a reference = %s, %v, want %s", m, err, want)
	}
	flat, err := dir.MakeFixed("f", false, nixhash.Sum(nixhash.SHA256, []byte("hello\n")), nil)
	if want := storepath.Path("1p9q0bz6f22dyxh4lw8xs08p4201vyq4-f"); err != nil || flat != want {
		t.Errorf("flat path = %s, %v, want %s", flat, err, want)
	}
	nar, err := nixhash.Parse("sha256:116c84pkln1rbwb9cn6xcy8kwgg2647g9zjbiwk0knspmr9qh1vd", 0)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := dir.MakeFixed("t", true, nar, nil)
	if want := storepath.Path("6asi05ygxlg0d8z2i1xbh5pm4j3n420d-t"); err != nil || tree != want {
		t.Errorf("source path = %s, %v, want %s", tree, err, want)
	}
	if _, err := dir.MakeFixed("f", false, nar, []storepath.Path{n}); err == nil {
		t.Error("a flat file may have references")
	}
	if got := tree.HashPart() + "-" + tree.Name(); got != string(tree) {
		t.Errorf("parts make %s, want %s", got, tree)
	}
	if got, want := storepath.OutputName("dev", "x"), "x-dev"; got != want {
		t.Errorf("OutputName = %s, want %s", got, want)
	}
}

func TestParse(t *testing.T) {
	const p = "ns6axn280m3ql7y8pmdplbnm15l40hib-n"
	tests := []struct {
		in   string
		kind error
	}{
		{"/nix/store/" + p, nil},
		{"/nix/store/" + p + "/", storepath.ErrNotInStore},
		{"/nix/store//" + p, storepath.ErrNotInStore},
		{"/nix/store/../store/" + p, storepath.ErrNotInStore},
		{"/nix/storex/" + p, storepath.ErrNotInStore},
		{"/nix/store", storepath.ErrNotInStore},
		{"/nix/store/", storepath.ErrBadPath},
		{"", storepath.ErrBadPath},
		{"/nix/store/" + p[:32], storepath.ErrBadPath},
		{"/nix/store/" + p[:33], storepath.ErrBadPath},
		{"/nix/store/" + p[:32] + "_n", storepath.ErrBadPath},
		{"/nix/store/e" + p[1:], storepath.ErrBadPath},
		{"/nix/store/" + p + "\x00", storepath.ErrBadPath},
	}
	for _, test := range tests {
		got, err := dir.Parse(test.in)
		if !errors.Is(err, test.kind) || test.kind == nil && dir.Join(got) != test.in {
			t.Errorf("Parse(%q) = %q, %v, want error %v", test.in, got, err, test.kind)
		}
	}
	got, rest, err := dir.Split("/nix/store/" + p + "/a/../b")
	if err != nil || got != p || rest != "/a/../b" {
		t.Errorf("Split = %q, %q, %v", got, rest, err)
	}
}

func TestCheckNameTakesExactlyNixAlphabet(t *testing.T) {
	const ok = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?="
	for c := range 256 {
		name := "x" + string([]byte{byte(c)})
		if got, want := storepath.CheckName(name) == nil, strings.IndexByte(ok, byte(c)) >= 0; got != want {
			t.Errorf("CheckName(%q) accepts: %v, want %v", name, got, want)
		}
	}
	tests := map[string]bool{
		"": false, ".": false, "..": false, ".-x": false, "..-x": false, ".x": true, "...": true, "..x": true, "-": true,
		strings.Repeat("x", 211): true, strings.Repeat("x", 212): false,
	}
	for name, want := range tests {
		err := storepath.CheckName(name)
		if (err == nil) != want || err != nil && !errors.Is(err, storepath.ErrBadName) {
			t.Errorf("CheckName(%q) = %v, want accepted: %v", name, err, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	seeds := []string{"", "/nix/store/", "/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n/x", "/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, rest, err := dir.Split(s)
		if err != nil {
			return
		}
		if got := dir.Join(p) + rest; got != s {
			t.Errorf("%q splits and joins to %q", s, got)
		}
		if got, err := dir.Parse(dir.Join(p)); err != nil || got != p {
			t.Errorf("Parse of %q's object = %q, %v", s, got, err)
		}
	})
}
