package fetch_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/fetch"
	"isomorph/internal/nixhash"
)

// body is what all tests download.
var body = func() []byte {
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}()

var want = nixhash.Sum(nixhash.SHA256, body)

// server answers with a behaviour for each request in turn, the last one for
// all that follow.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

type behaviour func(w http.ResponseWriter, r *http.Request)

func serve(t *testing.T, bs ...behaviour) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		bs[min(n, len(bs)-1)](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func good(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// cut sends the beginning of the whole body and breaks the connection.
func cut(n int, header ...string) behaviour {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func status(code int, header ...string) behaviour {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// raw writes bytes past net/http.
func raw(text string) behaviour {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte(text))
			conn.Close()
		}
	}
}

// plain sends a body with the headers given.
func plain(b []byte, header ...string) behaviour {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = w.Write(b)
	}
}

func stall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = w.Write(body[:1000])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// clock remembers what was slept instead of sleeping.
type clock struct {
	mu    sync.Mutex
	slept []time.Duration
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func options(c *clock) fetch.Options {
	return fetch.Options{
		Now:   func() time.Time { return time.Unix(1e9, 0) },
		Rand:  rand.New(rand.NewPCG(1, 2)).Float64,
		Sleep: c.sleep,
		Stall: 200 * time.Millisecond,
	}
}

func get(t *testing.T, o fetch.Options, req fetch.Request) (*fetch.Result, []byte, error) {
	t.Helper()
	dest := filepath.Join(t.TempDir(), "file")
	if req.Name == "" {
		req.Name = "file"
	}
	res, err := fetch.New(o).Fetch(t.Context(), req, dest)
	b, rerr := os.ReadFile(dest)
	if (err == nil) != (rerr == nil) {
		t.Fatalf("fetch says %v, the destination %v", err, rerr)
	}
	if o.PartDir == "" {
		left, _ := filepath.Glob(dest + ".*")
		for _, l := range left {
			if err == nil {
				t.Errorf("left behind: %s", l)
			}
		}
	}
	return res, b, err
}

// TestRecovers: each of these servers misbehaves at first, and the download
// comes out right all the same.
func TestRecovers(t *testing.T) {
	other := append([]byte("x"), body[1:]...)
	for name, bs := range map[string][]behaviour{
		"good":                      {good},
		"connection broken":         {cut(1000), good},
		"broken, resumed by ETag":   {cut(1000, "ETag", `"v1"`), good},
		"broken three times":        {cut(1000, "ETag", `"v1"`), cut(1), cut(100_000), good},
		"no length, cut in a chunk": {raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc"), good},
		"too short for its length":  {raw("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\nabc"), good},
		"changed since":             {cut(1000, "ETag", `"old"`), good},
		"range ignored":             {cut(1000, "ETag", `"v1"`), plain(body)},
		"wrong Content-Range": {cut(1000, "ETag", `"v1"`), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 500-299999/300000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body[500:])
		}, good},
		"206 without a range":   {status(206, "Content-Range", "bytes 5-9/10"), good},
		"416":                   {cut(1000, "ETag", `"v1"`), status(416), good},
		"503":                   {status(503), good},
		"429":                   {status(429, "Retry-After", "7"), good},
		"408 500 502 504":       {status(408), status(500), status(502), status(504), good},
		"stall":                 {stall, good},
		"no answer at all":      {raw(""), good},
		"garbage":               {raw("hello\r\n\r\n"), good},
		"weak ETag, not used":   {cut(1000, "ETag", `W/"v1"`), good},
		"resumed by a date":     {cut(1000, "Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT"), good},
		"1xx before the answer": {raw("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + string(body))},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, good},
		"resumes what is really another file": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(other[:1000])
			panic(http.ErrAbortHandler)
		}, plain(body)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, bs...)
			res, got, err := get(t, options(&clock{}), fetch.Request{URLs: []string{s.URL}, Hash: want})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, body) || res.Size != int64(len(body)) {
				t.Error("wrong bytes")
			}
		})
	}
}

