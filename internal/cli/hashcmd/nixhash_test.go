package hashcmd

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/nar"
	"isomorph/internal/treehash"
)

func nixHash(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return remembering(t, treehash.Options{}, args...)
}

func remembering(t *testing.T, o treehash.Options, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	env := &cli.Env{Stdout: &out, Stderr: &out, Dir: "/", NumCPU: 2}
	deps := Deps{
		Settings: func(*classic.Common) (settings.Values, error) { return settings.Values{}, nil },
		Trees:    func(settings.Values) treehash.Options { return o },
	}
	err := NixHash(t.Context(), env, deps, args)
	return strings.TrimSpace(out.String()), err
}

// A tree that has not changed is not read again: what a record says is printed,
// here one that another hash was written into.
func TestTreeIsRemembered(t *testing.T) {
	root, dir := filepath.Join(t.TempDir(), "tree"), filepath.Join(t.TempDir(), "records")
	check(t, os.Mkdir(root, 0o755))
	for i := range 200 {
		check(t, os.WriteFile(filepath.Join(root, fmt.Sprint(i)), []byte{byte(i)}, 0o644))
	}
	o := treehash.Options{Dir: dir, UID: os.Getuid(), Rand: rand.Reader, Now: func() time.Time { return time.Now().Add(time.Hour) }}
	first, err := remembering(t, o, "--type", "sha256", "--sri", root)
	check(t, err)
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		t.Skip("the file system of temporary files keeps no times to rely on")
	}
	file := filepath.Join(dir, list[0].Name())
	text, err := os.ReadFile(file)
	check(t, err)
	other := "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	head := strings.Join(strings.Split(strings.Replace(string(text), first, other, 1), "\n")[:4], "\n") + "\n"
	check(t, os.WriteFile(file, fmt.Appendf(nil, "%s%x\n", head, sha256.Sum256([]byte(head))), 0o600))
	if got, err := remembering(t, o, "--type", "sha256", "--sri", root); err != nil || got != other {
		t.Errorf("got %s, %v; want what the record says", got, err)
	}
	if got, err := nixHash(t, "--type", "sha256", "--sri", root); err != nil || got != first {
		t.Errorf("without records: got %s, %v, want %s", got, err, first)
	}
}

// TestTree compares the hash of a tree, whose files are read by several
// readers, with that of its archive.
func TestTree(t *testing.T) {
	root := filepath.Join(t.TempDir(), "tree")
	for i := range 400 {
		dir := filepath.Join(root, fmt.Sprintf("d%d", i%7), fmt.Sprintf("e%d", i%11))
		check(t, os.MkdirAll(dir, 0o755))
		mode := os.FileMode(0o644)
		if i%5 == 0 {
			mode = 0o755
		}
		check(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d", i)), bytes.Repeat([]byte{byte(i)}, i*i%5000), mode))
	}
	check(t, os.WriteFile(filepath.Join(root, "large"), make([]byte, 1<<20), 0o644))
	check(t, os.Mkdir(filepath.Join(root, "empty"), 0o755))
	check(t, os.Symlink("../nowhere", filepath.Join(root, "link")))
	for _, p := range []string{root, root + "/", filepath.Join(root, "large"), filepath.Join(root, "link")} {
		sum := sha256.New()
		check(t, nar.Dump(sum, filepath.Clean(p), nil))
		got, err := nixHash(t, "--type", "sha256", p)
		if want := hex.EncodeToString(sum.Sum(nil)); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", p, got, err, want)
		}
	}
	check(t, unix.Mkfifo(filepath.Join(root, "d1/pipe"), 0o600))
	if _, err := nixHash(t, "--type", "sha256", root); err == nil || !strings.Contains(err.Error(), "d1/pipe: it is a FIFO") {
		t.Errorf("a FIFO: got %v", err)
	}
	if _, err := nixHash(t, "--type", "sha256", root+"/none"); err == nil || err.Error() != fmt.Sprintf("path '%s/none' does not exist", root) {
		t.Errorf("a missing path: got %v", err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
