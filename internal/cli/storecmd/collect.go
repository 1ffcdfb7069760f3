package storecmd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/profile"
	"isomorph/internal/store"
)

// RunCollectGarbage is the classic nix-collect-garbage.
func RunCollectGarbage(ctx context.Context, env *cli.Env, deps Deps, args []string) error {
	var deleteOld bool
	var f gcFlags
	olderThan := ""
	spec := classic.Spec{
		Command: "nix-collect-garbage",
		Flags:   map[string]*bool{"-d": &deleteOld, "--delete-old": &deleteOld},
		Values: map[string]func(string){
			"--max-freed":         func(v string) { f.maxFreed = v },
			"--delete-older-than": func(v string) { deleteOld, olderThan = true, v },
		},
	}
	common, _, err := classic.Parse(spec, args)
	if err != nil {
		return err
	}
	if f.maxFreed != "" && common.DryRun {
		return classic.UsageError("nix-collect-garbage", "options --max-freed and --dry-run cannot be combined")
	}
	return deps.run(ctx, env, common, func(ctx context.Context, s *session) error {
		if deleteOld {
			if err := s.deleteOldGenerations(ctx, olderThan); err != nil {
				return err
			}
		}
		if common.DryRun {
			return s.countGarbage(ctx)
		}
		return s.gc(ctx, f)
	})
}

// countGarbage says how many paths a collection would delete.
func (s *session) countGarbage(ctx context.Context) error {
	opts, err := s.gcOptions()
	if err != nil {
		return err
	}
	opts.Action = store.GCReturnDead
	s.say("finding garbage collector roots...")
	s.say("determining live/dead paths...")
	res, err := s.s.GC(ctx, opts)
	if err != nil {
		return err
	}
	return s.printf("%d store paths would be deleted\n", len(res.Paths))
}

// deleteOldGenerations removes all generations but the current ones of all
// profiles, or those that are older than so many days ("14d").
func (s *session) deleteOldGenerations(ctx context.Context, olderThan string) error {
	cut := cutter{s: s, dirs: map[string]bool{}}
	if olderThan != "" {
		t, err := profile.ParseOlderThan(olderThan, s.env.Now())
		if err != nil {
			return classic.UsageError("nix-collect-garbage", err.Error())
		}
		cut.olderThan = &t
	}
	dirs := []string{filepath.Join(s.s.StateDir(), "profiles")}
	if s.deps.Places != nil {
		places, err := s.deps.Places(s.common)
		if err != nil {
			return err
		}
		own := places.Link
		if target, err := os.Readlink(own); err == nil {
			if own = target; !filepath.IsAbs(own) {
				own = filepath.Join(filepath.Dir(places.Link), own)
			}
		}
		dirs = append(dirs, places.Dir, filepath.Dir(own))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := cut.dir(ctx, dir, 0); err != nil {
			return err
		}
	}
	return nil
}

// cutter removes old generations.
type cutter struct {
	s         *session
	olderThan *time.Time      // nil: all but the current one
	dirs      map[string]bool // that were looked at
}

// maxProfileDirs is how deep directories with profiles may nest.
const maxProfileDirs = 32

// dir looks for profiles in a directory: links to something with "link" in its
// name, as Nix does.
func (c *cutter) dir(ctx context.Context, dir string, depth int) error {
	entries, err := os.ReadDir(dir)
	if err != nil || c.dirs[dir] {
		return nil // not there, or not ours to read
	}
	c.dirs[dir] = true
	if depth > maxProfileDirs {
		return fmt.Errorf("directories below '%s' nest deeper than %d", dir, maxProfileDirs)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if err := c.dir(ctx, path, depth+1); err != nil {
				return err
			}
			continue
		}
		target, err := os.Readlink(path)
		if e.Type()&fs.ModeSymlink == 0 || err != nil || !strings.Contains(target, "link") {
			continue
		}
		c.s.say("removing old generations of profile %s", path)
		if err := c.profile(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (c *cutter) profile(ctx context.Context, path string) error {
	p := &profile.Profile{Path: path, Rand: c.s.env.Random, DryRun: c.s.common.DryRun, Notice: func(line string) { c.s.say("%s", line) }}
	if c.olderThan != nil {
		return p.DeleteOlderThan(ctx, *c.olderThan)
	}
	return p.DeleteOld(ctx)
}
