package nar_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
)

// echo writes what it is shown: reading into an echo must give the same bytes.
type echo struct{ w *nar.Writer }

func (e echo) entry(path string) {
	if path != "" {
		e.w.Entry(filepath.Base(path))
	}
}
func (e echo) Directory(path string) error       { e.entry(path); e.w.Directory(); return nil }
func (e echo) Leave(string) error                { e.w.Leave(); return nil }
func (e echo) Symlink(path, target string) error { e.entry(path); e.w.Symlink(target); return nil }
func (e echo) File(path string, executable bool, size uint64, contents io.Reader) error {
	e.entry(path)
	_, err := io.Copy(e.w.File(executable, size), contents)
	return err
}

// copyNAR reads an archive and writes it anew.
func copyNAR(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := nar.NewWriter(&out)
	if err := nar.ReadAll(bytes.NewReader(b), echo{w}, uint64(len(b))); err != nil {
		return nil, err
	}
	return out.Bytes(), w.Close()
}

func str(s string) string {
	var b bytes.Buffer
	n := len(s)
	for range 8 {
		b.WriteByte(byte(n))
		n >>= 8
	}
	b.WriteString(s)
	b.Write(make([]byte, (8-len(s)%8)%8))
	return b.String()
}

func toks(s ...string) string {
	var b strings.Builder
	for _, t := range s {
		b.WriteString(str(t))
	}
	return b.String()
}

func file(contents string) string { return toks("(", "type", "regular", "contents", contents, ")") }
func link(target string) string   { return toks("(", "type", "symlink", "target", target, ")") }
func entry(name, node string) string {
	return toks("entry", "(", "name", name, "node") + node + toks(")")
}
func dir(entries ...string) string {
	return toks("(", "type", "directory") + strings.Join(entries, "") + toks(")")
}

func seeds() []string {
	head := toks(nar.Magic)
	return []string{
		head + file(""),
		head + file("12345678"),
		head + toks("(", "type", "regular", "executable", "", "contents", "#!/bin/sh\n", ")"),
		head + link("/nix/store"),
		head + dir(),
		head + dir(entry("a", file("x")), entry("b", dir(entry("c", link("../a"))))),
	}
}

func TestReadWriteRoundTrip(t *testing.T) {
	for i, s := range seeds() {
		got, err := copyNAR([]byte(s))
		if err != nil {
			t.Errorf("%d: %v", i, err)
		} else if string(got) != s {
			t.Errorf("%d: got %q, want %q", i, got, s)
		}
	}
}

func nested(n int) string {
	node := dir()
	for range n {
		node = dir(entry("d", node))
	}
	return node
}

func TestBadArchivesAreRefused(t *testing.T) {
	head := toks(nar.Magic)
	long := func(n int) string { return strings.Repeat("x", n) }
	bad := map[string]string{
		"magic":            toks("nix-archive-2") + file(""),
		"type":             head + toks("(", "type", "fifo", ")"),
		"trailing":         head + file("x") + "y",
		"order":            head + dir(entry("b", file("")), entry("a", file(""))),
		"twice":            head + dir(entry("a", link("/")), entry("a", dir(entry("x", file(""))))),
		"dot":              head + dir(entry(".", file(""))),
		"dot dot":          head + dir(entry("..", file(""))),
		"slash":            head + dir(entry("a/b", file(""))),
		"NUL":              head + dir(entry("a\x00b", file(""))),
		"empty name":       head + dir(entry("", file(""))),
		"long name":        head + dir(entry(long(256), file(""))),
		"empty target":     head + link(""),
		"NUL target":       head + link("a\x00"),
		"long target":      head + link(long(4096)),
		"depth":            head + nested(nar.MaxDepth),
		"no contents":      head + toks("(", "type", "regular", ")"),
		"late executable":  head + toks("(", "type", "regular", "contents", "x", "executable", "", ")"),
		"executable value": head + toks("(", "type", "regular", "executable", "1", "contents", "x", ")"),
		"padding":          strings.Replace(head+file("x"), "x\x00", "x\x01", 1),
		"name padding":     strings.Replace(head+dir(entry("a", file(""))), "a\x00\x00", "a\x00\x01", 1),
		"huge length":      head + toks("(", "type", "regular", "contents") + "\xff\xff\xff\xff\xff\xff\xff\xff",
		"overflow length":  head + toks("(", "type", "regular", "contents") + "\xf8\xff\xff\xff\xff\xff\xff\xff",
		"huge name":        head + toks("(", "type", "directory", "entry", "(", "name") + "\xff\xff\xff\xff\xff\xff\xff\x7f",
	}
	for name, s := range bad {
		_, err := copyNAR([]byte(s))
		var fe *nar.FormatError
		if !errors.As(err, &fe) {
			t.Errorf("%s: got %v, want a FormatError", name, err)
		}
	}
	if _, err := copyNAR([]byte(head + nested(nar.MaxDepth-1))); err != nil {
		t.Errorf("control: the deepest tree allowed: %v", err)
	}
}

