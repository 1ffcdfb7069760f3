package unxz_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"isomorph/internal/unxz"
)

func compress(t testing.TB, data []byte, conf xz.WriterConfig) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := conf.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decompress(b []byte) ([]byte, error) {
	r, err := unxz.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 64<<20))
}

func TestRoundTrip(t *testing.T) {
	text := []byte(strings.Repeat("the quick brown fox\n", 5000))
	configs := map[string]xz.WriterConfig{
		"crc64":  {},
		"crc32":  {CheckSum: xz.CRC32},
		"sha256": {CheckSum: xz.SHA256},
		"none":   {NoCheckSum: true},
		"blocks": {BlockSize: 4096},
	}
	for name, conf := range configs {
		for _, want := range [][]byte{nil, []byte("x"), text} {
			got, err := decompress(compress(t, want, conf))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %d bytes: got %d bytes, %v", name, len(want), len(got), err)
			}
		}
	}
}

// TestDamage flips each bit of a small stream and cuts it at each length: none
// may give other data without an error. (The size of a compressed chunk is the
// one field that the LZMA library does not check: the data are right all the
// same, by their checksum.)
func TestDamage(t *testing.T) {
	text := []byte("some text, some text, some text")
	good := compress(t, text, xz.WriterConfig{DictCap: 4096})
	for i := range good {
		for bit := 0; bit < 8; bit++ {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if got, err := decompress(bad); err == nil && !bytes.Equal(got, text) {
				t.Errorf("byte %d bit %d flipped: got %q", i, bit, got)
			}
		}
		if _, err := decompress(good[:i]); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
	for _, tail := range []string{"\x00", "x", string(good)} {
		if _, err := decompress(append(bytes.Clone(good), tail...)); err == nil {
			t.Errorf("%d bytes after the stream: no error", len(tail))
		}
	}
}

func TestBigDictionary(t *testing.T) {
	for dict, ok := range map[int]bool{unxz.MaxDict: true, 2 * unxz.MaxDict: false} {
		b := compress(t, []byte("x"), xz.WriterConfig{DictCap: dict})
		_, err := decompress(b)
		if (err == nil) != ok {
			t.Errorf("dictionary of %d bytes: %v", dict, err)
		}
		if !ok && !strings.Contains(err.Error(), "dictionary") {
			t.Errorf("the error does not name the limit: %v", err)
		}
	}
}

func FuzzUnxz(f *testing.F) {
	seeds := [][]byte{
		compress(f, nil, xz.WriterConfig{}),
		compress(f, []byte("hello"), xz.WriterConfig{}),
		compress(f, []byte(strings.Repeat("ab", 3000)), xz.WriterConfig{BlockSize: 1000, CheckSum: xz.CRC32}),
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decompress(b)
		if err != nil {
			return
		}
		// What we read, the other reader reads too, to the same bytes.
		r, err := xz.ReaderConfig{SingleStream: true}.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("accepted here, refused by the library: %v", err)
		}
		want, err := io.ReadAll(io.LimitReader(r, 64<<20))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %d bytes, the library has %d, %v", len(got), len(want), err)
		}
	})
}
