package aptsources_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/debian/aptsources"
)

func TestMirrors(t *testing.T) {
	root := fstest.MapFS{
		"etc/apt/sources.list": {Data: []byte(`
# deb http://comment.example/debian bookworm main
deb [arch=amd64 signed-by=/x.gpg] http://one.example/debian bookworm main contrib # why
deb-src http://source.example/debian bookworm main
deb cdrom:[Debian]/ bookworm main
deb http://other.example/ubuntu jammy main
deb http://free.example/debian bookworm non-free
`)},
		"etc/apt/sources.list.d/b.sources": {Data: []byte(`Types: deb deb-src
# a comment
URIs: https://two.example/pub/debian/ http://one.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xyz
 
Types: deb
URIs: http://two.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main
`)},
		"etc/apt/sources.list.d/c.list":   {Data: []byte("deb mirror+file:/etc/x bookworm main\n")},
		"etc/apt/sources.list.d/old.save": {Data: []byte("deb http://save.example/debian bookworm main\n")},
	}
	sources, problems := aptsources.Read(root)
	for _, p := range problems {
		t.Error(p)
	}
	want := map[string][]string{
		"debian":          {"http://one.example/debian", "https://two.example/pub/debian"},
		"debian-security": {"http://two.example/debian-security"},
	}
	if d := cmp.Diff(want, aptsources.Mirrors(sources)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestProblems: one bad file does not spoil the others.
func TestProblems(t *testing.T) {
	root := fstest.MapFS{
		"etc/apt/sources.list.d/a.list":    {Data: []byte("deb [x http://bad.example/debian\n")},
		"etc/apt/sources.list.d/b.sources": {Data: []byte("Types deb\n")},
		"etc/apt/sources.list.d/c.list":    {Data: []byte("deb http://good.example/debian sid main\ndeb http://short.example\n")},
	}
	sources, problems := aptsources.Read(root)
	if len(problems) != 3 {
		t.Errorf("problems: %v", problems)
	}
	want := []aptsources.Source{{URI: "http://good.example/debian", Suite: "sid", Components: []string{"main"}}}
	if d := cmp.Diff(want, sources); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestNoApt(t *testing.T) {
	sources, problems := aptsources.Read(fstest.MapFS{})
	if len(sources)+len(problems) != 0 {
		t.Errorf("got %v, %v", sources, problems)
	}
}
