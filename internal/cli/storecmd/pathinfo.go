package storecmd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// infoFlags are the flags of path-info.
type infoFlags struct {
	all, recursive, size, closureSize, json bool
}

func (s *session) pathInfo(ctx context.Context, args []string, f infoFlags) error {
	paths, err := s.infoPaths(ctx, args, f)
	if err != nil {
		return err
	}
	if f.json {
		return s.pathInfoJSON(ctx, paths)
	}
	for _, p := range paths {
		line := []string{s.s.Dir().Join(p)}
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		if f.size {
			line = append(line, fmt.Sprint(info.NarSize))
		}
		if f.closureSize {
			n, err := closureSize(ctx, s.s, p)
			if err != nil {
				return err
			}
			line = append(line, fmt.Sprint(n))
		}
		if err := s.printf("%s\n", strings.Join(line, "\t")); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) infoPaths(ctx context.Context, args []string, f infoFlags) ([]storepath.Path, error) {
	if f.all {
		return s.s.AllPaths(ctx)
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("name at least one path, or use --all")
	}
	paths, err := s.valid(ctx, args)
	if err != nil || !f.recursive {
		return paths, err
	}
	return store.Closure(ctx, s.s, paths...)
}

func closureSize(ctx context.Context, r store.Reader, p storepath.Path) (sum uint64, err error) {
	infos, err := store.ClosureInfo(ctx, r, p)
	for _, i := range infos {
		sum += i.NarSize
	}
	return sum, err
}

// infoJSON has the fields of Nix's "path-info --json" (format 1).
type infoJSON struct {
	CA               *string  `json:"ca"`
	ClosureSize      uint64   `json:"closureSize"`
	Deriver          *string  `json:"deriver"`
	NarHash          string   `json:"narHash"`
	NarSize          uint64   `json:"narSize"`
	References       []string `json:"references"`
	RegistrationTime int64    `json:"registrationTime"`
	Signatures       []string `json:"signatures"`
	Ultimate         bool     `json:"ultimate"`
}

func (s *session) pathInfoJSON(ctx context.Context, paths []storepath.Path) error {
	out := map[string]infoJSON{} // encoding/json sorts the keys
	for _, p := range paths {
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		j := infoJSON{NarHash: info.NarHash.SRI(), NarSize: info.NarSize, RegistrationTime: info.RegistrationTime,
			Ultimate: info.Ultimate, Signatures: append([]string{}, info.Sigs...), References: []string{}}
		if j.ClosureSize, err = closureSize(ctx, s.s, p); err != nil {
			return err
		}
		for _, r := range info.References {
			j.References = append(j.References, s.s.Dir().Join(r))
		}
		if info.CA != "" {
			j.CA = &info.CA
		}
		if info.Deriver != "" {
			d := s.s.Dir().Join(info.Deriver)
			j.Deriver = &d
		}
		out[s.s.Dir().Join(p)] = j
	}
	enc := json.NewEncoder(s.env.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
