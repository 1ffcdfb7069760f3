package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"isomorph/internal/derivation"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Run runs the suite. open returns a new, empty store for each test, which
// the suite closes.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for name, f := range map[string]func(*fixture){
		"AddText":       (*fixture).testAddText,
		"AddTree":       (*fixture).testAddTree,
		"AddTreeFilter": (*fixture).testAddTreeFilter,
		"AddTreeKnown":  (*fixture).testAddTreeKnown,
		"AddFlat":       (*fixture).testAddFlat,
		"AddNAR":        (*fixture).testAddNAR,
		"AddNARBad":     (*fixture).testAddNARBad,
		"Batch":         (*fixture).testBatch,
		"Scratch":       (*fixture).testScratch,
		"ScratchSpecial": (*fixture).
			testScratchSpecial,
		"RegisterBad":    (*fixture).testRegisterBad,
		"RegisterRepair": (*fixture).testRegisterRepair,
		"Queries":        (*fixture).testQueries,
		"Derivation":     (*fixture).testDerivation,
		"Roots":          (*fixture).testRoots,
		"GC":             (*fixture).testGC,
		"GCDerivations":  (*fixture).testGCDerivations,
		"DeleteSpecific": (*fixture).testDeleteSpecific,
		"Verify":         (*fixture).testVerify,
		"Locks":          (*fixture).testLocks,
		"Logs":           (*fixture).testLogs,
		"Signatures":     (*fixture).testSignatures,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			f(&fixture{T: t, s: s, ctx: t.Context()})
		})
	}
}

// fixture is one test with its store.
type fixture struct {
	*testing.T
	s   store.Store
	ctx context.Context
}

func (f *fixture) check(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) text(name, contents string, refs ...storepath.Path) storepath.Path {
	f.Helper()
	p, err := f.s.AddText(f.ctx, name, []byte(contents), refs)
	f.check(err)
	return p
}

func (f *fixture) info(p storepath.Path) *store.PathInfo {
	f.Helper()
	i, err := f.s.Info(f.ctx, p)
	f.check(err)
	return i
}

func (f *fixture) wantValid(p storepath.Path, want bool) {
	f.Helper()
	_, err := f.s.Info(f.ctx, p)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		f.Fatal(err)
	}
	if got := err == nil; got != want {
		f.Errorf("%s: valid = %v, want %v", p, got, want)
	}
	if _, err := os.Lstat(f.s.RealPath(p)); (err == nil) != want {
		f.Errorf("%s: on disk = %v, want %v", p, err == nil, want)
	}
}

func (f *fixture) tree(files map[string]string) string {
	f.Helper()
	root := filepath.Join(f.TempDir(), "tree")
	f.check(os.Mkdir(root, 0o755))
	for name, contents := range files {
		path := filepath.Join(root, name)
		f.check(os.MkdirAll(filepath.Dir(path), 0o755))
		if target, ok := strings.CutPrefix(contents, "-> "); ok {
			f.check(os.Symlink(target, path))
			continue
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(contents, "#!") {
			mode = 0o755
		}
		f.check(os.WriteFile(path, []byte(contents), mode))
	}
	return root
}

func dump(t testing.TB, path string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := nar.Dump(&b, path, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (f *fixture) testAddText() {
	dep := f.text("dep", "dep\n")
	p := f.text("hello.txt", "hello "+string(dep), dep)
	// The formula is pinned by real Nix: nix-instantiate --eval -E 'builtins.toFile "foo" "bar"'.
	if got, want := f.text("foo", "bar"), storepath.Path("vxjiwkjkn7x4079qvh1jkl5pn05j2aw0-foo"); got != want {
		f.Errorf("AddText: %s, want %s", got, want)
	}
	got := *f.info(p)
	b := dump(f, f.s.RealPath(p))
	want := store.PathInfo{
		Path: p, NarHash: nixhash.Sum(nixhash.SHA256, b), NarSize: uint64(len(b)),
		References: []storepath.Path{dep}, RegistrationTime: got.RegistrationTime,
		CA: "text:" + nixhash.Sum(nixhash.SHA256, []byte("hello "+string(dep))).String(),
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(nixhash.Hash{})); diff != "" {
		f.Errorf("Info (-want +got):\n%s", diff)
	}
	if again := f.text("hello.txt", "hello "+string(dep), dep); again != p {
		f.Errorf("adding again: %s, want %s", again, p)
	}
	if _, err := f.s.AddText(f.ctx, "a/b", nil, nil); err == nil {
		f.Error("a name with a slash was accepted")
	}
}

func (f *fixture) testAddTree() {
	root := f.tree(map[string]string{"a/b/c": "c", "run": "#!/bin/sh\n", "link": "-> a/b", "z": ""})
	p, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root})
	f.check(err)
	want := dump(f, root)
	if got := dump(f, f.s.RealPath(p)); !bytes.Equal(got, want) {
		f.Error("the copy differs from the source")
	}
	info := f.info(p)
	if info.NarHash != nixhash.Sum(nixhash.SHA256, want) || info.NarSize != uint64(len(want)) {
		f.Errorf("wrong NAR hash or size: %+v", info)
	}
	if wantCA := "fixed:r:" + info.NarHash.String(); info.CA != wantCA {
		f.Errorf("CA = %q, want %q", info.CA, wantCA)
	}
	f.wantCanonical(p)
	if _, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root + "-missing"}); !errors.Is(err, os.ErrNotExist) {
		f.Errorf("a missing source: %v", err)
	}
}

