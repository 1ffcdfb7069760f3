package pipeline

import (
	"crypto/rand"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store/localstore"
)

var nixpkgs = flag.String("nixpkgs", "", "`DIR` of nixpkgs, with NixOS, for BenchmarkInstantiate")

// BenchmarkInstantiate evaluates a NixOS image and a package to their .drv, with
// a store that has everything and hashes of trees that are known. With -cpuprofile
// or -memprofile it shows what an evaluation spends.
func BenchmarkInstantiate(b *testing.B) {
	if *nixpkgs == "" {
		b.Skip("-nixpkgs=DIR is needed")
	}
	image, err := filepath.Abs("../tools/bencheval/testdata/image.nix")
	if err != nil {
		b.Fatal(err)
	}
	root := b.TempDir()
	cfg := Config{
		Store: localstore.Options{Root: filepath.Join(root, "store"), UID: os.Getuid(), Now: time.Now, Rand: rand.Reader, NoDurability: true},
		Eval: EvalConfig{
			System: "x86_64-linux", MaxCallDepth: 10000, AllowIFD: true, Dir: root, Home: root,
			SearchPath: []builtins.SearchPathEntry{{Prefix: "nixpkgs", Path: *nixpkgs}},
			TreeCache:  filepath.Join(root, "trees"),
			LookupEnv:  func(string) (string, bool) { return "", false },
			Trace:      func(string) {}, Warn: func(string) {}, EvalWarn: func(string) {},
		},
		Now: time.Now, Random: rand.Reader,
	}
	cfg.Inputs.Git.LookupEnv = cfg.Eval.LookupEnv
	for _, c := range []struct {
		name string
		in   Input
	}{
		{"image", Input{Source: Source{File: image}, Dir: root, Attr: "iso"}},
		{"hello", Input{Source: Source{File: "<nixpkgs>"}, Dir: root, Attr: "hello"}},
	} {
		instantiate := func() {
			s, err := Open(b.Context(), cfg, false)
			if err != nil {
				b.Fatal(err)
			}
			found, err := s.Instantiate(b.Context(), BuildRequest{Input: c.in, Attrs: []string{c.in.Attr}})
			if err != nil || len(found) != 1 {
				b.Fatalf("%d derivations, %v", len(found), err)
			}
			s.Release()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(c.name, func(b *testing.B) {
			instantiate()
			b.ReportAllocs()
			for b.Loop() {
				instantiate()
			}
		})
	}
}
