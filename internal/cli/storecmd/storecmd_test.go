package storecmd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/cli/storecmd"
	"isomorph/internal/store/localstore"
)

// world is a store and a working directory for commands.
type world struct {
	*testing.T
	dir, root string
	stdin     string
	stderr    string
}

func newWorld(t *testing.T) *world {
	dir := t.TempDir()
	w := &world{T: t, dir: dir, root: filepath.Join(dir, "root")}
	t.Cleanup(func() {
		filepath.WalkDir(w.root, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				os.Chmod(path, 0o700)
			}
			return nil
		})
	})
	return w
}

func (w *world) env(stdout, stderr *bytes.Buffer) *cli.Env {
	return &cli.Env{Stdin: strings.NewReader(w.stdin), Stdout: stdout, Stderr: stderr, Dir: w.dir, UID: os.Getuid(),
		LookupEnv: func(string) (string, bool) { return "", false }, Now: time.Now}
}

func (w *world) deps() storecmd.Deps {
	noSettings := func(*classic.Common) (settings.Values, error) { return settings.Values{}, nil }
	return storecmd.Deps{Settings: noSettings, Open: func(ctx context.Context, c *classic.Common) (*localstore.Store, error) {
		root := w.root
		if c.StoreURI != "" {
			root = c.StoreURI
		}
		return localstore.Open(ctx, localstore.Options{Root: root, UID: os.Getuid(), Rand: rand.Reader, NoDurability: true,
			Now: func() time.Time { return time.Unix(1700000000, 0) }})
	}}
}

// isomorph runs one of isomorph's own commands and returns its output.
func (w *world) isomorph(args ...string) (string, error) {
	w.Helper()
	var stdout, stderr bytes.Buffer
	for _, c := range storecmd.New(w.env(&stdout, &stderr), w.deps()) {
		if c.Name() != args[0] {
			continue
		}
		c.SetArgs(args[1:])
		c.SetOut(&stderr)
		c.SetErr(&stderr)
		c.SilenceUsage, c.SilenceErrors = true, true
		err := c.ExecuteContext(w.Context())
		w.stderr = stderr.String()
		return stdout.String(), err
	}
	w.Fatalf("no command %s", args[0])
	return "", nil
}

func (w *world) nixStore(args ...string) (string, error) {
	w.Helper()
	var stdout, stderr bytes.Buffer
	err := storecmd.RunNixStore(w.Context(), w.env(&stdout, &stderr), w.deps(), args)
	w.stderr = stderr.String()
	return stdout.String(), err
}

func (w *world) ok(out string, err error) string {
	w.Helper()
	if err != nil {
		w.Fatalf("%v\n%s", err, w.stderr)
	}
	return strings.TrimSuffix(out, "\n")
}

func (w *world) file(name, contents string) string {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(contents), 0o644); err != nil {
		w.Fatal(err)
	}
	return path
}

func (w *world) wantIs(got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func (w *world) wantErr(err error, part string) {
	w.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		w.Errorf("error %v, want one with %q", err, part)
	}
}

// The paths and hashes below are those that Nix 2.34.8 prints for a file f.txt
// with the contents "hi\n".
const hiPath = "/nix/store/qiwmmmgnk4xmy6mma2man57iwykzv7rg-f.txt"

