// Package buildtest holds what tests of builders share: a small world of a
// store with a shell in it and derivations written by hand ([World]), and the
// suite that every [build.Builder] passes ([Run]).
package buildtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/build"
	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// System is the system of all derivations here.
const System = "x86_64-linux"

// World is a store that a test builds in.
type World struct {
	T       testing.TB
	Store   store.Store
	Busybox storepath.Path // a tree with bin/busybox, static
	hasher  *derivation.Hasher
	drvs    map[storepath.Path]*derivation.Derivation
}

// OpenStore opens a local store in dir.
func OpenStore(t testing.TB, dir string) *localstore.Store {
	t.Helper()
	s, err := localstore.Open(t.Context(), localstore.Options{
		Root: dir, UID: os.Geteuid(), Now: func() time.Time { return time.Unix(1e9, 0) },
		Rand: rand.Reader, ProcDir: "",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		openUp(dir)
	})
	return s
}

// openUp makes directories writable, so that a test that does not run as root
// can remove its store.
func openUp(dir string) {
	_ = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return nil
	})
}

// NewWorld makes a world in a new store. It skips the test on a machine
// without a static busybox, unless ISOMORPH_TEST_REQUIRE says that there must
// be one.
func NewWorld(t testing.TB) *World {
	t.Helper()
	return NewWorldIn(t, OpenStore(t, t.TempDir()))
}

// NewWorldIn makes a world in the given store.
func NewWorldIn(t testing.TB, s store.Store) *World {
	t.Helper()
	bb, err := exec.LookPath("busybox")
	if err != nil {
		if strings.Contains(os.Getenv("ISOMORPH_TEST_REQUIRE"), "busybox") {
			t.Fatal("no busybox: install the package busybox-static")
		}
		t.Skip("no busybox: install the package busybox-static")
	}
	w := &World{T: t, Store: s, drvs: map[storepath.Path]*derivation.Derivation{}}
	w.hasher = derivation.NewHasher(s.Dir(), func(p storepath.Path) (*derivation.Derivation, error) {
		return w.drvs[p], nil
	})
	w.Busybox = w.addBusybox(bb)
	return w
}

func (w *World) addBusybox(from string) storepath.Path {
	w.T.Helper()
	tree := filepath.Join(w.T.TempDir(), "busybox")
	bin := filepath.Join(tree, "bin")
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(bin, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(bin, "busybox"), data, 0o755)
	}
	if err == nil {
		err = os.Symlink("busybox", filepath.Join(bin, "sh"))
	}
	if err != nil {
		w.T.Fatal(err)
	}
	p, err := w.Store.AddTree(w.T.Context(), store.Source{Name: "busybox", Path: tree})
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Sh returns the path of the shell as a build sees it.
func (w *World) Sh() string { return w.Store.Dir().Join(w.Busybox) + "/bin/sh" }

// Text adds a file with the given contents to the store.
func (w *World) Text(name, contents string, refs ...storepath.Path) storepath.Path {
	w.T.Helper()
	p, err := w.Store.AddText(w.T.Context(), name, []byte(contents), refs)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Drv is a derivation that is in the store.
type Drv struct {
	Path storepath.Path
	*derivation.Derivation
}

// Out returns the path of an output.
func (d Drv) Out(name string) storepath.Path { return d.Outputs.At(name).Path }

// Script adds a derivation that runs a shell script, changed by the given
// functions before its paths are computed.
func (w *World) Script(name, script string, change ...func(*derivation.Derivation)) Drv {
	w.T.Helper()
	d := &derivation.Derivation{
		Name: name, System: System, Builder: w.Sh(), Args: []string{"-euc", script},
		Outputs:   derivation.TableOf(map[string]derivation.Output{"out": {}}),
		InputSrcs: []storepath.Path{w.Busybox},
		Env:       derivation.TableOf(map[string]string{"name": name, "builder": w.Sh(), "system": System}),
	}
	for _, c := range change {
		c(d)
	}
	return w.Add(d)
}

// Add fills in the output paths of a derivation and adds it to the store.
func (w *World) Add(d *derivation.Derivation) Drv {
	w.T.Helper()
	ctx := context.WithoutCancel(w.T.Context())
	if err := w.hasher.FillOutputs(d); err != nil {
		w.T.Fatal(err)
	}
	p, err := w.Store.AddText(ctx, d.Name+storepath.DerivationSuffix, d.Encode(w.Store.Dir()), d.References())
	if err != nil {
		w.T.Fatal(err)
	}
	w.drvs[p] = d
	return Drv{p, d}
}

// Env sets a variable.
func Env(name, value string) func(*derivation.Derivation) {
	return func(d *derivation.Derivation) { d.Env.Set(name, value) }
}

// Outputs names the outputs.
func Outputs(names ...string) func(*derivation.Derivation) {
	return func(d *derivation.Derivation) {
		d.Outputs = nil
		for _, n := range names {
			d.Outputs.Set(n, derivation.Output{})
		}
	}
}

// Source adds an input source.
func Source(p storepath.Path) func(*derivation.Derivation) {
	return func(d *derivation.Derivation) { d.InputSrcs = append(d.InputSrcs, p) }
}

// Input adds outputs of another derivation as inputs.
func Input(in Drv, outputs ...string) func(*derivation.Derivation) {
	return func(d *derivation.Derivation) { d.InputDrvs.Set(in.Path, outputs) }
}

// Fixed declares the hash of the output; algo may begin with "r:".
func Fixed(algo, hex string) func(*derivation.Derivation) {
	return func(d *derivation.Derivation) {
		d.Outputs = derivation.TableOf(map[string]derivation.Output{"out": {HashAlgo: algo, Hash: hex}})
	}
}

// Read returns the contents of a file in the store; rel may be empty.
func (w *World) Read(p storepath.Path, rel string) string {
	w.T.Helper()
	b, err := os.ReadFile(filepath.Join(w.Store.RealPath(p), rel))
	if err != nil {
		w.T.Fatal(err)
	}
	return string(b)
}

// Build builds with b and returns what was printed.
func (w *World) Build(b build.Builder, d Drv, change ...func(*build.Request)) (*build.Result, string, error) {
	var log strings.Builder
	req := build.Request{Drv: d.Path, Derivation: d.Derivation, Cores: 1, Log: func(l string) { fmt.Fprintln(&log, l) }}
	for _, c := range change {
		c(&req)
	}
	res, err := b.Build(w.T.Context(), req)
	return res, log.String(), err
}

// MustBuild builds and fails the test if that fails.
func (w *World) MustBuild(b build.Builder, d Drv) *build.Result {
	w.T.Helper()
	res, log, err := w.Build(b, d)
	if err != nil {
		w.T.Fatalf("build %s: %v\n%s", d.Name, err, log)
	}
	return res
}
