package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// asking is a user with files, an environment, a store and an evaluation cache.
type asking struct {
	t        *testing.T
	dir      string // of the files
	env      map[string]string
	cfg      Config
	engine   string
	ahead    time.Duration // of the clock: files made now count as old
	readOnly bool
	nocache  bool
	form     string
}

func newAsking(t *testing.T) *asking {
	root := t.TempDir()
	a := &asking{t: t, dir: filepath.Join(root, "files"), env: map[string]string{}, engine: "engine 1"}
	if err := os.Mkdir(a.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(a.ahead) }
	a.cfg = Config{
		Store: localstore.Options{Root: filepath.Join(root, "store"), UID: os.Getuid(), Now: time.Now, Rand: rand.Reader, NoDurability: true},
		Eval: EvalConfig{
			System: "x86_64-linux", MaxCallDepth: 10000, AllowIFD: true, Dir: a.dir, Home: a.dir,
			LookupEnv: func(name string) (string, bool) { v, ok := a.env[name]; return v, ok },
		},
		EvalCache: CacheConfig{Dir: filepath.Join(root, "cache"), UID: os.Getuid(), Engine: func() (string, error) { return a.engine, nil }},
		Now:       now, Random: rand.Reader,
	}
	a.cfg.Inputs.Git.LookupEnv = a.cfg.Eval.LookupEnv
	return a
}

func (a *asking) file(name, text string) {
	a.t.Helper()
	write(a.t, filepath.Join(a.dir, name), text)
}

// said is all that a query came to.
type said struct {
	Answers  []Answer
	Messages []string
	Err      string
}

// ask evaluates an expression in a session of its own, strictly if it is to be
// printed. remembered tells that the cache had the answer.
func (a *asking) ask(expr string) (s said, remembered bool) {
	a.t.Helper()
	cfg := a.cfg
	for kind, f := range map[string]*func(string){"trace": &cfg.Eval.Trace, "warn": &cfg.Eval.Warn, "evalwarn": &cfg.Eval.EvalWarn} {
		*f = func(msg string) { s.Messages = append(s.Messages, kind+": "+msg) }
	}
	if a.nocache {
		cfg.EvalCache = CacheConfig{}
	}
	session, err := Open(a.t.Context(), cfg, a.readOnly)
	if err != nil {
		a.t.Fatal(err)
	}
	defer session.Close()
	remembered, err = session.Ask(a.t.Context(), a.query(expr), func(answer Answer) error {
		s.Answers = append(s.Answers, answer)
		return nil
	})
	if err != nil {
		s.Err = err.Error()
	}
	return s, remembered
}

func (a *asking) query(expr string) Query {
	q := Query{Inputs: []Input{{Source: Source{Text: expr}, Dir: a.dir}}, Form: a.form}
	q.Answer = func(ev *Evaluator, in Input) (answer Answer, err error) {
		if a.form == FormDerivations {
			return Derivations(ev, in)
		}
		err = ev.Do(func(c *eval.Ctx) {
			v, _ := ev.Select(c, in)
			c.ForceDeep(v)
			answer.Text = c.PrintStrict(v)
		})
		return answer, err
	}
	return q
}

// fresh is ask without a cache.
func (a *asking) fresh(expr string) said {
	a.t.Helper()
	a.nocache = true
	defer func() { a.nocache = false }()
	s, remembered := a.ask(expr)
	if remembered {
		a.t.Error("remembered without a cache")
	}
	return s
}

