package fetch

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/lazyre"
	"isomorph/internal/nixhash"
)

// attempt asks one address once. What it got stays in the part file.
func (d *download) attempt(ctx context.Context, address string) (*Result, error) {
	u, err := url.Parse(address)
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err // the rest repeats the address, with the password in it
	}
	if err != nil {
		return nil, permanent(address, err)
	}
	switch u.Scheme {
	case "file":
		return d.fromFile(ctx, u)
	case "http", "https":
		return d.fromHTTP(ctx, address)
	}
	return nil, permanent(address, fmt.Errorf("the scheme %q is not supported", u.Scheme))
}

func (d *download) fromFile(ctx context.Context, u *url.URL) (*Result, error) {
	// Not blocking: opening a FIFO would wait for a writer, and nothing but
	// the end of the program could interrupt that.
	in, err := os.OpenFile(u.Path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, permanent(u.String(), err)
	}
	defer in.Close()
	if st, err := in.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, permanent(u.String(), errors.Join(err, errors.New("it is not a regular file")))
	}
	if err := d.restart(); err != nil {
		return nil, err
	}
	return d.receive(ctx, u.String(), in, nil, 0, -1)
}

func (d *download) fromHTTP(ctx context.Context, address string) (*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	offset, sum, err := d.resumeFrom(address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, permanent(address, err)
	}
	for name, values := range d.req.Header {
		req.Header[name] = values
	}
	d.c.authorize(req)
	if d.req.IfNoneMatch != "" {
		req.Header.Set("If-None-Match", d.req.IfNoneMatch)
	}
	req.Header.Set("User-Agent", d.c.opts.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
		req.Header.Set("If-Range", d.readValidator().ifRange())
	}
	resp, err := d.c.http.Do(req)
	if err != nil {
		return nil, transportError(address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && d.req.IfNoneMatch != "" {
		return described(&Result{URL: address, NotModified: true}, resp), nil
	}
	watch := newWatchdog(resp.Body, d.c.opts.Stall, func() { cancel(errStalled) })
	defer watch.stop()
	offset, sum, total, err := d.accept(address, resp, offset, sum)
	if err != nil {
		return nil, err
	}
	res, err := d.receive(ctx, address, watch, sum, offset, total)
	if errors.Is(context.Cause(ctx), errStalled) {
		return nil, temporaryError(address, fmt.Errorf("%w for %v", errStalled, d.c.opts.Stall))
	}
	if h, ok := errors.AsType[*HashError](err); ok && offset > 0 {
		// What was there before may be at fault: a part file is not flushed,
		// and a power cut can leave it with the right size and wrong bytes.
		return nil, temporaryError(address, fmt.Errorf("a download that was carried on has the hash %s; it begins again", h.Got.SRI()))
	}
	if err != nil {
		return nil, err
	}
	return described(res, resp), nil
}

var immutableLink = lazyre.New(`(?i)^\s*<([^>]*)>; rel="immutable"\s*$`)

// described adds what the answer's headers say.
func described(res *Result, resp *http.Response) *Result {
	res.ETag = resp.Header.Get("ETag")
	if m := immutableLink.FindStringSubmatch(resp.Header.Get("Link")); m != nil {
		if u, err := resp.Request.URL.Parse(m[1]); err == nil {
			res.Immutable = u.String()
		}
	}
	for req := resp.Request; req != nil; {
		res.Chain = append([]string{req.URL.String()}, res.Chain...)
		if req.Response == nil {
			break
		}
		req = req.Response.Request
	}
	return res
}

var errStalled = errors.New("the server sent nothing")

// accept looks at an answer's status and headers, and prepares the part file
// for its body. It returns where the body begins, the hash of what is before
// that, and the length of the whole file, or -1.
func (d *download) accept(address string, resp *http.Response, offset int64, sum hash.Hash) (int64, hash.Hash, int64, error) {
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return 0, nil, 0, permanent(address, fmt.Errorf("the server sent the encoding %q, which was not asked for", enc))
	}
	switch resp.StatusCode {
	case http.StatusPartialContent:
		start, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if offset == 0 || !ok || start != offset || d.readValidator().Total > 0 && total != d.readValidator().Total {
			_ = d.restart()
			return 0, nil, 0, temporaryError(address, fmt.Errorf("the server answered with another part (%q) than was asked for", resp.Header.Get("Content-Range")))
		}
		return offset, sum, total, nil
	case http.StatusOK:
	case http.StatusRequestedRangeNotSatisfiable:
		_ = d.restart()
		return 0, nil, 0, temporaryError(address, errors.New("the server has less than was downloaded before"))
	default:
		return 0, nil, 0, statusError(address, resp, d.c.opts.Now())
	}
	if resp.ContentLength > d.req.MaxSize {
		return 0, nil, 0, permanent(address, fmt.Errorf("the file has %d bytes, more than the limit of %d", resp.ContentLength, d.req.MaxSize))
	}
	if err := d.restart(); err != nil {
		return 0, nil, 0, err
	}
	v := validatorOf(address, resp)
	if v.usable() {
		if err := d.writeValidator(v); err != nil {
			return 0, nil, 0, err
		}
	}
	return 0, nil, resp.ContentLength, nil
}

func validatorOf(address string, resp *http.Response) validator {
	v := validator{URL: address, Total: max(resp.ContentLength, 0)}
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		v.ETag = tag
		return v
	}
	// A date is strong if the file cannot have changed twice in that second.
	modified, err1 := http.ParseTime(resp.Header.Get("Last-Modified"))
	date, err2 := http.ParseTime(resp.Header.Get("Date"))
	if err1 == nil && err2 == nil && date.Sub(modified) >= time.Minute {
		v.LastModified = resp.Header.Get("Last-Modified")
	}
	return v
}

