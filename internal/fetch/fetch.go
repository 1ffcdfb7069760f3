// Package fetch downloads files over HTTP so that a bad server or network
// never gives wrong bytes and a recovering one is survived.
//
// A download goes into a part file first and appears at its destination only
// when it is complete and has the expected hash. It is tried at several
// addresses in turn (mirrors first, then the address itself), and all of them
// again after a pause, up to five rounds. A part file is carried on, also by a
// later run of the program, if the server promises with a strong validator
// (RFC 9110, 8.8.1) that it still has the same file; If-Range makes the server
// decide. Addresses that answer "not found", or bytes with another hash, are
// not asked again.
//
// The package takes the clock, randomness, proxy settings and certificates from
// [Options].
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"isomorph/internal/nixhash"
)

// Limits of the client, as reliability demands (a stalled server must not hang
// a build; a header must not fill the memory).
const (
	dialTimeout    = 15 * time.Second
	headerTimeout  = 60 * time.Second
	defaultStall   = 300 * time.Second
	maxRedirects   = 10
	maxHeaderBytes = 64 << 10
	defaultMaxSize = 16 << 30
	defaultRounds  = 5
	backoffBase    = 500 * time.Millisecond
	backoffCap     = 60 * time.Second
)

// Options configure a [Client]. Only Now, Rand and Sleep are required.
type Options struct {
	Now   func() time.Time
	Rand  func() float64 // in [0,1), spreads retries
	Sleep func(context.Context, time.Duration) error

	Mirrors []string // base URLs of Debian mirrors, tried first; see Candidates
	Offline bool     // refuse everything but file: URLs
	PartDir string   // for part files; default: beside the destination

	// Credentials returns the user name and the password for a host (netrc);
	// nil for none. They go to that host alone.
	Credentials func(host string) (user, password string, ok bool)

	Proxy     func(*http.Request) (*url.URL, error)
	RootCAs   *x509.CertPool // nil: the system's
	UserAgent string
	Stall     time.Duration // give up on a connection that brings nothing for so long
	Rounds    int
}

// Client downloads. It may be used from many goroutines; connections are kept
// alive and shared.
type Client struct {
	opts Options
	http *http.Client

	mu   sync.Mutex
	busy map[string]chan struct{} // part files in use by this process
}

// New returns a client.
func New(o Options) *Client {
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	if o.Rounds == 0 {
		o.Rounds = defaultRounds
	}
	if o.UserAgent == "" {
		o.UserAgent = "isomorph"
	}
	transport := &http.Transport{
		Proxy:                  o.Proxy,
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // the hash is of the bytes as they are sent
		ForceAttemptHTTP2:      true,
	}
	c := &Client{opts: o, busy: map[string]chan struct{}{}}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.checkRedirect}
	return c
}

// traveling are the headers that may follow a redirect to another host. What
// else a request has may be a secret of the first one.
var traveling = []string{"User-Agent", "Accept-Encoding", "Range", "If-Range", "If-None-Match"}

// authorize puts the credentials for its host into a request that has none.
func (c *Client) authorize(req *http.Request) {
	if c.opts.Credentials == nil || req.Header.Get("Authorization") != "" || req.URL.User != nil {
		return
	}
	if user, password, ok := c.opts.Credentials(req.URL.Hostname()); ok {
		req.SetBasicAuth(user, password)
	}
}

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		kept := http.Header{}
		for _, name := range traveling {
			if v := req.Header.Get(name); v != "" {
				kept.Set(name, v)
			}
		}
		req.Header = kept
		c.authorize(req)
	}
	if len(via) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("refused to follow a redirect from https to %s", Redact(req.URL.String()))
	}
	if req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		return fmt.Errorf("refused to follow a redirect to %s", Redact(req.URL.String()))
	}
	return nil
}

// Request asks for one file.
type Request struct {
	URLs    []string     // in order of preference; mirrors are added by the client
	Hash    nixhash.Hash // of the file; zero: not known
	Name    string       // for messages
	MaxSize int64        // bytes; 0: 16 GiB

	// Header goes to the hosts of URLs, and to no other.
	Header http.Header

	// IfNoneMatch is the ETag of what the caller has. If the server still has
	// the same, Result.NotModified is set, and nothing is written.
	IfNoneMatch string

	Progress func(done, total int64)
}

