package pipeline

import (
	"context"
	"io"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// emptyStore is the store of an evaluation that writes nothing on a machine
// where there is no store yet.
type emptyStore struct{ dir storepath.Dir }

var _ store.Reader = emptyStore{}

func (s emptyStore) Dir() storepath.Dir               { return s.dir }
func (s emptyStore) RealPath(p storepath.Path) string { return s.dir.Join(p) }
func (s emptyStore) Info(context.Context, storepath.Path) (*store.PathInfo, error) {
	return nil, store.ErrNotFound
}
func (s emptyStore) ValidPaths(context.Context, []storepath.Path) (map[storepath.Path]bool, error) {
	return nil, nil
}
func (s emptyStore) AllPaths(context.Context) ([]storepath.Path, error) { return nil, nil }
func (s emptyStore) PathFromHashPart(context.Context, string) (storepath.Path, error) {
	return "", store.ErrNotFound
}
func (s emptyStore) Referrers(context.Context, storepath.Path) ([]storepath.Path, error) {
	return nil, nil
}
func (s emptyStore) ValidDerivers(context.Context, storepath.Path) ([]storepath.Path, error) {
	return nil, nil
}
func (s emptyStore) DerivationOutputs(context.Context, storepath.Path) (map[string]storepath.Path, error) {
	return nil, store.ErrNotFound
}
func (s emptyStore) OpenLog(context.Context, storepath.Path) (io.ReadCloser, error) {
	return nil, store.ErrNotFound
}
