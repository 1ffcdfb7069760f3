package lock_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"

	"isomorph/internal/debian/archive"
	"isomorph/internal/debian/debtest"
	"isomorph/internal/debian/lock"
	"isomorph/internal/debian/release"
)

var start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// world is an archive in memory with its key.
type world struct {
	t     *testing.T
	key   *openpgp.Entity
	files map[string][]byte
	asked []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	key, err := openpgp.NewEntity("x", "", "", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return start.AddDate(-1, 0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, key: key, files: map[string][]byte{}}
}

func (w *world) Fetch(_ context.Context, url string, limit int64) ([]byte, error) {
	w.asked = append(w.asked, url)
	b, ok := w.files[url]
	if !ok {
		return nil, errors.New("404")
	}
	if int64(len(b)) > limit {
		return nil, errors.New("too large")
	}
	return b, nil
}

// publish puts a state of a suite on a mirror.
func (w *world) publish(base, suite string, date time.Time, packages, sources string) {
	w.t.Helper()
	px, err1 := debtest.XZ([]byte(packages))
	sx, err2 := debtest.XZ([]byte(sources))
	if err := errors.Join(err1, err2); err != nil {
		w.t.Fatal(err)
	}
	text := fmt.Sprintf("Origin: Debian\nSuite: oldstable\nCodename: %s\nDate: %s\nSHA256:\n %s %d main/binary-amd64/Packages.xz\n %s %d main/source/Sources.xz",
		suite, date.UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC"), debtest.SHA256(px), len(px), debtest.SHA256(sx), len(sx))
	var b bytes.Buffer
	s, err := clearsign.Encode(&b, w.key.PrivateKey, &packet.Config{DefaultHash: crypto.SHA256, Time: func() time.Time { return date }})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err1 = s.Write([]byte(text))
	if err := errors.Join(err1, s.Close()); err != nil {
		w.t.Fatal(err)
	}
	dir := base + "/dists/" + suite
	w.files[dir+"/InRelease"] = append(b.Bytes(), '\n')
	w.files[dir+"/main/binary-amd64/by-hash/SHA256/"+debtest.SHA256(px)] = px
	w.files[dir+"/main/source/Sources.xz"] = sx
}

func stanza(name, version, more string) string {
	return fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nFilename: pool/%s_%s.deb\nSize: 7\nSHA256: %064d\n%s\n", name, version, name, version, len(version), more)
}

const sourceIndex = "Package: hello\nVersion: 2.10-3\nDirectory: pool/h\nChecksums-Sha256:\n 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 9 hello_2.10.orig.tar.gz\n"

func (w *world) generator(cache string) *lock.Generator {
	return &lock.Generator{
		Archive: &archive.Client{Fetcher: w, CacheDir: cache, Mirrors: map[string][]string{
			"debian":          {"http://down.example/debian", "http://up.example/debian"},
			"debian-security": {"http://up.example/debian-security"},
		}},
		Now:  func() time.Time { return start },
		Keys: func(string) (*release.Keyring, error) { return release.NewKeyring(openpgp.EntityList{w.key}), nil },
	}
}

func request() lock.Request {
	return lock.Request{Suite: "bookworm", Architecture: "amd64", Roots: []string{"bb", "aa"}, Exclude: []string{"xx"}, Sources: []string{"hello"}}
}

const golden = `{
 "architecture": "amd64",
 "exclude": ["xx"],
 "packages": {
  "aa": {"depends":["cc"],"path":"pool/aa_1.deb","repository":"debian","sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":7,"version":"1"},
  "bb": {"depends":[],"path":"pool/bb_1.deb","repository":"debian","sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":7,"version":"1"},
  "cc": {"depends":[],"path":"pool/cc_1~rc1+b1.deb","repository":"debian","sha256":"0000000000000000000000000000000000000000000000000000000000000008","size":7,"version":"1~rc1+b1"}
 },
 "repositories": {
  "debian": {"component":"main","date":"2026-08-01T10:00:00Z","inrelease":"INRELEASE","packagesIndex":{"path":"main/binary-amd64/Packages.xz","sha256":"PACKAGES"},"snapshot":"20260803T000000Z","sourcesIndex":{"path":"main/source/Sources.xz","sha256":"SOURCES"},"suite":"bookworm"}
 },
 "roots": [
  "aa",
  "bb"
 ],
 "sources": {
  "hello": {"path":"pool/h/hello_2.10.orig.tar.gz","repository":"debian","sha256":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":9}
 },
 "version": 1
}
`

func packages() string {
	return stanza("aa", "1", "Depends: cc, xx\n") + stanza("bb", "1", "") + stanza("cc", "1~rc1+b1", "") + stanza("dd", "1", "Depends: cc\n")
}

func TestGenerate(t *testing.T) {
	w := newWorld(t)
	w.publish("http://up.example/debian", "bookworm", start.Add(-2*time.Hour), packages(), sourceIndex)
	l, err := w.generator("").Generate(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	r := l.Repositories["debian"]
	want := strings.NewReplacer("INRELEASE", r.InRelease, "PACKAGES", r.PackagesIndex.SHA256, "SOURCES", r.SourcesIndex.SHA256).Replace(golden)
	if d := cmp.Diff(want, string(l.Encode())); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	again, err := lock.Parse(l.Encode())
	if err != nil || !bytes.Equal(again.Encode(), l.Encode()) {
		t.Errorf("read back: %v", err)
	}
	if got := l.URL("debian", l.Packages["aa"].Path); got != "https://snapshot.debian.org/archive/debian/20260803T000000Z/pool/aa_1.deb" {
		t.Errorf("URL %s", got)
	}
	if bad, err := w.generator("").Check(t.Context(), l); err != nil || len(bad) > 0 {
		t.Errorf("Check: %v, %v", bad, err)
	}
}

// TestAgain: other roots, the same index, from the cache, with no network.
func TestAgain(t *testing.T) {
	w := newWorld(t)
	cache := t.TempDir()
	w.publish("http://up.example/debian", "bookworm", start.Add(-2*time.Hour), packages(), sourceIndex)
	old, err := w.generator(cache).Generate(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	w.files, w.asked = nil, nil
	l, err := w.generator(cache).Again(t.Context(), old, []string{"dd", "aa", "bb"}, old.Exclude, []string{"hello"})
	if err != nil {
		t.Fatal(err)
	}
	if got := lock.Differences(old, l); !slices.Equal(got, []string{"dd: 1 is new"}) || len(w.asked) > 0 {
		t.Errorf("differences %v, asked %v", got, w.asked)
	}
	back, err := w.generator(cache).Again(t.Context(), l, old.Roots, old.Exclude, []string{"hello"})
	if err != nil || !bytes.Equal(back.Encode(), old.Encode()) {
		t.Errorf("adding and removing is not the same as nothing: %v", err)
	}
	if _, err := w.generator("").Again(t.Context(), old, old.Roots, nil, nil); err == nil {
		t.Error("no cache, no network, no error")
	}
}

// TestSecurity: the security archive's newer versions win.
func TestSecurity(t *testing.T) {
	w := newWorld(t)
	w.publish("http://up.example/debian", "bookworm", start.Add(-48*time.Hour), packages(), sourceIndex)
	w.publish("http://up.example/debian-security", "bookworm-security", start.Add(-time.Hour), stanza("cc", "2", "")+stanza("aa", "0", ""), "")
	req := request()
	req.Security = true
	l, err := w.generator("").Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if p := l.Packages["cc"]; p.Version != "2" || p.Repository != "debian-security" {
		t.Errorf("cc: %+v", p)
	}
	if p := l.Packages["aa"]; p.Version != "1" || p.Repository != "debian" {
		t.Errorf("aa: %+v", p)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	base := "http://up.example/debian"
	w.publish(base, "bookworm", start.Add(-2*time.Hour), packages(), sourceIndex)
	l, err := w.generator("").Generate(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	later := *l.Repositories["debian"]
	later.Date = start.Format(time.RFC3339)
	inRelease := w.files[base+"/dists/bookworm/InRelease"]
	byHash := base + "/dists/bookworm/main/binary-amd64/by-hash/SHA256/" + l.Repositories["debian"].PackagesIndex.SHA256
	index := w.files[byHash]
	cases := map[string]struct {
		change func(*lock.Request)
		want   string
	}{
		"downgrade": {func(r *lock.Request) {
			r.Previous = &lock.Lock{Repositories: map[string]*lock.Repository{"debian": &later}}
		}, "older"},
		"other suite":     {func(r *lock.Request) { r.Suite = "trixie" }, "404"},
		"no architecture": {func(r *lock.Request) { r.Architecture = "riscv64" }, "lists no SHA-256"},
		"no package":      {func(r *lock.Request) { r.Roots = []string{"nosuch"} }, "nosuch"},
		"no source":       {func(r *lock.Request) { r.Sources = []string{"nosuch"} }, "nosuch"},
		"InRelease changed": {func(*lock.Request) {
			w.files[base+"/dists/bookworm/InRelease"] = bytes.Replace(inRelease, []byte("oldstable"), []byte("newstable"), 1)
		}, "signature"},
		"index changed":   {func(*lock.Request) { w.files[byHash] = append([]byte{1}, index[1:]...) }, "SHA-256"},
		"index too short": {func(*lock.Request) { w.files[byHash] = index[1:] }, "404"},
		"index missing":   {func(*lock.Request) { delete(w.files, byHash) }, "404"},
	}
	for name, c := range cases {
		w.files[base+"/dists/bookworm/InRelease"], w.files[byHash] = inRelease, index
		req := request()
		c.change(&req)
		if _, err := w.generator("").Generate(t.Context(), req); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestCheck: whatever is changed in a lock is found.
func TestCheck(t *testing.T) {
	w := newWorld(t)
	w.publish("http://up.example/debian", "bookworm", start.Add(-2*time.Hour), packages(), sourceIndex)
	cache := t.TempDir()
	l, err := w.generator(cache).Generate(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]func(*lock.Lock){
		"hash":       func(l *lock.Lock) { l.Packages["aa"].SHA256 = strings.Repeat("f", 64) },
		"version":    func(l *lock.Lock) { l.Packages["aa"].Version = "2" },
		"size":       func(l *lock.Lock) { l.Packages["aa"].Size++ },
		"path":       func(l *lock.Lock) { l.Packages["aa"].Path = "pool/evil.deb" },
		"depends":    func(l *lock.Lock) { l.Packages["aa"].Depends = nil },
		"extra":      func(l *lock.Lock) { l.Packages["dd"] = l.Packages["bb"] },
		"missing":    func(l *lock.Lock) { delete(l.Packages, "bb") },
		"source":     func(l *lock.Lock) { l.Sources["hello"].Size++ },
		"date":       func(l *lock.Lock) { l.Repositories["debian"].Date = start.Format(time.RFC3339) },
		"suite":      func(l *lock.Lock) { l.Repositories["debian"].Suite = "trixie" },
		"index hash": func(l *lock.Lock) { l.Repositories["debian"].PackagesIndex.SHA256 = strings.Repeat("f", 64) },
	}
	for name, change := range changes {
		bad, err := lock.Parse(l.Encode())
		if err != nil {
			t.Fatal(err)
		}
		change(bad)
		if got, err := w.generator(cache).Check(t.Context(), bad); err == nil && len(got) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	text := strings.NewReplacer("INRELEASE", strings.Repeat("a", 64), "PACKAGES", strings.Repeat("b", 64), "SOURCES", strings.Repeat("c", 64)).Replace(golden)
	if _, err := lock.Parse([]byte(text)); err != nil {
		t.Fatalf("the control: %v", err)
	}
	cases := map[string][2]string{
		"version":         {`"version": 1`, `"version": 2`},
		"unknown key":     {`"version": 1`, `"version": 1, "x": 1`},
		"key twice":       {`"version": 1`, `"version": 1, "version": 1`},
		"key by case":     {`"version": 1`, `"version": 1, "Version": 1`},
		"package twice":   {`  "bb":`, `  "aa":`},
		"trailing":        {"\n}\n", "\n}\n{}"},
		"cut":             {"\n}\n", "\n"},
		"not UTF-8":       {`"amd64"`, "\"amd\xff\""},
		"path":            {"pool/aa_1.deb", "pool/../aa_1.deb"},
		"hash":            {"0000000000000000000000000000000000000000000000000000000000000001", "0"},
		"size":            {`"size":7`, `"size":-7`},
		"float":           {`"size":7`, `"size":7.5`},
		"null package":    {`{"depends":[],"path":"pool/bb_1.deb","repository":"debian","sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":7,"version":"1"}`, `null`},
		"name":            {`"bb":`, `"b_b":`},
		"dependency":      {`["cc"]`, `["zz"]`},
		"repository":      {`"repository":"debian"`, `"repository":"elsewhere"`},
		"date":            {"2026-08-01T10", "01.08.2026"},
		"snapshot":        {"20260803T000000Z", "../../x"},
		"no architecture": {`"amd64"`, `""`},
		"deep":            {`["xx"]`, strings.Repeat("[", 30) + strings.Repeat("]", 30)},
	}
	for name, c := range cases {
		if !strings.Contains(text, c[0]) {
			t.Fatalf("%s: nothing to replace", name)
		}
		if _, err := lock.Parse([]byte(strings.Replace(text, c[0], c[1], 1))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "lock.json")
	if _, err := lock.Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	l := &lock.Lock{Architecture: "amd64", Version: lock.Version}
	for range 2 {
		if err := l.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := lock.Read(path); err != nil || got.Architecture != "amd64" {
		t.Errorf("got %+v, %v", got, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestSnapshotTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-07-11T10:16:37Z": "20260713T000000Z",
		"2026-07-11T00:00:00Z": "20260712T000000Z",
		"2026-07-11T00:00:01Z": "20260713T000000Z",
		"2026-12-31T23:59:59Z": "20270102T000000Z",
	} {
		d, err := time.Parse(time.RFC3339, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := lock.SnapshotTime(d); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
