package lockcmd_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"isomorph/internal/cli"
	"isomorph/internal/cli/lockcmd"
	"isomorph/internal/debian/debtest"
	"isomorph/internal/debian/lock"
)

// world is a machine with a lock and an index for it.
type world struct {
	t        *testing.T
	dir      string
	files    map[string][]byte
	embedded *lock.Lock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var text strings.Builder
	for _, p := range []string{"aa:bb", "bb:", "cc:bb"} {
		name, dep, _ := strings.Cut(p, ":")
		text.WriteString("Package: " + name + "\nVersion: 1\nArchitecture: amd64\nFilename: pool/" + name + ".deb\nSize: 1000000\nSHA256: " + strings.Repeat("1", 64) + "\nDepends: " + dep + "\n\n")
	}
	index, err := debtest.XZ([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), files: map[string][]byte{"http://apt.example/debian/dists/bookworm/main/binary-amd64/Packages.xz": index}}
	pkg := func(name string, deps ...string) *lock.Package {
		return &lock.Package{Depends: append([]string{}, deps...), Path: "pool/" + name + ".deb", Repository: "debian", SHA256: strings.Repeat("1", 64), Size: 1000000, Version: "1"}
	}
	w.embedded = &lock.Lock{Version: 1, Architecture: "amd64", Roots: []string{"aa"}, Packages: map[string]*lock.Package{"aa": pkg("aa", "bb"), "bb": pkg("bb")},
		Repositories: map[string]*lock.Repository{"debian": {Component: "main", Suite: "bookworm", Date: "2026-07-11T10:16:37Z", Snapshot: "20260713T000000Z",
			InRelease: strings.Repeat("a", 64), PackagesIndex: &lock.Index{Path: "main/binary-amd64/Packages.xz", SHA256: debtest.SHA256(index)}}}}
	return w
}

func (w *world) Fetch(_ context.Context, url string, _ int64) ([]byte, error) {
	if b, ok := w.files[url]; ok {
		return b, nil
	}
	return nil, errors.New("404")
}

func (w *world) run(args ...string) (stdout, stderr string, err error) {
	w.t.Helper()
	var out, errs bytes.Buffer
	env := &cli.Env{Stdout: &out, Stderr: &errs, Dir: w.dir, Home: filepath.Join(w.dir, "home"), LookupEnv: func(string) (string, bool) { return "", false },
		Now: func() time.Time { return time.Date(2026, 7, 21, 12, 0, 0, 0, time.UTC) }}
	cmd := lockcmd.New(env, lockcmd.Deps{
		Fetcher:  w,
		Root:     fstest.MapFS{"etc/apt/sources.list": {Data: []byte("deb http://apt.example/debian bookworm main\n")}},
		Embedded: func() ([]byte, error) { return w.embedded.Encode(), nil },
	})
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.ExecuteContext(w.t.Context())
	return out.String(), errs.String(), err
}

func TestShow(t *testing.T) {
	w := newWorld(t)
	stdout, stderr, err := w.run()
	if err != nil || !strings.Contains(stdout, "aa*") || !strings.Contains(stdout, "bb ") || !strings.Contains(stderr, "2 packages") || !strings.Contains(stderr, "10 days old") {
		t.Errorf("got %q, %q, %v", stdout, stderr, err)
	}
	if stdout, _, err = w.run("--json"); err != nil || stdout != string(w.embedded.Encode()) {
		t.Errorf("got %q, %v", stdout, err)
	}
}

// TestAddRemove: the first change makes the user's own lock; removing again
// leaves what was built in.
func TestAddRemove(t *testing.T) {
	w := newWorld(t)
	own := filepath.Join(w.dir, "home/.config/isomorph/lock.json")
	if stdout, _, err := w.run("add", "cc", "--dry-run"); err != nil || stdout != "cc: 1 is new\n" {
		t.Errorf("got %q, %v", stdout, err)
	}
	if _, err := os.Lstat(own); err == nil {
		t.Error("--dry-run wrote a lock")
	}
	if _, stderr, err := w.run("add", "cc"); err != nil || !strings.Contains(stderr, "3.0 MB") || !strings.Contains(stderr, own) {
		t.Errorf("got %q, %v", stderr, err)
	}
	// The index is in the cache now.
	if stdout, _, err := w.run("remove", "cc", "--offline"); err != nil || stdout != "cc: 1 is no longer needed\n" {
		t.Errorf("got %q, %v", stdout, err)
	}
	if b, err := os.ReadFile(own); err != nil || string(b) != string(w.embedded.Encode()) {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestPlace(t *testing.T) {
	w := newWorld(t)
	checkout := filepath.Join(w.dir, "channel", "lock.json")
	if err := w.embedded.Write(checkout); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := w.run("add", "cc"); err != nil || !strings.Contains(stderr, "wrote "+checkout) {
		t.Errorf("got %q, %v", stderr, err)
	}
	if _, _, err := w.run("--lock", "other.json"); err == nil || !strings.Contains(err.Error(), "other.json") {
		t.Errorf("got %v", err)
	}
}

func TestErrors(t *testing.T) {
	cases := map[string][]string{
		"no package \"zz\"":  {"add", "zz"},
		"not asked for":      {"remove", "bb"},
		"isomorph lock upda": {"add", "cc", "--offline"},
		"404":                {"update"},
		"InRelease":          {"verify"},
		"at least 1":         {"add"},
	}
	for want, args := range cases {
		if _, _, err := newWorld(t).run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
}