// Result says what was downloaded.
type Result struct {
	URL  string // where it came from
	Size int64
	Hash nixhash.Hash // SHA-256 if the request named no hash

	NotModified bool     // see Request.IfNoneMatch
	ETag        string   // as the server sent it, "" if none
	Immutable   string   // the URL of a Link header with rel="immutable"
	Chain       []string // the URL and those that it redirected to, in order
}

// Fetch downloads to the file dest, which must not exist. It returns the
// caller's context error, an *OfflineError, a *HashError if the last address
// gave wrong bytes, or an *Error that tells what happened at each address.
func (c *Client) Fetch(ctx context.Context, req Request, dest string) (*Result, error) {
	if req.MaxSize == 0 {
		req.MaxSize = defaultMaxSize
	}
	d, err := c.newDownload(ctx, req, dest)
	if err != nil {
		return nil, err
	}
	defer d.release()
	res, err := d.run(ctx)
	if err != nil {
		return nil, err
	}
	if res.NotModified {
		return res, nil
	}
	return res, moveFile(d.part, dest)
}

// download is one Fetch at work.
type download struct {
	c          *Client
	req        Request
	part       string
	candidates []*candidate
	lock       *os.File
	key        string
	keepPart   bool
}

// candidate is one address with what came of it.
type candidate struct {
	url  string
	err  error
	dead bool // do not ask again
}

func (c *Client) newDownload(ctx context.Context, req Request, dest string) (*download, error) {
	d := &download{c: c, req: req}
	for _, u := range req.URLs {
		for _, m := range Candidates(u, c.opts.Mirrors) {
			d.candidates = append(d.candidates, &candidate{url: m})
		}
	}
	if c.opts.Offline {
		d.candidates = onlyFiles(d.candidates)
		if len(d.candidates) == 0 {
			return nil, &OfflineError{Name: req.Name, URLs: req.URLs}
		}
	}
	return d, d.acquirePart(ctx, dest)
}

func onlyFiles(cs []*candidate) []*candidate {
	var out []*candidate
	for _, cand := range cs {
		if u, err := url.Parse(cand.url); err == nil && u.Scheme == "file" {
			out = append(out, cand)
		}
	}
	return out
}

// run asks each address in turn, and all that may recover again after a pause.
func (d *download) run(ctx context.Context) (*Result, error) {
	for round := range d.c.opts.Rounds {
		var wait time.Duration
		for _, cand := range d.candidates {
			if cand.dead {
				continue
			}
			res, err := d.attempt(ctx, cand.url)
			if err == nil {
				return res, nil
			}
			if ctx.Err() != nil {
				d.keepPart = true
				return nil, context.Cause(ctx)
			}
			cand.err = err
			cand.dead = !temporary(err)
			wait = max(wait, retryAfter(err))
		}
		if d.allDead() || round == d.c.opts.Rounds-1 {
			break
		}
		if err := d.c.opts.Sleep(ctx, max(wait, d.c.backoff(round))); err != nil {
			d.keepPart = true
			return nil, context.Cause(ctx)
		}
	}
	d.keepPart = true
	return nil, d.failure()
}

func (d *download) allDead() bool {
	for _, cand := range d.candidates {
		if !cand.dead {
			return false
		}
	}
	return true
}

// backoff doubles with each round and is spread over its upper half.
func (c *Client) backoff(round int) time.Duration {
	full := min(backoffBase<<min(round, 10), backoffCap)
	return full/2 + time.Duration(c.opts.Rand()*float64(full/2))
}

// partKey names the part file of a download, so that a later run finds it.
func (d *download) partKey() string {
	if !d.req.Hash.IsZero() {
		return d.req.Hash.Algorithm().String() + "-" + d.req.Hash.Base16()
	}
	return "url-" + nixhash.Sum(nixhash.SHA256, []byte(d.req.URLs[0])).Base16()
}

func (d *download) partPath(dest string) string {
	if d.c.opts.PartDir == "" {
		return dest + ".part"
	}
	return filepath.Join(d.c.opts.PartDir, d.partKey()+".part")
}