// want asks and checks both the answer, which must be that of an evaluation,
// and whether it was remembered.
func (a *asking) want(expr string, remembered bool) said {
	a.t.Helper()
	got, was := a.ask(expr)
	if was != remembered {
		a.t.Errorf("remembered: %t, want %t", was, remembered)
	}
	if want := a.fresh(expr); !reflect.DeepEqual(got, want) {
		a.t.Errorf("got %+v\nwant %+v", got, want)
	}
	return got
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// keepingTimes changes a file without a trace in its modification time.
func keepingTimes(t *testing.T, name string, change func()) {
	t.Helper()
	before, err := os.Stat(name)
	check(t, err)
	change()
	check(t, os.Chtimes(name, before.ModTime(), before.ModTime()))
}

// staleCases are evaluations and what makes each of them another one. The answer
// need not change by it; it does where changes is set, so that a cache that
// overlooks the observation gives a wrong answer and not only a lucky one.
var staleCases = []struct {
	name    string
	expr    string
	form    string
	changes bool
	before  func(a *asking)
	change  func(a *asking)
}{
	{name: "imported file", expr: "import ./a.nix", changes: true,
		change: func(a *asking) { a.file("a.nix", "2") }},
	{name: "imported file, same size and time", expr: "import ./a.nix", changes: true,
		change: func(a *asking) {
			keepingTimes(a.t, filepath.Join(a.dir, "a.nix"), func() { a.file("a.nix", "2") })
		}},
	{name: "read file", expr: "builtins.readFile ./a.nix", changes: true, change: func(a *asking) { a.file("a.nix", "other") }},
	{name: "hashed file", expr: `builtins.hashFile "sha256" ./a.nix`, changes: true, change: func(a *asking) { a.file("a.nix", "other") }},
	{name: "file replaced by another of the same time", expr: "import ./a.nix", changes: true,
		before: func(a *asking) { a.file("b.nix", "2") },
		change: func(a *asking) {
			keepingTimes(a.t, filepath.Join(a.dir, "a.nix"), func() {
				check(a.t, os.Rename(filepath.Join(a.dir, "b.nix"), filepath.Join(a.dir, "a.nix")))
			})
		}},
	{name: "directory exchanged for another", expr: "import ./d/x.nix", changes: true,
		before: func(a *asking) { a.file("d/x.nix", "1"); a.file("e/x.nix", "2") },
		change: func(a *asking) {
			check(a.t, os.Rename(filepath.Join(a.dir, "d"), filepath.Join(a.dir, "f")))
			check(a.t, os.Rename(filepath.Join(a.dir, "e"), filepath.Join(a.dir, "d")))
		}},
	{name: "directory becomes a file", expr: "import ./d", changes: true,
		before: func(a *asking) { a.file("d/default.nix", "1") },
		change: func(a *asking) {
			check(a.t, os.RemoveAll(filepath.Join(a.dir, "d")))
			a.file("d", "2")
		}},
	{name: "missing file appears", expr: "builtins.pathExists ./missing", changes: true, change: func(a *asking) { a.file("missing", "") }},
	{name: "file below a missing directory appears", expr: "builtins.pathExists ./no/no/no", changes: true,
		change: func(a *asking) { a.file("no/no/no", "") }},
	{name: "file vanishes", expr: "builtins.pathExists ./a.nix", changes: true,
		change: func(a *asking) { check(a.t, os.Remove(filepath.Join(a.dir, "a.nix"))) }},
	{name: "a file is made a directory", expr: "builtins.readFileType ./a.nix", changes: true,
		change: func(a *asking) {
			check(a.t, os.Remove(filepath.Join(a.dir, "a.nix")))
			check(a.t, os.Mkdir(filepath.Join(a.dir, "a.nix"), 0o755))
		}},
	{name: "directory gets an entry", expr: "builtins.readDir ./d", changes: true,
		before: func(a *asking) { a.file("d/x", "") },
		change: func(a *asking) { a.file("d/y", "") }},
	{name: "entry of a directory becomes another kind", expr: "builtins.readDir ./d", changes: true,
		before: func(a *asking) { a.file("d/x", "") },
		change: func(a *asking) {
			keepingTimes(a.t, filepath.Join(a.dir, "d"), func() {
				check(a.t, os.Remove(filepath.Join(a.dir, "d/x")))
				check(a.t, os.Mkdir(filepath.Join(a.dir, "d/x"), 0o755))
			})
		}},
	{name: "symlink retargeted", expr: "import ./link", changes: true,
		before: func(a *asking) { a.file("b.nix", "2"); symlink(a, "a.nix", "link") },
		change: func(a *asking) { symlink(a, "b.nix", "link") }},
	{name: "symlink to a directory on the way retargeted", expr: "builtins.readFile ./way/x", changes: true,
		before: func(a *asking) { a.file("d/x", "1"); a.file("e/x", "2"); symlink(a, "d", "way") },
		change: func(a *asking) { symlink(a, "e", "way") }},
	{name: "second hop retargeted", expr: "builtins.readFile ./one/x", changes: true,
		before: func(a *asking) {
			a.file("d/x", "1")
			a.file("e/x", "2")
			symlink(a, "d", "two")
			symlink(a, "two", "one")
		},
		change: func(a *asking) { symlink(a, "e", "two") }},
	{name: "directory becomes a symlink to one with the same files", expr: "toString (import ./d)", changes: true,
		before: func(a *asking) { a.file("d/default.nix", "./x"); a.file("e/default.nix", "./x") },
		change: func(a *asking) {
			check(a.t, os.RemoveAll(filepath.Join(a.dir, "d")))
			symlink(a, "e", "d")
		}},
	{name: "dangling symlink gets a target", expr: "builtins.pathExists ./link/x", changes: true,
		before: func(a *asking) { symlink(a, "later", "link") },
		change: func(a *asking) { a.file("later/x", "") }},
	{name: "directory becomes a symlink to one with an equal file", expr: "toString <d/x>", changes: true,
		before: func(a *asking) {
			a.file("d/x", "1")
			a.file("e/x", "1")
			a.cfg.Eval.SearchPath = []builtins.SearchPathEntry{{Path: "."}}
		},
		change: func(a *asking) {
			check(a.t, os.RemoveAll(filepath.Join(a.dir, "d")))
			symlink(a, "e", "d")
		}},
	{name: "search path probe finds something", expr: "import <x>", changes: true,
		before: func(a *asking) {
			a.file("p/other", "")
			a.file("q/x", "2")
			a.cfg.Eval.SearchPath = []builtins.SearchPathEntry{{Path: "p"}, {Path: "q"}}
		},
		change: func(a *asking) { a.file("p/x", "1") }},
	{name: "order of the search path", expr: "import <x>", changes: true,
		before: func(a *asking) {
			a.file("p/x", "1")
			a.file("q/x", "2")
			a.cfg.Eval.SearchPath = []builtins.SearchPathEntry{{Path: "p"}, {Path: "q"}}
		},
		change: func(a *asking) { slices.Reverse(a.cfg.Eval.SearchPath) }},
	{name: "search path entry appears", expr: "import <x>", changes: true,
		before: func(a *asking) {
			a.file("q/x", "2")
			a.cfg.Eval.SearchPath = []builtins.SearchPathEntry{{Path: "p"}, {Path: "q"}}
		},
		change: func(a *asking) { a.file("p/x", "1") }},
	{name: "variable", expr: `builtins.getEnv "V"`, changes: true,
		before: func(a *asking) { a.env["V"] = "1" }, change: func(a *asking) { a.env["V"] = "2" }},
	{name: "variable set", expr: `builtins.getEnv "V"`, changes: true, change: func(a *asking) { a.env["V"] = "1" }},
	{name: "home directory", expr: "toString ~/x", changes: true, change: func(a *asking) { a.cfg.Eval.Home = "/elsewhere" }},
	{name: "system", expr: "builtins.currentSystem", changes: true, change: func(a *asking) { a.cfg.Eval.System = "i686-linux" }},
	{name: "version", expr: "builtins.nixVersion", changes: true, change: func(a *asking) { a.cfg.Eval.NixVersion = "2.18.0" }},
	{name: "pure", expr: "builtins ? currentTime", changes: true, change: func(a *asking) { a.cfg.Eval.Pure = true }},
	{name: "engine", expr: "1", change: func(a *asking) { a.engine = "engine 2" }},
	{name: "store", expr: "1", change: func(a *asking) { a.cfg.Store.Root += "2" }},
	{name: "mode", expr: "1", change: func(a *asking) { a.readOnly = true }},
	{name: "copied tree", expr: `"${./d}"`, changes: true,
		before: func(a *asking) { a.file("d/x", "1"); a.file("d/e/y", "1") },
		change: func(a *asking) {
			keepingTimes(a.t, filepath.Join(a.dir, "d/e/y"), func() { a.file("d/e/y", "2") })
		}},
	{name: "copied file", expr: `"${./a.nix}"`, changes: true, change: func(a *asking) { a.file("a.nix", "2") }},
	{name: "copied file made executable", expr: `"${./a.nix}"`, changes: true,
		change: func(a *asking) { check(a.t, os.Chmod(filepath.Join(a.dir, "a.nix"), 0o755)) }},
	{name: "file that a filter takes", expr: filtered, changes: true,
		before: func(a *asking) { a.file("d/x", "1"); a.file("d/no", "1") },
		change: func(a *asking) { a.file("d/x", "2") }},
	{name: "file appears that a filter is asked about", expr: filtered, changes: true,
		before: func(a *asking) { a.file("d/x", "1"); a.file("d/no", "1") },
		change: func(a *asking) { a.file("d/y", "2") }},
	{name: "kind of what a filter leaves out", changes: true,
		expr:   `builtins.path { path = ./d; name = "t"; filter = p: t: baseNameOf p != "no" || t == "directory"; }`,
		before: func(a *asking) { a.file("d/x", "1"); a.file("d/no", "1") },
		change: func(a *asking) {
			check(a.t, os.Remove(filepath.Join(a.dir, "d/no")))
			a.file("d/no/z", "1")
		}},
	{name: "derivation collected", expr: drv, form: FormDerivations, change: collect},
	{name: "source collected", expr: `"${./a.nix}"`, change: collect},
	{name: "text collected", expr: `builtins.toFile "x" "y"`, change: collect},
	{name: "object of a recipe collected", expr: `builtins.readFile (builtins.storePath (builtins.getEnv "P") + "")`,
		before: func(a *asking) { a.env["P"] = "/nix/store/" + string(a.addText("stored")) },
		change: collect},
}

const (
	filtered = `builtins.path { path = ./d; name = "t"; filter = p: t: baseNameOf p != "no"; }`
	drv      = `derivation { name = "d"; system = "x"; builder = builtins.toFile "b" "text"; }`
)

func symlink(a *asking, target, name string) {
	a.t.Helper()
	name = filepath.Join(a.dir, name)
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		a.t.Fatal(err)
	}
	check(a.t, os.Symlink(target, name))
}