// wantCanonical checks modification times everywhere and the modes of files.
func (f *fixture) wantCanonical(p storepath.Path) {
	f.Helper()
	err := filepath.WalkDir(f.s.RealPath(p), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		if st.ModTime().Unix() != 1 {
			f.Errorf("%s: modification time %v", path, st.ModTime())
		}
		if m := st.Mode(); m.IsRegular() && m != 0o444 && m != 0o555 {
			f.Errorf("%s: mode %v", path, m)
		}
		return nil
	})
	f.check(err)
}

func (f *fixture) testAddTreeFilter() {
	root := f.tree(map[string]string{"keep": "1", "drop": "2", "d/keep": "3", "d/drop": "4", "e/x": "5"})
	var asked []string
	p, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root, Filter: func(path, kind string) (bool, error) {
		asked = append(asked, path)
		return filepath.Base(path) != "drop" && !(kind == "directory" && filepath.Base(path) == "e"), nil
	}})
	f.check(err)
	want := f.tree(map[string]string{"keep": "1", "d/keep": "3"})
	if !bytes.Equal(dump(f, f.s.RealPath(p)), dump(f, want)) {
		f.Error("the filter was not obeyed")
	}
	for _, a := range asked {
		if !strings.HasPrefix(a, root+"/") || strings.HasPrefix(a, root+"/e/") {
			f.Errorf("the filter was asked about %s", a)
		}
	}
	stop := errors.New("stop")
	_, err = f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root, Filter: func(string, string) (bool, error) { return false, stop }})
	if !errors.Is(err, stop) {
		f.Errorf("the filter's error: %v", err)
	}
}

func (f *fixture) testAddTreeKnown() {
	root := f.tree(map[string]string{"a": "1"})
	known := nixhash.Sum(nixhash.SHA256, dump(f, root))
	p, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root, Known: known})
	f.check(err)
	q, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root})
	f.check(err)
	if p != q {
		f.Errorf("with the hash known: %s, without: %s", p, q)
	}
	wrong := nixhash.Sum(nixhash.SHA256, []byte("wrong"))
	if _, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root, Known: wrong}); !errors.Is(err, store.ErrHashMismatch) {
		f.Errorf("a wrong known hash: %v", err)
	}
}

func (f *fixture) testAddFlat() {
	file := filepath.Join(f.tree(map[string]string{"f": "#!/bin/sh"}), "f")
	p, err := f.s.AddTree(f.ctx, store.Source{Name: "f", Path: file, Flat: true, Algo: nixhash.SHA256})
	f.check(err)
	h := nixhash.Sum(nixhash.SHA256, []byte("#!/bin/sh"))
	want, err := f.s.Dir().MakeFixed("f", false, h, nil)
	f.check(err)
	if p != want {
		f.Errorf("path %s, want %s", p, want)
	}
	if got, want := f.info(p).CA, "fixed:"+h.String(); got != want {
		f.Errorf("CA = %q, want %q", got, want)
	}
	st, err := os.Lstat(f.s.RealPath(p))
	f.check(err)
	if st.Mode() != 0o444 {
		f.Errorf("mode %v: a flat file is not executable", st.Mode())
	}
	if _, err := f.s.AddTree(f.ctx, store.Source{Name: "f", Path: filepath.Dir(file), Flat: true}); err == nil {
		f.Error("a directory was added as a flat file")
	}
}

