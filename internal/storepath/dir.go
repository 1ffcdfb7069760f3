package storepath

import (
	"strings"

	"isomorph/internal/nixbase32"
	"isomorph/internal/nixhash"
)

// Dir is the logical store directory, without a slash at the end.
type Dir string

// DefaultDir is the store directory that all public binaries are built for.
const DefaultDir Dir = "/nix/store"

// Join returns the absolute name of p, "/nix/store/<p>".
func (d Dir) Join(p Path) string { return string(d) + "/" + string(p) }

// Parse reads an absolute name of exactly one store object, in canonical form:
// no repeated slash, no dot component, nothing after the base name.
func (d Dir) Parse(s string) (Path, error) {
	if s == "" {
		return "", errorf(ErrBadPath, "empty path is not a valid store path")
	}
	base, ok := d.cut(s)
	if !ok || strings.Contains(base, "/") {
		return "", errorf(ErrNotInStore, "path '%s' is not in the Nix store", s)
	}
	return ParseBase(base)
}

// Split divides an absolute name into the store object and the rest, which is
// empty or starts with a slash. The rest is not looked at any further.
func (d Dir) Split(s string) (p Path, rest string, err error) {
	base, ok := d.cut(s)
	if !ok {
		return "", "", errorf(ErrNotInStore, "path '%s' is not in the Nix store", s)
	}
	if i := strings.IndexByte(base, '/'); i >= 0 {
		base, rest = base[:i], base[i:]
	}
	p, err = ParseBase(base)
	return p, rest, err
}

// Contains tells whether s names something below the store directory, valid or
// not.
func (d Dir) Contains(s string) bool {
	base, ok := d.cut(s)
	return ok && base != ""
}

func (d Dir) cut(s string) (base string, ok bool) {
	s, ok = strings.CutPrefix(s, string(d))
	if !ok {
		return "", false
	}
	return strings.CutPrefix(s, "/")
}

// Make returns the path of a store object. The kind says what h stands for:
// "source", "text" or "output:<output name>", the first two followed by the
// references (":/nix/store/...", sorted). The formula is that of the manual's
// "Store Path Specification".
func (d Dir) Make(kind string, h nixhash.Hash, name string) (Path, error) {
	return d.make(append(fingerprint{}, kind...), h, name)
}

// fingerprint is the text that the hash in a store path is one of.
type fingerprint []byte

// make is Make for a fingerprint that begins with the kind.
func (d Dir) make(f fingerprint, h nixhash.Hash, name string) (Path, error) {
	f = append(append(f, ':'), h.Algorithm().String()...)
	f = h.AppendBase16(append(f, ':'))
	f = append(append(f, ':'), d...)
	f = append(append(f, ':'), name...)
	sum := nixhash.Sum(nixhash.SHA256, f)
	var room [HashLen + 1 + MaxNameLen]byte
	b := nixbase32.AppendEncode(room[:0], nixhash.Compress(sum.Bytes(), HashSize))
	b = append(b, '-')
	b = append(b, name...)
	if err := CheckName(name); err != nil {
		return "", errorf(ErrBadName, "path '%s' is not a valid store path: %s", b, err)
	}
	return Path(b), nil
}

// OutputName returns the store object name of a derivation's output: that of
// the derivation, and for all outputs but "out" the output's name after a dash.
func OutputName(output, drvName string) string {
	if output == "out" {
		return drvName
	}
	return drvName + "-" + output
}

// MakeOutput returns the path of an output of the derivation called name, with
// h the derivation's hash modulo fixed outputs.
func (d Dir) MakeOutput(output string, h nixhash.Hash, name string) (Path, error) {
	return d.Make("output:"+output, h, OutputName(output, name))
}

// MakeText returns the path of a text file with the SHA-256 h, such as a store
// derivation or the result of builtins.toFile; refs must be sorted.
func (d Dir) MakeText(name string, h nixhash.Hash, refs []Path) (Path, error) {
	return d.make(d.kindWith("text", refs, len(name)), h, name)
}

// MakeFixed returns the path of an object named by its contents alone: h is the
// hash of its NAR if recursive, else of the file; refs must be sorted, and only
// a recursive SHA-256 can have any.
func (d Dir) MakeFixed(name string, recursive bool, h nixhash.Hash, refs []Path) (Path, error) {
	if recursive && h.Algorithm() == nixhash.SHA256 {
		return d.make(d.kindWith("source", refs, len(name)), h, name)
	}
	if len(refs) > 0 {
		return "", errorf(ErrBadPath, "fixed output derivation '%s' is not allowed to refer to other store paths.\nYou may need to use the 'unsafeDiscardReferences' derivation attribute, see the manual for more details.", name)
	}
	method := ""
	if recursive {
		method = "r:"
	}
	digest := nixhash.Sum(nixhash.SHA256, []byte("fixed:out:"+method+h.Algorithm().String()+":"+h.Base16()+":"))
	return d.Make("output:out", digest, name)
}

// kindWith begins a fingerprint with a kind and references. There will be a name
// of so many bytes in it.
func (d Dir) kindWith(kind string, refs []Path, name int) fingerprint {
	size := len(kind) + len(":sha512:") + 2*nixhash.MaxSize + len(d) + 2 + name
	for _, r := range refs {
		size += len(d) + 2 + len(r)
	}
	f := append(make(fingerprint, 0, size), kind...)
	for _, r := range refs {
		f = append(append(f, ':'), d...)
		f = append(append(f, '/'), r...)
	}
	return f
}