func (a *asking) inStore(f func(s *localstore.Store)) {
	a.t.Helper()
	s, err := localstore.Open(a.t.Context(), a.cfg.Store)
	check(a.t, err)
	f(s)
	check(a.t, s.Close())
}

func (a *asking) addText(text string) (p storepath.Path) {
	a.t.Helper()
	a.inStore(func(s *localstore.Store) {
		var err error
		p, err = s.AddText(context.Background(), "text", []byte(text), nil)
		check(a.t, err)
	})
	return p
}

func collect(a *asking) {
	a.t.Helper()
	a.inStore(func(s *localstore.Store) {
		r, err := s.GC(context.Background(), store.GCOptions{})
		check(a.t, err)
		if len(r.Paths) == 0 {
			a.t.Fatal("nothing was collected")
		}
	})
}

// Each change makes the evaluation run again, whether the files are old enough
// for their fingerprints to be trusted or not.
func TestAskStale(t *testing.T) {
	for _, tc := range staleCases {
		for mode, ahead := range map[string]time.Duration{"old files": time.Hour, "young files": 0} {
			t.Run(tc.name+"/"+mode, func(t *testing.T) {
				a := newAsking(t)
				a.ahead, a.form = ahead, tc.form
				a.file("a.nix", "1")
				if tc.before != nil {
					tc.before(a)
				}
				first, remembered := a.ask(tc.expr)
				if remembered {
					t.Fatal("remembered at the first time")
				}
				if first.Err != "" {
					t.Fatal(first.Err)
				}
				if again, remembered := a.ask(tc.expr); !remembered || !reflect.DeepEqual(again, first) {
					t.Fatalf("nothing changed: remembered %t, %+v, want %+v", remembered, again, first)
				}
				tc.change(a)
				second, remembered := a.ask(tc.expr)
				if remembered {
					t.Error("remembered although something has changed")
				}
				if tc.changes && reflect.DeepEqual(first, second) {
					t.Error("the change makes no difference to the answer, so this case shows little")
				}
				if want := a.fresh(tc.expr); !reflect.DeepEqual(second, want) {
					t.Errorf("got %+v, want %+v", second, want)
				}
			})
		}
	}
}