// contentRange reads "bytes 100-199/200".
func contentRange(s string) (start, total int64, ok bool) {
	var end int64
	rest, found := strings.CutPrefix(s, "bytes ")
	if !found {
		return 0, 0, false
	}
	span, length, found := strings.Cut(rest, "/")
	from, to, found2 := strings.Cut(span, "-")
	if !found || !found2 {
		return 0, 0, false
	}
	start, err1 := strconv.ParseInt(from, 10, 64)
	end, err2 := strconv.ParseInt(to, 10, 64)
	total, err3 := strconv.ParseInt(length, 10, 64)
	return start, total, err1 == nil && err2 == nil && err3 == nil && start >= 0 && start <= end && end == total-1
}

// resumeFrom returns how much of the file from this address is there already,
// and its hash.
func (d *download) resumeFrom(address string) (int64, hash.Hash, error) {
	v := d.readValidator()
	st, err := d.lock.Stat()
	if err != nil {
		return 0, nil, err
	}
	if st.Size() == 0 || !v.usable() || v.URL != address {
		return 0, nil, d.restart()
	}
	if _, err := d.lock.Seek(0, io.SeekStart); err != nil {
		return 0, nil, err
	}
	sum := d.newHash()
	n, err := io.Copy(sum, d.lock)
	if v.Total > 0 && n >= v.Total { // complete or too long: nothing to ask for
		return 0, nil, d.restart()
	}
	return n, sum, err
}

func (d *download) algorithm() nixhash.Algorithm {
	if d.req.Hash.IsZero() {
		return nixhash.SHA256
	}
	return d.req.Hash.Algorithm()
}

func (d *download) newHash() hash.Hash { return d.algorithm().New() }

// receive appends a body to the part file and checks length and hash of the
// whole.
func (d *download) receive(ctx context.Context, address string, body io.Reader, sum hash.Hash, offset, total int64) (*Result, error) {
	if sum == nil {
		sum = d.newHash()
	}
	done := offset
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		done += int64(n)
		if done > d.limit(total) {
			_ = d.restart()
			return nil, permanent(address, fmt.Errorf("more than %d bytes came", d.limit(total)))
		}
		sum.Write(buf[:n])
		if _, werr := d.lock.Write(buf[:n]); werr != nil {
			return nil, permanent(address, werr)
		}
		if n > 0 && d.req.Progress != nil {
			d.req.Progress(done, max(total, 0))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, transportError(address, err)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	if total >= 0 && done != total {
		return nil, temporaryError(address, fmt.Errorf("the connection ended after %d of %d bytes", done, total))
	}
	return d.finish(address, sum, done)
}

// limit is how many bytes may come.
func (d *download) limit(total int64) int64 {
	if total >= 0 {
		return min(d.req.MaxSize, total)
	}
	return d.req.MaxSize
}

func (d *download) finish(address string, sum hash.Hash, size int64) (*Result, error) {
	got := nixhash.FromState(d.algorithm(), sum)
	if !d.req.Hash.IsZero() && got != d.req.Hash {
		_ = d.restart()
		return nil, &HashError{URL: address, Want: d.req.Hash, Got: got}
	}
	os.Remove(d.metaPath())
	return &Result{URL: address, Size: size, Hash: got}, nil
}

// watchdog is a body that calls stalled when nothing comes for too long.
type watchdog struct {
	body  io.Reader
	timer *time.Timer
	limit time.Duration
}

func newWatchdog(body io.Reader, limit time.Duration, stalled func()) *watchdog {
	return &watchdog{body, time.AfterFunc(limit, stalled), limit}
}

// Read reads from the body and winds the clock up again.
func (w *watchdog) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	w.timer.Reset(w.limit)
	return n, err
}

func (w *watchdog) stop() { w.timer.Stop() }
