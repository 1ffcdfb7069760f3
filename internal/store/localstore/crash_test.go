package localstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// childEnv makes the test binary run the workload in the store that it names,
// so that it can be killed.
const childEnv = "ISOMORPH_TEST_STORE"

// durable makes the workload flush to disk, which only a power cut shows and
// which is slow.
const durable = "ISOMORPH_TEST_DURABLE=1"

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		if err := workload(root, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "workload:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// workload does a bit of everything. It prints a line for each step, and "ack
// PATH" once a path is valid and rooted, which no crash may undo.
func workload(root string, out io.Writer) error {
	ctx := context.Background()
	fmt.Fprintln(out, "start")
	opts := options(root)
	opts.NoDurability = os.Getenv("ISOMORPH_TEST_DURABLE") == ""
	s, err := localstore.Open(ctx, opts)
	if err != nil {
		return err
	}
	w := &worker{ctx: ctx, s: s, out: out}
	for _, step := range []func() error{w.texts, w.tree, w.build, w.rubbish, w.collect, w.texts, w.root, w.rubbish, w.collect} {
		if err := step(); err != nil {
			return err
		}
		fmt.Fprintln(out, "step")
	}
	return s.Close()
}

type worker struct {
	ctx context.Context
	s   *localstore.Store
	out io.Writer
	n   int
}

func (w *worker) keep(p storepath.Path) error {
	if err := w.s.AddRoot(w.ctx, "kept/"+string(p), p); err != nil {
		return err
	}
	fmt.Fprintln(w.out, "ack", p)
	return nil
}

// texts adds a chain of texts in one batch.
func (w *worker) texts() error {
	b := w.s.NewBatch(w.ctx)
	var refs, all []storepath.Path
	for range 10 {
		w.n++
		p, err := b.AddText(w.ctx, fmt.Sprintf("text-%d", w.n), []byte(strings.Repeat("x", 100*w.n)), refs)
		if err != nil {
			return err
		}
		refs, all = []storepath.Path{p}, append(all, p)
	}
	fmt.Fprintln(w.out, "before commit")
	if err := b.Commit(w.ctx); err != nil {
		return err
	}
	return w.keep(all[len(all)-1])
}

func (w *worker) tree() error {
	dir, err := os.MkdirTemp("", "workload")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("contents"), 0o644); err != nil {
		return err
	}
	p, err := w.s.AddTree(w.ctx, store.Source{Name: "tree", Path: dir})
	if err != nil {
		return err
	}
	return w.keep(p)
}

// build registers two outputs at once.
func (w *worker) build() error {
	sc, err := w.s.NewScratch(w.ctx)
	if err != nil {
		return err
	}
	defer sc.Close()
	var regs []store.Registration
	for _, name := range []string{"one", "two"} {
		if err := os.MkdirAll(filepath.Join(sc.Dir(), name, "bin"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(sc.Dir(), name, "bin", name), []byte(name), 0o755); err != nil {
			return err
		}
		if _, err := sc.Seal(w.ctx, name, nil); err != nil {
			return err
		}
		p := storepath.Path(strings.Repeat(name[:1]+"0", 16) + "-" + name)
		p = storepath.Path(strings.NewReplacer("o", "1", "t", "2").Replace(string(p[:32])) + string(p[32:]))
		regs = append(regs, store.Registration{Entry: name, Info: store.PathInfo{Path: p}})
	}
	regs[0].Info.References = []storepath.Path{regs[0].Info.Path, regs[1].Info.Path}
	fmt.Fprintln(w.out, "before register")
	if err := sc.Register(w.ctx, nil, regs); err != nil {
		return err
	}
	return w.keep(regs[0].Info.Path)
}

// rubbish leaves something for a collection that is no temporary root of ours.
// Another process may collect it before it is complete, or between the refusal to
// make it again and the look at what is there.
func (w *worker) rubbish() error {
	dir := filepath.Join(w.s.RealStoreDir(), strings.Repeat("3", 32)+"-rubbish")
	err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

func (w *worker) collect() error {
	_, err := w.s.GC(w.ctx, store.GCOptions{})
	return err
}

func (w *worker) root() error {
	dir := filepath.Dir(w.s.RealStoreDir())
	all, err := w.s.AllPaths(w.ctx)
	if err != nil || len(all) == 0 {
		return errors.Join(err, errors.New("no paths"))
	}
	return w.s.AddIndirectRoot(w.ctx, filepath.Join(dir, "result"), all[0])
}

// runChild runs the workload in a process of its own and returns the paths
// that were acknowledged. With killAt > 0 it is killed after that many lines.
func runChild(t *testing.T, root string, killAt int, env ...string) (acked []storepath.Path, lines int, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+root)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for sc := bufio.NewScanner(out); sc.Scan(); {
		lines++
		if p, ok := strings.CutPrefix(sc.Text(), "ack "); ok {
			acked = append(acked, storepath.Path(p))
		}
		if lines == killAt {
			cmd.Process.Kill()
		}
	}
	if err = cmd.Wait(); err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return acked, lines, err
}

// wantSound opens the store after a crash and checks that nothing valid is
// damaged and nothing acknowledged is gone.
func wantSound(t *testing.T, root string, acked []storepath.Path) {
	t.Helper()
	s := open(t, options(root))
	defer s.Close()
	res, err := s.Verify(t.Context(), store.VerifyOptions{CheckContents: true})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK() {
		t.Errorf("after the crash: %+v", res.Problems)
	}
	for _, p := range acked {
		if _, err := s.Info(t.Context(), p); err != nil {
			t.Errorf("acknowledged and gone: %v", err)
		}
	}
}

// wantTidy checks that one collection leaves nothing but valid paths.
func wantTidy(t *testing.T, root string) {
	t.Helper()
	s := open(t, options(root))
	defer s.Close()
	if _, err := s.GC(t.Context(), store.GCOptions{}); err != nil {
		t.Fatal(err)
	}
	valid, err := s.AllPaths(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.RealStoreDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != ".links" && !slices.Contains(valid, storepath.Path(e.Name())) {
			t.Errorf("left after a collection: %s", e.Name())
		}
	}
	if roots, _ := os.ReadDir(filepath.Join(s.StateDir(), "temproots")); len(roots) > 1 {
		t.Errorf("%d lists of temporary roots are left", len(roots))
	}
}

// A process that is killed anywhere leaves a store that needs no repair. Where
// exactly it is hit is up to the scheduler; with the build tag "failpoints"
// TestKillEverywhere does it at each step.
func TestKill(t *testing.T) {
	root := newRoot(t)
	_, total, err := runChild(t, root, 0)
	if err != nil || total < 10 {
		t.Fatalf("the workload: %v, %d lines", err, total)
	}
	for at := 1; at < total; at += 2 {
		root := newRoot(t)
		acked, _, _ := runChild(t, root, at)
		wantSound(t, root, acked)
		if _, _, err := runChild(t, root, 0); err != nil {
			t.Fatalf("killed at line %d, run again: %v", at, err)
		}
		wantSound(t, root, acked)
		wantTidy(t, root)
	}
}

// Many processes may create and use one store at the same time.
func TestConcurrentFirstOpen(t *testing.T) {
	const rounds, processes = 2, 12
	for range rounds {
		root := newRoot(t)
		errs := make(chan error, processes)
		for range processes {
			go func() {
				_, _, err := runChild(t, root, 0)
				errs <- err
			}()
		}
		for range processes {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		wantSound(t, root, nil)
		wantTidy(t, root)
	}
}
