package local_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"

	"isomorph/internal/build"
	"isomorph/internal/build/buildtest"
	"isomorph/internal/build/local"
	"isomorph/internal/derivation"
	"isomorph/internal/fetch"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
)

// testNAR is a directory with one executable file.
func testNAR(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := nar.NewWriter(&b)
	w.Directory()
	w.Entry("run")
	f := w.File(true, 3)
	_, _ = f.Write([]byte("hi\n"))
	w.Leave()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fetchWorld(t *testing.T, files map[string][]byte) (*buildtest.World, build.Builder, string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	t.Cleanup(s.Close)
	w := buildtest.NewWorld(t)
	client := fetch.New(fetch.Options{
		Now: func() time.Time { return time.Unix(0, 0) }, Rand: func() float64 { return 0 },
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	return w, local.New(local.Options{Store: w.Store, System: buildtest.System, Fetch: client}), s.URL
}

func fetchurl(w *buildtest.World, name, url, algo, hash string, change ...func(*derivation.Derivation)) buildtest.Drv {
	return w.Script(name, "", append([]func(*derivation.Derivation){
		buildtest.Env("url", url), buildtest.Fixed(algo, hash),
		func(d *derivation.Derivation) {
			d.Builder, d.System, d.Args, d.InputSrcs = "builtin:fetchurl", "builtin", nil, nil
		},
	}, change...)...)
}

func TestFetchurl(t *testing.T) {
	data := make([]byte, 100_000)
	_, _ = rand.Read(data)
	archive := testNAR(t)
	var packed bytes.Buffer
	xw, err := xz.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = xw.Write(archive)
	xw.Close()
	w, b, url := fetchWorld(t, map[string][]byte{"/data": data, "/a.nar": archive, "/a.nar.xz": packed.Bytes()})

	flat := fetchurl(w, "data", url+"/data", "sha256", nixhash.Sum(nixhash.SHA256, data).Base16())
	w.MustBuild(b, flat)
	if got := w.Read(flat.Out("out"), ""); got != string(data) {
		t.Error("wrong bytes")
	}
	second := fetchurl(w, "second", url+"/missing", "sha512", nixhash.Sum(nixhash.SHA512, data).Base16(), buildtest.Env("urls", url+"/missing "+url+"/data"))
	w.MustBuild(b, second)

	tree := nixhash.Sum(nixhash.SHA256, archive).Base16()
	for _, name := range []string{"a.nar", "a.nar.xz"} {
		d := fetchurl(w, strings.ReplaceAll(name, ".", "-"), url+"/"+name, "r:sha256", tree, buildtest.Env("unpack", "1"))
		w.MustBuild(b, d)
		if got := w.Read(d.Out("out"), "run"); got != "hi\n" {
			t.Errorf("%s: run holds %q", name, got)
		}
	}

	_, _, err = w.Build(b, fetchurl(w, "wrong", url+"/data", "sha256", strings.Repeat("0", 64)))
	if want := "hash mismatch in fixed-output derivation '"; err == nil || build.ExitCode(err) != 102 || !strings.Contains(err.Error(), want) ||
		!strings.Contains(err.Error(), nixhash.Sum(nixhash.SHA256, data).SRI()) {
		t.Errorf("got %v", err)
	}
	_, _, err = w.Build(b, fetchurl(w, "none", url+"/none", "sha256", strings.Repeat("0", 64)))
	if err == nil || build.ExitCode(err) != 100 || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
}

func TestFetchurlExecutable(t *testing.T) {
	var b bytes.Buffer
	n := nar.NewWriter(&b)
	_, _ = n.File(true, 3).Write([]byte("hi\n"))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	w, builder, url := fetchWorld(t, map[string][]byte{"/run": []byte("hi\n")})
	w.MustBuild(builder, fetchurl(w, "run", url+"/run", "r:sha256", nixhash.Sum(nixhash.SHA256, b.Bytes()).Base16(), buildtest.Env("executable", "1")))
}

// TestXZBombIsRefused: no block of an archive, the first or a later one, may
// ask for a 4 GiB dictionary.
func TestXZBombIsRefused(t *testing.T) {
	var packed bytes.Buffer
	xw, err := xz.WriterConfig{BlockSize: 64 << 10, CheckSum: xz.CRC32}.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	n := nar.NewWriter(xw)
	_, _ = n.File(false, 300_000).Write(make([]byte, 300_000))
	if err := errors.Join(n.Close(), xw.Close()); err != nil {
		t.Fatal(err)
	}
	header := bytes.Clone(packed.Bytes()[12:24]) // of the first block; all are the same
	bomb := bytes.Clone(header)
	bomb[4] = 40 // the dictionary's size: 4 GiB
	binary.LittleEndian.PutUint32(bomb[8:], crc32.ChecksumIEEE(bomb[:8]))
	first, last := bytes.Clone(packed.Bytes()), bytes.Clone(packed.Bytes())
	copy(first[12:], bomb)
	i := bytes.LastIndex(last, header)
	if header[0] != 2 || header[2] != 0x21 || i <= 12 {
		t.Fatalf("the archive has another form than this test thinks: % x at %d", header, i)
	}
	copy(last[i:], bomb)
	w, b, url := fetchWorld(t, map[string][]byte{"/first.xz": first, "/last.xz": last})
	for _, name := range []string{"first", "last"} {
		_, _, err := w.Build(b, fetchurl(w, name, url+"/"+name+".xz", "r:sha256", strings.Repeat("0", 64), buildtest.Env("unpack", "1")))
		if err == nil || !strings.Contains(err.Error(), "dictionary") {
			t.Errorf("%s block: got %v", name, err)
		}
	}
}
