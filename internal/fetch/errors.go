package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"isomorph/internal/nixhash"
)

// ErrNotFound is wrapped by an [Error] when every address said that it has no
// such file (404 or 410).
var ErrNotFound = errors.New("not found")

// HashError says that an address gave other bytes than expected.
type HashError struct {
	URL       string
	Want, Got nixhash.Hash
}

// Error names the address and both hashes.
func (e *HashError) Error() string {
	return fmt.Sprintf("%s: hash mismatch: specified %s, got %s", Redact(e.URL), e.Want.SRI(), e.Got.SRI())
}

// OfflineError says that a file would have to be downloaded.
type OfflineError struct {
	Name string
	URLs []string
}

// Error names the file and its first address.
func (e *OfflineError) Error() string {
	where := ""
	if len(e.URLs) > 0 {
		where = " from " + Redact(e.URLs[0])
	}
	return fmt.Sprintf("%s is not in the store and would have to be downloaded%s, which --offline forbids", e.Name, where)
}

// Error says why a file could not be had from anywhere.
type Error struct {
	Name     string
	Failures []Failure
}

// Failure is what happened last at one address.
type Failure struct {
	URL string
	Err error
}

// Error lists the addresses with their reasons.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cannot download %s:", e.Name)
	for _, f := range e.Failures {
		fmt.Fprintf(&b, "\n  %s: %v", Redact(f.URL), f.Err)
	}
	if n := len(e.Failures); n > 0 && snapshot.MatchString(e.Failures[n-1].URL) {
		b.WriteString("\nAnother mirror can be given with --mirror or ISOMORPH_MIRROR.")
	}
	return b.String()
}

// Unwrap returns all reasons.
func (e *Error) Unwrap() []error {
	var out []error
	for _, f := range e.Failures {
		out = append(out, f.Err)
	}
	return out
}

// failure sums up. Wrong bytes at the file's own address, which is the last
// one, mean that the recipe's hash is wrong or the file has changed: that is
// what the user has to know, whatever the mirrors said.
func (d *download) failure() error {
	e := &Error{Name: d.req.Name}
	for _, cand := range d.candidates {
		err := cand.err
		var at *attemptError
		if errors.As(err, &at) {
			err = at.err
		}
		e.Failures = append(e.Failures, Failure{cand.url, err})
	}
	if len(d.candidates) > 0 {
		var h *HashError
		if errors.As(d.candidates[len(d.candidates)-1].err, &h) {
			return h
		}
	}
	return e
}

// attemptError is a failure at one address.
type attemptError struct {
	url       string
	err       error
	temporary bool
	after     time.Duration
}

func (e *attemptError) Error() string { return Redact(e.url) + ": " + e.err.Error() }
func (e *attemptError) Unwrap() error { return e.err }

func permanent(u string, err error) error { return &attemptError{url: u, err: err} }
func temporaryError(u string, err error) error {
	return &attemptError{url: u, err: err, temporary: true}
}

func temporary(err error) bool {
	var a *attemptError
	return errors.As(err, &a) && a.temporary
}

func retryAfter(err error) time.Duration {
	var a *attemptError
	if errors.As(err, &a) {
		return a.after
	}
	return 0
}

// transportError is a failure without an answer. A refused redirect and a bad
// certificate do not get better by asking again; most else may.
func transportError(address string, err error) error {
	if errors.Is(err, context.Canceled) && !errors.Is(err, errStalled) {
		return temporaryError(address, err)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // it repeats the address, with the password in it
	}
	text := err.Error()
	for _, word := range []string{"redirect", "certificate", "x509", "unsupported protocol"} {
		if strings.Contains(text, word) {
			return permanent(address, err)
		}
	}
	return temporaryError(address, err)
}

// statusError sorts answers other than 200 and 206. 401, 403 and 407 say that
// this address wants credentials, not that the file is missing.
func statusError(address string, resp *http.Response, now time.Time) error {
	err := fmt.Errorf("HTTP status %s", resp.Status)
	switch s := resp.StatusCode; {
	case s == http.StatusNotFound || s == http.StatusGone:
		return permanent(address, fmt.Errorf("%w (%v)", ErrNotFound, err))
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests,
		s >= 500 && s != http.StatusNotImplemented && s != http.StatusHTTPVersionNotSupported:
		return &attemptError{url: address, err: err, temporary: true, after: parseRetryAfter(resp.Header.Get("Retry-After"), now)}
	}
	return permanent(address, err)
}

// parseRetryAfter honours the header up to a minute.
func parseRetryAfter(s string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		d = time.Duration(min(max(n, 0), 3600)) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), backoffCap)
}

// Redact removes user name and password from a URL for messages.
func Redact(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return redactText(s)
	}
	if u.User == nil {
		return s
	}
	u.User = nil
	return u.String()
}

// redactText does the same for what is no URL: all up to the last "@" may be a
// password with characters in it that should have been escaped.
func redactText(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if i := strings.LastIndexByte(rest, '@'); ok && i >= 0 {
		return scheme + "://" + rest[i+1:]
	}
	return s
}
