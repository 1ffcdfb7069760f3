package nixhash_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"isomorph/internal/nixhash"
)

// The texts are those of nix-hash and "nix hash convert" 2.34 for "hello\n".
var hello = []struct {
	algo                   nixhash.Algorithm
	base16, base32, base64 string
}{
	{nixhash.MD5, "b1946ac92492d2347c6235b4d2611184", "4425hx5d1mc9y39llj4k4nm55i", "sZRqySSS0jR8YjW00mERhA=="},
	{nixhash.SHA1, "f572d396fae9206628714fb2ce00f72e94f2258f", "iwjz551fyw0cxcjgf4l6c879zabd6wpm", "9XLTlvrpIGYocU+yzgD3LpTyJY8="},
	{nixhash.SHA256, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", "00xyyr3fi8l6hb839bv3f7yb86yjv7xi1cgh1xnhipym4asvb4aq", "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="},
}

func TestForms(t *testing.T) {
	for _, test := range hello {
		h := nixhash.Sum(test.algo, []byte("hello\n"))
		if got := h.Base16(); got != test.base16 {
			t.Errorf("%s base 16 = %s, want %s", test.algo, got, test.base16)
		}
		if got := h.Base32(); got != test.base32 {
			t.Errorf("%s base 32 = %s, want %s", test.algo, got, test.base32)
		}
		if got := h.Base64(); got != test.base64 {
			t.Errorf("%s base 64 = %s, want %s", test.algo, got, test.base64)
		}
		for _, text := range []string{h.Base16(), h.Base32(), h.Base64(), h.SRI(), h.String(), test.algo.String() + ":" + h.Base16(), test.algo.String() + ":" + h.Base64()} {
			if got, err := nixhash.Parse(text, test.algo); err != nil || got != h {
				t.Errorf("Parse(%q, %s) = %v, %v, want %v", text, test.algo, got, err, h)
			}
		}
		for _, text := range []string{h.SRI(), strings.TrimRight(h.SRI(), "="), h.String()} {
			if got, err := nixhash.Parse(text, 0); err != nil || got != h {
				t.Errorf("Parse(%q, none) = %v, %v, want %v", text, got, err, h)
			}
		}
		w := test.algo.New()
		w.Write([]byte("hello\n"))
		if got := nixhash.FromState(test.algo, w); got != h {
			t.Errorf("FromState = %v, want %v", got, h)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	h := nixhash.Sum(nixhash.SHA256, nil)
	tests := []struct {
		in   string
		algo nixhash.Algorithm
		want string
	}{
		{h.Base16(), 0, "does not include a type"},
		{h.String(), nixhash.SHA512, "should have type 'sha512'"},
		{"sha256:" + h.Base16()[1:], 0, "wrong length"},
		{"", nixhash.SHA256, "wrong length"},
		{"sha256-" + h.Base16(), 0, "length 48 != expected length 32"},
		{"sha3:" + h.Base16(), 0, "unknown hash algorithm 'sha3'"},
		{":" + h.Base16(), 0, "unknown hash algorithm ''"},
		{"-" + h.Base64(), nixhash.SHA256, "unknown hash algorithm ''"},
		{strings.Repeat("z", 52), nixhash.SHA256, "invalid nix32 hash"},
		{strings.Repeat("g", 64), nixhash.SHA256, "invalid base16 hash"},
		{strings.Repeat("A", 42) + "==", nixhash.SHA256, "length 31 != expected length 32"},
	}
	for _, test := range tests {
		_, err := nixhash.Parse(test.in, test.algo)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Parse(%q, %q): error %v, want %q", test.in, test.algo, err, test.want)
		}
	}
	if _, err := nixhash.ParseAlgorithm("SHA256"); !errors.Is(err, nixhash.ErrUnknownAlgorithm) {
		t.Errorf("ParseAlgorithm(SHA256): error %v", err)
	}
	if _, err := nixhash.ParseSRI(h.String()); err == nil {
		t.Error("ParseSRI accepts another form")
	}
}

func TestCompress(t *testing.T) {
	got := nixhash.Compress([]byte{1, 2, 3, 4, 5, 6, 7}, 3)
	if want := []byte{1 ^ 4 ^ 7, 2 ^ 5, 3 ^ 6}; !bytes.Equal(got, want) {
		t.Errorf("Compress = %v, want %v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	h := nixhash.Sum(nixhash.SHA256, nil)
	seeds := []string{"", ":", "-", h.String(), h.SRI(), "md5:" + strings.Repeat("0", 32)}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := nixhash.Parse(s, 0)
		if err != nil {
			return
		}
		if back, err := nixhash.Parse(h.String(), 0); err != nil || back != h {
			t.Errorf("%q: round trip gives %v, %v", s, back, err)
		}
	})
}
