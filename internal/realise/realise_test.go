package realise_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"isomorph/internal/build"
	"isomorph/internal/build/buildtest"
	"isomorph/internal/build/local"
	"isomorph/internal/build/sandbox"
	"isomorph/internal/derivation"
	"isomorph/internal/realise"
	"isomorph/internal/storepath"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

// fixture is a world with a Realiser and what it told.
type fixture struct {
	*buildtest.World
	opts   realise.Options
	events []realise.Event
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{World: buildtest.NewWorld(t)}
	f.opts = realise.Options{
		Store: f.Store, Jobs: 2, Cores: 1,
		Builder: local.New(local.Options{Store: f.Store, System: buildtest.System}),
		Event:   func(e realise.Event) { f.events = append(f.events, e) },
	}
	return f
}

func (f *fixture) realise(ctx context.Context, drvs ...buildtest.Drv) error {
	var goals []realise.Goal
	for _, d := range drvs {
		goals = append(goals, realise.Goal{Drv: d.Path})
	}
	return realise.New(f.opts).Realise(ctx, goals)
}

func (f *fixture) started() []string {
	var out []string
	for _, e := range f.events {
		if e.Kind == realise.Started {
			out = append(out, e.Name)
		}
	}
	return out
}

// needs makes a derivation that reads the given ones.
func (f *fixture) needs(name, script string, inputs ...buildtest.Drv) buildtest.Drv {
	var change []func(*derivation.Derivation)
	for i, in := range inputs {
		change = append(change, buildtest.Input(in, "out"), buildtest.Env(fmt.Sprintf("in%d", i), f.Store.Dir().Join(in.Out("out"))))
	}
	return f.Script(name, script, change...)
}