func TestAddAndQuery(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	w.wantIs(w.ok(w.isomorph("store", "add", "f.txt")), hiPath)
	w.wantIs(w.ok(w.nixStore("--add", "./f.txt")), hiPath)
	w.wantIs(w.ok(w.nixStore("-q", "--hash", hiPath)), "sha256:1xmr8jicvzszfzpz46g37mlpvbzjl2wpwvl2b05psipssyp1sm8h")
	w.wantIs(w.ok(w.nixStore("-q", "--size", hiPath)), "120")
	w.wantIs(w.ok(w.nixStore("-q", "--deriver", hiPath)), "unknown-deriver")
	w.wantIs(w.ok(w.nixStore("-qR", hiPath)), hiPath)
	w.wantIs(w.ok(w.nixStore("-q", "--tree", hiPath)), hiPath)
	w.wantIs(w.ok(w.isomorph("store", "path-info", "-s", hiPath)), hiPath+"\t120")
	if got := w.ok(w.isomorph("store", "path-info", "--json", hiPath)); !strings.Contains(got, `"narHash": "sha256-`) || !strings.Contains(got, `"narSize": 120`) {
		t.Errorf("path-info --json: %s", got)
	}
	w.ok(w.nixStore("--check-validity", hiPath))
	missing := strings.Replace(hiPath, "q", "0", 1)
	_, err := w.nixStore("--check-validity", missing)
	w.wantErr(err, "path '"+missing+"' is not valid")
	w.wantIs(w.ok(w.nixStore("--check-validity", "--print-invalid", missing, hiPath)), missing)
	_, err = w.nixStore("-q", "--hash", "f.txt")
	w.wantErr(err, "is not in the Nix store")
	_, err = w.nixStore("--bogus")
	w.wantErr(err, "unrecognised flag '--bogus'")
	_, err = w.nixStore()
	w.wantErr(err, "no operation specified")
	_, err = w.nixStore("--gc", "--verify")
	w.wantErr(err, "only one operation")
}

func TestAddFixed(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	// nix-store --print-fixed-path sha256 HASH f.txt
	got := w.ok(w.nixStore("--add-fixed", "sha256", "f.txt"))
	hash := "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4"
	w.wantIs(got, w.ok(w.nixStore("--print-fixed-path", "sha256", hash, "f.txt")))
	w.wantIs(w.ok(w.isomorph("store", "add-fixed", "sha256", "f.txt")), got)
	w.wantIs(w.ok(w.isomorph("store", "add-fixed", "--recursive", "sha256", "f.txt")), hiPath)
	_, err := w.isomorph("store", "add-fixed", "sha3", "f.txt")
	w.wantErr(err, "sha3")
}