// TestRefuses: what these servers do is an error, and no file comes out.
func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		b        behaviour
		want     string
		requests int // how often the server is asked; 0: not checked
	}{
		"404":         {status(404), "404", 1},
		"410":         {status(410), "410", 1},
		"401":         {status(401), "401", 1},
		"403":         {status(403), "403", 1},
		"407":         {status(407), "407", 1},
		"501":         {status(501), "501", 1},
		"always 503":  {status(503), "503", 5},
		"wrong bytes": {plain([]byte("something else")), "hash mismatch", 1},
		"empty":       {plain(nil), "hash mismatch", 1},
		"too long":    {plain(append(slices.Clone(body), 'x')), "hash mismatch", 1},
		"bigger than limit": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				if _, err := w.Write(body); err != nil {
					return
				}
			}
		}, "more than 1000000 bytes", 1},
		"gzip unasked":     {plain(body, "Content-Encoding", "gzip"), "gzip", 1},
		"redirect loop":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", 302) }, "10 redirects", 0},
		"redirect to file": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "file:///etc/passwd", 302) }, "refused to follow a redirect", 1},
		"big header":       {raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n"), "header", 0},
		"always stalls":    {stall, "sent nothing", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.b)
			_, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{s.URL}, Hash: want, MaxSize: 1_000_000})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q in it", err, c.want)
			}
			if n := s.count(); c.requests > 0 && n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
		})
	}
}

func TestNotFoundAndMismatchAreTyped(t *testing.T) {
	_, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{serve(t, status(404)).URL}, Hash: want})
	if !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	_, _, err = get(t, options(&clock{}), fetch.Request{URLs: []string{serve(t, plain([]byte("x"))).URL}, Hash: want})
	var h *fetch.HashError
	if !errors.As(err, &h) || h.Got != nixhash.Sum(nixhash.SHA256, []byte("x")) {
		t.Errorf("got %v, want a HashError with the hash of what came", err)
	}
}

func TestDowngradeIsRefused(t *testing.T) {
	target := serve(t, good)
	s := httptest.NewTLSServer(http.RedirectHandler(target.URL, http.StatusFound))
	t.Cleanup(s.Close)
	o := options(&clock{})
	o.RootCAs = x509.NewCertPool()
	o.RootCAs.AddCert(s.Certificate())
	_, _, err := get(t, o, fetch.Request{URLs: []string{s.URL}, Hash: want})
	if err == nil || !strings.Contains(err.Error(), "from https to http") || target.count() != 0 {
		t.Errorf("got %v and %d requests", err, target.count())
	}
}

func TestUnknownCertificateIsRefusedThoughTheHashIsKnown(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(good))
	t.Cleanup(s.Close)
	o := options(&clock{})
	if _, _, err := get(t, o, fetch.Request{URLs: []string{s.URL}, Hash: want}); err == nil {
		t.Error("a self-signed certificate was taken")
	}
	o.RootCAs = x509.NewCertPool()
	o.RootCAs.AddCert(s.Certificate())
	if _, _, err := get(t, o, fetch.Request{URLs: []string{s.URL}, Hash: want}); err != nil {
		t.Errorf("control: %v", err)
	}
}

func TestResumeAsksForTheRestOnly(t *testing.T) {
	s := serve(t, cut(100_000, "ETag", `"v1"`), good)
	if _, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{s.URL}, Hash: want}); err != nil {
		t.Fatal(err)
	}
	h := s.requests[1].Header
	if got := h.Get("Range"); got != "bytes=100000-" || h.Get("If-Range") != `"v1"` || h.Get("Accept-Encoding") != "identity" {
		t.Errorf("second request: Range %q, If-Range %q, Accept-Encoding %q", got, h.Get("If-Range"), h.Get("Accept-Encoding"))
	}
	s = serve(t, cut(100_000), good)
	if _, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{s.URL}, Hash: want}); err != nil {
		t.Fatal(err)
	}
	if got := s.requests[1].Header.Get("Range"); got != "" {
		t.Errorf("resumed without a validator: %q", got)
	}
}

