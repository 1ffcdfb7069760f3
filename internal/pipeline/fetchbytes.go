package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"isomorph/internal/fetch"
	"isomorph/internal/nixhash"
)

// FetchBytes returns a function that downloads a small file of a known size and
// SHA-256, with the mirrors, retries and limits of all other downloads. scratch
// is a directory for the file on its way.
func FetchBytes(o fetch.Options, scratch string) func(ctx context.Context, url string, size int64, sum string) ([]byte, error) {
	return func(ctx context.Context, url string, size int64, sum string) ([]byte, error) {
		h, err := nixhash.Parse(sum, nixhash.SHA256)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(scratch, 0o755); err != nil {
			return nil, err
		}
		tmp, err := os.MkdirTemp(scratch, ".fetch-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(tmp)
		dest := filepath.Join(tmp, "file")
		if _, err := fetch.New(o).Fetch(ctx, fetch.Request{URLs: []string{url}, Hash: h, Name: filepath.Base(url), MaxSize: size}, dest); err != nil {
			return nil, err
		}
		b, err := os.ReadFile(dest)
		if err == nil && int64(len(b)) != size {
			err = fmt.Errorf("%s has %d bytes, not %d", url, len(b), size)
		}
		return b, err
	}
}