// What does not matter to an evaluation does not make it run again.
func TestAskUnmoved(t *testing.T) {
	for name, tc := range map[string]struct {
		expr   string
		change func(a *asking)
	}{
		"another file":                         {"import ./a.nix", func(a *asking) { a.file("b.nix", "x") }},
		"file touched":                         {"import ./a.nix", func(a *asking) { a.file("a.nix", "1") }},
		"file replaced by an equal one":        {"import ./a.nix", func(a *asking) { check(a.t, os.Remove(filepath.Join(a.dir, "a.nix"))); a.file("a.nix", "1") }},
		"another variable":                     {`builtins.getEnv "V"`, func(a *asking) { a.env["W"] = "1" }},
		"contents of a file only looked at":    {"builtins.pathExists ./a.nix", func(a *asking) { a.file("a.nix", "other") }},
		"contents of a file only listed":       {"builtins.readDir ./.", func(a *asking) { a.file("a.nix", "other") }},
		"contents of what a filter leaves out": {filtered, func(a *asking) { a.file("d/no", "2") }},
		"what a filter leaves out is gone":     {filtered, func(a *asking) { check(a.t, os.Remove(filepath.Join(a.dir, "d/no"))) }},
		"time passes":                          {"import ./a.nix", func(a *asking) { a.ahead += time.Hour }},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAsking(t)
			a.ahead = time.Hour
			a.file("a.nix", "1")
			a.file("d/x", "1")
			a.file("d/no", "1")
			a.want(tc.expr, false)
			tc.change(a)
			a.want(tc.expr, true)
		})
	}
}