func TestPartFileOutlivesTheClient(t *testing.T) {
	o := options(&clock{})
	o.PartDir = t.TempDir()
	o.Rounds = 1
	s := serve(t, cut(100_000, "ETag", `"v1"`), good)
	req := fetch.Request{URLs: []string{s.URL}, Hash: want}
	if _, _, err := get(t, o, req); err == nil {
		t.Fatal("the broken download succeeded")
	}
	if _, got, err := get(t, o, req); err != nil || !bytes.Equal(got, body) {
		t.Fatal("the second client:", err)
	}
	if got := s.requests[1].Header.Get("Range"); got != "bytes=100000-" {
		t.Errorf("Range %q", got)
	}
	if left, _ := os.ReadDir(o.PartDir); len(left) != 0 {
		t.Errorf("left in the part directory: %v", left)
	}
}

// A part file with wrong bytes, from a power cut, costs a second download and
// not the build.
func TestDamagedPartFileIsNotTrusted(t *testing.T) {
	o := options(&clock{})
	o.PartDir = t.TempDir()
	o.Rounds = 1
	s := serve(t, cut(100_000, "ETag", `"v1"`), good)
	req := fetch.Request{URLs: []string{s.URL}, Hash: want}
	if _, _, err := get(t, o, req); err == nil {
		t.Fatal("the broken download succeeded")
	}
	parts, err := filepath.Glob(filepath.Join(o.PartDir, "*.part"))
	if err != nil || len(parts) != 1 {
		t.Fatal(parts, err)
	}
	if err := os.WriteFile(parts[0], make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Rounds = 2
	if _, got, err := get(t, o, req); err != nil || !bytes.Equal(got, body) {
		t.Errorf("carried on from zeros: %v", err)
	}
	if got := s.requests[1].Header.Get("Range"); got != "bytes=100000-" {
		t.Errorf("control: Range %q", got)
	}
}

// What has the part file's name when a download has succeeded is another
// process's, which may have begun the same download at that moment.
func TestPartFileOfAnotherIsLeft(t *testing.T) {
	o := options(&clock{})
	o.PartDir = t.TempDir()
	s := serve(t, good)
	part := filepath.Join(o.PartDir, "sha256-"+want.Base16()+".part")
	req := fetch.Request{URLs: []string{s.URL}, Hash: want, Progress: func(n, _ int64) {
		if n == int64(len(body)) {
			// Stands for a process that comes between the rename and the end.
			_ = os.Rename(part, part+".away")
			_ = os.WriteFile(part, nil, 0o600)
		}
	}}
	_, _ = fetch.New(o).Fetch(t.Context(), req, filepath.Join(t.TempDir(), "no", "such", "directory"))
	if _, err := os.Stat(part); err != nil {
		t.Error("another's part file was removed")
	}
}

func TestMirrors(t *testing.T) {
	missing, wrong, right := serve(t, status(404)), serve(t, plain([]byte("old"))), serve(t, good)
	o := options(&clock{})
	o.Mirrors = []string{missing.URL + "/debian/", wrong.URL + "/debian", right.URL + "/debian-security", right.URL + "/debian"}
	res, _, err := get(t, o, fetch.Request{URLs: []string{"https://snapshot.debian.org/archive/debian/20260801T000000Z/pool/main/h/hello.deb"}, Hash: want})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := res.URL, right.URL+"/debian/pool/main/h/hello.deb"; got != want {
		t.Errorf("came from %s, want %s", got, want)
	}
	if missing.count() != 1 || wrong.count() != 1 {
		t.Error("mirrors were not asked in turn")
	}
}

func TestCandidates(t *testing.T) {
	mirrors := []string{"http://m/debian", "http://m/debian-security/", "http://m/debian"}
	for _, c := range []struct{ url, want string }{
		{"https://snapshot.debian.org/archive/debian/2026/pool/x", "http://m/debian/pool/x"},
		{"http://snapshot.debian.org/archive/debian-security/2026/pool/x", "http://m/debian-security/pool/x"},
		{"https://snapshot.debian.org/archive/debian-ports/2026/pool/x", ""},
		{"https://example.org/archive/debian/2026/pool/x", ""},
	} {
		want := []string{c.want, c.url}
		if c.want == "" {
			want = want[1:]
		}
		if got := fetch.Candidates(c.url, mirrors); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", c.url, got, want)
		}
	}
}

