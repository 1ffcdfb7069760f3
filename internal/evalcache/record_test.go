package evalcache

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

const thing storepath.Path = "00000000000000000000000000000000-object"

// sample has every kind of thing that a record can hold.
func sample() *Record {
	print := Fingerprint{Dev: 1, Ino: 2, Size: 3, Mode: 0o100644, Mtime: -4, Ctime: 5e18}
	return &Record{
		Vars: []Var{{"HOME", "/root"}, {"UNSET", ""}},
		Files: []File{
			{Path: "/", Self: SelfNoLink},
			{Path: "/a", Self: SelfAbsent, End: EndAbsent},
			{Path: "/a/b", Self: SelfRegular, End: EndFile, Fingerprint: print, Sure: true, Sum: Sum{1}},
			{Path: "/a/bc", Self: SelfLink, Target: "../x\n"},
			{Path: "/a/d", Self: SelfDirectory, End: EndDirectory, Fingerprint: print, Sum: Sum{2}},
			{Path: "/a/e", Self: SelfSymlink},
			{Path: "/a/f", Self: SelfUnknown},
		},
		Trees: []Tree{{Path: "/t", Name: "t", Flat: true, References: []storepath.Path{thing},
			Rejected: []Rejected{{"x/y", builtins.Directory}}, Result: thing, Fingerprint: print, Sure: true}},
		Downloads: []Download{{"https://x/y", "source", true, thing}},
		Inputs:    []Input{{`{"type":"path"}`, `{"lastModified":1}`, thing}},
		Objects:   []Object{{thing, Sum{3}}},
		Absent:    []storepath.Path{thing},
		Made:      []storepath.Path{thing},
		Messages:  []Message{{Trace, "a"}, {EvaluationWarning, "b\x00"}},
		Answers:   []Answer{{Text: "[ ]\n"}, {Derivations: []Derivation{{thing, "object", "out"}}}},
	}
}

func TestRoundTrip(t *testing.T) {
	k := Key{1, 2, 3}
	for _, rec := range []*Record{sample(), {}} {
		got, err := decode(k, rec.encode(k))
		if err != nil || !reflect.DeepEqual(got, rec) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, rec)
		}
	}
	if _, err := decode(Key{}, sample().encode(k)); err == nil {
		t.Error("the record of another key was read")
	}
}

// A record that was cut off anywhere, has more at its end or one bit turned
// round is none.
func TestDamage(t *testing.T) {
	k := Key{1}
	whole := sample().encode(k)
	for n := range whole {
		if _, err := decode(k, whole[:n]); err == nil {
			t.Errorf("cut after %d of %d bytes: read all the same", n, len(whole))
		}
		turned := append([]byte(nil), whole...)
		turned[n] ^= 0x10
		if _, err := decode(k, turned); err == nil {
			t.Errorf("byte %d turned round: read all the same", n)
		}
	}
	if _, err := decode(k, append(whole, 0)); err == nil {
		t.Error("a byte too many: read all the same")
	}
}

// Bytes that only look like a record are refused without a crash, and without
// more memory than they are worth.
func FuzzDecode(f *testing.F) {
	k := Key{1}
	whole := sample().encode(k)
	f.Add(whole[len(header)+len(k) : len(whole)-len(Sum{})])
	f.Add((&Record{}).encode(k))
	f.Fuzz(func(t *testing.T, body []byte) {
		b := append(append([]byte(header), k[:]...), body...)
		sum := sumOf(b)
		rec, err := decode(k, append(b, sum[:]...))
		if err == nil {
			if again, err := decode(k, rec.encode(k)); err != nil || !reflect.DeepEqual(again, rec) {
				t.Errorf("%+v became %+v, %v", rec, again, err)
			}
		}
	})
}