// A file that was read to see that it has not changed is not read next time.
func TestAskTakesNewFingerprints(t *testing.T) {
	a := newAsking(t)
	a.file("a.nix", "1")
	a.want("import ./a.nix", false) // too young to be trusted
	a.ahead = time.Hour
	a.want("import ./a.nix", true)
	// Now contents that nobody looks at can be changed behind the kernel's
	// back only; the file's being unreadable is as good.
	records, err := filepath.Glob(filepath.Join(a.cfg.EvalCache.Dir, "*"))
	check(t, err)
	first, err := os.Stat(records[0])
	check(t, err)
	a.want("import ./a.nix", true)
	second, err := os.Stat(records[0])
	check(t, err)
	if !os.SameFile(first, second) {
		t.Error("the record was written again although the fingerprints were right")
	}
}

// What has no answer that lasts is not remembered.
func TestAskNotRemembered(t *testing.T) {
	for name, expr := range map[string]string{
		"the clock":             "builtins.isInt builtins.currentTime",
		"an error":              "import ./missing.nix",
		"an unreadable search":  "builtins.pathExists ./closed/x",
		"messages without end":  `builtins.foldl' (n: x: builtins.trace "a long text, said very often" n) 0 (builtins.genList (x: x) 50000)`,
		"a loop of symlinks":    "builtins.pathExists ./loop/x",
		"a derivation not ours": `builtins.tryEval (import ./x.drv)`,
	} {
		t.Run(name, func(t *testing.T) {
			a := newAsking(t)
			a.ahead = time.Hour
			symlink(a, "loop", "loop")
			a.file("x.drv", "1")
			if name == "an unreadable search" && os.Getuid() == 0 {
				t.Skip("root reads everything")
			}
			check(t, os.Mkdir(filepath.Join(a.dir, "closed"), 0))
			for range 2 {
				if _, remembered := a.ask(expr); remembered != (name == "a derivation not ours") {
					if remembered {
						t.Error("remembered")
					}
				}
			}
		})
	}
}

