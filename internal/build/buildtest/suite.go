package buildtest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"isomorph/internal/build"
	"isomorph/internal/derivation"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Run runs the suite on builders made by newBuilder.
func Run(t *testing.T, newBuilder func(t testing.TB, s store.Store) build.Builder) {
	for _, c := range []struct {
		name string
		test func(*World, build.Builder)
	}{
		{"environment", testEnvironment},
		{"references", testReferences},
		{"outputs", testOutputs},
		{"failures", testFailures},
		{"fixed", testFixed},
		{"check", testCheck},
		{"canonical", testCanonical},
		{"unreadable", testUnreadable},
		{"limits", testLimits},
		{"refusals", testRefusals},
		{"structured", testStructured},
		{"graph", testGraph},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := NewWorld(t)
			c.test(w, newBuilder(t, w.Store))
		})
	}
}

// wantEnv is the environment of real Nix for the same derivation, see
// doc/compat.md.
const wantEnv = `HOME=/homeless-shelter
NIX_BUILD_CORES=1
NIX_BUILD_TOP=/build
NIX_LOG_FD=2
NIX_STORE=/nix/store
PATH=/path-not-set
PWD=/build
TEMP=/build
TEMPDIR=/build
TERM=xterm-256color
TMP=/build
TMPDIR=/build
bigPath=/build/.attr-`

func testEnvironment(w *World, b build.Builder) {
	d := w.Script("env", `
		busybox=${builder%sh}busybox
		$busybox env | $busybox sort | $busybox grep -v -e ^SHLVL= -e ^_= -e ^OLDPWD= > $out
		$busybox cat $bigPath >> $out
		for f in /build/.attr-* /build/graph; do echo ${f%%-*} >> $out; done
		$busybox cat graph >> $out
		echo $me >> $out
		`, Env("passAsFile", "big"), Env("big", "much text\n"), Env("exportReferencesGraph", "graph "+strings.TrimSuffix(w.Sh(), "/bin/sh")),
		Env("me", derivation.Placeholder("out")))
	w.MustBuild(b, d)
	got := w.Read(d.Out("out"), "")
	dir := w.Store.Dir()
	for _, want := range []string{wantEnv, "\nout=" + dir.Join(d.Out("out")) + "\n", "much text\n", "/build/.attr\n/build/graph\n",
		dir.Join(w.Busybox) + "\n\n0\n", "\n" + dir.Join(d.Out("out")) + "\n"} {
		if !strings.Contains(got, want) {
			w.T.Errorf("got\n%s\nwant to find\n%s", got, want)
		}
	}
	if strings.Contains(got, "\nbig=") {
		w.T.Error("a variable that is passed as a file is in the environment too")
	}
}

func testReferences(w *World, b build.Builder) {
	src := w.Text("data", "hello")
	other := w.Text("other", "unused")
	d := w.Script("refs", `echo "see `+w.Store.Dir().Join(src)+` and $out" > $out`, Source(src), Source(other))
	res := w.MustBuild(b, d)
	want := []storepath.Path{src, d.Out("out")}
	slices.Sort(want)
	if got := res.Outputs["out"].References; !slices.Equal(got, want) {
		w.T.Errorf("references: got %v, want %v", got, want)
	}
	info, err := w.Store.Info(w.T.Context(), d.Out("out"))
	if err != nil || !info.Ultimate || info.Deriver != d.Path {
		w.T.Errorf("registered as %+v, %v", info, err)
	}
	if res := w.MustBuild(b, d); !res.AlreadyValid {
		w.T.Error("a valid output was built again")
	}
}

func testOutputs(w *World, b build.Builder) {
	d := w.Script("multi", `echo a > $out; echo "$out" > $dev`, Outputs("out", "dev"))
	w.MustBuild(b, d)
	if got := w.Read(d.Out("dev"), ""); got != w.Store.Dir().Join(d.Out("out"))+"\n" {
		w.T.Errorf("dev holds %q", got)
	}
	w.wantFailure(b, w.Script("lazy", `echo a > $out`, Outputs("out", "dev")), build.Rejected, "failed to produce output path for output 'dev'")
	w.wantFailure(b, w.Script("cycle", `echo $dev > $out; echo $out > $dev`, Outputs("out", "dev")), build.Rejected, "cycle detected in build of")
	w.wantFailure(b, w.Script("loose", `echo a > $out; ${builder%sh}busybox chmod 666 $out`), build.Rejected, "suspicious ownership or permission")
	w.wantFailure(b, w.Script("own", `echo $out > $out`, Env("allowedReferences", "")), build.Rejected, "is not allowed to refer to the following paths:\n  "+"/nix/store/")
	w.MustBuild(b, w.Script("own2", `echo $out > $out`, Env("allowedReferences", "out")))
	w.wantFailure(b, w.Script("bad", `echo `+w.Sh()+` > $out`, Env("disallowedRequisites", strings.TrimSuffix(w.Sh(), "/bin/sh"))), build.Rejected, "is not allowed to refer to")
}