func (f *fixture) narInfo(name string) (*store.PathInfo, []byte) {
	b := dump(f, f.tree(map[string]string{"x": name, "s": "-> /nowhere"}))
	p, err := f.s.Dir().MakeOutput("out", nixhash.Sum(nixhash.SHA256, []byte(name)), name)
	f.check(err)
	return infoOf(p, b, nil, ""), b
}

func (f *fixture) testAddNAR() {
	info, b := f.narInfo("one")
	rest := strings.NewReader(string(b) + "rest")
	f.check(f.s.AddNAR(f.ctx, info, rest))
	if left, _ := io.ReadAll(rest); string(left) != "rest" {
		f.Errorf("left of the stream: %q", left)
	}
	f.wantValid(info.Path, true)
	f.wantCanonical(info.Path)
	if !bytes.Equal(dump(f, f.s.RealPath(info.Path)), b) {
		f.Error("the tree is not that of the archive")
	}
	rest = strings.NewReader(string(b) + "rest")
	f.check(f.s.AddNAR(f.ctx, info, rest))
	if left, _ := io.ReadAll(rest); string(left) != "rest" {
		f.Errorf("the second time, left of the stream: %q", left)
	}
}

func (f *fixture) testAddNARBad() {
	good, b := f.narInfo("two")
	for name, c := range map[string]struct {
		change func(*store.PathInfo) io.Reader
		want   error
	}{
		"hash": {func(i *store.PathInfo) io.Reader {
			i.NarHash = nixhash.Sum(nixhash.SHA256, nil)
			return bytes.NewReader(b)
		}, store.ErrHashMismatch},
		"short":     {func(i *store.PathInfo) io.Reader { return bytes.NewReader(b[:len(b)-8]) }, io.ErrUnexpectedEOF},
		"size less": {func(i *store.PathInfo) io.Reader { i.NarSize -= 8; return bytes.NewReader(b) }, nil},
		"size more": {func(i *store.PathInfo) io.Reader {
			i.NarSize += 8
			return bytes.NewReader(append(bytes.Clone(b), make([]byte, 8)...))
		}, nil},
		"reference": {func(i *store.PathInfo) io.Reader {
			i.References = []storepath.Path{storepath.Path(strings.Repeat("0", 32) + "-missing")}
			return bytes.NewReader(b)
		}, store.ErrNotFound},
	} {
		info := good.Clone()
		r := c.change(info)
		err := f.s.AddNAR(f.ctx, info, r)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			f.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		f.wantValid(info.Path, false)
	}
	f.check(f.s.AddNAR(f.ctx, good, bytes.NewReader(b)))
}

func (f *fixture) testBatch() {
	b := f.s.NewBatch(f.ctx)
	f.check(b.Commit(f.ctx))
	p, err := b.AddText(f.ctx, "one", []byte("1"), nil)
	f.check(err)
	q, err := b.AddText(f.ctx, "two", []byte("2"), []storepath.Path{p})
	f.check(err)
	if got, ok := b.Contents(q); !ok || string(got) != "2" {
		f.Errorf("Contents before the commit: %q, %v", got, ok)
	}
	tree, err := b.AddTree(f.ctx, store.Source{Name: "tree", Path: f.tree(map[string]string{"a": "b"})})
	f.check(err)
	drv := f.addDerivation(b, p)
	f.check(b.Commit(f.ctx))
	for _, x := range []storepath.Path{p, q, tree, drv} {
		f.wantValid(x, true)
	}
	if _, ok := b.Contents(q); ok {
		f.Error("Contents after the commit")
	}
	if diff := cmp.Diff([]storepath.Path{p}, f.info(q).References); diff != "" {
		f.Error(diff)
	}
	_, err = b.AddText(f.ctx, "three", []byte("3"), []storepath.Path{storepath.Path(strings.Repeat("0", 32) + "-missing")})
	if err = errors.Join(err, b.Commit(f.ctx)); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("a missing reference: %v", err)
	}
}

