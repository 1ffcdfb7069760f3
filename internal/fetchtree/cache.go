package fetchtree

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"isomorph/internal/atomicfile"
	"isomorph/internal/nixhash"
)

// cache remembers what is known of inputs: one small file a key. It can be
// deleted at any time, and a record that cannot be read counts as none.
type cache struct {
	dir  string
	rand io.Reader
}

// record is what is known about one key.
type record struct {
	Key  string // the whole key, so that a collision is seen
	Time int64  // when it was found out, in seconds since 1970
	Info Attrs
}

func (c *cache) file(key string) string {
	return filepath.Join(c.dir, nixhash.Sum(nixhash.SHA256, []byte(key)).Base32()+".json")
}

// get returns what is known about a key.
func (c *cache) get(key string) (record, bool) {
	var r record
	b, err := os.ReadFile(c.file(key))
	if err != nil || json.Unmarshal(b, &r) != nil || r.Key != key {
		return record{}, false
	}
	return r, true
}

// put remembers something.
func (c *cache) put(key string, now time.Time, info Attrs) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	b, err := json.Marshal(record{key, now.Unix(), info})
	if err != nil {
		return err
	}
	return atomicfile.Write(c.file(key), b, 0o600, c.rand)
}

// fresh tells whether an answer of that time is still good.
func (f *Fetcher) fresh(at int64) bool {
	if f.o.Fetch.Offline {
		return true // an old answer is better than none
	}
	return !f.o.Refresh && at+int64(f.o.TTL/time.Second) > f.o.Now().Unix()
}
