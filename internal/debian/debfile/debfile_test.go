package debfile_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/debian/debfile"
	"isomorph/internal/debian/debtest"
)

const control = "Package: busybox-static\nVersion: 1:1.35\nArchitecture: amd64\n"

func deb(t testing.TB, entries ...debtest.Entry) []byte {
	t.Helper()
	b, err := debtest.Deb(control, entries...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pin(b []byte) debfile.Pin {
	return debfile.Pin{Name: "busybox-static", Version: "1:1.35", Architecture: "amd64", Size: int64(len(b)), SHA256: debtest.SHA256(b)}
}

// unpack unpacks into root/d, so that what escapes is seen in root.
func unpack(t *testing.T, b []byte) (root string, err error) {
	t.Helper()
	root = t.TempDir()
	dir := filepath.Join(root, "d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f, err := debfile.Open(b, pin(b))
	if err != nil {
		return root, err
	}
	return root, f.Unpack(d, nil)
}

// tree lists what is below root: mode, path, link target or contents.
func tree(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		st, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%v %s", st.Mode(), rel)
		switch {
		case st.Mode()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(p)
			line = "link " + rel + " " + target
		case st.Mode().IsRegular():
			b, _ := os.ReadFile(p)
			line += " " + string(b)
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(out)
	return out
}

func TestUnpack(t *testing.T) {
	b := deb(t,
		debtest.Special(tar.TypeDir, "./", ""),
		debtest.Special(tar.TypeDir, "./bin/", ""),
		debtest.File("./bin/su", "suid", 0o4755),
		debtest.File("./etc/deep/conf", "text", 0o600),
		debtest.Special(tar.TypeDir, "./etc/deep", ""),
		debtest.Special(tar.TypeSymlink, "./bin/sh", "su"),
		debtest.Special(tar.TypeSymlink, "./abs", "/etc/passwd"),
		debtest.Special(tar.TypeLink, "./bin/hard", "./bin/su"),
	)
	root, err := unpack(t, b)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-rw-r--r-- etc/deep/conf text", "-rwxr-xr-x bin/hard suid", "-rwxr-xr-x bin/su suid",
		"drwxr-xr-x bin", "drwxr-xr-x etc", "drwxr-xr-x etc/deep", "link abs /etc/passwd", "link bin/sh su",
	}
	sort.Strings(want)
	if d := cmp.Diff(want, tree(t, filepath.Join(root, "d"))); d != "" {
		t.Error(d)
	}
}

func TestCompressions(t *testing.T) {
	c, err := debtest.Tar(debtest.File("control", control, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	data, err := debtest.Tar(debtest.File("x", "y", 0o644))
	if err != nil {
		t.Fatal(err)
	}
	for ext, compress := range map[string]func([]byte) ([]byte, error){
		"": func(b []byte) ([]byte, error) { return b, nil }, ".gz": debtest.Gzip, ".xz": debtest.XZ, ".zst": debtest.Zstd,
	} {
		cz, err1 := compress(c)
		dz, err2 := compress(data)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		b := debtest.Ar(debtest.Member{Name: "debian-binary", Data: []byte("2.0\n")}, debtest.Member{Name: "control.tar" + ext, Data: cz}, debtest.Member{Name: "data.tar" + ext, Data: dz})
		if root, err := unpack(t, b); err != nil || len(tree(t, root)) != 2 {
			t.Errorf("%q: %v", ext, err)
		}
	}
}

func TestEscapes(t *testing.T) {
	big := strings.Repeat("x", 300)
	cases := map[string][]debtest.Entry{
		"parent":               {debtest.File("../evil", "x", 0o644)},
		"parent inside":        {debtest.File("a/../../evil", "x", 0o644)},
		"absolute":             {debtest.File("/evil", "x", 0o644)},
		"through a link":       {debtest.Special(tar.TypeSymlink, "l", ".."), debtest.File("l/evil", "x", 0o644)},
		"through an abs link":  {debtest.Special(tar.TypeSymlink, "l", "/tmp"), debtest.File("l/evil", "x", 0o644)},
		"directory on a link":  {debtest.Special(tar.TypeSymlink, "l", ".."), debtest.Special(tar.TypeDir, "l", ""), debtest.File("l/evil", "x", 0o644)},
		"deep link":            {debtest.Special(tar.TypeSymlink, "a/b/l", "../.."), debtest.File("a/b/l/evil", "x", 0o644)},
		"file on a link":       {debtest.Special(tar.TypeSymlink, "l", "../evil"), debtest.File("l", "x", 0o644)},
		"file twice":           {debtest.File("f", "x", 0o644), debtest.File("f", "y", 0o644)},
		"link on a file":       {debtest.File("f", "x", 0o644), debtest.Special(tar.TypeSymlink, "f", "..")},
		"file on a directory":  {debtest.Special(tar.TypeDir, "f", ""), debtest.File("f", "x", 0o644)},
		"directory on a file":  {debtest.File("f", "x", 0o644), debtest.Special(tar.TypeDir, "f", "")},
		"below a file":         {debtest.File("f", "x", 0o644), debtest.File("f/g", "x", 0o644)},
		"hard link out":        {debtest.Special(tar.TypeLink, "h", "../../../../../../etc/hostname")},
		"hard link absolute":   {debtest.Special(tar.TypeLink, "h", "/etc/hostname")},
		"hard link to a link":  {debtest.Special(tar.TypeSymlink, "l", "/etc/hostname"), debtest.Special(tar.TypeLink, "h", "l")},
		"hard link by a link":  {debtest.Special(tar.TypeSymlink, "l", "/etc"), debtest.Special(tar.TypeLink, "h", "l/hostname")},
		"hard link to a dir":   {debtest.Special(tar.TypeDir, "d", ""), debtest.Special(tar.TypeLink, "h", "d")},
		"hard link to nothing": {debtest.Special(tar.TypeLink, "h", "n")},
		"pipe":                 {debtest.Special(tar.TypeFifo, "p", "")},
		"device":               {debtest.Special(tar.TypeChar, "p", "")},
		"block device":         {debtest.Special(tar.TypeBlock, "p", "")},
		"long part":            {debtest.File(big, "x", 0o644)},
		"long path":            {debtest.File(strings.Repeat("long/", 1000)+"x", "x", 0o644)},
	}
	for name, entries := range cases {
		root, err := unpack(t, deb(t, entries...))
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		for _, line := range tree(t, root) {
			if strings.Contains(line, "evil") && !strings.HasPrefix(line, "link ") {
				t.Errorf("%s: wrote %s", name, line)
			}
		}
		if got, _ := os.ReadDir(root); len(got) != 1 {
			t.Errorf("%s: wrote outside: %v", name, got)
		}
	}
}

func TestPin(t *testing.T) {
	b := deb(t, debtest.File("x", "y", 0o644))
	cases := map[string]func(*debfile.Pin){
		"size":         func(p *debfile.Pin) { p.Size++ },
		"SHA-256":      func(p *debfile.Pin) { p.SHA256 = strings.Repeat("0", 64) },
		"Package":      func(p *debfile.Pin) { p.Name = "bash" },
		"Version":      func(p *debfile.Pin) { p.Version = "1.35" },
		"Architecture": func(p *debfile.Pin) { p.Architecture = "arm64" },
	}
	if _, err := debfile.Open(b, pin(b)); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for what, change := range cases {
		p := pin(b)
		change(&p)
		var e *debfile.MismatchError
		if _, err := debfile.Open(b, p); !errors.As(err, &e) || e.What != what {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestBadArchives(t *testing.T) {
	member := func(name, data string) debtest.Member { return debtest.Member{Name: name, Data: []byte(data)} }
	c, err := debtest.Tar(debtest.File("control", control, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	noControl, err := debtest.Tar(debtest.File("x", control, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	binary, ctl, data := member("debian-binary", "2.0\n"), member("control.tar", string(c)), member("data.tar", "")
	good := debtest.Ar(binary, ctl, data)
	if _, err := debfile.Open(good, pin(good)); err != nil {
		t.Fatalf("the control: %v", err)
	}
	size := bytes.Replace(good, []byte("4         `"), []byte("9999999999`"), 1)
	negative := bytes.Replace(good, []byte("4         `"), []byte("-4        `"), 1)
	cases := map[string][]byte{
		"empty":               nil,
		"no ar":               []byte("PK\x03\x04"),
		"no members":          debtest.Ar(),
		"a member less":       debtest.Ar(binary, ctl),
		"a member more":       debtest.Ar(binary, ctl, data, member("_x", "")),
		"a member before":     debtest.Ar(member("_x", ""), binary, ctl, data),
		"other order":         debtest.Ar(binary, data, ctl),
		"control twice":       debtest.Ar(binary, ctl, ctl),
		"other format":        debtest.Ar(member("debian-binary", "3.0\n"), ctl, data),
		"lzma":                debtest.Ar(binary, member("control.tar.lzma", ""), data),
		"not a tar":           debtest.Ar(binary, member("control.tar", "xxxx"), data),
		"not an xz":           debtest.Ar(binary, member("control.tar.xz", "xxxx"), data),
		"not a gz":            debtest.Ar(binary, member("control.tar.gz", "xxxx"), data),
		"not a zst":           debtest.Ar(binary, member("control.tar.zst", "xxxx"), data),
		"no control file":     debtest.Ar(binary, member("control.tar", string(noControl)), data),
		"claims too much":     size,
		"negative size":       negative,
		"cut in a header":     good[:40],
		"cut in a member":     good[:len(good)-200],
		"header's end":        bytes.Replace(good, []byte("`\n"), []byte("'\n"), 1),
		"bytes after the end": append(bytes.Clone(good), 'x'),
	}
	for name, b := range cases {
		if _, err := debfile.Open(b, pin(b)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestBomb: a control archive of more than its limit, in a few kilobytes.
func TestBomb(t *testing.T) {
	c, err := debtest.Tar(debtest.File("a", strings.Repeat("\x00", debfile.MaxControl), 0o644), debtest.File("control", control, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	z, err := debtest.Zstd(c)
	if err != nil {
		t.Fatal(err)
	}
	b := debtest.Ar(debtest.Member{Name: "debian-binary", Data: []byte("2.0\n")}, debtest.Member{Name: "control.tar.zst", Data: z}, debtest.Member{Name: "data.tar"})
	if _, err := debfile.Open(b, pin(b)); err == nil || !strings.Contains(err.Error(), "decompresses to more") {
		t.Errorf("%d bytes: %v", len(b), err)
	}
}

func TestSeed(t *testing.T) {
	b := deb(t, debtest.File("./bin/busybox", "ELF", 0o755), debtest.File("./usr/share/doc/x", "x", 0o644))
	f, err := debfile.Open(b, pin(b))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "seed")
	if err := f.WriteSeed(dir); err != nil {
		t.Fatal(err)
	}
	want := []string{"-rwxr-xr-x bin/busybox ELF", "drwxr-xr-x bin", "link bin/ar busybox", "link bin/sh busybox", "link bin/tar busybox", "link bin/xz busybox"}
	if d := cmp.Diff(want, tree(t, dir)); d != "" {
		t.Error(d)
	}
	if err := f.WriteSeed(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a seed that is there: %v", err)
	}
	b = deb(t, debtest.File("./bin/sh", "x", 0o755))
	if f, err = debfile.Open(b, pin(b)); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteSeed(filepath.Join(t.TempDir(), "seed")); err == nil {
		t.Error("a package without busybox is no error")
	}
}

func FuzzDeb(f *testing.F) {
	seeds := [][]byte{deb(f, debtest.File("bin/busybox", "x", 0o755)), deb(f), debtest.Ar(), []byte("!<arch>\n")}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// The hash would keep everything out: it is made to fit.
		deb, err := debfile.Open(b, pin(b))
		if err != nil {
			return
		}
		root := t.TempDir()
		d, err := os.Open(root)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		_ = deb.Unpack(d, nil)
	})
}