// addDerivation adds a derivation with a source to a batch.
func (f *fixture) addDerivation(b store.Batch, src storepath.Path) storepath.Path {
	d := &derivation.Derivation{Name: "made", System: "x86_64-linux", Builder: "/bin/sh", InputSrcs: []storepath.Path{src},
		Outputs: derivation.TableOf(map[string]derivation.Output{"out": {}}), Env: derivation.TableOf(map[string]string{"name": "made"})}
	f.check(derivation.NewHasher(f.s.Dir(), nil).FillOutputs(d))
	file, err := d.File(f.s.Dir())
	f.check(err)
	p, err := b.AddDerivation(f.ctx, d, file)
	f.check(err)
	if want, err := d.Path(f.s.Dir()); err != nil || p != want {
		f.Errorf("the derivation is at %s, not %s (%v)", p, want, err)
	}
	if text, ok := b.Contents(p); !ok || !bytes.Equal(text, d.Encode(f.s.Dir())) {
		f.Errorf("its text before the commit: %q", text)
	}
	return p
}

func (f *fixture) output(name string) storepath.Path {
	p, err := f.s.Dir().MakeOutput("out", nixhash.Sum(nixhash.SHA256, []byte(name)), name)
	f.check(err)
	return p
}

func (f *fixture) scratch() store.Scratch {
	sc, err := f.s.NewScratch(f.ctx)
	f.check(err)
	f.Cleanup(func() { sc.Close() })
	return sc
}

// build registers an output of the given name with the given references.
func (f *fixture) build(name string, change func(*store.PathInfo), refs ...storepath.Path) storepath.Path {
	f.Helper()
	sc := f.scratch()
	f.check(os.WriteFile(filepath.Join(sc.Dir(), "out"), []byte(name), 0o600))
	_, err := sc.Seal(f.ctx, "out", nil)
	f.check(err)
	info := store.PathInfo{Path: f.output(name), References: refs, Ultimate: true}
	if change != nil {
		change(&info)
	}
	f.check(sc.Register(f.ctx, nil, []store.Registration{{Entry: "out", Info: info}}))
	f.check(sc.Close())
	return info.Path
}

func (f *fixture) testScratch() {
	sc := f.scratch()
	st, err := os.Stat(sc.Dir())
	f.check(err)
	if st.Mode().Perm() != 0o700 {
		f.Errorf("mode of the scratch directory: %v", st.Mode())
	}
	out, dev := f.output("pkg"), f.output("pkg-dev")
	f.check(os.MkdirAll(filepath.Join(sc.Dir(), "out/bin"), 0o770))
	f.check(os.WriteFile(filepath.Join(sc.Dir(), "out/bin/x"), []byte(dev), 0o4751))
	f.check(os.Chmod(filepath.Join(sc.Dir(), "out/bin/x"), 0o751|os.ModeSetuid))
	f.check(os.WriteFile(filepath.Join(sc.Dir(), "dev"), []byte("dev"), 0o000))
	f.check(os.Symlink("x", filepath.Join(sc.Dir(), "out/bin/y")))
	f.check(os.Link(filepath.Join(sc.Dir(), "out/bin/x"), filepath.Join(sc.Dir(), "out/hard")))
	var tee bytes.Buffer
	sealed, err := sc.Seal(f.ctx, "out", &tee)
	f.check(err)
	if sealed.NarHash != nixhash.Sum(nixhash.SHA256, tee.Bytes()) || sealed.NarSize != uint64(tee.Len()) || sealed.Files != 5 {
		f.Errorf("sealed = %+v", sealed)
	}
	_, err = sc.Seal(f.ctx, "dev", nil)
	f.check(err)
	lock, err := f.s.LockPaths(f.ctx, []storepath.Path{out, dev}, nil)
	f.check(err)
	f.check(sc.Register(f.ctx, lock, []store.Registration{
		{Entry: "out", Info: store.PathInfo{Path: out, References: []storepath.Path{out, dev}}},
		{Entry: "dev", Info: store.PathInfo{Path: dev}},
	}))
	lock.Unlock()
	f.check(sc.Close())
	if _, err := os.Lstat(sc.Dir()); !errors.Is(err, os.ErrNotExist) {
		f.Errorf("the scratch directory is still there: %v", err)
	}
	for _, p := range []storepath.Path{out, dev} {
		f.wantValid(p, true)
		f.wantCanonical(p)
	}
	if !bytes.Equal(dump(f, f.s.RealPath(out)), tee.Bytes()) {
		f.Error("what is valid is not what was sealed")
	}
}

