package evalcache

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/derivation"
	"isomorph/internal/input"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// fake is a host and the world behind it: files below a directory, symlinks, and
// store objects that are valid or not. What it does not answer, it dies of.
type fake struct {
	builtins.Host
	dir   string            // of the files
	links map[string]string // symlinks, by the paths that the language has
	valid map[storepath.Path]Sum
	later map[string]storepath.Path // downloads, by URL
	vars  map[string]string
	tree  storepath.Path // that all trees have; "": anObject
}

const (
	anObject storepath.Path = "00000000000000000000000000000000-object"
	other    storepath.Path = "11111111111111111111111111111111-other"
	drv      storepath.Path = "22222222222222222222222222222222-x.drv"
)

func (f *fake) Dir() storepath.Dir                            { return storepath.DefaultDir }
func (f *fake) Getenv(name string) string                     { return f.vars[name] }
func (f *fake) Real(path string) string                       { return path }
func (f *fake) Keep(context.Context, ...storepath.Path) error { return nil }
func (f *fake) CurrentTime() int64                            { return 1 }
func (f *fake) IsValid(p storepath.Path) bool                 { _, ok := f.valid[p]; return ok }
func (f *fake) EnsureValid(storepath.Path) error              { return nil }
func (f *fake) Closure(p storepath.Path) ([]storepath.Path, error) {
	return []storepath.Path{p, other}, nil
}
func (f *fake) References(storepath.Path) ([]storepath.Path, error) { return nil, nil }
func (f *fake) ContentAddress(storepath.Path) (string, error)       { return "", nil }
func (f *fake) Realise([]builtins.DerivationOutput) error           { return nil }
func (f *fake) Trace(string)                                        {}
func (f *fake) LookUpInput(in input.Attrs) (input.Attrs, error)     { return in, nil }
func (f *fake) FetchTree(input.Attrs) (*input.Fetched, error) {
	return &input.Fetched{Path: anObject}, nil
}
func (f *fake) Fetch(builtins.FetchRequest) (storepath.Path, error) { return anObject, nil }
func (f *fake) TreePath(context.Context, *Tree) (storepath.Path, error) {
	return cmp.Or(f.tree, anObject), nil
}
func (f *fake) AddPath(builtins.AddPathRequest) (storepath.Path, error) { return anObject, nil }
func (f *fake) Readlink(path string) (string, error)                    { return f.links[path], nil }

func (f *fake) Valid(_ context.Context, list []storepath.Path) (map[storepath.Path]bool, error) {
	valid := map[storepath.Path]bool{}
	for _, p := range list {
		valid[p] = f.IsValid(p)
	}
	return valid, nil
}

func (f *fake) Object(_ context.Context, p storepath.Path) (Sum, bool, error) {
	id, ok := f.valid[p]
	return id, ok, nil
}

func (f *fake) Downloaded(url, _ string, _ bool) (storepath.Path, bool) {
	p, ok := f.later[url]
	return p, ok
}

func (f *fake) ReadDerivation(storepath.Path) (*derivation.Derivation, error) {
	return &derivation.Derivation{Outputs: derivation.TableOf(map[string]derivation.Output{"out": {Path: anObject}})}, nil
}

func (f *fake) Lstat(path string) (builtins.FileKind, error) {
	if _, ok := f.links[path]; ok {
		return builtins.Symlink, nil
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", fs.ErrNotExist
	}
	return builtins.KindOf(info.Mode().Type()), nil
}

func (f *fake) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

func (f *fake) ReadDir(path string) (list []builtins.DirEntry, err error) {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		list = append(list, builtins.DirEntry{Name: e.Name(), Kind: builtins.KindOf(e.Type())})
	}
	return list, err
}

func (f *fake) ResolveSymlinks(path string, _ bool) (string, error) {
	for from, to := range f.links {
		if rest, ok := strings.CutPrefix(path, from+"/"); ok {
			return to + "/" + rest, nil
		}
	}
	return path, nil
}

