package fetchtree_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"isomorph/internal/fetch"
	"isomorph/internal/fetchtree"
	"isomorph/internal/gitrepo"
	"isomorph/internal/input"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
)

const (
	rev    = "0123456789012345678901234567890123456789"
	token  = "tOkEn-canary"
	secret = "pAsSwOrD-canary"
)

// net is an Internet of one server, which answers for every host: requests reach
// it through a proxy that connects to it whatever is asked for.
type internet struct {
	mu       sync.Mutex
	requests []string // "HOST PATH [AUTHORIZATION]"
	answer   func(w http.ResponseWriter, r *http.Request)

	proxy *url.URL
	roots *x509.CertPool
}

func newInternet(t *testing.T) *internet {
	n := &internet{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		n.requests = append(n.requests, strings.TrimSpace(r.Host+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+r.Header.Get("Private-Token")))
		n.mu.Unlock()
		n.answer(w, r)
	}))
	t.Cleanup(server.Close)
	n.roots = x509.NewCertPool()
	n.roots.AddCert(server.Certificate())
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, err := net.Dial("tcp", server.Listener.Addr().String())
		if r.Method != http.MethodConnect || err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			to.Close()
			return
		}
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(to, from); to.Close() }()
		go func() { io.Copy(from, to); from.Close() }()
	}))
	t.Cleanup(proxy.Close)
	var err error
	if n.proxy, err = url.Parse(proxy.URL); err != nil {
		t.Fatal(err)
	}
	return n
}

// seen returns the requests since the last call.
func (n *internet) seen() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.requests
	n.requests = nil
	return r
}