func (f *fixture) testScratchSpecial() {
	sc := f.scratch()
	f.check(os.Mkdir(filepath.Join(sc.Dir(), "out"), 0o755))
	f.check(unix.Mkfifo(filepath.Join(sc.Dir(), "out/pipe"), 0o644))
	if _, err := sc.Seal(f.ctx, "out", nil); err == nil || !strings.Contains(err.Error(), "unsupported type") {
		f.Errorf("a named pipe: %v", err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../x", "missing"} {
		if _, err := sc.Seal(f.ctx, name, nil); err == nil {
			f.Errorf("Seal(%q) succeeded", name)
		}
	}
}

func (f *fixture) testRegisterBad() {
	a, b := f.output("a"), f.output("b")
	missing := storepath.Path(strings.Repeat("0", 32) + "-missing")
	for name, regs := range map[string][]store.Registration{
		"not sealed": {{Entry: "nothing", Info: store.PathInfo{Path: a}}},
		"reference":  {{Entry: "a", Info: store.PathInfo{Path: a, References: []storepath.Path{missing}}}},
		"hash":       {{Entry: "a", Info: store.PathInfo{Path: a, NarHash: nixhash.Sum(nixhash.SHA256, nil)}}},
		"cycle": {
			{Entry: "a", Info: store.PathInfo{Path: a, References: []storepath.Path{b}}},
			{Entry: "b", Info: store.PathInfo{Path: b, References: []storepath.Path{a}}},
		},
		"second is bad": {
			{Entry: "b", Info: store.PathInfo{Path: b}},
			{Entry: "a", Info: store.PathInfo{Path: a, References: []storepath.Path{missing}}},
		},
	} {
		sc := f.scratch()
		for _, e := range []string{"a", "b"} {
			f.check(os.WriteFile(filepath.Join(sc.Dir(), e), []byte(e), 0o644))
			_, err := sc.Seal(f.ctx, e, nil)
			f.check(err)
		}
		if err := sc.Register(f.ctx, nil, regs); err == nil {
			f.Errorf("%s: registered", name)
		}
		f.wantValid(a, false)
		f.wantValid(b, false)
	}
}

func (f *fixture) testRegisterRepair() {
	p := f.build("pkg", nil)
	f.check(os.Chmod(f.s.RealPath(p), 0o644))
	f.check(os.WriteFile(f.s.RealPath(p), []byte("damaged"), 0o644))
	f.build("pkg", nil) // valid: not touched
	if b, _ := os.ReadFile(f.s.RealPath(p)); string(b) != "damaged" {
		f.Error("registering a valid path again replaced its contents")
	}
	sc := f.scratch()
	f.check(os.WriteFile(filepath.Join(sc.Dir(), "x"), []byte("new bits"), 0o644))
	sealed, err := sc.Seal(f.ctx, "x", nil)
	f.check(err)
	used := f.text("used", "by the new bits")
	f.check(sc.Register(f.ctx, nil, []store.Registration{{Entry: "x", Info: store.PathInfo{Path: p, References: []storepath.Path{used}}, Repair: true}}))
	if b, _ := os.ReadFile(f.s.RealPath(p)); string(b) != "new bits" {
		f.Errorf("after the repair: %q", b)
	}
	if got := f.info(p).NarHash; got != sealed.NarHash {
		f.Errorf("hash %s, want %s", got, sealed.NarHash)
	}
	if got := f.info(p).References; !slices.Equal(got, []storepath.Path{used}) {
		f.Errorf("references %v, want %v", got, used)
	}
}

func (f *fixture) testQueries() {
	a := f.text("a", "1")
	b := f.text("b", "2", a)
	c := f.text("c", "3", a, b)
	all, err := f.s.AllPaths(f.ctx)
	f.check(err)
	if len(all) != 3 {
		f.Errorf("AllPaths: %v", all)
	}
	refs, err := f.s.Referrers(f.ctx, a)
	f.check(err)
	if diff := cmp.Diff(map[storepath.Path]bool{b: true, c: true}, set(refs)); diff != "" {
		f.Errorf("Referrers: %s", diff)
	}
	got, err := f.s.PathFromHashPart(f.ctx, b.HashPart())
	f.check(err)
	if got != b {
		f.Errorf("PathFromHashPart: %s, want %s", got, b)
	}
	if _, err := f.s.PathFromHashPart(f.ctx, strings.Repeat("0", 32)); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("PathFromHashPart of nothing: %v", err)
	}
	missing := storepath.Path(strings.Repeat("0", 32) + "-missing")
	valid, err := f.s.ValidPaths(f.ctx, []storepath.Path{a, missing, c})
	f.check(err)
	if diff := cmp.Diff(map[storepath.Path]bool{a: true, c: true}, valid); diff != "" {
		f.Errorf("ValidPaths: %s", diff)
	}
	closure, err := store.Closure(f.ctx, f.s, c)
	f.check(err)
	if diff := cmp.Diff(map[storepath.Path]bool{a: true, b: true, c: true}, set(closure)); diff != "" {
		f.Errorf("Closure: %s", diff)
	}
	back, err := store.ReferrersClosure(f.ctx, f.s, b)
	f.check(err)
	if diff := cmp.Diff(map[storepath.Path]bool{b: true, c: true}, set(back)); diff != "" {
		f.Errorf("ReferrersClosure: %s", diff)
	}
}