// An observation makes a record, or none. The record holds as long as the world
// stays, and not when what was observed becomes another thing.
func TestEachObservation(t *testing.T) {
	pinned := nixhash.Sum(nixhash.SHA256, nil)
	for _, test := range []struct {
		name    string
		observe func(r *Recorder, f *fake)
		change  func(f *fake)
		never   bool // it is not remembered at all
	}{
		{name: "variable", observe: func(r *Recorder, _ *fake) { r.Getenv("A") }, change: func(f *fake) { f.vars["A"] = "2" }},
		{name: "file", observe: func(r *Recorder, f *fake) { r.ReadFile(f.dir + "/file") }, change: func(f *fake) { f.write("file", "other") }},
		{name: "missing file", observe: func(r *Recorder, f *fake) { r.Lstat(f.dir + "/none") }, change: func(f *fake) { f.write("none", "") }},
		{name: "missing file, read", observe: func(r *Recorder, f *fake) { r.ReadFile(f.dir + "/none") }, change: func(f *fake) { f.write("none", "") }},
		{name: "kind of a file", observe: func(r *Recorder, f *fake) { r.Lstat(f.dir + "/file") }, change: func(f *fake) { f.remove("file") }},
		{name: "directory", observe: func(r *Recorder, f *fake) { r.ReadDir(f.dir) }, change: func(f *fake) { f.write("new", "") }},
		{name: "no symlink", observe: func(r *Recorder, f *fake) { r.ResolveSymlinks(f.dir+"/file", true) }, change: func(f *fake) { f.link("file", "x") }},
		{name: "no symlink behind a symlink", observe: func(r *Recorder, f *fake) {
			f.links[f.dir+"/way"] = f.dir + "/d"
			f.link("way", f.dir+"/d")
			f.write("d/file", "")
			r.ResolveSymlinks(f.dir+"/way/file", true)
		}, change: func(f *fake) { f.link("d/file", "x") }},
		{name: "target of a symlink", observe: func(r *Recorder, f *fake) {
			f.links[f.dir+"/way"] = "file"
			f.link("way", "file")
			r.Readlink(f.dir + "/way")
		}, change: func(f *fake) { f.link("way", "x") }},
		{name: "tree", observe: func(r *Recorder, f *fake) { r.AddPath(builtins.AddPathRequest{Name: "object", Path: f.dir}) }, change: func(f *fake) { f.tree = other }},
		{name: "object that is valid", observe: func(r *Recorder, _ *fake) { r.IsValid(anObject) }, change: func(f *fake) { delete(f.valid, anObject) }},
		{name: "object that is another", observe: func(r *Recorder, _ *fake) { r.IsValid(anObject) }, change: func(f *fake) { f.valid[anObject] = Sum{9} }},
		{name: "object that is not valid", observe: func(r *Recorder, _ *fake) { r.IsValid(drv) }, change: func(f *fake) { f.valid[drv] = Sum{} }},
		{name: "object made valid", observe: func(r *Recorder, _ *fake) { r.EnsureValid(anObject) }, change: func(f *fake) { delete(f.valid, anObject) }},
		{name: "object made valid that is not", observe: func(r *Recorder, _ *fake) { r.EnsureValid(drv) }, never: true},
		{name: "closure", observe: func(r *Recorder, _ *fake) { r.Closure(anObject) }, change: func(f *fake) { delete(f.valid, other) }},
		{name: "references", observe: func(r *Recorder, _ *fake) { r.References(anObject) }, change: func(f *fake) { delete(f.valid, anObject) }},
		{name: "content address", observe: func(r *Recorder, _ *fake) { r.ContentAddress(anObject) }, change: func(f *fake) { delete(f.valid, anObject) }},
		{name: "derivation", observe: func(r *Recorder, _ *fake) { r.ReadDerivation(other) }, change: func(f *fake) { delete(f.valid, other) }},
		{name: "build", observe: func(r *Recorder, _ *fake) {
			r.Realise([]builtins.DerivationOutput{{Derivation: drv, Output: "out"}})
		}, change: func(f *fake) { delete(f.valid, anObject) }},
		{name: "download", observe: func(r *Recorder, _ *fake) { r.Fetch(builtins.FetchRequest{URL: "u"}) }, change: func(f *fake) { delete(f.later, "u") }},
		{name: "download that is another now", observe: func(r *Recorder, _ *fake) { r.Fetch(builtins.FetchRequest{URL: "u"}) }, change: func(f *fake) { f.later["u"] = other }},
		{name: "download that is not remembered", observe: func(r *Recorder, _ *fake) { r.Fetch(builtins.FetchRequest{URL: "gone"}) }, never: true},
		{name: "download of a known hash", observe: func(r *Recorder, _ *fake) { r.Fetch(builtins.FetchRequest{URL: "gone", SHA256: pinned}) }, change: func(f *fake) { delete(f.valid, anObject) }},
		{name: "input that is not locked", observe: func(r *Recorder, _ *fake) { r.FetchTree(input.Attrs{}) }, never: true},
		{name: "registry", observe: func(r *Recorder, _ *fake) { r.LookUpInput(input.Attrs{}) }, never: true},
		{name: "time", observe: func(r *Recorder, _ *fake) { r.CurrentTime() }, never: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{dir: t.TempDir(), links: map[string]string{}, valid: map[storepath.Path]Sum{anObject: {1}, other: {2}},
				later: map[string]storepath.Path{"u": anObject}, vars: map[string]string{"A": "1"}}
			f.write("file", "text")
			r := NewRecorder(t.Context(), f, f, true, time.Unix(0, 0))
			test.observe(r, f)
			rec, ok := r.Record(nil)
			if ok == test.never {
				t.Fatalf("remembered: %v (%s)", ok, r.Spoiled())
			}
			if test.never {
				return
			}
			if _, err := rec.Check(t.Context(), f, time.Unix(0, 0)); err != nil {
				t.Fatalf("nothing has changed, but: %v", err)
			}
			if test.change == nil {
				return
			}
			test.change(f)
			if _, err := rec.Check(t.Context(), f, time.Unix(0, 0)); err == nil {
				t.Error("the change was not noticed")
			}
		})
	}
}

