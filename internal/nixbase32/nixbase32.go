// Package nixbase32 implements the base-32 encoding that Nix uses for hashes
// and store paths.
//
// It is not the encoding of RFC 4648. The alphabet leaves out e, o, u and t
// (so that no hash spells a word), there is no padding, and the text is written
// from the most significant five bits of the number whose little-endian bytes
// are the input: the last input byte comes first. 20 bytes make 32 characters,
// 32 bytes make 52.
package nixbase32

import (
	"errors"
	"fmt"
)

// Alphabet lists the 32 digits in order of value.
const Alphabet = "0123456789abcdfghijklmnpqrsvwxyz"

// ErrInvalid is wrapped by each error that [DecodeString] returns.
var ErrInvalid = errors.New("invalid Nix base-32 text")

// EncodedLen returns how many characters n bytes encode to.
func EncodedLen(n int) int {
	if n == 0 {
		return 0
	}
	return (n*8-1)/5 + 1
}

// DecodedLen returns how many bytes n characters decode to.
func DecodedLen(n int) int { return n * 5 / 8 }

// EncodeToString returns the encoding of b.
func EncodeToString(b []byte) string {
	return string(AppendEncode(make([]byte, 0, EncodedLen(len(b))), b))
}

// AppendEncode appends the encoding of b to dst.
func AppendEncode(dst, b []byte) []byte {
	for n := EncodedLen(len(b)) - 1; n >= 0; n-- {
		i, shift := n*5/8, uint(n*5%8)
		c := b[i] >> shift
		if i+1 < len(b) {
			c |= b[i+1] << (8 - shift)
		}
		dst = append(dst, Alphabet[c&31])
	}
	return dst
}

// DecodeString returns the bytes that s encodes. Only the canonical text of a
// byte string is accepted: a length that no input has, or bits set beyond the
// last byte, are errors wrapping [ErrInvalid].
func DecodeString(s string) ([]byte, error) {
	out := make([]byte, DecodedLen(len(s)))
	if EncodedLen(len(out)) != len(s) {
		return nil, fmt.Errorf("%w: no byte string encodes to %d characters", ErrInvalid, len(s))
	}
	for n := range len(s) {
		c := s[len(s)-1-n]
		digit := value(c)
		if digit < 0 {
			return nil, fmt.Errorf("%w: character %q at offset %d of %q is not in the alphabet", ErrInvalid, c, len(s)-1-n, s)
		}
		i, shift := n*5/8, uint(n*5%8)
		out[i] |= byte(digit << shift)
		carry := byte(digit >> (8 - shift))
		if i+1 < len(out) {
			out[i+1] |= carry
		} else if carry != 0 {
			return nil, fmt.Errorf("%w: %q has bits beyond its last byte", ErrInvalid, s)
		}
	}
	return out, nil
}

// ValidString tells whether every character of s is in the alphabet.
func ValidString(s string) bool {
	for i := range len(s) {
		if value(s[i]) < 0 {
			return false
		}
	}
	return true
}

// value returns the value of a digit, -1 if c is none. The arithmetic follows
// the alphabet's four gaps.
func value(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'd':
		return int(c-'a') + 10
	case 'f' <= c && c <= 'n':
		return int(c-'f') + 14
	case 'p' <= c && c <= 's':
		return int(c-'p') + 23
	case 'v' <= c && c <= 'z':
		return int(c-'v') + 27
	}
	return -1
}