func set(paths []storepath.Path) map[storepath.Path]bool {
	m := map[storepath.Path]bool{}
	for _, p := range paths {
		m[p] = true
	}
	return m
}

const fixedDrv = `Derive([("out","/nix/store/%OUT%","sha256","%HASH%")],[],[],"x86_64-linux","builtin:fetchurl",[],[("name","file"),("out","/nix/store/%OUT%")])`

// derivation adds a fixed-output derivation and returns it and its output.
func (f *fixture) derivation() (drv, out storepath.Path) {
	h := nixhash.Sum(nixhash.SHA256, []byte("contents"))
	out, err := f.s.Dir().MakeFixed("file", false, h, nil)
	f.check(err)
	text := strings.NewReplacer("%OUT%", string(out), "%HASH%", h.Base16()).Replace(fixedDrv)
	return f.text("file.drv", text), out
}

func (f *fixture) testDerivation() {
	drv, out := f.derivation()
	outs, err := f.s.DerivationOutputs(f.ctx, drv)
	f.check(err)
	if diff := cmp.Diff(map[string]storepath.Path{"out": out}, outs); diff != "" {
		f.Error(diff)
	}
	derivers, err := f.s.ValidDerivers(f.ctx, out)
	f.check(err)
	if diff := cmp.Diff([]storepath.Path{drv}, derivers); diff != "" {
		f.Error(diff)
	}
	if _, err := f.s.DerivationOutputs(f.ctx, out); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("outputs of what is not valid: %v", err)
	}
	if _, err := f.s.AddText(f.ctx, "bad.drv", []byte("Derive(nonsense)"), nil); err == nil {
		f.Error("a malformed derivation was accepted")
	}
}

func (f *fixture) testRoots() {
	p := f.text("p", "p")
	link := filepath.Join(f.TempDir(), "dir with space", "result")
	f.check(os.MkdirAll(filepath.Dir(link), 0o755))
	f.check(f.s.AddIndirectRoot(f.ctx, link, p))
	target, err := os.Readlink(link)
	f.check(err)
	if target != f.s.RealPath(p) {
		f.Errorf("the link points to %s, want %s", target, f.s.RealPath(p))
	}
	q := f.text("q", "q")
	f.check(f.s.AddIndirectRoot(f.ctx, link, q)) // may be moved
	f.check(f.s.AddRoot(f.ctx, "kept/p", p))
	roots, err := f.s.Roots(f.ctx)
	f.check(err)
	got := map[storepath.Path]int{}
	for _, r := range roots {
		if !strings.HasPrefix(r.Link, "{") {
			got[r.Path]++
		}
	}
	if diff := cmp.Diff(map[storepath.Path]int{p: 1, q: 1}, got); diff != "" {
		f.Errorf("Roots: %s\n%v", diff, roots)
	}
	if err := f.s.AddRoot(f.ctx, "x", f.output("none")); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("a root for an invalid path: %v", err)
	}
}

