package fetchtree

import "isomorph/internal/storepath"

// Remembered returns the store path that [Fetcher.File] or, if unpack is set,
// [Fetcher.Tarball] would give for a URL without a hash and without asking the
// network, as it was asked in the last tarball-ttl seconds. Whether the path is
// valid is for the caller to see.
func (f *Fetcher) Remembered(dir storepath.Dir, url, name string, unpack bool) (p storepath.Path, ok bool) {
	key := "file " + name + " " + url
	if unpack {
		key = "tarball " + url
	}
	rec, ok := f.cache.get(key)
	if !ok || !f.fresh(rec.Time) {
		return "", false
	}
	var err error
	if unpack {
		h := rec.Info.NarHash()
		if h.IsZero() {
			return "", false
		}
		p, err = dir.MakeFixed(name, true, h, nil)
	} else {
		s, _ := rec.Info.Str("path")
		p, err = storepath.ParseBase(s)
	}
	return p, err == nil
}