func (w *World) wantFailure(b build.Builder, d Drv, kind build.Kind, text string) *build.Error {
	w.T.Helper()
	_, log, err := w.Build(b, d)
	var e *build.Error
	if !errors.As(err, &e) {
		w.T.Errorf("%s: got error %v, want a *build.Error\n%s", d.Name, err, log)
		return &build.Error{}
	}
	if e.Kind != kind || !strings.Contains(e.Message, text) {
		w.T.Errorf("%s: got kind %d and message\n%s\nwant kind %d and %q\n%s", d.Name, e.Kind, e.Message, kind, text, log)
	}
	return e
}

func testFailures(w *World, b build.Builder) {
	e := w.wantFailure(b, w.Script("fails", `i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done; exit 3`), build.Failed, "Reason: builder failed with exit code 3.")
	if len(e.LogTail) != 25 || e.LogTail[24] != "line 29" || !strings.Contains(e.Message, "Last 25 log lines:\n> line 5\n") {
		w.T.Errorf("tail %q in\n%s", e.LogTail, e.Message)
	}
	w.wantFailure(b, w.Script("killed", `kill -9 $$`), build.Failed, "builder failed due to signal 9 (Killed)")
	e = w.wantFailure(b, w.Script("nobuilder", ``, func(d *derivation.Derivation) { d.Builder = "/nix/store/none" }), build.Failed, "Reason: builder failed with exit code 1.")
	if got := strings.Join(e.LogTail, "|"); got != "error: executing '/nix/store/none': No such file or directory" {
		w.T.Errorf("log of a builder that is not there: %q", got)
	}
	e = w.wantFailure(b, w.Script("codes", `printf '\033]0;title\007a\033[31mred\033[2Jx\rnew\033[1mer\n'; exit 1`), build.Failed, "exit code 1")
	if got, want := strings.Join(e.LogTail, "|"), "new\x1b[1mer\x1b[0m"; got != want {
		w.T.Errorf("cleaned line: got %q, want %q", got, want)
	}
}

func testFixed(w *World, b build.Builder) {
	hash := nixhash.Sum(nixhash.SHA256, []byte("fixed\n"))
	d := w.Script("fixed", `printf 'fixed\n' > $out`, Fixed("sha256", hash.Base16()))
	res := w.MustBuild(b, d)
	if got, want := res.Outputs["out"].CA, "fixed:"+hash.String(); got != want {
		w.T.Errorf("CA: got %q, want %q", got, want)
	}
	e := w.wantFailure(b, w.Script("wrong", `echo other > $out`, Fixed("sha256", hash.Base16())), build.HashMismatch, "hash mismatch in fixed-output derivation '")
	if want := ".drv':\n  specified: " + hash.SRI() + "\n     got:    sha256-"; !strings.Contains(e.Message, want) {
		w.T.Errorf("got %q, want %q in it", e.Message, want)
	}
	if !errors.Is(e, build.ErrHashMismatch) || build.ExitCode(e) != 102 {
		w.T.Errorf("exit code %d", build.ExitCode(e))
	}
	w.wantFailure(b, w.Script("exec", `echo > $out; ${builder%sh}busybox chmod +x $out`, Fixed("sha256", hash.Base16())), build.Rejected, "should be a non-executable regular file")
}

func testCheck(w *World, b build.Builder) {
	check := func(r *build.Request) { r.Check = true }
	same := w.Script("same", `echo 1 > $out`)
	w.MustBuild(b, same)
	if _, log, err := w.Build(b, same, check); err != nil {
		w.T.Errorf("check of the same: %v\n%s", err, log)
	}
	differs := w.Script("differs", `for o in $out $dev $doc; do ${builder%sh}busybox cat /proc/sys/kernel/random/uuid > $o; done; echo 1 > $doc`, Outputs("out", "dev", "doc"))
	w.MustBuild(b, differs)
	_, _, err := w.Build(b, differs, check)
	if !errors.Is(err, build.ErrNotDeterministic) || build.ExitCode(err) != 104 || strings.Count(err.Error(), "may not be deterministic") != 2 {
		w.T.Errorf("check of what differs in two of three outputs: exit %d, %v", build.ExitCode(err), err)
	}
}

func testCanonical(w *World, b build.Builder) {
	w.MustBuild(b, w.Script("modes", `B=${builder%sh}busybox; $B mkdir -p $out/d; echo x > $out/d/f; $B chmod 600 $out/d/f; echo y > $out/x; $B chmod 711 $out/x; $B ln -s f $out/d/l; $B ln $out/x $out/hard`))
	w.wantFailure(b, w.Script("fifo", `${builder%sh}busybox mkfifo $out`), build.Rejected, "output 'out' of")
	w.wantFailure(b, w.Script("setuid", `echo > $out; ${builder%sh}busybox chmod 4755 $out`), build.Failed, "exit code 1")
	// A copy of a source is read-only like the source; a user who is not root
	// may not simply move such a directory elsewhere.
	for _, mode := range []string{"555", "000"} {
		d := w.Script("ro"+mode, `B=${builder%sh}busybox; $B mkdir $out; echo x > $out/f; $B chmod `+mode+` $out/f $out`)
		w.MustBuild(b, d)
		if got := w.Read(d.Out("out"), "f"); got != "x\n" {
			w.T.Errorf("mode %s: got %q", mode, got)
		}
	}
	w.wantFailure(b, w.Script("fifo2", `B=${builder%sh}busybox; $B mkdir $out; $B mkfifo $out/f`), build.Rejected, "output 'out' of")
}