// cold adds paths through a store of its own, so that they are no temporary
// roots of this one: a derivation with two users below it, and one alone.
func (f *fixture) gcPaths() (kept, dep, dead storepath.Path) {
	dep = f.build("dep", nil)
	kept = f.build("kept", nil, dep)
	dead = f.build("dead", nil, dep)
	return kept, dep, dead
}

// reopener is a store that can give up its temporary roots.
type reopener interface{ ForgetTempRoots(testing.TB) }

// dropTempRoots makes the store as if a new process had opened it.
func (f *fixture) dropTempRoots() {
	f.Helper()
	switch s := f.s.(type) {
	case *Mem:
		clear(s.temp)
	case reopener:
		s.ForgetTempRoots(f)
	default:
		f.Skip("the store cannot give up its temporary roots")
	}
}

func (f *fixture) gc(opts store.GCOptions) *store.GCResult {
	f.Helper()
	res, err := f.s.GC(f.ctx, opts)
	f.check(err)
	return res
}

func (f *fixture) testGC() {
	kept, dep, dead := f.gcPaths()
	f.check(f.s.AddRoot(f.ctx, "kept", kept))
	if res := f.gc(store.GCOptions{}); len(res.Paths) != 0 {
		f.Errorf("temporary roots were collected: %v", res.Paths)
	}
	f.dropTempRoots()
	if diff := cmp.Diff([]storepath.Path{dead}, f.gc(store.GCOptions{Action: store.GCReturnDead}).Paths); diff != "" {
		f.Errorf("dead: %s", diff)
	}
	if diff := cmp.Diff(set([]storepath.Path{kept, dep}), set(f.gc(store.GCOptions{Action: store.GCReturnLive}).Paths)); diff != "" {
		f.Errorf("live: %s", diff)
	}
	f.wantValid(dead, true)
	if diff := cmp.Diff([]storepath.Path{dead}, f.gc(store.GCOptions{}).Paths); diff != "" {
		f.Errorf("deleted: %s", diff)
	}
	f.wantValid(dead, false)
	f.wantValid(kept, true)
	f.wantValid(dep, true)
	f.check(f.s.AddTempRoot(f.ctx, dead)) // not valid, and no harm
	f.build("dead", nil, dep)
	f.wantValid(dead, true)
}

func (f *fixture) testGCDerivations() {
	drv, out := f.derivation()
	sc := f.scratch()
	f.check(os.WriteFile(filepath.Join(sc.Dir(), "x"), []byte("contents"), 0o644))
	_, err := sc.Seal(f.ctx, "x", nil)
	f.check(err)
	f.check(sc.Register(f.ctx, nil, []store.Registration{{Entry: "x", Info: store.PathInfo{Path: out, Deriver: drv}}}))
	f.dropTempRoots()
	live := func(root storepath.Path, opts store.GCOptions) map[storepath.Path]bool {
		f.check(f.s.AddRoot(f.ctx, "root", root))
		opts.Action = store.GCReturnLive
		defer f.dropTempRoots()
		f.dropTempRoots()
		return set(f.gc(opts).Paths)
	}
	both := set([]storepath.Path{drv, out})
	for _, c := range []struct {
		root storepath.Path
		opts store.GCOptions
		want map[storepath.Path]bool
	}{
		{out, store.GCOptions{}, set([]storepath.Path{out})},
		{out, store.GCOptions{KeepDerivations: true}, both},
		{drv, store.GCOptions{KeepDerivations: true}, set([]storepath.Path{drv})},
		{drv, store.GCOptions{KeepOutputs: true}, both},
	} {
		if diff := cmp.Diff(c.want, live(c.root, c.opts)); diff != "" {
			f.Errorf("root %s, %+v: %s", c.root, c.opts, diff)
		}
	}
}

func (f *fixture) testDeleteSpecific() {
	kept, dep, dead := f.gcPaths()
	f.check(f.s.AddRoot(f.ctx, "kept", kept))
	f.dropTempRoots()
	_, err := f.s.GC(f.ctx, store.GCOptions{Action: store.GCDeleteSpecific, Paths: []storepath.Path{dep}})
	if !errors.Is(err, store.ErrInUse) {
		f.Errorf("deleting what a root needs: %v", err)
	}
	f.gc(store.GCOptions{Action: store.GCDeleteSpecific, Paths: []storepath.Path{dead}})
	f.wantValid(dead, false)
	f.wantValid(dep, true)
	f.gc(store.GCOptions{Action: store.GCDeleteSpecific, Paths: []storepath.Path{dep}, IgnoreLiveness: true})
	f.wantValid(dep, false)
	f.wantValid(kept, false) // it referred to dep
}

