// Package nixhash holds the hash algorithms of Nix and the four ways in which
// Nix writes a hash: base 16, Nix's base 32, base 64 and SRI.
//
// A [Hash] is a small comparable value that knows its algorithm. Its canonical
// text, the one in store databases and narinfo files, is "sha256:" and base 32;
// recipes use any of the forms, told apart by their length and prefix.
package nixhash

import (
	"crypto/md5"  // old recipes name MD5 hashes of sources
	"crypto/sha1" // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"

	"isomorph/internal/nixbase32"
)

// Algorithm is a hash algorithm; the zero value is none.
type Algorithm uint8

// The algorithms, as numbered for a [Hash]; the numbers are never written out.
const (
	MD5 Algorithm = iota + 1
	SHA1
	SHA256
	SHA512
)

// MaxSize is the length in bytes of the longest digest.
const MaxSize = sha512.Size

// ErrUnknownAlgorithm is wrapped by the error of [ParseAlgorithm].
var ErrUnknownAlgorithm = errors.New("unknown hash algorithm")

// ErrBlake3 is the error of [ParseAlgorithm] for the algorithm that Nix knows
// as an experimental feature only.
var ErrBlake3 = errors.New("experimental Nix feature 'blake3-hashes' is disabled; add '--extra-experimental-features blake3-hashes' to enable it")