func TestTruncatedArchivesAreRefused(t *testing.T) {
	for _, s := range seeds() {
		for i := range len(s) {
			if _, err := copyNAR([]byte(s[:i])); err == nil {
				t.Fatalf("%d of %d bytes were accepted", i, len(s))
			}
		}
	}
}

func TestReadTakesNoByteMore(t *testing.T) {
	s := seeds()[5]
	r := strings.NewReader(s + "rest")
	if err := nar.Read(r, echo{nar.NewWriter(io.Discard)}, 0); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil || string(rest) != "rest" {
		t.Errorf("got %q, %v", rest, err)
	}
}

func openDir(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func TestRestoreAndDump(t *testing.T) {
	for i, s := range seeds() {
		tmp := t.TempDir()
		if err := nar.Restore(strings.NewReader(s), openDir(t, tmp), "tree", 0); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		var got bytes.Buffer
		if err := nar.Dump(&got, filepath.Join(tmp, "tree"), nil); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if got.String() != s {
			t.Errorf("%d: got %q, want %q", i, got.String(), s)
		}
	}
}

func TestRestoreRefusesAnExistingEntry(t *testing.T) {
	tmp := t.TempDir()
	if err := os.Symlink("/", filepath.Join(tmp, "tree")); err != nil {
		t.Fatal(err)
	}
	for i, s := range seeds() {
		if err := nar.Restore(strings.NewReader(s), openDir(t, tmp), "tree", 0); err == nil {
			t.Errorf("%d: an archive went through a planted symlink", i)
		}
	}
}

func TestDumpRefusesSpecialFiles(t *testing.T) {
	tmp := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(tmp, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := nar.Dump(io.Discard, tmp, nil)
	if err == nil || !strings.Contains(err.Error(), "FIFO") {
		t.Errorf("got %v", err)
	}
	skip := func(path, kind string) (bool, error) { return kind != "unknown", nil }
	if err := nar.Dump(io.Discard, tmp, skip); err != nil {
		t.Errorf("control: filtered out: %v", err)
	}
}

// The hash is what "nix-hash --type sha256" of Nix 2.34.8 prints for this tree.
func TestKnownHash(t *testing.T) {
	tmp := t.TempDir()
	root := filepath.Join(tmp, "x")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "b.d"), 0o755))
	must(os.WriteFile(filepath.Join(root, "b"), []byte("hello\n"), 0o644))
	must(os.WriteFile(filepath.Join(root, "b.d", "run"), []byte("#!/bin/sh\n"), 0o755))
	must(os.Symlink("b", filepath.Join(root, "a")))
	h := sha256.New()
	must(nar.Dump(h, root, nil))
	if got, want := hex.EncodeToString(h.Sum(nil)), knownHash; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzNAR(f *testing.F) {
	if len(seeds()) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := copyNAR(b)
		if err == nil && !bytes.Equal(got, b) {
			t.Errorf("two archives for one tree:\n%q\n%q", b, got)
		}
	})
}

func BenchmarkDump(b *testing.B) {
	root := b.TempDir()
	for i := range 2000 {
		d := filepath.Join(root, fmt.Sprint(i%40))
		if err := os.MkdirAll(d, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, fmt.Sprint(i)), make([]byte, 3000), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := nar.Dump(sha256.New(), root, nil); err != nil {
			b.Fatal(err)
		}
	}
}

const knownHash = "002763a6165567037d534559e20aa7b6fcf08c6d3e55562ebd63b8ac58949e89"
