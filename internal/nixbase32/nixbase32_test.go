package nixbase32_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"isomorph/internal/nixbase32"
)

func TestKnownTexts(t *testing.T) {
	empty := sha256.Sum256(nil)
	tests := []struct {
		in   []byte
		want string
	}{
		{nil, ""},
		{[]byte{0}, "00"},
		{[]byte{0x1f}, "0z"},
		{[]byte{0xff}, "7z"},
		// printf "" | sha256sum, and nix-hash --to-base32 of it
		{empty[:], "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"},
	}
	for _, test := range tests {
		got := nixbase32.EncodeToString(test.in)
		if got != test.want {
			t.Errorf("EncodeToString(%x) = %q, want %q", test.in, got, test.want)
		}
		back, err := nixbase32.DecodeString(test.want)
		if err != nil || !bytes.Equal(back, test.in) {
			t.Errorf("DecodeString(%q) = %x, %v, want %x", test.want, back, err, test.in)
		}
	}
}

func TestAlphabetIsComplete(t *testing.T) {
	for c := range 256 {
		want := strings.IndexByte(nixbase32.Alphabet, byte(c)) >= 0
		if got := nixbase32.ValidString(string([]byte{byte(c)})); got != want {
			t.Errorf("ValidString(%q) = %v, want %v", byte(c), got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, in := range []string{"0", "000", "zz", "80", "e0", "0E", "0 ", "é"} {
		if _, err := nixbase32.DecodeString(in); !errors.Is(err, nixbase32.ErrInvalid) {
			t.Errorf("DecodeString(%q): error %v, want ErrInvalid", in, err)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	seeds := [][]byte{nil, {0}, {1, 2, 3}, bytes.Repeat([]byte{0xff}, 20), bytes.Repeat([]byte{0x80}, 33)}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s, nixbase32.EncodeToString(s))
	}
	f.Fuzz(func(t *testing.T, b []byte, s string) {
		back, err := nixbase32.DecodeString(nixbase32.EncodeToString(b))
		if err != nil || !bytes.Equal(back, b) {
			t.Errorf("round trip of %x = %x, %v", b, back, err)
		}
		if d, err := nixbase32.DecodeString(s); err == nil && nixbase32.EncodeToString(d) != s {
			t.Errorf("%q is accepted but not canonical", s)
		}
	})
}