// ParseAlgorithm returns the algorithm named md5, sha1, sha256 or sha512.
func ParseAlgorithm(s string) (Algorithm, error) {
	if s == "blake3" {
		return 0, ErrBlake3
	}
	for a := MD5; a <= SHA512; a++ {
		if a.String() == s {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%w '%s', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'", ErrUnknownAlgorithm, s)
}

// String returns the algorithm's name in lower case, "" for none.
func (a Algorithm) String() string {
	switch a {
	case MD5:
		return "md5"
	case SHA1:
		return "sha1"
	case SHA256:
		return "sha256"
	case SHA512:
		return "sha512"
	}
	return ""
}

// Size returns the length of a digest in bytes, 0 for no algorithm.
func (a Algorithm) Size() int {
	switch a {
	case MD5:
		return md5.Size
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	case SHA512:
		return sha512.Size
	}
	return 0
}

// New returns a running hash. It panics for no algorithm, as that is a mistake
// of the program and never of its input.
func (a Algorithm) New() hash.Hash {
	switch a {
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	}
	panic("nixhash: New of no algorithm")
}

// Hash is a digest together with its algorithm. It is comparable; the zero
// value is no hash.
type Hash struct {
	algo   Algorithm
	digest [MaxSize]byte
}

// New returns the hash with the given digest, whose length must be a.Size().
func New(a Algorithm, digest []byte) (Hash, error) {
	if a.Size() == 0 || len(digest) != a.Size() {
		return Hash{}, fmt.Errorf("a digest of %d bytes does not fit hash algorithm '%s'", len(digest), a)
	}
	h := Hash{algo: a}
	copy(h.digest[:], digest)
	return h, nil
}

// Sum hashes b.
func Sum(a Algorithm, b []byte) Hash {
	if a != SHA256 {
		w := a.New()
		w.Write(b)
		return FromState(a, w)
	}
	h := Hash{algo: a} // by far the most frequent, and without an allocation
	d := sha256.Sum256(b)
	copy(h.digest[:], d[:])
	return h
}

// FromState returns the hash that a running hash of algorithm a has reached.
func FromState(a Algorithm, w hash.Hash) Hash {
	h := Hash{algo: a}
	w.Sum(h.digest[:0])
	return h
}

// Algorithm returns the hash's algorithm.
func (h Hash) Algorithm() Algorithm { return h.algo }

// IsZero tells whether h is no hash.
func (h Hash) IsZero() bool { return h.algo == 0 }

// Bytes returns a copy of the digest.
func (h Hash) Bytes() []byte { return append([]byte(nil), h.digest[:h.algo.Size()]...) }

// Base16 returns the digest in lower-case hexadecimal.
func (h Hash) Base16() string { return hex.EncodeToString(h.digest[:h.algo.Size()]) }

// AppendBase16 appends what [Hash.Base16] returns.
func (h Hash) AppendBase16(b []byte) []byte { return hex.AppendEncode(b, h.digest[:h.algo.Size()]) }

// Base32 returns the digest in Nix's base 32.
func (h Hash) Base32() string { return nixbase32.EncodeToString(h.digest[:h.algo.Size()]) }

// Base64 returns the digest in padded standard base 64.
func (h Hash) Base64() string { return base64.StdEncoding.EncodeToString(h.digest[:h.algo.Size()]) }

// SRI returns the form "sha256-<base 64>" of Subresource Integrity.
func (h Hash) SRI() string { return h.algo.String() + "-" + h.Base64() }

// String returns the canonical form "sha256:<base 32>", "" for no hash.
func (h Hash) String() string {
	if h.IsZero() {
		return ""
	}
	return h.algo.String() + ":" + h.Base32()
}

// Parse reads a hash in any of the forms "algo:hash", SRI ("algo-base64") and,
// if a is given, the bare hash. The hash part is base 16, base 32 or base 64,
// told apart by its length. With a given, a prefix must name the same one.
func Parse(s string, a Algorithm) (Hash, error) {
	rest, prefix, form := cutAlgorithm(s)
	if form != bare {
		p, err := ParseAlgorithm(prefix)
		if err != nil {
			return Hash{}, err
		}
		if a != 0 && a != p {
			return Hash{}, fmt.Errorf("hash '%s' should have type '%s'", s, a)
		}
		a = p
	}
	if a == 0 {
		return Hash{}, fmt.Errorf("hash '%s' does not include a type, nor is the type otherwise known from context", s)
	}
	return parseDigest(rest, a, form == sri)
}

// ParseSRI reads the form "algo-base64" only.
func ParseSRI(s string) (Hash, error) {
	if _, _, form := cutAlgorithm(s); form != sri {
		return Hash{}, fmt.Errorf("hash '%s' is not SRI", s)
	}
	return Parse(s, 0)
}

// form is how a hash names its algorithm.
type form uint8

const (
	bare form = iota // it does not
	prefixed
	sri
)

// cutAlgorithm splits off a prefix that ends in ":" or, for SRI, "-". An empty
// one is a prefix, too, of an algorithm that nobody knows.
func cutAlgorithm(s string) (rest, prefix string, f form) {
	if p, r, ok := strings.Cut(s, ":"); ok {
		return r, p, prefixed
	}
	if p, r, ok := strings.Cut(s, "-"); ok {
		return r, p, sri
	}
	return s, "", bare
}

// parseDigest reads a digest. A text that is not in its encoding counts as one
// of no bytes, as in Nix.
func parseDigest(rest string, a Algorithm, sri bool) (Hash, error) {
	decode, encoding := decodeBase64, "SRI"
	if !sri {
		switch len(rest) {
		case hex.EncodedLen(a.Size()):
			decode, encoding = hex.DecodeString, "base16"
		case nixbase32.EncodedLen(a.Size()):
			decode, encoding = nixbase32.DecodeString, "nix32"
		case base64.StdEncoding.EncodedLen(a.Size()):
			encoding = "Base64"
		default:
			return Hash{}, fmt.Errorf("hash '%s' has wrong length for hash algorithm '%s'", rest, a)
		}
	}
	digest, err := decode(rest)
	if err != nil {
		digest = nil
	}
	if len(digest) != a.Size() {
		return Hash{}, fmt.Errorf("invalid %s hash '%s', length %d != expected length %d", encoding, rest, len(digest), a.Size())
	}
	return New(a, digest)
}

// decodeBase64 reads base 64 as Nix does: it ends at a "=", newlines do not
// count, and bits that make no byte are dropped. Recipes have hashes without
// the padding.
func decodeBase64(s string) ([]byte, error) {
	s, _, _ = strings.Cut(s, "=")
	s = strings.ReplaceAll(s, "\n", "")
	if i := strings.IndexByte(s, '\r'); i >= 0 { // which package base64 would skip
		return nil, base64.CorruptInputError(i)
	}
	if len(s)%4 != 1 {
		return base64.RawStdEncoding.DecodeString(s)
	}
	digest, err := base64.RawStdEncoding.DecodeString(s + "A")
	if err != nil {
		return nil, err
	}
	return digest[:len(digest)-1], nil
}

// Compress folds b to n bytes: byte i of b is XORed into byte i modulo n. Nix
// shortens SHA-256 to the 20 bytes of a store path's hash in this way.
func Compress(b []byte, n int) []byte {
	out := make([]byte, n)
	for i, c := range b {
		out[i%n] ^= c
	}
	return out
}
