package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFindImage(t *testing.T) {
	const logical = "/nix/store/00000000000000000000000000000000-x"
	for name, c := range map[string]struct {
		files map[string]string
		want  string // relative to the output; "-" for an error
	}{
		"products": {map[string]string{"nix-support/hydra-build-products": "doc manual x\nfile iso " + logical + "/iso/b.iso\n", "iso/a.iso": "", "iso/b.iso": ""}, "iso/b.iso"},
		"glob":     {map[string]string{"iso/b.iso": "", "iso/a.iso": ""}, "iso/a.iso"},
		"none":     {map[string]string{"bin/x": ""}, ""},
		"escape":   {map[string]string{"nix-support/hydra-build-products": "file iso " + logical + "/../../etc/passwd\n"}, ""},
		"missing":  {map[string]string{"nix-support/hydra-build-products": "file iso " + logical + "/iso/b.iso\n"}, "-"},
	} {
		out := filepath.Join(t.TempDir(), "o[u]t")
		for f, text := range c.files {
			write(t, filepath.Join(out, f), text)
		}
		got, err := findImage(out, logical)
		switch {
		case c.want == "-":
			if err == nil {
				t.Errorf("%s: got %q, want an error", name, got)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want == "" && got != "", c.want != "" && got != filepath.Join(out, c.want):
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestFindImageDoesNotFollowLinksOut(t *testing.T) {
	out := t.TempDir()
	if err := os.Mkdir(filepath.Join(out, "iso"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(out, "iso", "x.iso")); err != nil {
		t.Fatal(err)
	}
	if got, err := findImage(out, "/nix/store/x"); err == nil {
		t.Errorf("got %q", got)
	}
}

// The digest that is announced is that of the file in the user's hands, also
// when somebody has changed the file or the record since.
func TestDeliveredDigestIsThatOfTheCopy(t *testing.T) {
	dir := t.TempDir()
	source, target, record := filepath.Join(dir, "s.iso"), filepath.Join(dir, "out", "t.iso"), filepath.Join(dir, "r", "x.json")
	write(t, source, "image")
	asked := 0
	deliver := func() *Image {
		t.Helper()
		img, err := deliverImage(context.Background(), source, target, record, func() (bool, error) { asked++; return true, nil })
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	const sum = "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d" // sha256sum of "image"
	first := deliver()
	if first.SHA256 != sum || !first.NixOS || first.Size != 5 {
		t.Fatalf("got %+v", first)
	}
	if again := deliver(); *again != *first || asked != 1 {
		t.Errorf("a second delivery: %+v, asked %d times", again, asked)
	}
	for name, damage := range map[string]func(){
		"copy changed":  func() { write(t, target, "IMAGE") },
		"copy removed":  func() { os.Remove(target) },
		"record broken": func() { write(t, record, "{") },
		"source touched": func() {
			os.Remove(source)
			write(t, source, "image")
		},
	} {
		damage()
		if img := deliver(); img.SHA256 != sum {
			t.Errorf("%s: %s", name, img.SHA256)
		}
		if b, err := os.ReadFile(target); err != nil || string(b) != "image" {
			t.Errorf("%s: the copy is %q, %v", name, b, err)
		}
	}
}

func TestRevision(t *testing.T) {
	dir := t.TempDir()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_DIR=/nonexistent"}
	if got := Revision(context.Background(), dir, env); got != "" {
		t.Errorf("no repository: %q", got)
	}
}

// A builder's symlinks are not followed to files of the machine: not to an
// image that it names, and not to something that never ends.
func TestFindImageStaysInTheOutput(t *testing.T) {
	const logical = "/nix/store/00000000000000000000000000000000-x"
	host := t.TempDir()
	write(t, filepath.Join(host, "iso", "secret.iso"), "secret")
	for name, prepare := range map[string]func(out string) error{
		"output":       func(out string) error { return os.Symlink(host, out) },
		"iso":          func(out string) error { return link(filepath.Join(host, "iso"), out, "iso") },
		"product list": func(out string) error { return link("/dev/zero", out, "nix-support/hydra-build-products") },
		"nix-support":  func(out string) error { return link(host, out, "nix-support") },
		"product": func(out string) error {
			write(t, filepath.Join(out, "nix-support", "hydra-build-products"), "file iso "+logical+"/d/iso/secret.iso\n")
			return link(host, out, "d")
		},
	} {
		out := filepath.Join(t.TempDir(), "out")
		if err := prepare(out); err != nil {
			t.Fatal(err)
		}
		if got, err := findImage(out, logical); got != "" {
			t.Errorf("%s: found %q, %v", name, got, err)
		}
	}
}

func link(target, out, name string) error {
	file := filepath.Join(out, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, file)
}