func open1(t *testing.T, dir string, now func() time.Time) *Cache {
	t.Helper()
	c, err := Open(Options{Dir: dir, UID: os.Getuid(), Random: rand.Reader, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep/cache")
	c := open1(t, dir, time.Now)
	if c.Get(Key{1}) != nil {
		t.Error("a record before any was written")
	}
	if err := c.Put(Key{1}, sample()); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(Key{1}); !reflect.DeepEqual(got, sample()) {
		t.Errorf("got %+v", got)
	}
	for name, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, Key{1}.String()): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if c.Remove(Key{1}); c.Get(Key{1}) != nil {
		t.Error("it is still there")
	}
}

// A file that is no record is deleted when it is met.
func TestCacheDropsDamaged(t *testing.T) {
	dir := t.TempDir()
	c := open1(t, dir, time.Now)
	file := filepath.Join(dir, Key{1}.String())
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c.Get(Key{1}) != nil {
		t.Error("it was read")
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// The cache does not grow without end; what was used last stays.
func TestCachePrunes(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	c := open1(t, dir, func() time.Time { return now })
	abandoned := filepath.Join(dir, tmpPrefix+"killed")
	if err := os.WriteFile(abandoned, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range maxRecords + 5 {
		k := Key{byte(i), byte(i >> 8)}
		if err := c.write(k.String(), tmpPrefix+"x", (&Record{}).encode(k)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		c.Used(k)
	}
	c.Used(Key{0, 0})
	now = now.Add(48 * time.Hour)
	if err := c.prune(); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != maxRecords {
		t.Errorf("%d files, %v, want %d", len(list), err, maxRecords)
	}
	if c.Get(Key{0, 0}) == nil {
		t.Error("the record used last is gone")
	}
	if c.Get(Key{1, 0}) != nil {
		t.Error("the record used longest ago is still there")
	}
}

// Nobody else may be able to put records in our way.
func TestCacheForeign(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(Options{Dir: dir, UID: os.Getuid() + 1}); !errors.Is(err, ErrForeign) {
		t.Errorf("another user's directory: %v", err)
	}
	for _, mode := range []os.FileMode{0o770, 0o702} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir, UID: os.Getuid()}); !errors.Is(err, ErrForeign) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: link, UID: os.Getuid()}); err == nil {
		t.Error("a symlink was followed")
	}
}

// A fingerprint is trusted only if the clock has ticked since the last change.
func TestSameStat(t *testing.T) {
	start := time.Unix(1000, 0)
	old := Fingerprint{Ino: 1, Mtime: start.Add(-time.Hour).UnixNano(), Ctime: start.Add(-time.Minute).UnixNano()}
	young := old
	young.Ctime = start.Add(-time.Second).UnixNano()
	future := old
	future.Mtime = start.Add(time.Hour).UnixNano()
	other := old
	other.Ino = 2
	for name, tc := range map[string]struct {
		before, after Fingerprint
		want          bool
	}{
		"old": {old, old, true}, "young": {young, young, false}, "of the future": {future, future, false}, "exchanged": {old, other, false},
	} {
		if got := sameStat(tc.before, tc.after, start); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
}

// Fingerprints of network file systems mean nothing.
func TestTrustedFileSystems(t *testing.T) {
	var st unix.Statfs_t
	if err := unix.Statfs("/proc", &st); err != nil {
		t.Skip(err)
	}
	var disks fileSystems
	if disks.trusted(1, "/proc") {
		t.Error("/proc is trusted")
	}
	if disks.trusted(2, "/nowhere") {
		t.Error("what is not there is trusted")
	}
	if dir := t.TempDir(); !disks.trusted(3, dir) {
		t.Errorf("the file system of %s is not trusted: no hit is fast there, and tests show less", dir)
	}
}

// Values in a key cannot run into each other.
func TestKeyBoundaries(t *testing.T) {
	seen := map[Key]string{}
	for name, add := range map[string]func(b *KeyBuilder){
		"none":    func(b *KeyBuilder) {},
		"one":     func(b *KeyBuilder) { b.Add("a", "bc") },
		"two":     func(b *KeyBuilder) { b.Add("a", "b", "c") },
		"shifted": func(b *KeyBuilder) { b.Add("ab", "c") },
		"empty":   func(b *KeyBuilder) { b.Add("a", "bc", "") },
		"flag":    func(b *KeyBuilder) { b.Flag("a", true) },
		"no flag": func(b *KeyBuilder) { b.Flag("a", false) },
	} {
		b := NewKey()
		add(b)
		if other, ok := seen[b.Key()]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[b.Key()] = name
	}
}

// Two answers about one path agree or not.
func TestSelfAnd(t *testing.T) {
	for _, tc := range []struct {
		a, b, both Self
		ok         bool
	}{
		{SelfUnasked, SelfAbsent, SelfAbsent, true},
		{SelfNoLink, SelfDirectory, SelfDirectory, true},
		{SelfNoLink, SelfAbsent, SelfAbsent, true},
		{SelfNoLink, SelfLink, 0, false},
		{SelfNoLink, SelfSymlink, 0, false},
		{SelfSymlink, SelfLink, SelfLink, true},
		{SelfAbsent, SelfRegular, 0, false},
		{SelfRegular, SelfDirectory, 0, false},
		{SelfRegular, SelfLink, 0, false},
	} {
		for _, pair := range [][2]Self{{tc.a, tc.b}, {tc.b, tc.a}} {
			both, ok := pair[0].and(pair[1])
			if ok != tc.ok || ok && both != tc.both {
				t.Errorf("%v: %v, %t, want %v, %t", pair, both, ok, tc.both, tc.ok)
			}
		}
	}
}

// A path of very many parts does not become as many notes about paths that are
// as long: what no file can be called by needs none.
func TestNoLinksOfLongNames(t *testing.T) {
	r := &Recorder{dir: "/nix/store", files: map[string]*File{}, parents: map[string]bool{}}
	r.noLinks(strings.Repeat("/aaaaaaa", 20_000))
	if n := len(r.files); n != 1023 {
		t.Errorf("%d notes", n)
	}
	longest := strings.Repeat("/aaaaaaa", 511) // the longest that the kernel takes
	if f := r.files[longest]; f == nil || f.Self != SelfNoLink {
		t.Errorf("nothing is noted about a path of %d bytes", len(longest))
	}
}
