// Package channelfs puts the embedded channel on the disk, where the evaluator,
// a text editor or another implementation of Nix can read it.
//
// A materialised channel lies in <cache>/channel/<hash>/: its own files, the
// lock in force as lock.json, and seed/, the busybox that the bootstrap starts
// from, unpacked from its pinned Debian package. The hash is one of all these,
// so that two versions of the program or two locks get two directories and a
// directory never changes: the paths in the positions of error messages stay
// true.
//
// A directory appears under its name in one step when it is complete and on
// disk. It is made under a lock, so that of several processes one does the work.
// Its files are read-only and carry the modification time 1; one that has been
// edited shows by its time or size, and then the directory is made anew.
package channelfs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"isomorph/internal/atomicfile"
	"isomorph/internal/debian/debfile"
	"isomorph/internal/debian/lock"
)

// layout is part of the hash: it changes when the same channel is to be laid
// out in another way.
const layout = "isomorph channel 1\n"

// LockFile is the lock's name in the channel.
const LockFile = "lock.json"

// Options says what to materialise and where.
type Options struct {
	// Channel is the channel's tree, its lock.json included.
	Channel fs.FS
	// Lock replaces the channel's own lock.json if it is not nil.
	Lock []byte
	// CacheDir is the program's cache directory
	// ($XDG_CACHE_HOME/isomorph). It is made if missing.
	CacheDir string
	// Fetch gets a file by URL. The result is checked here; size is its
	// exact length in bytes, sum its SHA-256 in hexadecimal.
	Fetch func(ctx context.Context, url string, size int64, sum string) ([]byte, error)
}

// Materialise makes sure that the channel is on the disk and returns its
// directory, an absolute path if CacheDir is one. When it is there already,
// that costs reading the embedded tree and a stat of each file.
func Materialise(ctx context.Context, o Options) (string, error) {
	tree, err := readTree(o.Channel, o.Lock)
	if err != nil {
		return "", fmt.Errorf("embedded channel: %w", err)
	}
	base := Base(o)
	dir := filepath.Join(base, tree.hash)
	if tree.intact(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", fmt.Errorf("materialise the channel: %w", err)
	}
	held, err := atomicfile.OpenLock(filepath.Join(base, ".lock"))
	if err != nil {
		return "", err
	}
	defer held.Close()
	if err := held.Acquire(ctx, atomicfile.Exclusive, nil); err != nil {
		return "", fmt.Errorf("waiting for another isomorph that materialises the channel: %w", err)
	}
	if tree.intact(dir) {
		return dir, nil
	}
	if err := tree.write(ctx, o, base, dir); err != nil {
		return "", fmt.Errorf("materialise the channel in %s: %w", dir, err)
	}
	return dir, nil
}

// tree is the channel in memory.
type tree struct {
	names []string // sorted, slash-separated
	files map[string][]byte
	hash  string
}

func readTree(channel fs.FS, lockText []byte) (*tree, error) {
	t := &tree{files: map[string][]byte{}}
	err := fs.WalkDir(channel, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && name == "seed" {
				return fs.SkipDir // a checkout's own; ours is unpacked
			}
			return err
		}
		if strings.HasSuffix(name, ".go") || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		b, err := fs.ReadFile(channel, name)
		t.names = append(t.names, name)
		t.files[name] = b
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.files[LockFile] == nil {
		return nil, errors.New("it has no " + LockFile)
	}
	if lockText != nil {
		t.files[LockFile] = lockText
	}
	t.hash = t.sum()
	return t, nil
}

