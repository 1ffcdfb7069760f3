package localstore

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"isomorph/internal/storepath"
)

// Options says where a store is and what it may ask of the world.
type Options struct {
	// Root is the directory that the store lies under, in Nix's layout:
	// Root/nix/store, Root/nix/var/nix, Root/nix/var/log/nix. Root "/" is
	// the store of the machine.
	Root string

	// StoreDir is the logical store directory; "" is /nix/store.
	StoreDir storepath.Dir

	// RealStoreDir, StateDir and LogDir, if set, lie elsewhere than below
	// Root (NIX_STORE_DIR, NIX_STATE_DIR, NIX_LOG_DIR).
	RealStoreDir string
	StateDir     string
	LogDir       string

	// ReadOnly opens the store without a lock and changes nothing. A store
	// whose directories cannot be written is opened so by itself.
	ReadOnly bool

	// NoDurability leaves out every flush to disk: for stores that are
	// thrown away. A power cut may leave such a store with valid paths
	// whose contents are wrong.
	NoDurability bool

	// UID is the user that all files of the store belong to: the user that
	// this process runs as.
	UID int

	// Now is the clock for registration times, which nothing depends on.
	Now func() time.Time

	// Rand makes the names of temporary files and of this process's list
	// of temporary roots.
	Rand io.Reader

	// ProcDir is where running processes are looked at to find paths in
	// use, normally /proc; "" looks at none.
	ProcDir string

	// Waiting, if not nil, is told what the store waits for, as a
	// sentence without a full stop; Warn gets messages of that form about
	// oddities that are no errors.
	Waiting func(what string)
	Warn    func(message string)
}

// layout is where the parts of a store are, all absolute.
type layout struct {
	store    string // the real store directory
	state    string
	db       string
	gcroots  string
	profiles string
	temp     string // temporary roots
	log      string
}

func (o *Options) layout() (layout, error) {
	var l layout
	if o.Now == nil || o.Rand == nil {
		return l, fmt.Errorf("open store: Options.Now and Options.Rand must be set")
	}
	if o.Root == "" && (o.RealStoreDir == "" || o.StateDir == "" || o.LogDir == "") {
		return l, fmt.Errorf("open store: no root directory given")
	}
	// Nix wants no symlink above the store; a home directory often has one.
	root := o.Root
	if real, err := filepath.EvalSymlinks(root); err == nil && root != "" {
		root = real
	}
	pick := func(dir, below string) string {
		if dir != "" {
			return filepath.Clean(dir)
		}
		return filepath.Join(root, below)
	}
	l.store = pick(o.RealStoreDir, "nix/store")
	l.state = pick(o.StateDir, "nix/var/nix")
	l.log = pick(o.LogDir, "nix/var/log/nix")
	l.db = filepath.Join(l.state, "db")
	l.gcroots = filepath.Join(l.state, "gcroots")
	l.profiles = filepath.Join(l.state, "profiles")
	l.temp = filepath.Join(l.state, "temproots")
	for _, dir := range []string{l.store, l.state, l.log} {
		if !filepath.IsAbs(dir) {
			return l, fmt.Errorf("open store: '%s' is not an absolute path", dir)
		}
	}
	return l, nil
}
