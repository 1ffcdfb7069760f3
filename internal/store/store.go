// Package store says what a Nix store is to the rest of isomorph.
//
// A store maps store paths to immutable file trees and keeps, for each valid
// path, a [PathInfo]: the hash and size of its NAR serialisation, the paths it
// refers to, and where it came from. A path is either valid, and then complete,
// canonical and never changed again, or it does not exist for anybody. There is
// no state between: everything enters through a private [Scratch] directory and
// becomes valid in one step, [Scratch.Register] (or [Batch.Commit], which uses
// the same function).
//
// # Order of use
//
// Another process may collect garbage at any time. Whoever wants to rely on a
// path says so first and looks second:
//
//	s.AddTempRoot(ctx, p)    // from now on no collector removes p
//	info, err := s.Info(ctx, p)
//
// All Add methods do this themselves. A temporary root lasts until the store is
// closed.
//
// # Who may see what
//
// Paths are logical (/nix/store/...); [Store.RealPath] says where the bytes lie
// on this machine. The interface lives here, implementations in the packages
// below (localstore, and an in-memory one in storetest), and the suite that
// all of them pass in storetest.
package store

import (
	"context"
	"errors"
	"io"

	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/storepath"
)

// Errors that callers branch on. Implementations wrap them.
var (
	// ErrNotFound: the path is not valid in this store.
	ErrNotFound = errors.New("path is not valid")

	// ErrReadOnly: the store was opened for reading, or may not be written.
	ErrReadOnly = errors.New("the store is read-only")

	// ErrHashMismatch: content does not have the hash that was promised.
	ErrHashMismatch = errors.New("hash mismatch")

	// ErrInUse: a path cannot be deleted because something still needs it.
	ErrInUse = errors.New("path is still alive")
)

// PathInfo is what a store knows about one valid path.
type PathInfo struct {
	Path    storepath.Path
	NarHash nixhash.Hash // always SHA-256
	NarSize uint64       // bytes

	References []storepath.Path // sorted; may contain Path itself
	Deriver    storepath.Path   // "" if unknown

	RegistrationTime int64 // seconds since 1970; no meaning for builds
	Ultimate         bool  // built here, not copied from elsewhere
	Sigs             []string
	CA               string // content address assertion, "" if none
}

// Clone returns a copy that shares no slice with i.
func (i *PathInfo) Clone() *PathInfo {
	c := *i
	c.References = append([]storepath.Path(nil), i.References...)
	c.Sigs = append([]string(nil), i.Sigs...)
	return &c
}

// Reader is what can be asked of a store without changing it.
// All methods may be called from many goroutines.
type Reader interface {
	// Dir returns the logical store directory, normally /nix/store.
	Dir() storepath.Dir

	// RealPath returns the place on disk where p is, or would be.
	RealPath(p storepath.Path) string

	// Info returns what is known about p; an error for which
	// errors.Is(err, ErrNotFound) is true if p is not valid.
	// The result is shared: do not change it.
	Info(ctx context.Context, p storepath.Path) (*PathInfo, error)

	// ValidPaths returns those of the given paths that are valid.
	ValidPaths(ctx context.Context, paths []storepath.Path) (map[storepath.Path]bool, error)

	// AllPaths returns every valid path, sorted.
	AllPaths(ctx context.Context) ([]storepath.Path, error)

	// PathFromHashPart returns the valid path whose base name begins with
	// the 32 characters hash; ErrNotFound if there is none.
	PathFromHashPart(ctx context.Context, hash string) (storepath.Path, error)

	// Referrers returns the valid paths that refer to p, sorted.
	Referrers(ctx context.Context, p storepath.Path) ([]storepath.Path, error)

	// ValidDerivers returns the valid derivations that have p as an
	// output, sorted.
	ValidDerivers(ctx context.Context, p storepath.Path) ([]storepath.Path, error)

	// DerivationOutputs returns the outputs of the valid derivation drv by
	// output name, as recorded when it was added. No file is read.
	DerivationOutputs(ctx context.Context, drv storepath.Path) (map[string]storepath.Path, error)

	// OpenLog opens the log of a build, decompressed; ErrNotFound if none
	// was kept.
	OpenLog(ctx context.Context, drv storepath.Path) (io.ReadCloser, error)
}