func TestBuildsWhatIsMissingInOrder(t *testing.T) {
	f := newFixture(t)
	a := f.needs("a", `echo a > $out`)
	b := f.needs("b", `read x < $in0; echo $x b > $out`, a)
	c := f.needs("c", `read x < $in0; echo $x c > $out`, a)
	d := f.needs("d", `read x < $in0; read y < $in1; echo $x $y d > $out`, b, c)
	if err := f.realise(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got, want := f.Read(d.Out("out"), ""), "a b a c d\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	started := f.started()
	if len(started) != 4 || started[0] != "a" || started[3] != "d" {
		t.Errorf("started %v", started)
	}
	f.events = nil
	if err := f.realise(t.Context(), d); err != nil || len(f.started()) != 0 {
		t.Errorf("second time: %v, started %v", err, f.started())
	}
}

func TestValidOutputNeedsNoInputs(t *testing.T) {
	f := newFixture(t)
	a := f.needs("a", `echo a > $out`)
	b := f.needs("b", `echo b > $out`, a)
	c := f.needs("c", `echo c > $out`, b)
	if err := f.realise(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	plan, err := realise.New(f.opts).Plan(t.Context(), []realise.Goal{{Drv: c.Path}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plan.Builds, []storepath.Path{c.Path}) || plan.Valid != 1 {
		t.Errorf("plan: %v, %d valid", plan.Builds, plan.Valid)
	}
}

func TestFailureStopsTheRest(t *testing.T) {
	f := newFixture(t)
	bad := f.needs("bad", `exit 1`)
	slow := f.needs("slow", `${builder%sh}busybox sleep 600`)
	top := f.needs("top", `echo > $out`, bad, slow)
	err := f.realise(t.Context(), top)
	if got := realise.ExitCode(err); got != 100 {
		t.Errorf("exit code %d: %v", got, err)
	}
	want := "Cannot build '" + f.Store.Dir().Join(top.Path) + "'.\nReason: 1 dependency failed.\n"
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "slow") {
		t.Errorf("got %v\nwant it to hold %q and nothing of slow", err, want)
	}
}

func TestKeepGoing(t *testing.T) {
	f := newFixture(t)
	f.opts.KeepGoing = true
	bad := f.needs("bad", `exit 1`)
	late := f.needs("late", `${builder%sh}busybox sleep 600`)
	good := f.needs("good", `echo good > $out`)
	above := f.needs("above", `echo > $out`, bad)
	top := f.needs("top", `echo > $out`, above, good, late)
	f.opts.Timeout = 4 * time.Second // for all builds: the good ones must be done in it on a busy machine, too
	err := f.realise(t.Context(), top)
	if got := realise.ExitCode(err); got != 101 {
		t.Errorf("exit code %d, want 101 for a failure and a timeout", got)
	}
	if _, err := f.Store.Info(t.Context(), good.Out("out")); err != nil {
		t.Errorf("what does not depend on the failure was not built: %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "2 dependencies failed") {
		t.Errorf("got %v", err)
	}
}

func TestInterrupt(t *testing.T) {
	f := newFixture(t)
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	var finished error
	f.opts.Event = func(e realise.Event) {
		switch e.Kind {
		case realise.Log:
			cancel(stop)
		case realise.Finished:
			finished = e.Err
		}
	}
	d := f.needs("d", `echo begun; ${builder%sh}busybox sleep 600`)
	if err := f.realise(ctx, d); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
	if !errors.Is(finished, context.Canceled) {
		t.Errorf("the build is said to have ended with %v, want %v", finished, context.Canceled)
	}
	entries, err := os.ReadDir(strings.TrimSuffix(f.Store.RealPath(d.Path), "/"+string(d.Path)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := storepath.ParseBase(e.Name()); err != nil && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

// gate is a builder that tells the most that ran at once in each lane.
type gate struct {
	mu   sync.Mutex
	busy [2]int
	most [2]int
	free chan struct{}
}

func (g *gate) Build(ctx context.Context, r build.Request) (*build.Result, error) {
	lane := 0
	if strings.HasPrefix(r.Derivation.Builder, "builtin:") {
		lane = 1
	}
	g.mu.Lock()
	g.busy[lane]++
	g.most[lane] = max(g.most[lane], g.busy[lane])
	if g.most == [2]int{2, 3} {
		select {
		case <-g.free:
		default:
			close(g.free)
		}
	}
	g.mu.Unlock()
	<-g.free // everybody waits until both lanes are full
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy[lane]--
	return &build.Result{}, nil
}

func TestLimits(t *testing.T) {
	f := newFixture(t)
	g := &gate{free: make(chan struct{})}
	f.opts.Builder, f.opts.Jobs, f.opts.Downloads = g, 2, 3
	var inputs []buildtest.Drv
	for i := range 10 {
		inputs = append(inputs, f.needs(fmt.Sprint("b", i), ``))
		inputs = append(inputs, f.Script(fmt.Sprint("d", i), ``, func(d *derivation.Derivation) { d.Builder = "builtin:fetchurl" }))
	}
	if err := f.realise(t.Context(), f.needs("top", ``, inputs...)); err != nil {
		t.Fatal(err)
	}
	if g.most != [2]int{2, 3} {
		t.Errorf("at most %d builds and %d downloads at once", g.most[0], g.most[1])
	}
}

func TestTwoProcessesBuildOnce(t *testing.T) {
	f := newFixture(t)
	d := f.needs("d", `${builder%sh}busybox sleep 0.3; echo > $out`)
	errs := make(chan error, 2)
	built := make(chan bool, 4)
	for range 2 {
		s := buildtest.OpenStore(t, strings.TrimSuffix(f.Store.RealPath(""), "/nix/store"))
		opts := f.opts
		opts.Store = s
		opts.Builder = local.New(local.Options{Store: s, System: buildtest.System})
		opts.Event = func(e realise.Event) {
			if e.Kind == realise.Finished {
				built <- !e.AlreadyValid
			}
		}
		go func() {
			errs <- realise.New(opts).Realise(context.WithoutCancel(t.Context()), []realise.Goal{{Drv: d.Path}})
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	close(built)
	n := 0
	for b := range built {
		if b {
			n++
		}
	}
	if n != 1 {
		t.Errorf("built %d times", n)
	}
}

// canceller fails as if somebody had stopped it.
type canceller struct{}

func (canceller) Build(context.Context, build.Request) (*build.Result, error) {
	return nil, fmt.Errorf("the server: %w", context.Canceled)
}

// TestCancelledByItself: an error that looks like an interrupt, when nobody
// interrupted, is a failure; nothing was built after all.
func TestCancelledByItself(t *testing.T) {
	f := newFixture(t)
	f.opts.Builder = canceller{}
	if err := f.realise(t.Context(), f.needs("a", `echo a > $out`)); err == nil {
		t.Error("a build that did not take place is a success")
	}
}

// lender is a builder whose first build waits for another process until the
// second one has begun, and then has something to build after all.
type lender struct {
	mu    sync.Mutex
	other chan struct{} // closed when the second build begins
	begun int
	busy  int
	most  int
}

func (l *lender) Build(ctx context.Context, req build.Request) (*build.Result, error) {
	l.mu.Lock()
	l.begun++
	first := l.begun == 1
	l.mu.Unlock()
	if first {
		req.Waiting("")
		req.Waiting("") // one for each output
		select {
		case <-l.other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := req.Resume(ctx); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	l.busy++
	l.most = max(l.most, l.busy)
	l.mu.Unlock()
	if !first {
		close(l.other)
	}
	l.mu.Lock()
	l.busy--
	l.mu.Unlock()
	return &build.Result{}, nil
}

// TestSlotIsLent: a build that waits for another process does not keep others
// from being built, and does not begin while one is.
func TestSlotIsLent(t *testing.T) {
	f := newFixture(t)
	l := &lender{other: make(chan struct{})}
	f.opts.Builder, f.opts.Jobs = l, 1
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // if it is not lent, both wait for ever
	defer stop()
	if err := f.realise(ctx, f.needs("a", `echo a > $out`), f.needs("b", `echo b > $out`)); err != nil || l.most != 1 || l.begun != 2 {
		t.Errorf("%v, %d at once, %d begun", err, l.most, l.begun)
	}
}
