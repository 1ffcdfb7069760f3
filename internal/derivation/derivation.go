// Package derivation reads and writes store derivations, the ".drv" files that
// say how to build something, and computes the store paths that follow from
// them.
//
// # Format
//
// A .drv file is one ATerm, written in exactly one way:
//
//	Derive([outputs],[inputDrvs],[inputSrcs],system,builder,[args],[env])
//
// Lists that stand for sets are sorted by byte value, and strings escape only
// quote, backslash, newline, carriage return and tab. [Parse] refuses every
// other spelling, so that one derivation has one file and one path.
//
// # Paths
//
// The path of a .drv file hashes its text. The path of an output cannot: the
// text holds that path. Nix hashes a variant instead ("hash modulo"): outputs
// and their variables blank, and each input derivation replaced by its own hash
// modulo. A fixed-output derivation counts there by its declared hash and path
// alone, so where a source is downloaded from does not change what is built
// from it. [Hasher] does this with a memo.
package derivation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/nixhash"
	"isomorph/internal/storepath"
)

var (
	// ErrFormat is wrapped by each error of [Parse].
	ErrFormat = errors.New("bad derivation file")
	// ErrInconsistent is wrapped where a derivation's paths are not those that
	// its contents give.
	ErrInconsistent = errors.New("inconsistent derivation")
)

// Output is what a derivation says about one of its outputs.
type Output struct {
	Path storepath.Path
	// HashAlgo is "" for an output named by its derivation. For a fixed output
	// it is the algorithm's name, after "r:" if Hash is of the NAR.
	HashAlgo string
	// Hash is the fixed output's hash in base 16.
	Hash string
}

// Derivation is the content of a .drv file, and its name without ".drv".
type Derivation struct {
	Name      string
	Outputs   Table[string, Output]
	InputDrvs Table[storepath.Path, []string] // names of the outputs used, sorted
	InputSrcs []storepath.Path                // sorted
	System    string
	Builder   string
	Args      []string
	Env       Table[string, string]
}

// IsFixed tells whether the output's hash is known before it is built.
func (d *Derivation) IsFixed() bool {
	return len(d.Outputs) == 1 && d.Outputs.At("out").Hash != ""
}

// OutputNames returns the names of the outputs, sorted.
func (d *Derivation) OutputNames() []string { return d.Outputs.Keys() }

// References returns what a .drv file refers to: its input sources and the
// files of its input derivations, sorted.
func (d *Derivation) References() []storepath.Path {
	refs := make([]storepath.Path, 0, len(d.InputSrcs)+len(d.InputDrvs))
	refs = append(refs, d.InputSrcs...)
	for i := range d.InputDrvs {
		refs = append(refs, d.InputDrvs[i].Key)
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

// Path returns the store path of the .drv file.
func (d *Derivation) Path(dir storepath.Dir) (storepath.Path, error) {
	return PathOf(dir, d.Name, d.Encode(dir), d.References())
}

// File is a .drv file: its text, what it refers to (see [Derivation.References])
// and its store path. Who keeps the text of a File that was handed to him must
// copy it: see [Hasher.Finish].
type File struct {
	Text       []byte
	References []storepath.Path
	Path       storepath.Path
}

// File returns the .drv file of a derivation whose outputs are filled in.
func (d *Derivation) File(dir storepath.Dir) (File, error) {
	f := File{Text: d.Encode(dir), References: d.References()}
	var err error
	f.Path, err = PathOf(dir, d.Name, f.Text, f.References)
	return f, err
}

// PathOf is [Derivation.Path] for a caller that has the encoded text and the
// references at hand.
func PathOf(dir storepath.Dir, name string, text []byte, refs []storepath.Path) (storepath.Path, error) {
	return dir.MakeText(name+storepath.DerivationSuffix, nixhash.Sum(nixhash.SHA256, text), refs)
}

// FixedHash returns the declared hash of a fixed output, and whether it is that
// of the NAR.
func (o Output) FixedHash() (h nixhash.Hash, recursive bool, err error) {
	name, recursive := strings.CutPrefix(o.HashAlgo, "r:")
	algo, err := nixhash.ParseAlgorithm(name)
	if err != nil {
		return nixhash.Hash{}, false, err
	}
	// The algorithm is stated beside the hash, so a prefix in it is not
	// canonical; nor is any other form than base 16.
	h, err = nixhash.Parse(o.Hash, algo)
	if err == nil && h.Base16() != o.Hash {
		err = fmt.Errorf("hash '%s' is not in lower-case base 16", o.Hash)
	}
	return h, recursive, err
}

// FixedPath returns the path that a fixed output of the derivation drvName must
// have.
func (o Output) FixedPath(dir storepath.Dir, output, drvName string) (storepath.Path, error) {
	h, recursive, err := o.FixedHash()
	if err != nil {
		return "", err
	}
	return dir.MakeFixed(storepath.OutputName(output, drvName), recursive, h, nil)
}

// Placeholder returns the text that stands for an output's path in the
// attributes of its own derivation until the builder runs.
func Placeholder(output string) string {
	return "/" + nixhash.Sum(nixhash.SHA256, []byte("nix-output:"+output)).Base32()
}
