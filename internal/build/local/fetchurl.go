package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"isomorph/internal/build"
	"isomorph/internal/fetch"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/unxz"
)

// runBuiltin runs a builder that Nix has built in. They run in this process:
// they are our own code, and what they bring is checked by hash.
func (j *job) runBuiltin(ctx context.Context) error {
	switch j.drv.Builder {
	case "builtin:fetchurl":
		return j.fetchurl(ctx)
	case "builtin:buildenv":
		return j.buildEnv(ctx)
	}
	return j.cannot(build.Refused, fmt.Sprintf("unsupported builtin builder '%s'", strings.TrimPrefix(j.drv.Builder, "builtin:")), nil)
}

// attr returns an attribute of either form as a string; true is "1".
func (j *job) attr(name string) string {
	if j.opts.Attrs == nil {
		return j.drv.Env.At(name)
	}
	switch v := j.opts.Attrs[name].(type) {
	case string:
		return v
	case bool:
		if v {
			return "1"
		}
	case []any:
		words := make([]string, 0, len(v))
		for _, e := range v {
			words = append(words, fmt.Sprint(e))
		}
		return strings.Join(words, " ")
	}
	return ""
}

// fetchurl downloads one file (libstore/builtins/fetchurl.cc): as it is, with
// its executable bit set, or unpacked if it is a NAR.
func (j *job) fetchurl(ctx context.Context) error {
	if !j.drv.IsFixed() {
		return j.cannot(build.Failed, "'builtin:fetchurl' must be a fixed-output or impure derivation", nil)
	}
	out := j.drv.Outputs.At("out")
	want, recursive, err := out.FixedHash()
	if err != nil {
		return err
	}
	unpack, executable := j.attr("unpack") == "1", j.attr("executable") == "1"
	req := fetch.Request{URLs: j.urls(), Name: j.drv.Name, Progress: j.req.Progress}
	if !recursive && !unpack && !executable {
		req.Hash = want // known before, so checked at each mirror
	}
	if len(req.URLs) == 0 {
		return j.cannot(build.Failed, "'builtin:fetchurl' needs the attribute 'url'", nil)
	}
	name := string(out.Path)
	if unpack {
		name = "download"
	}
	if _, err := j.o.Fetch.Fetch(ctx, req, j.at(name)); err != nil {
		return j.fetchFailed(ctx, want, err)
	}
	if unpack {
		return j.unpackNAR(name, string(out.Path), strings.HasSuffix(req.URLs[0], ".xz"))
	}
	if executable {
		return j.root.Chmod(name, 0o755)
	}
	return j.root.Chmod(name, 0o644)
}

func (j *job) urls() []string {
	var out []string
	for _, u := range append([]string{j.attr("url")}, strings.Fields(j.attr("urls"))...) {
		if u != "" && (len(out) == 0 || u != out[0]) {
			out = append(out, u)
		}
	}
	return out
}

func (j *job) fetchFailed(ctx context.Context, want nixhash.Hash, err error) error {
	var h *fetch.HashError
	var several *fetch.Error // with wrong bytes from a mirror among its reasons: no fault of the recipe
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &several):
	case errors.As(err, &h):
		return j.mismatch(want, h.Got, err)
	}
	return j.cannot(build.Failed, err.Error(), err)
}

// maxNAR bounds what a download may unpack to, in bytes: its hash is of the
// result, so nothing else does.
const maxNAR = 16 << 30

func (j *job) unpackNAR(from, to string, compressed bool) error {
	f, err := j.root.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = bufio.NewReaderSize(f, 1<<20)
	if compressed {
		if r, err = unxz.NewReader(r); err != nil {
			return j.cannot(build.Failed, err.Error(), err)
		}
	}
	dir, err := j.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := nar.Restore(r, int(dir.Fd()), path.Base(to), maxNAR); err != nil {
		return j.cannot(build.Failed, "unpack NAR: "+err.Error(), err)
	}
	return j.root.Remove(from)
}