func TestRetriesWaitLongerAndHonourRetryAfter(t *testing.T) {
	c := &clock{}
	s := serve(t, status(503), status(503, "Retry-After", "9"), status(503, "Retry-After", "9999"), status(503, "Retry-After", "Sun, 09 Sep 2001 01:47:00 GMT"), good)
	if _, _, err := get(t, options(c), fetch.Request{URLs: []string{s.URL}, Hash: want}); err != nil {
		t.Fatal(err)
	}
	if len(c.slept) != 4 || c.slept[0] < 250*time.Millisecond || c.slept[0] > 500*time.Millisecond ||
		c.slept[1] != 9*time.Second || c.slept[2] != 60*time.Second || c.slept[3] != 20*time.Second {
		t.Errorf("slept %v", c.slept)
	}
}

func TestOffline(t *testing.T) {
	s := serve(t, good)
	o := options(&clock{})
	o.Offline = true
	_, _, err := get(t, o, fetch.Request{URLs: []string{s.URL}, Hash: want, Name: "hello.deb"})
	var off *fetch.OfflineError
	if !errors.As(err, &off) || !strings.Contains(err.Error(), "hello.deb is not in the store") || s.count() != 0 {
		t.Errorf("got %v, %d requests", err, s.count())
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, got, err := get(t, o, fetch.Request{URLs: []string{"file://" + file}, Hash: want}); err != nil || !bytes.Equal(got, body) {
		t.Errorf("file: URL: %v", err)
	}
}

func TestPasswordIsNotShown(t *testing.T) {
	s := serve(t, status(403))
	u, _ := url.Parse(s.URL)
	u.User = url.UserPassword("user", "canary")
	_, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{u.String()}, Hash: want})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	u.Host = "127.0.0.1:1"
	_, _, err = get(t, options(&clock{}), fetch.Request{URLs: []string{u.String()}, Hash: want})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"http://user:canary%zz@host/f", "http://user:canary@[host/f", "http://user:can/ary@host:x/canary@f"} {
		_, _, err = get(t, options(&clock{}), fetch.Request{URLs: []string{bad}, Hash: want})
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "can/ary") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

// Something without an end, or that waits for somebody, is no file to copy.
func TestOnlyRegularFiles(t *testing.T) {
	dir := t.TempDir()
	fifo, file := filepath.Join(dir, "fifo"), filepath.Join(dir, "file")
	if err := errors.Join(unix.Mkfifo(fifo, 0o600), os.WriteFile(file, body, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, "/dev/zero", dir} {
		_, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{"file://" + name}, MaxSize: 1 << 20})
		if err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, got, err := get(t, options(&clock{}), fetch.Request{URLs: []string{"file://" + file}}); err != nil || !bytes.Equal(got, body) {
		t.Errorf("control: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := serve(t, good)
	o := options(&clock{})
	o.PartDir = t.TempDir()
	c := fetch.New(o)
	dir := t.TempDir()
	errs := make(chan error)
	for i := range 8 { // all the same file: one part file, taken in turn
		go func() {
			_, err := c.Fetch(context.WithoutCancel(t.Context()), fetch.Request{URLs: []string{s.URL}, Hash: want, Name: "f"}, filepath.Join(dir, fmt.Sprint(i)))
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestProgressAndCancel(t *testing.T) {
	s := serve(t, good)
	var last, total int64
	if _, _, err := get(t, options(&clock{}), fetch.Request{URLs: []string{s.URL}, Hash: want, Progress: func(d, n int64) { last, total = d, n }}); err != nil {
		t.Fatal(err)
	}
	if last != int64(len(body)) || total != last {
		t.Errorf("progress ended with %d of %d", last, total)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	hang := serve(t, stall)
	_, err := fetch.New(options(&clock{})).Fetch(ctx, fetch.Request{URLs: []string{hang.URL}, Hash: want, Name: "f",
		Progress: func(int64, int64) { cancel(stop) }}, filepath.Join(t.TempDir(), "f"))
	if !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}
