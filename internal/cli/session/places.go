package session

import (
	"errors"
	"path/filepath"

	"isomorph/internal/cli/classic"
	"isomorph/internal/profile"
	"isomorph/internal/store/localstore"
)

// ProfilePlaces says where profiles lie. In a store at Nix's own places they are
// Nix's: ~/.nix-profile, and those below ~/.local/state/nix, or root's below the
// store's state. In a store of isomorph's own everything is beside the store:
// the user's ~/.nix-profile may be that of a Nix.
func (m *Maker) ProfilePlaces(common *classic.Common) (profile.Places, error) {
	opts, err := m.StoreOptions(common)
	if err != nil {
		return profile.Places{}, err
	}
	if opts.Root != "" {
		return profile.Places{
			Link: filepath.Join(opts.Root, "profile"), Dir: filepath.Join(opts.Root, "nix/var/nix/profiles"),
			Expressions: filepath.Join(opts.Root, "defexpr"),
		}, nil
	}
	return m.nixPlaces(&opts)
}

func (m *Maker) nixPlaces(opts *localstore.Options) (profile.Places, error) {
	if m.Env.Home == "" {
		return profile.Places{}, errors.New("HOME is not set, so there is no place for a profile; --profile names one")
	}
	state := filepath.Join(first(m.Env.Getenv("XDG_STATE_HOME"), filepath.Join(m.Env.Home, ".local/state")), "nix")
	p := profile.Places{
		Link: filepath.Join(m.Env.Home, ".nix-profile"), Dir: filepath.Join(state, "profiles"),
		Expressions: filepath.Join(m.Env.Home, ".nix-defexpr"),
	}
	if m.Env.UID == 0 {
		p.Dir = filepath.Join(opts.StateDir, "profiles/per-user/root")
	}
	return p, nil
}