// Store is a store that can be added to. See the package comment.
type Store interface {
	Reader

	// AddText adds a regular file with the given contents and references
	// (builtins.toFile, .drv files) and returns its path. One call is one
	// transaction with its own disk flush: use NewBatch for more than one.
	AddText(ctx context.Context, name string, contents []byte, refs []storepath.Path) (storepath.Path, error)

	// AddTree adds a file tree from outside the store. It hashes first and
	// copies only if the resulting path is not valid yet.
	AddTree(ctx context.Context, src Source) (storepath.Path, error)

	// AddNAR makes info.Path valid with the contents that the NAR stream r
	// holds. Hash, size and form are checked before the path appears; the
	// error is ErrHashMismatch if they are not those of info. r is read to
	// the end of the archive, not further.
	AddNAR(ctx context.Context, info *PathInfo, r io.Reader) error

	// NewBatch returns an empty batch of additions.
	NewBatch(ctx context.Context) Batch

	// NewScratch creates a private directory on the store's file system,
	// for builders, downloads and everything else that makes new paths.
	NewScratch(ctx context.Context) (Scratch, error)

	// AddTempRoot keeps the collector from removing the paths until the
	// store is closed, valid or not. It waits while a collection is at
	// work.
	AddTempRoot(ctx context.Context, paths ...storepath.Path) error

	// AddIndirectRoot makes the symlink at link (absolute, replaced if it
	// is a symlink) point to the real place of p, and registers link as a
	// root: p lives as long as link points to it.
	AddIndirectRoot(ctx context.Context, link string, p storepath.Path) error

	// AddRoot makes p a permanent root by the given name, which may
	// contain slashes, below the store's gcroots directory.
	AddRoot(ctx context.Context, name string, p storepath.Path) error

	// Roots lists all roots, sorted by path, then by link.
	Roots(ctx context.Context) ([]Root, error)

	// LockPaths takes the exclusive locks of all paths in a fixed order,
	// so that no two processes build one output at the same time. It calls
	// waiting (if not nil) once with a path that is held by another
	// process, before it waits for it. The locks of Nix are the same.
	LockPaths(ctx context.Context, paths []storepath.Path, waiting func(storepath.Path)) (Lock, error)

	// CreateLog creates the log file of a build, in place of an older one.
	// What is written can be read at once.
	CreateLog(ctx context.Context, drv storepath.Path) (io.WriteCloser, error)

	// GC collects garbage, or reports what a collection would do.
	GC(ctx context.Context, opts GCOptions) (*GCResult, error)

	// Verify compares the store with its database.
	Verify(ctx context.Context, opts VerifyOptions) (*VerifyResult, error)

	// AddSignatures adds signatures to a valid path.
	AddSignatures(ctx context.Context, p storepath.Path, sigs []string) error

	// Close releases locks and temporary roots.
	Close() error
}

// Source is a file tree outside the store, to be added by [Store.AddTree].
type Source struct {
	Name string // name part of the resulting path
	Path string // absolute path on disk; not followed if it is a symlink

	// Filter tells which files below Path to take; nil takes all. path is
	// absolute, kind is "regular", "directory", "symlink" or "unknown". It
	// is not asked about Path itself. It may be called twice for a file
	// and must answer the same.
	// It is called in the caller's goroutine.
	Filter func(path, kind string) (bool, error)

	// Flat adds one regular file by the hash of its contents
	// (outputHashMode = "flat"); otherwise the hash is that of the NAR.
	Flat bool
	Algo nixhash.Algorithm // zero: SHA-256

	// Known is the content hash if the caller has computed it already.
	// Then nothing is read if the resulting path is valid. If it turns
	// out to be wrong while copying: ErrHashMismatch.
	Known nixhash.Hash

	// Dump, if there is one, writes the NAR instead of a walk over Path with
	// Filter: whoever has just hashed a tree knows what is in it. It goes with
	// Known, and is believed no more than what is found on a walk.
	Dump func(w io.Writer) error

	References []storepath.Path
}

// Batch collects additions and makes them valid all at once, with one disk
// flush and one transaction, however many they are. It may be used from many
// goroutines.
type Batch interface {
	// AddText is like Store.AddText, but the path becomes valid, and its
	// file appears, at the next Commit. References may be to paths of the
	// same batch. A big batch may commit parts of itself before.
	AddText(ctx context.Context, name string, contents []byte, refs []storepath.Path) (storepath.Path, error)

	// AddDerivation adds the file of a derivation whose outputs are filled
	// in. The derivation may not change any more; the text is copied.
	AddDerivation(ctx context.Context, d *derivation.Derivation, f derivation.File) (storepath.Path, error)

	// AddTree is like Store.AddTree, but the path becomes valid at the next
	// Commit.
	AddTree(ctx context.Context, src Source) (storepath.Path, error)

	// Contents returns the contents of a text of the batch that is not
	// committed yet.
	Contents(p storepath.Path) ([]byte, bool)

	// Commit makes everything added so far valid and durable. The batch
	// can be used again afterwards.
	Commit(ctx context.Context) error
}

