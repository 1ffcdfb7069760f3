// Package hashcmd has the classic commands about hashes: nix-hash, and
// nix-prefetch-url, which downloads a file to tell its hash. Their options and
// what they print are those of the Nix manual.
package hashcmd

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/nar"
	"isomorph/internal/nixbase32"
	"isomorph/internal/nixhash"
	"isomorph/internal/treehash"
)

// truncatedSize is what --truncate shortens a digest to: 160 bits.
const truncatedSize = 20

// Deps is what the commands get from their caller.
type Deps struct {
	// Settings reads the settings that a command's options ask for.
	Settings func(common *classic.Common) (settings.Values, error)
	// Trees says where hashes of trees are remembered, if these settings let
	// them be.
	Trees func(settings.Values) treehash.Options
}

// hashing is one run of nix-hash.
type hashing struct {
	env      *cli.Env
	algo     nixhash.Algorithm // zero: not given
	flat     bool
	truncate bool
	caseHack bool
	form     string // base16, base32, base64, sri
	trees    treehash.Options
}

// NixHash runs nix-hash.
func NixHash(_ context.Context, env *cli.Env, deps Deps, args []string) error {
	h := hashing{env: env, form: "base16"}
	var algo string
	given := map[string]*bool{}
	spec := classic.Spec{
		Command: "nix-hash",
		Flags:   map[string]*bool{"--flat": &h.flat, "--truncate": &h.truncate},
		Values:  map[string]func(string){"--type": func(v string) { algo = v }},
	}
	for _, form := range []string{"base16", "base32", "base64", "sri"} {
		for _, flag := range []string{"--" + form, "--to-" + form} {
			given[flag] = new(bool)
			spec.Flags[flag] = given[flag]
		}
	}
	common, operands, err := classic.Parse(spec, args)
	if err != nil {
		return err
	}
	set, err := deps.Settings(common)
	if err != nil {
		return err
	}
	h.caseHack, h.trees = set.Flag("use-case-hack", false), deps.Trees(set)
	if algo == "blake3" {
		return errors.New("hash algorithm 'blake3' is an experimental feature of Nix (blake3-hashes) that isomorph does not have")
	}
	if algo != "" {
		if h.algo, err = nixhash.ParseAlgorithm(algo); err != nil {
			return classic.UsageError("nix-hash", err.Error())
		}
	}
	convert := false
	for _, form := range []string{"base16", "base32", "base64", "sri"} {
		if *given["--"+form] || *given["--to-"+form] {
			h.form = form
		}
		convert = convert || *given["--to-"+form]
	}
	for _, op := range operands {
		if err := h.operand(op, convert); err != nil {
			return err
		}
	}
	return nil
}

func (h *hashing) operand(op string, convert bool) error {
	var sum nixhash.Hash
	var err error
	if convert {
		sum, err = nixhash.Parse(op, h.algo)
	} else {
		sum, err = h.path(op)
	}
	if err != nil {
		return err
	}
	digest := sum.Bytes()
	if h.truncate && !convert && len(digest) > truncatedSize {
		digest = nixhash.Compress(digest, truncatedSize)
	}
	_, err = fmt.Fprintln(h.env.Stdout, h.encode(sum.Algorithm(), digest))
	return err
}

func (h *hashing) encode(a nixhash.Algorithm, digest []byte) string {
	switch h.form {
	case "base32":
		return nixbase32.EncodeToString(digest)
	case "base64":
		return base64.StdEncoding.EncodeToString(digest)
	case "sri":
		return a.String() + "-" + base64.StdEncoding.EncodeToString(digest)
	}
	return hex.EncodeToString(digest)
}

// path hashes a tree or, flat, a file.
func (h *hashing) path(name string) (nixhash.Hash, error) {
	algo := h.algo
	if algo == 0 {
		algo = nixhash.MD5
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(h.env.Dir, name)
	}
	if algo == nixhash.SHA256 && !h.flat && !h.caseHack {
		return h.tree(name)
	}
	sum := algo.New()
	if err := h.feed(sum, name); err != nil {
		return nixhash.Hash{}, err
	}
	return nixhash.FromState(algo, sum), nil
}

// tree hashes a tree with SHA-256. One that is as it was when its hash was
// remembered is not read again, which does not show what has become of its
// contents on a disk that fails: the setting tree-cache tells whether it may be so.
func (h *hashing) tree(name string) (nixhash.Hash, error) {
	if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) {
		return nixhash.Hash{}, fmt.Errorf("path '%s' does not exist", name)
	}
	o := h.trees
	o.Readers = min(h.env.NumCPU, maxReaders)
	hasher := treehash.New(o)
	t, err := hasher.List(treehash.Request{Root: filepath.Clean(name)})
	if err != nil {
		return nixhash.Hash{}, err
	}
	return hasher.Hash(t)
}

// maxReaders is how many files are read at once at most: the hash takes one
// processor, and two readers are enough for it.
const maxReaders = 3

func (h *hashing) feed(w io.Writer, name string) error {
	if !h.flat {
		if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("path '%s' does not exist", name)
		}
		if h.caseHack {
			return nar.DumpCaseHack(w, name)
		}
		return nar.Dump(w, filepath.Clean(name), nil)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