// sum is the first 128 bits of a SHA-256 over names and contents, in
// hexadecimal: it names a directory in the user's own cache.
func (t *tree) sum() string {
	h := sha256.New()
	h.Write([]byte(layout))
	for _, name := range t.names {
		fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(t.files[name]))
		h.Write(t.files[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// intact reports whether dir holds the tree and a seed, nothing edited.
func (t *tree) intact(dir string) bool {
	for _, name := range t.names {
		if !pristine(filepath.Join(dir, filepath.FromSlash(name)), int64(len(t.files[name]))) {
			return false
		}
	}
	bin := filepath.Join(dir, "seed", "bin")
	for _, name := range debfile.SeedLinks() {
		if target, err := os.Readlink(filepath.Join(bin, name)); err != nil || target != "busybox" {
			return false
		}
	}
	return pristine(filepath.Join(bin, "busybox"), -1)
}

// pristine reports whether a file is as we wrote it, by its time and size; size
// -1 stands for any.
func pristine(name string, size int64) bool {
	st, err := os.Lstat(name)
	return err == nil && st.Mode().IsRegular() && st.ModTime().Equal(epoch()) && (size < 0 || st.Size() == size)
}

// epoch is the time that all files carry, the one that Nix gives to store
// objects.
func epoch() time.Time { return time.Unix(1, 0) }

// write makes dir. The caller holds the lock, so temporary directories that are
// there belong to processes that died.
func (t *tree) write(ctx context.Context, o Options, base, dir string) error {
	l, err := lock.Parse(t.files[LockFile])
	if err != nil {
		return err
	}
	stale, err := filepath.Glob(filepath.Join(base, ".tmp-*"))
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	tmp, err := os.MkdirTemp(base, ".tmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := t.fill(tmp); err != nil {
		return err
	}
	if err := writeSeed(ctx, o, l, filepath.Join(tmp, "seed")); err != nil {
		return err
	}
	if err := seal(tmp); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil { // one that has been edited
		return err
	}
	return publish(tmp, dir)
}

// fill writes the tree's files.
func (t *tree) fill(dir string) error {
	for _, name := range t.names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, t.files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeSeed unpacks the seed from its package.
func writeSeed(ctx context.Context, o Options, l *lock.Lock, dir string) error {
	p := l.Packages[debfile.SeedPackage]
	if p == nil {
		return fmt.Errorf("the lock does not pin %s; \"isomorph lock add %s\" does", debfile.SeedPackage, debfile.SeedPackage)
	}
	pin := debfile.Pin{Name: debfile.SeedPackage, Version: p.Version, Architecture: l.Architecture, SHA256: p.SHA256, Size: p.Size}
	f, err := openSeed(ctx, o, pin, l.URL(p.Repository, p.Path))
	if err != nil {
		return fmt.Errorf("package %s: %w", debfile.SeedPackage, err)
	}
	return f.WriteSeed(dir)
}

// openSeed gets the seed's package, from an earlier time if it can. It is kept
// because every other version of the channel needs it again.
func openSeed(ctx context.Context, o Options, pin debfile.Pin, url string) (*debfile.File, error) {
	kept := filepath.Join(o.CacheDir, "debian", pin.SHA256)
	if b, err := os.ReadFile(kept); err == nil {
		if f, err := debfile.Open(b, pin); err == nil {
			return f, nil
		}
	}
	if o.Fetch == nil {
		return nil, fmt.Errorf("%s is not in the cache, and the network is not to be used", url)
	}
	b, err := o.Fetch(ctx, url, pin.Size, pin.SHA256)
	if err != nil {
		return nil, err
	}
	f, err := debfile.Open(b, pin)
	if err != nil {
		return nil, err
	}
	return f, keep(kept, b)
}

// keep writes a file into the cache. A crash can leave a damaged one; it is
// checked by hash whenever it is read.
func keep(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	tmp := name + ".tmp" // we hold the lock: nobody else writes here
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// seal gives all files their final mode and time. The umask has no say.
func seal(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.Chmod(name, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o444)
		if st.Mode()&0o100 != 0 {
			mode = 0o555
		}
		if err := os.Chmod(name, mode); err != nil {
			return err
		}
		return os.Chtimes(name, epoch(), epoch())
	})
}

// publish gives a finished directory its name. The channel's own files are not
// flushed one by one: file systems write a file's data before its size, so one
// that a power cut has taken is found by its size. The seed's size is not known
// beforehand, so that one is flushed.
func publish(tmp, dir string) error {
	for _, name := range []string{filepath.Join(tmp, "seed", "bin", "busybox"), tmp} {
		if err := flush(name); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return flush(filepath.Dir(dir))
}

func flush(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Base returns the directory in which directories of channels lie.
func Base(o Options) string { return filepath.Join(o.CacheDir, "channel") }

// Name returns the name in [Base] of the directory that [Materialise] would
// return, and makes nothing. That costs reading the embedded tree.
func Name(o Options) (string, error) {
	tree, err := readTree(o.Channel, o.Lock)
	if err != nil {
		return "", fmt.Errorf("embedded channel: %w", err)
	}
	return tree.hash, nil
}