// Scratch is a private directory (mode 0700) on the store's file system. The
// owner creates entries in it, seals each, and registers those that shall
// become valid. The collector leaves it alone until the process ends.
type Scratch interface {
	// Dir returns the real absolute path of the directory.
	Dir() string

	// Seal brings the entry name (no slash) of the directory into the one
	// canonical form: modes 0444 and 0555, modification time 1, no
	// extended attributes, only regular files, directories and symlinks.
	// Nobody else may be able to write to it any more. Then it hashes the
	// NAR, and copies it to tee if that is not nil (reference scanning).
	Seal(ctx context.Context, name string, tee io.Writer) (Sealed, error)

	// Register makes sealed entries valid, in one step for all: it flushes
	// them to disk, moves them to their final paths, and commits one
	// transaction. References must be valid or in the same call. When it
	// returns nil, the paths are valid and survive a power cut. A path that
	// is valid already keeps its contents. held are the locks of the paths
	// if the caller has them (LockPaths); with nil, Register takes them
	// itself for as long as it works.
	Register(ctx context.Context, held Lock, regs []Registration) error

	// Close deletes the directory with all that is still in it.
	Close() error
}

// Sealed is the result of [Scratch.Seal].
type Sealed struct {
	NarHash nixhash.Hash
	NarSize uint64
	Files   int // files, directories and symlinks in the tree
}

// Registration asks for one sealed entry to become a valid path.
type Registration struct {
	Entry string   // name in the scratch directory
	Info  PathInfo // NarHash and NarSize as sealed, or zero

	// Repair replaces the contents of Info.Path if it is valid already.
	Repair bool
}

// Lock is a set of held path locks.
type Lock interface {
	// Unlock releases the locks. Calling it again does nothing.
	Unlock()
}

// Root is one reason why a path is kept.
type Root struct {
	Path storepath.Path
	Link string // symlink, or in braces what else holds the path: "{temp:...}", "{memory:...}"
}

// GCAction is what a collection is asked for.
type GCAction int

// Actions of [Store.GC].
const (
	GCDeleteDead GCAction = iota
	GCReturnDead
	GCReturnLive
	GCDeleteSpecific // delete Paths; ErrInUse if one is alive
)

// GCOptions says what to collect.
type GCOptions struct {
	Action         GCAction
	Paths          []storepath.Path // for GCDeleteSpecific
	IgnoreLiveness bool             // with GCDeleteSpecific: delete although rooted
	MaxFreed       uint64           // stop after this many bytes; 0: no limit

	// KeepDerivations keeps the derivation of every live output (Nix:
	// keep-derivations, on by default there); KeepOutputs the outputs of
	// every live derivation (keep-outputs, off by default).
	KeepDerivations bool
	KeepOutputs     bool

	// Deleted, if not nil, is called for each path as it goes.
	Deleted func(realPath string)
}

// GCResult is what a collection did, or found.
type GCResult struct {
	Paths      []storepath.Path // deleted, dead or live paths, sorted
	Garbage    []string         // names in the store directory that belonged to no valid path
	BytesFreed uint64
}

// VerifyOptions says how deep to look.
type VerifyOptions struct {
	CheckContents bool // read and hash everything

	// DropMissing removes paths from the database that are not on disk and
	// that no valid path refers to, as Nix's --verify does.
	DropMissing bool

	// Repair is called for each damaged path and should make it whole; nil
	// only reports. Wrong modes and times are then put right without it.
	Repair func(ctx context.Context, p storepath.Path) error

	// Progress, if not nil, is called before each path that is read.
	Progress func(p storepath.Path, done, total int)
}

// Problem is one difference between the store and its database.
type Problem struct {
	Path     storepath.Path // "" for a name that is no store path
	Text     string         // what is wrong, complete sentence part
	Repaired bool
	Fatal    bool // false: worth saying, nothing valid is affected
}

// VerifyResult lists what Verify found, sorted by path.
type VerifyResult struct {
	Checked  int
	Problems []Problem
}

// OK reports whether nothing valid is damaged, or all of it was repaired.
func (r *VerifyResult) OK() bool {
	for _, p := range r.Problems {
		if p.Fatal && !p.Repaired {
			return false
		}
	}
	return true
}