func TestGC(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	w.file("g.txt", "ho\n")
	kept := w.ok(w.nixStore("--add", "f.txt"))
	dead := w.ok(w.nixStore("--add", "g.txt"))
	link := filepath.Join(w.dir, "result")
	w.ok(w.nixStore("--init"))
	s, err := w.deps().Open(t.Context(), &classic.Common{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Dir().Parse(kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddIndirectRoot(t.Context(), link, p); err != nil {
		t.Fatal(err)
	}
	s.Close()
	w.wantIs(w.ok(w.nixStore("--gc", "--print-roots")), `"`+link+`" -> `+kept)
	w.wantIs(w.ok(w.nixStore("-q", "--roots", "result")), link+" -> "+kept)
	w.wantIs(w.ok(w.nixStore("--gc", "--print-live")), kept)
	w.wantIs(w.ok(w.isomorph("gc", "--dry-run")), dead)
	_, err = w.nixStore("--delete", kept)
	w.wantErr(err, "Cannot delete path '"+kept+"' since it is still alive.")
	if got := w.ok(w.isomorph("gc")); !strings.HasPrefix(got, "1 store paths deleted, ") {
		t.Errorf("gc: %s", got)
	}
	if !strings.Contains(w.stderr, "deleting '"+dead+"'") {
		t.Errorf("gc's messages: %s", w.stderr)
	}
	w.ok(w.nixStore("--delete", "--ignore-liveness", kept))
	w.wantIs(w.ok(w.nixStore("--gc", "--print-live")), "")
	_, err = w.isomorph("gc", "--max-freed", "12Q")
	w.wantErr(err, "not a number of bytes")
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	p := w.ok(w.nixStore("--add", "f.txt"))
	w.ok(w.isomorph("store", "verify", "--check-contents"))
	w.ok(w.nixStore("--verify", "--check-contents"))
	real := filepath.Join(w.root, p)
	os.Chmod(real, 0o644)
	os.WriteFile(real, []byte("ho\n"), 0o644)
	_, err := w.isomorph("store", "verify", "--check-contents")
	var exit *cli.ExitError
	if !errors.As(err, &exit) || exit.Code != 1 || !strings.Contains(w.stderr, "path '"+p+"' was modified! expected hash '") {
		t.Errorf("verify: %v\n%s", err, w.stderr)
	}
	if _, err := w.nixStore("--verify-path", p); err == nil {
		t.Error("--verify-path found nothing")
	}
}

func TestExportImport(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	p := w.ok(w.nixStore("--add", "f.txt"))
	exported, err := w.nixStore("--export", p)
	w.ok("", err)
	other := filepath.Join(w.dir, "other")
	w.stdin = exported
	w.wantIs(w.ok(w.nixStore("--store", other, "--import")), p)
	w.wantIs(w.ok(w.nixStore("--store", other, "-q", "--size", p)), "120")
	w.ok(w.nixStore("--store", other, "--verify", "--check-contents"))
	for _, cut := range []int{4, 60, len(exported) - 3} {
		w.stdin = exported[:cut]
		if _, err := w.nixStore("--store", filepath.Join(w.dir, "third"), "--import"); err == nil {
			t.Errorf("an export cut at %d was accepted", cut)
		}
	}
	w.stdin = ""
	w.wantIs(w.ok(w.nixStore("--store", filepath.Join(w.dir, "third"), "-q", "--references")), "")
}

func TestDumpLoadDB(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	p := w.ok(w.nixStore("--add", "f.txt"))
	db := w.ok(w.nixStore("--dump-db"))
	w.wantIs(db, p+"\n10551daed7fa467d0b58826e7eb9a0f2af7d693de319f2ef775fffcda244b9f6\n120\n\n0")
	if err := os.RemoveAll(filepath.Join(w.root, "nix/var")); err != nil {
		t.Fatal(err)
	}
	w.wantIs(w.ok(w.nixStore("--dump-db")), "")
	w.stdin = db + "\n"
	w.ok(w.nixStore("--load-db"))
	w.wantIs(w.ok(w.nixStore("--dump-db")), db)
	w.stdin = p + "\nnonsense"
	_, err := w.nixStore("--load-db")
	if err == nil {
		t.Error("nonsense was loaded")
	}
}

func TestLog(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	p := w.ok(w.nixStore("--add", "f.txt"))
	_, err := w.isomorph("log", p)
	w.wantErr(err, "build log of derivation '"+p+"' is not available")
	s, err := w.deps().Open(t.Context(), &classic.Common{})
	if err != nil {
		t.Fatal(err)
	}
	path, _ := s.Dir().Parse(p)
	log, err := s.CreateLog(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	log.Write([]byte("building\n"))
	log.Close()
	s.Close()
	w.wantIs(w.ok(w.isomorph("log", p)), "building")
	w.wantIs(w.ok(w.nixStore("-l", p)), "building")
}

func TestDumpRestore(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	archive, err := w.nixStore("--dump", "f.txt")
	w.ok("", err)
	w.stdin = archive
	w.ok(w.nixStore("--restore", "g.txt"))
	if b, _ := os.ReadFile(filepath.Join(w.dir, "g.txt")); string(b) != "hi\n" {
		t.Errorf("restored: %q", b)
	}
	if _, err := w.nixStore("--restore", "g.txt"); err == nil {
		t.Error("an existing file was overwritten")
	}
}

func TestCollectGarbage(t *testing.T) {
	w := newWorld(t)
	w.file("f.txt", "hi\n")
	w.file("g.txt", "ho\n")
	old, cur := w.ok(w.nixStore("--add", "f.txt")), w.ok(w.nixStore("--add", "g.txt"))
	profiles := filepath.Join(w.root, "nix/var/nix/profiles")
	for link, target := range map[string]string{"p-1-link": old, "p-2-link": cur, "p": "p-2-link"} {
		if err := os.Symlink(target, filepath.Join(profiles, link)); err != nil {
			t.Fatal(err)
		}
	}
	collect := func(args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if err := storecmd.RunCollectGarbage(t.Context(), w.env(&stdout, &stderr), w.deps(), args); err != nil {
			t.Fatal(err)
		}
	}
	collect()
	w.ok(w.nixStore("--check-validity", old, cur))
	collect("-d")
	w.ok(w.nixStore("--check-validity", cur))
	if _, err := w.nixStore("--check-validity", old); err == nil {
		t.Error("the old generation is still valid")
	}
}