// testUnreadable: a fixed output may have files that not even their owner can
// read; its hash does not depend on that.
func testUnreadable(w *World, b build.Builder) {
	var archive bytes.Buffer
	n := nar.NewWriter(&archive)
	n.Directory()
	n.Entry("d")
	n.Directory()
	n.Entry("f")
	_, _ = n.File(false, 2).Write([]byte("x\n"))
	n.Leave()
	n.Leave()
	if err := n.Close(); err != nil {
		w.T.Fatal(err)
	}
	hash := nixhash.Sum(nixhash.SHA256, archive.Bytes()).Base16()
	d := w.Script("unreadable", `B=${builder%sh}busybox; $B mkdir -p $out/d; echo x > $out/d/f; $B chmod 000 $out/d/f $out/d; $B chmod 500 $out`, Fixed("r:sha256", hash))
	w.MustBuild(b, d)
	if got := w.Read(d.Out("out"), "d/f"); got != "x\n" {
		w.T.Errorf("got %q", got)
	}
}

func testLimits(w *World, b build.Builder) {
	sleeper := w.Script("sleeps", `echo begun; ${builder%sh}busybox sleep 600`)
	for _, limit := range []func(*build.Request){
		func(r *build.Request) { r.Timeout = 200 * time.Millisecond },
		func(r *build.Request) { r.MaxSilent = 200 * time.Millisecond },
	} {
		_, _, err := w.Build(b, sleeper, limit)
		if !errors.Is(err, build.ErrTimedOut) || build.ExitCode(err) != 101 {
			w.T.Errorf("timeout: exit %d, %v", build.ExitCode(err), err)
		}
	}
	_, _, err := w.Build(b, w.Script("chatty", `${builder%sh}busybox yes`), func(r *build.Request) { r.MaxLog = 1 << 20 })
	if err == nil || !strings.Contains(err.Error(), "killed after writing more than 1048576 bytes of log output") {
		w.T.Errorf("log limit: %v", err)
	}
}

func testRefusals(w *World, b build.Builder) {
	w.wantFailure(b, w.Script("foreign", ``, func(d *derivation.Derivation) { d.System = "riscv64-linux" }), build.Refused, "Required system: 'riscv64-linux'\nCurrent system: 'x86_64-linux'")
	w.wantFailure(b, w.Script("feature", ``, Env("requiredSystemFeatures", "moon")), build.Refused, "Required features: {moon}")
	w.wantFailure(b, w.Script("nochroot", ``, Env("__noChroot", "1")), build.Refused, "has '__noChroot' set")
	w.wantFailure(b, w.Script("builtin", ``, func(d *derivation.Derivation) { d.Builder, d.System = "builtin:nonsense", "builtin" }), build.Refused, "unsupported builtin builder 'nonsense'")
}

func testStructured(w *World, b build.Builder) {
	attrs := `{"a":1,"b":["x","it's"],"builder":"` + w.Sh() + `","deep":{"x":{"y":1}},"f":1.5,"no":false,"nul":null,"s":{"k":"v"},"text":"<é\u2028>\n","yes":true}`
	d := w.Script("structured", `B=`+strings.TrimSuffix(w.Sh(), "sh")+`busybox; o=$($B sed -n 's/.*\[.out.\]=.\([^ ]*\)..*/\1/p' .attrs.sh); o=${o%\'}; $B cat .attrs.sh .attrs.json > $o; $B env | $B grep ^NIX_ATTRS >> $o; [ -z "${text:-}" ]`,
		Env("__json", attrs))
	w.MustBuild(b, d)
	out := w.Store.Dir().Join(d.Out("out"))
	want := `declare a=1
declare -a b=('x' 'it'\''s' )
declare builder='` + w.Sh() + `'
declare no=
declare nul=''
declare -A outputs=(['out']='` + out + `' )
declare -A s=(['k']='v' )
declare text='<é` + "\u2028" + `>
'
declare yes=1
` + strings.Replace(strings.Replace(attrs, `"nul":null`, `"nul":null,"outputs":{"out":"`+out+`"}`, 1), `\u2028`, "\u2028", 1)
	if got := w.Read(d.Out("out"), ""); !strings.HasPrefix(got, want) || !strings.Contains(got, "NIX_ATTRS_SH_FILE=/build/.attrs.sh\n") {
		w.T.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func testGraph(w *World, b build.Builder) {
	a := w.Script("a", `echo a > $out`)
	c := w.Script("c", `read x < $in; echo $x-c > $out`, Input(a, "out"), Env("in", w.Store.Dir().Join(a.Out("out"))))
	w.MustBuild(b, a)
	w.MustBuild(b, c)
	if got := w.Read(c.Out("out"), ""); got != "a-c\n" {
		w.T.Errorf("got %q", got)
	}
}
