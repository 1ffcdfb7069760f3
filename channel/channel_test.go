package channel_test

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"isomorph/channel"
)

// files reads the whole embedded tree.
func files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(channel.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(channel.Files(), name)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 80 {
		t.Fatalf("only %d files are embedded; the go:embed line must have lost a directory", len(all))
	}
	return all
}

// What recipes import must be there under the paths that nixpkgs has.
func TestPathsRecipesImport(t *testing.T) {
	for _, name := range []string{
		"default.nix", "lib/default.nix", "lock.json", "nixos/default.nix", "nixos/lib/eval-config.nix",
		"nixos/modules/installer/cd-dvd/installation-cd-minimal.nix",
		"nixos/modules/installer/cd-dvd/channel.nix",
		"nixos/modules/installer/cd-dvd/iso-image.nix",
	} {
		if _, err := fs.Stat(channel.Files(), name); err != nil {
			t.Error(err)
		}
	}
}

// A file that another one names by a relative path must be embedded too: Go
// leaves out names that begin with a dot or an underscore.
func TestRelativePathsLead(t *testing.T) {
	all := files(t)
	dirs := map[string]bool{".": true}
	for name := range all {
		for d := path.Dir(name); d != "."; d = path.Dir(d) {
			dirs[d] = true
		}
	}
	ref := regexp.MustCompile(`(?:^|[\s(=\[])(\.\.?(?:/[A-Za-z0-9._-]+)+)`)
	found := 0
	for name, text := range all {
		if !strings.HasSuffix(name, ".nix") || strings.HasPrefix(name, "tests/") {
			continue
		}
		for _, line := range strings.Split(text, "\n") {
			code, _, _ := strings.Cut(line, "# ")
			if strings.Contains(code, "''") || strings.Contains(code, "\"") {
				continue // shell text and strings
			}
			for _, m := range ref.FindAllStringSubmatch(code, -1) {
				target := path.Join(path.Dir(name), m[1])
				if strings.HasPrefix(target, "seed") || !strings.HasSuffix(target, ".nix") && !strings.HasSuffix(target, ".sh") {
					continue
				}
				found++
				if _, ok := all[target]; !ok && !dirs[target] {
					t.Errorf("%s names %s, which is not embedded", name, m[1])
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d relative paths seen; the pattern has gone blind", found)
	}
}

// Pins only, no hosts: the one host that a pinned URL may name keeps every
// version.
func TestLockPinsEverything(t *testing.T) {
	var lock struct {
		Packages map[string]struct {
			SHA256, Path string
			Size         int64
			Depends      []string
		}
		Sources map[string]struct{ SHA256, Path string }
	}
	if err := json.Unmarshal([]byte(files(t)[channel.LockFile]), &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Packages[channel.SeedDeb].SHA256 == "" || lock.Sources["hello"].SHA256 == "" {
		t.Error("the lock lacks the seed's package or the source of hello")
	}
	hash := regexp.MustCompile(`^[0-9a-f]{64}$`)
	for name, p := range lock.Packages {
		if !hash.MatchString(p.SHA256) || p.Size <= 0 || !strings.HasPrefix(p.Path, "pool/") {
			t.Errorf("%s: bad pin %+v", name, p)
		}
		for _, d := range p.Depends {
			if _, ok := lock.Packages[d]; !ok {
				t.Errorf("%s depends on %s, which is not pinned", name, d)
			}
		}
	}
}

// A derivation's text must not depend on who reads the expressions.
func TestNoImpureBuiltins(t *testing.T) {
	for name, text := range files(t) {
		if !strings.HasSuffix(name, ".nix") || strings.HasPrefix(name, "tests/") {
			continue
		}
		for _, word := range []string{"builtins.currentTime", "builtins.nixVersion", "builtins.nixPath"} {
			if strings.Contains(text, word) {
				t.Errorf("%s uses %s", name, word)
			}
		}
	}
}

func TestSeedLinksAreNames(t *testing.T) {
	got := strings.Join(channel.SeedLinks(), " ")
	want := "ar sh tar xz" // bootstrap/default.nix names the hash of just this
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