// Messages are shown again, in order and each by its way.
func TestAskMessages(t *testing.T) {
	a := newAsking(t)
	a.cfg.Eval.SearchPath = []builtins.SearchPathEntry{{Path: "nowhere"}}
	a.file("q/x", "1")
	a.cfg.Eval.SearchPath = append(a.cfg.Eval.SearchPath, builtins.SearchPathEntry{Path: "q"})
	expr := `builtins.trace "one" (builtins.warn "two" (builtins.trace (import <x>) 3))`
	first := a.want(expr, false)
	if len(first.Messages) != 4 {
		t.Fatalf("messages: %q", first.Messages)
	}
	a.want(expr, true)
}

// Several inputs are one query: each answer is there, and messages that the
// first one causes are not missing when the second is asked for alone.
func TestAskSeveral(t *testing.T) {
	a := newAsking(t)
	a.file("a.nix", `builtins.trace "loading" { x = 1; y = 2; }`)
	for _, remembered := range []bool{false, true} {
		for _, exprs := range [][]string{{"(import ./a.nix).x", "(import ./a.nix).y"}, {"(import ./a.nix).y"}} {
			s, was := a.askAll(exprs)
			if was != remembered || len(s.Answers) != len(exprs) || !slices.Equal(s.Messages, []string{"trace: loading"}) {
				t.Errorf("%q: remembered %t, %+v", exprs, was, s)
			}
		}
	}
}

func (a *asking) askAll(exprs []string) (s said, remembered bool) {
	a.t.Helper()
	cfg := a.cfg
	cfg.Eval.Trace = func(msg string) { s.Messages = append(s.Messages, "trace: "+msg) }
	session, err := Open(a.t.Context(), cfg, false)
	check(a.t, err)
	defer session.Close()
	q := a.query("")
	q.Inputs = nil
	for _, e := range exprs {
		q.Inputs = append(q.Inputs, Input{Source: Source{Text: e}, Dir: a.dir})
	}
	remembered, err = session.Ask(a.t.Context(), q, func(answer Answer) error {
		s.Answers = append(s.Answers, answer)
		return nil
	})
	check(a.t, err)
	return s, remembered
}

// What a remembered evaluation has put into the store is a root as long as the
// session is open, as if it had just been added.
func TestAskKeeps(t *testing.T) {
	a := newAsking(t)
	a.form = FormDerivations
	a.want(drv, false)
	s, err := Open(t.Context(), a.cfg, false)
	check(t, err)
	defer s.Close()
	var found []Found
	remembered, err := s.Ask(t.Context(), a.query(drv), func(answer Answer) error {
		found = append(found, answer.Found...)
		return nil
	})
	check(t, err)
	if !remembered || len(found) != 1 {
		t.Fatalf("remembered %t, %v", remembered, found)
	}
	a.inStore(func(st *localstore.Store) {
		_, err := st.GC(context.Background(), store.GCOptions{})
		check(t, err)
		if _, err := st.Info(t.Context(), found[0].Drv); err != nil {
			t.Errorf("collected while it was in use: %v", err)
		}
	})
}

// An evaluation that writes nothing reads trees where they lie, and so depends
// on more of them than on what it has hashed.
func TestAskReadOnlyTree(t *testing.T) {
	a := newAsking(t)
	a.readOnly, a.ahead = true, time.Hour
	a.file("d/x", "1")
	a.file("d/no", "1")
	expr := `builtins.readFile (` + filtered + ` + "/no")`
	a.want(expr, false)
	a.want(expr, true)
	a.file("d/no", "2")
	a.want(expr, false)
}

