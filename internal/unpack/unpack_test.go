package unpack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/unpack"
)

type entry struct {
	name, target string
	typ          byte
	mode         int64
	body         string
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if e.typ == 0 {
			e.typ = tar.TypeReg
		}
		h := &tar.Header{Name: e.name, Linkname: e.target, Typeflag: e.typ, Mode: e.mode, Size: int64(len(e.body))}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// run unpacks into the directory "in" of a fresh directory, with a canary
// beside it, and returns the files of "in".
func run(t *testing.T, archive []byte, limits unpack.Limits) ([]string, error) {
	t.Helper()
	top := t.TempDir()
	in := filepath.Join(top, "in")
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(in, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	_, uerr := unpack.Archive(bytes.NewReader(archive), int64(len(archive)), fd, limits)
	outside, err := os.ReadDir(top)
	if err != nil || len(outside) != 1 {
		t.Errorf("something was written outside: %v, %v", outside, err)
	}
	var files []string
	err = filepath.WalkDir(in, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != in {
			info, _ := d.Info()
			files = append(files, strings.TrimPrefix(path, in+"/")+" "+info.Mode().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, uerr
}

func good(t testing.TB) []byte {
	return tarOf(t,
		entry{name: "top/", typ: tar.TypeDir, mode: 0o700},
		entry{name: "top/run", mode: 0o711, body: "#!"},
		entry{name: "./top/sub/deep", mode: 0o4600, body: "x"},
		entry{name: "top/link", typ: tar.TypeSymlink, target: "../../outside"},
		entry{name: "top/hard", typ: tar.TypeLink, target: "top/run"},
		entry{name: "top/run", mode: 0o644, body: "later"},
	)
}

func TestGoodArchives(t *testing.T) {
	want := []string{"top drwxr-xr-x", "top/hard -rwxr-xr-x", "top/link Lrwxrwxrwx", "top/run -rw-r--r--", "top/sub drwxr-xr-x", "top/sub/deep -rw-r--r--"}
	plain := good(t)
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(plain)
	w.Close()
	for name, b := range map[string][]byte{"tar": plain, "tar.gz": gz.Bytes()} {
		got, err := run(t, b, unpack.Limits{})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestZip(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range []string{"d/", "d/f"} {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if n == "d/f" {
			f.Write([]byte("x"))
		}
	}
	w.Close()
	got, err := run(t, b.Bytes(), unpack.Limits{})
	if want := []string{"d drwxr-xr-x", "d/f -rw-r--r--"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNothingGetsOut(t *testing.T) {
	bad := map[string][]entry{
		"absolute":          {{name: "/etc/x", body: "x"}},
		"upwards":           {{name: "a/../../x", body: "x"}},
		"through a link":    {{name: "a", typ: tar.TypeSymlink, target: ".."}, {name: "a/x", body: "x"}},
		"through an abs":    {{name: "a", typ: tar.TypeSymlink, target: "/tmp"}, {name: "a/x", body: "x"}},
		"mkdir in a link":   {{name: "a", typ: tar.TypeSymlink, target: ".."}, {name: "a/d/", typ: tar.TypeDir}},
		"hard link out":     {{name: "a", typ: tar.TypeLink, target: "../../etc/passwd"}},
		"hard link abs":     {{name: "a", typ: tar.TypeLink, target: "/etc/passwd"}},
		"hard link to link": {{name: "l", typ: tar.TypeSymlink, target: "/etc/passwd"}, {name: "a", typ: tar.TypeLink, target: "l"}},
		"hard through link": {{name: "l", typ: tar.TypeSymlink, target: "/etc"}, {name: "a", typ: tar.TypeLink, target: "l/passwd"}},
		"file over dir":     {{name: "d/f", body: "x"}, {name: "d", body: "x"}},
		"device":            {{name: "null", typ: tar.TypeChar}},
		"fifo":              {{name: "p", typ: tar.TypeFifo}},
		"empty target":      {{name: "l", typ: tar.TypeSymlink}},
	}
	for name, entries := range bad {
		if _, err := run(t, tarOf(t, entries...), unpack.Limits{}); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
}

func TestLimits(t *testing.T) {
	if _, err := run(t, good(t), unpack.Limits{Entries: 6, Bytes: 8}); err != nil {
		t.Errorf("control: %v", err)
	}
	if _, err := run(t, good(t), unpack.Limits{Entries: 5}); err == nil {
		t.Error("too many entries were accepted")
	}
	if _, err := run(t, good(t), unpack.Limits{Bytes: 7}); err == nil {
		t.Error("too many bytes were accepted")
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(good(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		run(t, b, unpack.Limits{Entries: 100, Bytes: 1 << 20})
	})
}
