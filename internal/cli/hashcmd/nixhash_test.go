package hashcmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/nar"
)

func nixHash(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	env := &cli.Env{Stdout: &out, Stderr: &out, Dir: "/", NumCPU: 2}
	err := NixHash(t.Context(), env, func(*classic.Common) (settings.Values, error) { return settings.Values{}, nil }, args)
	return strings.TrimSpace(out.String()), err
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
