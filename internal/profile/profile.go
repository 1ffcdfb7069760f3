// Package profile keeps the generations of a profile as Nix does
// (libstore/profiles.cc): a profile is a symlink to one of its generations,
// which are symlinks beside it,
//
//	PROFILE -> PROFILE-2-link -> store path
//
// and all of which keep their store path from being collected.
package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"isomorph/internal/atomicfile"
)

// Places says where the profiles of a user lie.
type Places struct {
	Link        string // the symlink to the user's profile: ~/.nix-profile
	Dir         string // where profiles are made
	Expressions string // what is installed from if nobody says: ~/.nix-defexpr
}

// Generation is one state that a profile was in.
type Generation struct {
	Number int
	Link   string // the symlink, absolute
	Made   time.Time
}

// Profile is a profile, which need not be there yet.
type Profile struct {
	Path string // absolute
	Rand io.Reader

	// Notice takes what is done with generations, a line at a time.
	Notice func(string)
	// DryRun says what would be done and does nothing.
	DryRun bool
}

// Link returns the symlink of a generation.
func (p *Profile) Link(number int) string { return fmt.Sprintf("%s-%d-link", p.Path, number) }

// number returns the number of a generation of a profile by the name of its
// link.
func number(profile, name string) (int, bool) {
	rest, ok := strings.CutPrefix(name, profile+"-")
	digits, _, link := strings.Cut(rest, "-link")
	n, err := strconv.ParseUint(digits, 10, 62)
	return int(n), ok && link && err == nil
}

// Generations lists the generations, oldest first, and returns the number of
// the current one, 0 if there is none.
func (p *Profile) Generations() (gens []Generation, current int, err error) {
	dir, name := filepath.Split(p.Path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		n, ok := number(name, e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		gens = append(gens, Generation{Number: n, Link: filepath.Join(dir, e.Name()), Made: info.ModTime()})
	}
	slices.SortFunc(gens, func(a, b Generation) int { return cmp.Compare(a.Number, b.Number) })
	if target, err := os.Readlink(p.Path); err == nil {
		current, _ = number(name, target)
	}
	return gens, current, nil
}

// Token returns what a profile points to, "" if it is not there: whoever has
// changed it since has changed the token.
func (p *Profile) Token() string {
	target, _ := os.Readlink(p.Path)
	return target
}

// Lock takes the exclusive lock of the profile, which Nix respects, too.
func (p *Profile) Lock(ctx context.Context) (unlock func(), err error) {
	name := p.Path + ".lock"
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("opening lock file %q: No such file or directory", name)
		}
		if err != nil {
			return nil, err
		}
		l := atomicfile.NewLock(f)
		waiting := func() { p.notice("waiting for lock on profile '%s'", p.Path) }
		if err := l.Acquire(ctx, atomicfile.Exclusive, waiting); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		// Who held it before deletes the file, and marks it by writing into it:
		// then this is a lock that nobody sees.
		if st, err := f.Stat(); err == nil && st.Size() == 0 {
			return func() {
				os.Remove(name)
				f.WriteString("d")
				l.Close()
			}, nil
		}
		l.Close()
	}
}

func (p *Profile) notice(format string, args ...any) {
	if p.Notice != nil {
		p.Notice(fmt.Sprintf(format, args...))
	}
}

// New makes a generation and switches to it, unless the newest one is the same.
// same tells whether a link's target is what the generation would be, makeRoot
// makes the link. The caller holds the lock.
func (p *Profile) New(same func(target string) bool, makeRoot func(link string) error) error {
	gens, _, err := p.Generations()
	if err != nil {
		return err
	}
	next := 1
	if len(gens) > 0 {
		last := gens[len(gens)-1]
		if target, err := os.Readlink(last.Link); err == nil && same(target) {
			return p.point(last.Link)
		}
		next = last.Number + 1
	}
	if err := makeRoot(p.Link(next)); err != nil {
		return err
	}
	return p.point(p.Link(next))
}

// point makes the profile point to a generation.
func (p *Profile) point(link string) error { return Point(p.Path, link, p.Rand) }

