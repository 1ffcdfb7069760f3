package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// HTTP is a plain Fetcher over HTTP and HTTPS: one try for each URL, since the
// client has other mirrors to turn to.
type HTTP struct{ client *http.Client }

// NewHTTP returns a Fetcher with the limits of reliability R16: dialling and
// TLS 15 s each, 60 s until the answer begins, ten redirects, none of them from
// https to http. proxy chooses a proxy for a request, as http.Transport wants it;
// nil means none.
func NewHTTP(proxy func(*http.Request) (*url.URL, error)) *HTTP {
	return &HTTP{&http.Client{
		Transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout:    15 * time.Second,
			ResponseHeaderTimeout:  60 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		},
		Timeout:       10 * time.Minute,
		CheckRedirect: checkRedirect,
	}}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("more than 10 redirects")
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirected from https to %s", req.URL.Scheme)
	}
	return nil
}

// Fetch implements [Fetcher].
func (h *HTTP) Fetch(ctx context.Context, address string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("its URL cannot be read") // err shows it, with a password
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the URL
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("is larger than %d bytes", limit)
	}
	return b, nil
}
