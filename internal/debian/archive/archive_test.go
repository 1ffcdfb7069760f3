package archive_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"isomorph/internal/debian/archive"
	"isomorph/internal/debian/debtest"
	"isomorph/internal/debian/release"
)

// serve starts a server that answers with the given bodies, and counts.
func serve(t *testing.T, files map[string]string) (base string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path)
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if target, ok := strings.CutPrefix(body, "-> "); ok {
			http.Redirect(w, r, target, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestMirrorsInTurn(t *testing.T) {
	good, wrong, short := "the index", "the indes", "the"
	sum := debtest.SHA256([]byte(good))
	name := "/dists/s/main/by-hash/SHA256/" + sum
	evil, _ := serve(t, map[string]string{name: wrong, "/dists/s/main/P.xz": short})
	byName, _ := serve(t, map[string]string{"/dists/s/main/P.xz": good})
	cache := t.TempDir()
	c := &archive.Client{Fetcher: archive.NewHTTP(nil), CacheDir: cache, Mirrors: map[string][]string{"debian": {"http://127.0.0.1:1", evil, byName}}}
	f := release.File{Path: "main/P.xz", SHA256: sum, Size: int64(len(good))}
	got, err := c.Index(t.Context(), "debian", "s", f)
	if err != nil || string(got) != good {
		t.Fatalf("got %q, %v", got, err)
	}
	// From now on the cache has it; a damaged one does not count.
	c.Fetcher = nil
	if got, err := c.Index(t.Context(), "debian", "s", f); err != nil || string(got) != good {
		t.Errorf("got %q, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(cache, sum), []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Index(t.Context(), "debian", "s", f); !errors.Is(err, archive.ErrOffline) {
		t.Errorf("got %v", err)
	}
}

// TestReasons: when all mirrors fail, each says why.
func TestReasons(t *testing.T) {
	a, _ := serve(t, map[string]string{"/dists/s/InRelease": "<html>"})
	b, _ := serve(t, nil)
	c := &archive.Client{Fetcher: archive.NewHTTP(nil), Mirrors: map[string][]string{"debian": {a, b}}}
	_, _, err := c.Release(t.Context(), "debian", release.Policy{Suite: "s"})
	if err == nil || !strings.Contains(err.Error(), a) || !strings.Contains(err.Error(), "does not begin") || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
	if _, _, err := c.Release(t.Context(), "other", release.Policy{Suite: "s"}); err == nil || !strings.Contains(err.Error(), "no mirror") {
		t.Errorf("got %v", err)
	}
}

func TestHTTP(t *testing.T) {
	base, asked := serve(t, map[string]string{"/a": "12345", "/to-a": "-> /a", "/loop": "-> /loop"})
	h := archive.NewHTTP(nil)
	for path, want := range map[string]string{"/a": "12345", "/to-a": "12345"} {
		if got, err := h.Fetch(t.Context(), base+path, 5); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	for path, want := range map[string]string{"/a": "larger", "/loop": "redirects", "/none": "404"} {
		if _, err := h.Fetch(t.Context(), base+path, 4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if n := len(*asked); n > 20 {
		t.Errorf("%d requests", n)
	}
}

func TestPlaces(t *testing.T) {
	now := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	apt := map[string][]string{"debian": {"http://apt.example/debian"}}
	got := archive.Places([]string{"http://one.example/debian/", "http://two.example/debian-security", "http://apt.example/debian", "http://odd.example/mirror"}, apt, now)
	want := map[string][]string{
		"debian":          {"http://one.example/debian", "http://apt.example/debian", "http://odd.example/mirror", "https://snapshot.debian.org/archive/debian/20261123T040000Z"},
		"debian-security": {"http://one.example/debian-security", "http://two.example/debian-security", "http://apt.example/debian-security", "https://snapshot.debian.org/archive/debian-security/20261123T040000Z"},
	}
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: got %q, want %q", name, got[name], want[name])
		}
	}
}

// A mirror's password is shown to nobody, not even if its URL is malformed.
func TestPasswordIsNotShown(t *testing.T) {
	const secret = "s3cret"
	base, _ := serve(t, map[string]string{"/dists/s/InRelease": "<html>"})
	var log strings.Builder
	with := strings.Replace(base, "http://", "http://user:"+secret+"@", 1)
	c := &archive.Client{Fetcher: archive.NewHTTP(nil), Mirrors: map[string][]string{"debian": {with, with + "/none", "http://user:" + secret + "@[bad/"}},
		Log: func(format string, args ...any) { fmt.Fprintf(&log, format, args...) }}
	_, _, err := c.Release(t.Context(), "debian", release.Policy{Suite: "s"})
	if err == nil || !strings.Contains(err.Error(), base) || strings.Contains(err.Error()+log.String(), secret) {
		t.Errorf("got %v, logged %q", err, log.String())
	}
}
