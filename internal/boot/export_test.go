package boot

import (
	"context"
	"os"
	"path/filepath"
)

// Filter cleans a stream that comes in pieces.
func Filter(pieces ...string) string {
	var f filter
	var out []byte
	for _, p := range pieces {
		out = append(out, f.clean([]byte(p))...)
	}
	return string(out)
}

// ProbeEmulation runs the probe's guest where it must work.
func ProbeEmulation(ctx context.Context, t Tools, dir string) (bool, string) {
	sector := filepath.Join(dir, "sector")
	if err := os.WriteFile(sector, probeSector(), 0o600); err != nil {
		return false, err.Error()
	}
	return probe(ctx, t, emulation(), sector)
}