func (f *fake) write(name, text string) {
	file := filepath.Join(f.dir, name)
	if os.MkdirAll(filepath.Dir(file), 0o755) != nil || os.WriteFile(file, []byte(text), 0o644) != nil {
		panic("the test cannot write " + file)
	}
}

func (f *fake) remove(name string) {
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
		panic(err)
	}
}

func (f *fake) link(name, target string) {
	file := filepath.Join(f.dir, name)
	_ = os.Remove(file) // it may not be there
	if err := os.Symlink(target, file); err != nil {
		panic(err)
	}
}

// What was shown is shown again, and what was made is to be kept.
func TestMessagesAndObjectsMade(t *testing.T) {
	f := &fake{dir: t.TempDir(), valid: map[storepath.Path]Sum{anObject: {}}}
	r := NewRecorder(t.Context(), f, f, true, time.Unix(0, 0))
	r.Trace("a")
	if _, err := r.AddPath(builtins.AddPathRequest{Name: "object", Path: f.dir, SHA256: nixhash.Sum(nixhash.SHA256, nil)}); err != nil {
		t.Fatal(err)
	}
	rec, ok := r.Record(nil)
	if !ok || len(rec.Messages) != 1 || rec.Messages[0].Text != "a" || len(rec.Made) != 1 || rec.Made[0] != anObject {
		t.Fatalf("%v %+v", ok, rec)
	}
	delete(f.valid, anObject)
	if _, err := rec.Check(t.Context(), f, time.Unix(0, 0)); err == nil {
		t.Error("an object that was made is gone, which was not noticed")
	}
}

// A file that changes about the time when it is read has no fingerprint that may
// be trusted: it could change once more within a tick of the clock.
func TestYoungFilesAreNotTrusted(t *testing.T) {
	f := &fake{dir: t.TempDir()}
	f.write("file", "text")
	info, err := os.Stat(filepath.Join(f.dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	sure := func(start time.Time) bool {
		r := NewRecorder(t.Context(), f, f, true, start)
		if _, err := r.ReadFile(f.dir + "/file"); err != nil {
			t.Fatal(err)
		}
		rec, ok := r.Record(nil)
		if !ok || len(rec.Files) != 1 {
			t.Fatalf("%v, %+v", ok, rec)
		}
		return rec.Files[0].Sure
	}
	if sure(info.ModTime()) {
		t.Error("a file that has just changed is trusted")
	}
	if !sure(info.ModTime().Add(time.Hour)) {
		t.Skip("this file system is not trusted at all")
	}
}
