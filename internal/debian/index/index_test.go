package index_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"

	"isomorph/internal/debian/index"
)

const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// stanza returns a stanza of a Packages file; more replaces or adds fields.
func stanza(name, version string, more ...string) string {
	fields := map[string]string{
		"Package": name, "Version": version, "Architecture": "amd64", "SHA256": sum, "Size": "10",
		"Filename": "pool/main/x/" + name + "_" + version + ".deb",
	}
	for i := 0; i+1 < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	var b strings.Builder
	for _, k := range []string{"Package", "Version", "Architecture", "Priority", "Provides", "Pre-Depends", "Depends", "Filename", "Size", "SHA256", "Description"} {
		if v, ok := fields[k]; ok {
			b.WriteString(k + ": " + v + "\n")
		}
	}
	return b.String() + "\n"
}

func read(t *testing.T, text string) *index.Index {
	t.Helper()
	x := index.New()
	if err := x.Read(strings.NewReader(text), "debian", "amd64"); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestRead(t *testing.T) {
	x := read(t, stanza("aa", "1", "Depends", "bb (>= 2), cc | dd", "Pre-Depends", "ee", "Description", "short\n long")+
		stanza("aa", "2", "Architecture", "arm64")+stanza("bb", "1", "Architecture", "all"))
	if d := cmp.Diff([]string{"aa", "bb"}, x.Names()); d != "" {
		t.Error(d)
	}
	got := x.Package("aa")
	want := &index.Package{Name: "aa", Version: "1", Architecture: "amd64", Path: "pool/main/x/aa_1.deb", SHA256: sum,
		Size: 10, Depends: "ee, bb (>= 2), cc | dd", Description: "short", Repository: "debian"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestHighestVersionWins(t *testing.T) {
	x := read(t, stanza("aa", "1:1")+stanza("bb", "1"))
	if err := x.Read(strings.NewReader(stanza("aa", "2")+stanza("bb", "1+deb12u1")), "debian-security", "amd64"); err != nil {
		t.Fatal(err)
	}
	if p := x.Package("aa"); p.Version != "1:1" || p.Repository != "debian" {
		t.Errorf("aa: %+v", p)
	}
	if p := x.Package("bb"); p.Version != "1+deb12u1" || p.Repository != "debian-security" {
		t.Errorf("bb: %+v", p)
	}
}

func TestProviders(t *testing.T) {
	x := read(t, stanza("mawk", "1", "Provides", "awk", "Priority", "required")+stanza("gawk", "1", "Provides", "awk, awk-ng (= 5)", "Priority", "optional")+
		stanza("original", "1", "Provides", "awk")+stanza("real", "2")+stanza("also", "1", "Provides", "real (= 3)"))
	cases := map[string]string{
		"awk":            "mawk gawk original",
		"awk (>= 1)":     "",
		"awk-ng (>= 5)":  "gawk",
		"awk-ng (>> 5)":  "",
		"real":           "real also",
		"real (>= 3)":    "also",
		"real (= 2)":     "real",
		"nothing":        "",
		"mawk (<< 1.1~)": "mawk",
	}
	for text, want := range cases {
		rel, err := index.ParseRelations(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range x.Providers(rel[0][0]) {
			got = append(got, p.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
}

func TestParseRelations(t *testing.T) {
	got, err := index.ParseRelations("aa, bb (>= 1:2-3) | cc:any(<<4), dd:amd64 ,")
	want := [][]index.Relation{{{Name: "aa"}}, {{"bb", ">=", "1:2-3"}, {"cc", "<<", "4"}}, {{Name: "dd"}}}
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"a", "Aa", "aa bb", "aa (1)", "aa (>= 1", "aa (=> 1)", "aa (>= )", "aa | ", "aa (>= 1) [amd64]", "../x"} {
		if got, err := index.ParseRelations(bad); err == nil {
			t.Errorf("%q: got %v", bad, got)
		}
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]string{
		"name":          stanza("a_b", "1"),
		"version":       stanza("aa", "1 2"),
		"parent path":   stanza("aa", "1", "Filename", "pool/../../etc/x.deb"),
		"absolute path": stanza("aa", "1", "Filename", "/pool/x.deb"),
		"other path":    stanza("aa", "1", "Filename", "dists/x.deb"),
		"hidden path":   stanza("aa", "1", "Filename", "pool/.x/x.deb"),
		"double slash":  stanza("aa", "1", "Filename", "pool//x.deb"),
		"query":         stanza("aa", "1", "Filename", "pool/x.deb?y.deb"),
		"no deb":        stanza("aa", "1", "Filename", "pool/x.exe"),
		"short hash":    stanza("aa", "1", "SHA256", "abc"),
		"upper hash":    stanza("aa", "1", "SHA256", strings.ToUpper(sum)),
		"no hash":       strings.Replace(stanza("aa", "1"), "SHA256: "+sum+"\n", "", 1),
		"negative size": stanza("aa", "1", "Size", "-1"),
		"huge size":     stanza("aa", "1", "Size", "99999999999999"),
		"octal size":    stanza("aa", "1", "Size", "010"),
		"two files":     stanza("aa", "1") + stanza("aa", "1", "SHA256", strings.Repeat("a", 64)),
		"bad provides":  stanza("aa", "1", "Provides", "x y"),
		"syntax":        "Package aa\n",
	}
	for name, text := range cases {
		if err := index.New().Read(strings.NewReader(text), "debian", "amd64"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFindSources(t *testing.T) {
	text := `Package: hello
Version: 2.10-3
Directory: pool/main/h/hello
Checksums-Sha256:
 ` + sum + ` 100 hello_2.10-3.dsc
 ` + sum + ` 200 hello_2.10.orig.tar.gz
 ` + sum + ` 300 hello_2.10.orig.tar.gz.asc
 ` + sum + ` 400 hello_2.10-3.debian.tar.xz

Package: native
Version: 1
Directory: pool/main/n/native
Checksums-Sha256:
 ` + sum + ` 5 native_1.tar.xz

Package: hello
Version: 2.9-1
Directory: pool/main/h/hello
Checksums-Sha256:
 ` + sum + ` 1 hello_2.9.orig.tar.gz
`
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := index.FindSources(bytes.NewReader(b.Bytes()), []string{"hello", "native"})
	want := map[string]*index.Source{
		"hello":  {Name: "hello", Version: "2.10-3", Path: "pool/main/h/hello/hello_2.10.orig.tar.gz", SHA256: sum, Size: 200},
		"native": {Name: "native", Version: "1", Path: "pool/main/n/native/native_1.tar.xz", SHA256: sum, Size: 5},
	}
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := index.FindSources(bytes.NewReader(b.Bytes()), []string{"missing"}); err == nil {
		t.Error("a missing source is no error")
	}
}
