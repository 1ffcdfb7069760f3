package pipeline

import (
	"context"
	"io"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// emptyStore is the store of an evaluation that writes nothing on a machine
// where there is no store yet. Once something has been fetched, there is one.
type emptyStore struct {
	dir  storepath.Dir
	late *lateStore
}

var _ store.Reader = emptyStore{}

// now returns the store that there is by now.
func (s emptyStore) now() store.Reader {
	if st := s.late.get(); st != nil {
		return st
	}
	return noStore{s.dir}
}

func (s emptyStore) Dir() storepath.Dir               { return s.dir }
func (s emptyStore) RealPath(p storepath.Path) string { return s.now().RealPath(p) }
func (s emptyStore) Info(ctx context.Context, p storepath.Path) (*store.PathInfo, error) {
	return s.now().Info(ctx, p)
}
func (s emptyStore) ValidPaths(ctx context.Context, ps []storepath.Path) (map[storepath.Path]bool, error) {
	return s.now().ValidPaths(ctx, ps)
}
func (s emptyStore) AllPaths(ctx context.Context) ([]storepath.Path, error) {
	return s.now().AllPaths(ctx)
}
func (s emptyStore) PathFromHashPart(ctx context.Context, hash string) (storepath.Path, error) {
	return s.now().PathFromHashPart(ctx, hash)
}
func (s emptyStore) Referrers(ctx context.Context, p storepath.Path) ([]storepath.Path, error) {
	return s.now().Referrers(ctx, p)
}
func (s emptyStore) ValidDerivers(ctx context.Context, p storepath.Path) ([]storepath.Path, error) {
	return s.now().ValidDerivers(ctx, p)
}
func (s emptyStore) DerivationOutputs(ctx context.Context, p storepath.Path) (map[string]storepath.Path, error) {
	return s.now().DerivationOutputs(ctx, p)
}
func (s emptyStore) OpenLog(ctx context.Context, p storepath.Path) (io.ReadCloser, error) {
	return s.now().OpenLog(ctx, p)
}

// noStore is a store in which nothing is.
type noStore struct{ dir storepath.Dir }

func (s noStore) Dir() storepath.Dir               { return s.dir }
func (s noStore) RealPath(p storepath.Path) string { return s.dir.Join(p) }
func (s noStore) Info(context.Context, storepath.Path) (*store.PathInfo, error) {
	return nil, store.ErrNotFound
}
func (s noStore) ValidPaths(context.Context, []storepath.Path) (map[storepath.Path]bool, error) {
	return nil, nil
}
func (s noStore) AllPaths(context.Context) ([]storepath.Path, error) { return nil, nil }
func (s noStore) PathFromHashPart(context.Context, string) (storepath.Path, error) {
	return "", store.ErrNotFound
}
func (s noStore) Referrers(context.Context, storepath.Path) ([]storepath.Path, error) {
	return nil, nil
}
func (s noStore) ValidDerivers(context.Context, storepath.Path) ([]storepath.Path, error) {
	return nil, nil
}
func (s noStore) DerivationOutputs(context.Context, storepath.Path) (map[string]storepath.Path, error) {
	return nil, store.ErrNotFound
}
func (s noStore) OpenLog(context.Context, storepath.Path) (io.ReadCloser, error) {
	return nil, store.ErrNotFound
}