// Each setting is part of the key, or is listed here as one that has no
// influence on values.
func TestKeyHasAllSettings(t *testing.T) {
	without := map[string]string{
		"Memory": "a budget", "TreeCache": "hashes are what they are", "LookupEnv": "observed one by one", "Trace": "output", "Warn": "output", "EvalWarn": "output",
		"TempDir": "where a message for git lies", "Cores": "several workers come to what one does",
		"IFDDecided": "who has decided, not what",
	}
	key := func(c EvalConfig) string {
		s := &Session{cfg: Config{Eval: c}, reader: emptyStore{dir: storepath.DefaultDir}}
		return s.key("engine", &Query{}).String()
	}
	plain := key(EvalConfig{})
	typ := reflect.TypeFor[EvalConfig]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		var c EvalConfig
		set(t, reflect.ValueOf(&c).Elem().Field(i))
		if _, ok := without[f.Name]; ok != (key(c) == plain) {
			t.Errorf("%s: in the key: %t, listed as without influence: %t", f.Name, key(c) != plain, ok)
		}
		delete(without, f.Name)
	}
	if len(without) > 0 {
		t.Errorf("no such settings: %v", slices.Collect(maps.Keys(without)))
	}
}

// Whatever is asked, where and of which store is part of the key: no two of these
// evaluations have the same.
func TestKeysDiffer(t *testing.T) {
	type asked struct {
		engine string
		cfg    Config
		q      Query
	}
	input := func(in Input) Query { return Query{Inputs: []Input{in}} }
	arg := func(a ...Arg) Query { return input(Input{Args: a}) }
	path := func(list ...builtins.SearchPathEntry) Config { return Config{Eval: EvalConfig{SearchPath: list}} }
	a, b := builtins.SearchPathEntry{Prefix: "a", Path: "/x"}, builtins.SearchPathEntry{Prefix: "b", Path: "/x"}
	seen := map[string]int{}
	for i, k := range []asked{
		{}, {engine: "other"},
		{cfg: path(a)}, {cfg: path(b)}, {cfg: path(a, b)}, {cfg: path(b, a)}, {cfg: path(builtins.SearchPathEntry{Prefix: "a", Path: "/y"})},
		{cfg: Config{Eval: EvalConfig{Home: "/x"}}}, {cfg: Config{Eval: EvalConfig{Dir: "/x"}}},
		{cfg: Config{Eval: EvalConfig{AllowedURIs: []string{"a", "b"}}}}, {cfg: Config{Eval: EvalConfig{AllowedURIs: []string{"a b"}}}},
		{cfg: Config{Eval: EvalConfig{MaxCallDepth: 1}}}, {cfg: Config{Eval: EvalConfig{MaxSteps: 1}}}, {cfg: Config{Eval: EvalConfig{MaxMemory: 1}}},
		{cfg: Config{Store: localstore.Options{Root: "/x"}}}, {cfg: Config{Store: localstore.Options{RealStoreDir: "/x"}}}, {cfg: Config{Store: localstore.Options{StateDir: "/x"}}},
		{cfg: Config{Build: BuildConfig{Check: true}}},
		{q: Query{Form: "x"}}, {q: input(Input{})}, {q: Query{Inputs: []Input{{}, {}}}},
		{q: input(Input{Attr: "x"})}, {q: input(Input{Dir: "x"})}, {q: input(Input{Source: Source{File: "x"}})}, {q: input(Input{Source: Source{Text: "x"}})}, {q: input(Input{Source: Source{Text: "x", Stdin: true}})},
		{q: arg(Arg{Name: "x", Value: "1"})}, {q: arg(Arg{Name: "x", Value: "1", IsString: true})}, {q: arg(Arg{Name: "x", Value: "2"})}, {q: arg(Arg{Name: "y", Value: "1"})}, {q: arg(Arg{Name: "x", Value: "1"}, Arg{Name: "x", Value: "1"})},
	} {
		session := &Session{cfg: k.cfg, reader: emptyStore{dir: storepath.DefaultDir}}
		key := session.key(k.engine, &k.q).String()
		if before, ok := seen[key]; ok {
			t.Errorf("evaluations %d and %d have the same key", before, i)
		}
		seen[key] = i
	}
}