// Point makes a symlink, relative if both lie in one directory.
func Point(link, target string, rand io.Reader) error {
	if filepath.Dir(link) == filepath.Dir(target) {
		target = filepath.Base(target)
	}
	return atomicfile.Symlink(target, link, rand)
}

// Switch makes a generation the current one; 0 stands for the one before the
// current one.
func (p *Profile) Switch(ctx context.Context, to int) error {
	return p.locked(ctx, func(gens []Generation, current int) error {
		var dst *Generation
		for i, g := range gens {
			if to == 0 && g.Number < current || to != 0 && g.Number == to {
				dst = &gens[i]
			}
		}
		if dst == nil && to != 0 {
			return fmt.Errorf("profile version %d does not exist", to)
		}
		if dst == nil {
			return fmt.Errorf("no profile version older than the current (%d) exists", current)
		}
		p.notice("switching profile from version %d to %d", current, dst.Number)
		if p.DryRun {
			return nil
		}
		return p.point(dst.Link)
	})
}

func (p *Profile) locked(ctx context.Context, f func(gens []Generation, current int) error) error {
	unlock, err := p.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	gens, current, err := p.Generations()
	if err != nil {
		return err
	}
	return f(gens, current)
}

func (p *Profile) remove(g Generation) error {
	if p.DryRun {
		p.notice("would remove profile version %d", g.Number)
		return nil
	}
	p.notice("removing profile version %d", g.Number)
	err := os.Remove(g.Link)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Delete removes generations by number.
func (p *Profile) Delete(ctx context.Context, numbers []int) error {
	return p.locked(ctx, func(gens []Generation, current int) error {
		if slices.Contains(numbers, current) {
			return fmt.Errorf("cannot delete current version of profile '%s'", p.Path)
		}
		return p.removeAll(gens, func(g Generation) bool { return slices.Contains(numbers, g.Number) })
	})
}

func (p *Profile) removeAll(gens []Generation, which func(Generation) bool) error {
	for _, g := range gens {
		if which(g) {
			if err := p.remove(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// DeleteOld removes all generations but the current one.
func (p *Profile) DeleteOld(ctx context.Context) error {
	return p.locked(ctx, func(gens []Generation, current int) error {
		return p.removeAll(gens, func(g Generation) bool { return g.Number != current })
	})
}

// Keep removes all generations older than the current one but the newest
// max-1 of them.
func (p *Profile) Keep(ctx context.Context, max int) error {
	if max == 0 {
		return errors.New("Must keep at least one generation, otherwise the current one would be deleted")
	}
	return p.locked(ctx, func(gens []Generation, current int) error {
		slices.Reverse(gens)
		at := slices.IndexFunc(gens, func(g Generation) bool { return g.Number == current })
		if at < 0 || at+max >= len(gens) {
			return nil
		}
		return p.removeAll(gens[at+max:], func(Generation) bool { return true })
	})
}

// DeleteOlderThan removes the generations that were not current any more at a
// time. The one that was then stays, so that one can go back to it.
func (p *Profile) DeleteOlderThan(ctx context.Context, t time.Time) error {
	return p.locked(ctx, func(gens []Generation, current int) error {
		slices.Reverse(gens)
		at := slices.IndexFunc(gens, func(g Generation) bool { return g.Made.Unix() < t.Unix() })
		if at < 0 {
			return nil
		}
		return p.removeAll(gens[at+1:], func(g Generation) bool { return g.Number != current })
	})
}

// ParseOlderThan reads "14d", the time so many days before now.
func ParseOlderThan(spec string, now time.Time) (time.Time, error) {
	digits, ok := strings.CutSuffix(spec, "d")
	if !ok {
		return now, fmt.Errorf("invalid number of days specifier '%s', expected something like '14d'", spec)
	}
	days, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || days < 1 {
		return now, fmt.Errorf("invalid number of days specifier '%s'", spec)
	}
	return now.Add(-time.Duration(days) * 24 * time.Hour), nil
}
