package pipeline

import (
	"context"
	"errors"

	"isomorph/internal/fetch"
	"isomorph/internal/input"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// fetchForEval downloads a file or archive that an evaluation asks for
// (builtins.fetchurl, fetchTarball, a URL in the search path) into the store.
func (s *Session) fetchForEval(ctx context.Context, req builtins.FetchRequest) (storepath.Path, error) {
	if req.Unpack {
		p, err := s.Inputs().Tarball(ctx, req.URL, req.Name, req.SHA256)
		if m, ok := errors.AsType[*input.MismatchError](err); ok {
			err = &builtins.HashMismatchError{URL: fetch.Redact(req.URL), Want: m.Want, Got: m.Got}
		}
		return p, err
	}
	p, err := s.Inputs().File(ctx, req.URL, req.Name, req.SHA256)
	if he, ok := errors.AsType[*fetch.HashError](err); ok {
		return "", &builtins.HashMismatchError{URL: fetch.Redact(he.URL), Want: he.Want, Got: he.Got}
	}
	return p, err
}