// set gives a variable another value than zero.
func set(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Struct:
		set(t, v.Field(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if v.Elem().Kind() == reflect.Struct {
			set(t, v.Elem().Field(0))
		}
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return nil }))
	default:
		t.Fatalf("no other value for a %s", v.Kind())
	}
}

// A directory that strangers can write to is not used, and the user is told.
func TestAskForeignCache(t *testing.T) {
	a := newAsking(t)
	check(t, os.MkdirAll(a.cfg.EvalCache.Dir, 0o755))
	check(t, os.Chmod(a.cfg.EvalCache.Dir, 0o777))
	for range 2 {
		s, remembered := a.ask("1")
		if remembered || len(s.Messages) != 1 || !strings.Contains(s.Messages[0], "others can write to it") {
			t.Errorf("remembered %t, messages %q", remembered, s.Messages)
		}
	}
}

// --refresh evaluates, and what it finds out is remembered.
func TestAskRefresh(t *testing.T) {
	a := newAsking(t)
	a.want("1", false)
	a.cfg.EvalCache.Refresh = true
	a.want("1", false)
	a.cfg.EvalCache.Refresh = false
	a.want("1", true)
}

// Many processes at once give right answers, and leave a cache that works.
func TestAskAtOnce(t *testing.T) {
	a := newAsking(t)
	a.ahead, a.readOnly = time.Hour, true
	for i := range 5 {
		a.file(fmt.Sprintf("f%d.nix", i), fmt.Sprint(i))
	}
	errs := make(chan error)
	for k := range 8 {
		go func() { errs <- a.askMany(k) }()
	}
	for range 8 {
		check(t, <-errs)
	}
	for i := range 5 {
		a.want(fmt.Sprintf("import ./f%d.nix", i), true)
	}
	left, err := filepath.Glob(filepath.Join(a.cfg.EvalCache.Dir, ".*"))
	check(t, err)
	if len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func (a *asking) askMany(k int) error {
	cfg := a.cfg
	var warned []error
	cfg.Eval.Warn = func(msg string) { warned = append(warned, errors.New(msg)) }
	for i := range 20 {
		n := (i + k) % 5
		s, err := Open(context.Background(), cfg, true)
		if err != nil {
			return err
		}
		_, err = s.Ask(context.Background(), a.query(fmt.Sprintf("import ./f%d.nix", n)), func(got Answer) error {
			if got.Text != fmt.Sprint(n) {
				return fmt.Errorf("got %q, want %d", got.Text, n)
			}
			return nil
		})
		if err = errors.Join(err, s.Close()); err != nil {
			return err
		}
	}
	return errors.Join(warned...)
}

// A file that cannot be read as a record is a miss, and is replaced.
func TestAskDamagedRecord(t *testing.T) {
	a := newAsking(t)
	a.want("1", false)
	records, err := filepath.Glob(filepath.Join(a.cfg.EvalCache.Dir, "*"))
	check(t, err)
	if len(records) != 1 {
		t.Fatalf("records: %q", records)
	}
	for name, damage := range map[string]func(string) error{
		"cut":       func(f string) error { return os.Truncate(f, 100) },
		"empty":     func(f string) error { return os.Truncate(f, 0) },
		"directory": func(f string) error { return errors.Join(os.Remove(f), syscall.Mkfifo(f, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			check(t, damage(records[0]))
			a.want("1", false)
			a.want("1", true)
		})
	}
}

// inStoreCollect removes all that nothing keeps.
func (a *asking) inStoreCollect() {
	a.t.Helper()
	a.inStore(func(s *localstore.Store) {
		_, err := s.GC(context.Background(), store.GCOptions{})
		check(a.t, err)
	})
}