// fetcher returns a Fetcher with a store of its own. The certificate of the
// server is for example.com and its subdomains.
func (n *internet) fetcher(t *testing.T, change func(*fetchtree.Options)) *fetchtree.Fetcher {
	dir := t.TempDir()
	st, err := localstore.Open(context.Background(), localstore.Options{Root: dir + "/store", UID: os.Geteuid(), Now: time.Now, Rand: rand.Reader, ProcDir: "/proc"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	o := fetchtree.Options{
		Store:    func(context.Context) (store.Store, error) { return st, nil },
		CacheDir: dir + "/cache", Now: time.Now, Random: rand.Reader, TTL: time.Hour,
		Warn:     func(msg string) { t.Log("warning: " + msg) },
		Features: input.Features{Flakes: true},
		Git:      gitrepo.Options{LookupEnv: os.LookupEnv},
		Fetch: fetch.Options{Now: time.Now, Rand: func() float64 { return 0 }, Rounds: 1, RootCAs: n.roots,
			Sleep: func(context.Context, time.Duration) error { return nil },
			Proxy: func(*http.Request) (*url.URL, error) { return n.proxy, nil }},
	}
	if change != nil {
		change(&o)
	}
	return fetchtree.New(o)
}

func archive(t *testing.T) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	at := time.Unix(1600000000, 0)
	if err := w.WriteHeader(&tar.Header{Name: "top/f", Mode: 0o644, Size: 2, ModTime: at, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "x\n")
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func get(t *testing.T, f *fetchtree.Fetcher, a input.Attrs) *input.Fetched {
	t.Helper()
	a, err := input.Normalise(a, f.Features())
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Fetch(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Which addresses the forges are asked at, and who gets the token.
func TestForges(t *testing.T) {
	n := newInternet(t)
	tgz := archive(t)
	n.answer = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/commits/"):
			io.WriteString(w, `{"sha":"`+rev+`","commit":{"tree":{"sha":"`+rev+`"}}}`)
		case strings.HasSuffix(r.URL.Path, "/repository/commits"):
			io.WriteString(w, `[{"id":"`+rev+`"}]`)
		case strings.HasSuffix(r.URL.Path, "/HEAD"):
			io.WriteString(w, "ref: refs/heads/main\n")
		case strings.HasSuffix(r.URL.Path, "/info/refs"):
			io.WriteString(w, strings.Repeat("1", 40)+"\trefs/heads/other\n"+rev+"\trefs/heads/main\n")
		default:
			w.Write(tgz)
		}
	}
	for _, c := range []struct {
		in     input.Attrs
		tokens map[string]string
		want   []string
	}{
		{input.Attrs{"type": "github"}, nil,
			[]string{"example.com /api/v3/repos/o/r/commits/HEAD", "example.com /api/v3/repos/o/r/tarball/" + rev}},
		{input.Attrs{"type": "github", "ref": "v1"}, map[string]string{"example.com": token},
			[]string{"example.com /api/v3/repos/o/r/commits/v1 token " + token, "example.com /api/v3/repos/o/r/tarball/" + rev + " token " + token}},
		{input.Attrs{"type": "github", "rev": rev}, map[string]string{"example.co": token, "example.com/o/rr": token, "github.com": token},
			[]string{"example.com /api/v3/repos/o/r/tarball/" + rev}},
		{input.Attrs{"type": "gitlab"}, map[string]string{"example.com": "no", "example.com/o": "PAT:" + token},
			[]string{"example.com /api/v4/projects/o%2Fr/repository/commits?ref_name=HEAD " + token, "example.com /api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=" + rev + " " + token}},
		{input.Attrs{"type": "gitlab", "rev": rev}, map[string]string{"example.com": "OAuth2:" + token},
			[]string{"example.com /api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=" + rev + " Bearer " + token}},
		{input.Attrs{"type": "sourcehut"}, nil,
			[]string{"example.com /o/r/HEAD", "example.com /o/r/info/refs", "example.com /o/r/archive/" + rev + ".tar.gz"}},
	} {
		f := n.fetcher(t, func(o *fetchtree.Options) { o.AccessTokens = c.tokens })
		c.in["owner"], c.in["repo"], c.in["host"] = "o", "r", "example.com"
		r := get(t, f, c.in)
		if got := n.seen(); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%v: asked\n%s\nnot\n%s", c.in, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		if when, _ := r.LastModified(); r.Rev() != rev || when != 1600000000 || r.Locked["ref"] != nil {
			t.Errorf("%v: %s", c.in, r.Locked.JSON())
		}
		get(t, f, c.in)
		if again := n.seen(); len(again) > 0 {
			t.Errorf("%v: asked again within tarball-ttl: %v", c.in, again)
		}
		locked := r.Locked.Clone()
		locked["__final"] = true
		if again := get(t, f, locked); again.Path != r.Path || len(n.seen()) > 0 {
			t.Errorf("%v: the locked input is not found in the store", c.in)
		}
	}
}

// Secrets go to the host that they are for, through no redirect to another, and
// into no message.
func TestSecretsStay(t *testing.T) {
	n := newInternet(t)
	n.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "example.com" {
			http.Redirect(w, r, "https://other.example.com/x", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}
	for _, c := range []struct {
		name string
		in   input.Attrs
		set  func(*fetchtree.Options)
	}{
		{"access token", input.Attrs{"type": "github", "owner": "o", "repo": "r", "host": "example.com"},
			func(o *fetchtree.Options) { o.AccessTokens = map[string]string{"example.com": token} }},
		{"GitLab token", input.Attrs{"type": "gitlab", "owner": "o", "repo": "r", "host": "example.com"},
			func(o *fetchtree.Options) { o.AccessTokens = map[string]string{"example.com": "PAT:" + token} }},
		{"netrc", input.Attrs{"type": "tarball", "url": "https://example.com/x.tar"},
			func(o *fetchtree.Options) {
				o.Fetch.Credentials = func(host string) (string, string, bool) { return token, secret, host == "example.com" }
			}},
		{"URL", input.Attrs{"type": "tarball", "url": "https://" + token + ":" + secret + "@example.com/x.tar"}, nil},
	} {
		in, err := input.Normalise(c.in, input.Features{Flakes: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = n.fetcher(t, c.set).Fetch(context.Background(), in)
		if err == nil {
			t.Fatalf("%s: no error", c.name)
		}
		if text := err.Error(); strings.Contains(text, secret) {
			t.Errorf("%s: the message holds the secret: %s", c.name, text)
		}
		seen := n.seen()
		if len(seen) != 2 || len(strings.Fields(seen[0])) < 3 {
			t.Fatalf("%s: the host itself got no secret: %q", c.name, seen)
		}
		if len(strings.Fields(seen[1])) != 2 {
			t.Errorf("%s: another host got it: %q", c.name, seen[1])
		}
	}
}

// What has not changed is not sent again, and an immutable link takes the place
// of the URL.
func TestTarballCache(t *testing.T) {
	n := newInternet(t)
	tgz := archive(t)
	sent := 0
	n.answer = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Link", `</pinned.tar.gz?rev=`+rev+`>; rel="immutable"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		sent++
		w.Write(tgz)
	}
	f := n.fetcher(t, func(o *fetchtree.Options) { o.Refresh = true })
	for range 2 {
		r := get(t, f, input.Attrs{"type": "tarball", "url": "https://example.com/x.tar.gz"})
		if r.Locked["url"] != "https://example.com/pinned.tar.gz" || r.Rev() != rev {
			t.Errorf("locked as %s", r.Locked.JSON())
		}
	}
	if len(n.seen()) != 2 || sent != 1 {
		t.Errorf("the archive was sent %d times", sent)
	}
}
