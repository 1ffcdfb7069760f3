package local_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"isomorph/internal/build"
	"isomorph/internal/build/buildtest"
	"isomorph/internal/build/local"
	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// envTree adds a tree to the store: file names with contents, or with "->" and
// the target of a symlink.
func envTree(w *buildtest.World, name string, files map[string]string) storepath.Path {
	w.T.Helper()
	dir := filepath.Join(w.T.TempDir(), name)
	for file, text := range files {
		at := filepath.Join(dir, file)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		if target, ok := strings.CutPrefix(text, "->"); ok && err == nil {
			err = os.Symlink(target, at)
		} else if err == nil {
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			w.T.Fatal(err)
		}
	}
	p, err := w.Store.AddTree(w.T.Context(), store.Source{Name: name, Path: dir})
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// buildEnv builds an environment; its words are those of the attribute
// "derivations", and its inputs whatever they mention.
func buildEnv(w *buildtest.World, inputs []storepath.Path, words ...string) (links []string, log string, err error) {
	d := w.Script("user-environment", "", buildtest.Env("derivations", strings.Join(words, " ")), buildtest.Env("manifest", "/nix/store/manifest"),
		func(d *derivation.Derivation) {
			d.Builder, d.System, d.Args, d.InputSrcs = "builtin:buildenv", "builtin", nil, inputs
		})
	res, log, err := w.Build(local.New(local.Options{Store: w.Store, System: buildtest.System}), d)
	if err != nil {
		return nil, log, err
	}
	root := w.Store.RealPath(res.Outputs["out"].Path)
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if e.Type()&fs.ModeSymlink != 0 {
			target, _ := os.Readlink(path)
			_, short, _ := strings.Cut(target, "-")
			links = append(links, strings.TrimPrefix(path, root+"/")+" "+short)
		}
		return err
	})
	return links, log, err
}

func TestBuildEnv(t *testing.T) {
	w := buildtest.NewWorld(t)
	full := func(p storepath.Path) string { return w.Store.Dir().Join(p) }
	c := envTree(w, "c", map[string]string{"bin/c": "c"})
	a := envTree(w, "a", map[string]string{
		"bin/a": "a", "share/doc/a": "a", ".hidden": "", "log": "", "dangling": "->nothing", "nix-support/propagated-user-env-packages": full(c) + "\n",
	})
	b := envTree(w, "b", map[string]string{"bin": "->libexec", "libexec/b": "b", "share": "->" + full(a) + "/share", "bin.txt": "x"})
	d := envTree(w, "d", map[string]string{"bin/a": "other", "share/doc/d": "d"})
	all := []storepath.Path{a, b, c, d}
	for _, test := range []struct {
		words []string
		links string
		log   string
		err   string
	}{
		{words: []string{"true", "5", "1", full(d)}, links: "bin d/bin, manifest.nix , share d/share"},
		{words: []string{"true", "5", "1", full(a), "false", "5", "1", full(d)}, // what a wants beside it comes, too
			links: "bin/a a/bin/a, bin/c c/bin/c, manifest.nix , share a/share", log: "skipping dangling symlink '"},
		{words: []string{"true", "5", "2", full(b), full(c)}, // a link to a directory is merged like one
			links: "bin/b b/libexec/b, bin/c c/bin/c, bin.txt b/bin.txt, libexec b/libexec, manifest.nix , share b/share"},
		{words: []string{"true", "5", "1", full(a), "true", "6", "1", full(d)}, // of two files that of the lower number
			links: "bin/a a/bin/a, bin/c c/bin/c, manifest.nix , share/doc/a a/share/doc/a, share/doc/d d/share/doc/d"},
		{words: []string{"true", "5", "1", full(a), "1", "-1", "1", full(d)},
			links: "bin/a d/bin/a, bin/c c/bin/c, manifest.nix , share/doc/a a/share/doc/a, share/doc/d d/share/doc/d"},
		{words: []string{"true", "5", "1", full(a), "true", "5", "1", full(d)}, err: "There is a conflict for the following files:"},
		{words: []string{"true", "5", "1", full(a) + "/bin/a"}, links: "manifest.nix ", log: "because it's not a directory"},
		{words: []string{"true", "5"}, err: "ends within a package"},
		{words: []string{"true", "5", "2", full(a)}, err: "is not the number of outputs"},
		{words: []string{"true", "x", "1", full(a)}, err: "'x' is not a priority"},
		{words: []string{"true", "5", "1", "/etc"}, err: "/etc"},
	} {
		links, log, err := buildEnv(w, all, test.words...)
		if test.err != "" {
			if e := build.ExitCode(err); err == nil || !strings.Contains(err.Error(), test.err) || e != 100 {
				t.Errorf("%q: got error %v (%d), want %q", test.words, err, e, test.err)
			}
			continue
		}
		want := strings.Split(test.links, ", ")
		slices.Sort(want)
		slices.Sort(links)
		if err != nil || !slices.Equal(links, want) || !strings.Contains(log, test.log) {
			t.Errorf("%q: got %v, %q\n%s\nwant %q\n%s", test.words, err, links, log, want, test.log)
		}
	}
}