func (f *fixture) testVerify() {
	root := f.tree(map[string]string{"a/b": "contents", "l": "-> a"})
	p, err := f.s.AddTree(f.ctx, store.Source{Name: "src", Path: root})
	f.check(err)
	gone := f.build("gone", nil)
	verify := func(opts store.VerifyOptions) *store.VerifyResult {
		f.Helper()
		res, err := f.s.Verify(f.ctx, opts)
		f.check(err)
		return res
	}
	for range 3 {
		if res := verify(store.VerifyOptions{CheckContents: true}); len(res.Problems) > 0 || res.Checked != 2 {
			f.Fatalf("a false alarm: %+v", res)
		}
	}
	victim := filepath.Join(f.s.RealPath(p), "a/b")
	f.check(os.Chmod(victim, 0o644))
	f.check(os.WriteFile(victim, []byte("c0ntents"), 0o644))
	f.check(os.Remove(f.s.RealPath(gone)))
	res := verify(store.VerifyOptions{CheckContents: true})
	got := map[storepath.Path]bool{}
	for _, pr := range res.Problems {
		got[pr.Path] = pr.Fatal
	}
	if diff := cmp.Diff(map[storepath.Path]bool{p: true, gone: true}, got); diff != "" || res.OK() {
		f.Errorf("problems: %s\n%+v", diff, res)
	}
	var asked []storepath.Path
	res = verify(store.VerifyOptions{CheckContents: true, Repair: func(_ context.Context, p storepath.Path) error {
		asked = append(asked, p)
		return nil
	}})
	if diff := cmp.Diff(set([]storepath.Path{p, gone}), set(asked)); diff != "" || !res.OK() {
		f.Errorf("repair was asked for: %s", diff)
	}
}

func (f *fixture) testLocks() {
	a, b := f.output("a"), f.output("b")
	l, err := f.s.LockPaths(f.ctx, []storepath.Path{b, a, b}, nil)
	f.check(err)
	ctx, cancel := context.WithCancel(f.ctx)
	var waited storepath.Path
	_, err = f.s.LockPaths(ctx, []storepath.Path{b}, func(p storepath.Path) {
		waited = p
		cancel()
	})
	if !errors.Is(err, context.Canceled) || waited != b {
		f.Errorf("a held lock: %v, waited for %q", err, waited)
	}
	l.Unlock()
	l.Unlock()
	l, err = f.s.LockPaths(f.ctx, []storepath.Path{a, b}, func(p storepath.Path) { f.Errorf("waits for %s", p) })
	f.check(err)
	l.Unlock()
}

func (f *fixture) testLogs() {
	drv, _ := f.derivation()
	if _, err := f.s.OpenLog(f.ctx, drv); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("no log: %v", err)
	}
	for _, text := range []string{"first, which is longer\n", "second\n"} {
		w, err := f.s.CreateLog(f.ctx, drv)
		f.check(err)
		_, err = io.WriteString(w, text)
		f.check(err)
		f.check(w.Close())
		r, err := f.s.OpenLog(f.ctx, drv)
		f.check(err)
		got, err := io.ReadAll(r)
		f.check(err)
		f.check(r.Close())
		if string(got) != text {
			f.Errorf("log = %q, want %q", got, text)
		}
	}
}

func (f *fixture) testSignatures() {
	p := f.text("p", "p")
	f.check(f.s.AddSignatures(f.ctx, p, []string{"b:BBBB", "a:AAAA"}))
	f.check(f.s.AddSignatures(f.ctx, p, []string{"a:AAAA"}))
	if diff := cmp.Diff([]string{"a:AAAA", "b:BBBB"}, f.info(p).Sigs); diff != "" {
		f.Error(diff)
	}
	if err := f.s.AddSignatures(f.ctx, f.output("none"), []string{"a:A"}); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("signing what is not valid: %v", err)
	}
}
