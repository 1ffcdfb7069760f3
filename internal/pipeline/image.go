package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"
)

// Image is a bootable image that has been put in the user's hands.
type Image struct {
	Path   string // the file in the output directory
	SHA256 string // of its bytes, 64 lower-case hex digits
	Size   int64  // bytes
	NixOS  bool   // made from NixOS's modules, not from the embedded channel's
}

// findImage looks for the image in an output whose files lie at real. It
// follows the two conventions of NixOS images: nix-support/hydra-build-products
// with a line "file iso PATH", then iso/*.iso; an output that is a single file
// named *.iso is an image too. It returns "" when there is none.
func findImage(real, logical string) (string, error) {
	info, err := os.Lstat(real)
	switch {
	case err != nil:
		return "", err
	case info.Mode().IsRegular() && strings.HasSuffix(real, ".iso"):
		return real, nil
	case !info.IsDir():
		return "", nil // a symlink leads to a file of this machine, not of the output
	}
	products, err := readProducts(real)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(products) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == "file" && f[1] == "iso" {
			if rel, ok := strings.CutPrefix(f[2], logical+"/"); ok && filepath.IsLocal(rel) {
				return regular(real, rel)
			}
		}
	}
	if info, err := inside(real, "iso"); err != nil || !info.IsDir() {
		return "", nil
	}
	found, err := filepath.Glob(filepath.Join(escapeGlob(real), "iso", "*.iso"))
	if err != nil || len(found) == 0 {
		return "", err
	}
	slices.Sort(found)
	return regular(real, filepath.Join("iso", filepath.Base(found[0])))
}

// maxProducts bounds a list of products in bytes; real ones have one line.
const maxProducts = 1 << 20

// readProducts returns nix-support/hydra-build-products, "" if there is none.
func readProducts(real string) (string, error) {
	const rel = "nix-support/hydra-build-products"
	info, err := inside(real, rel)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, errLink):
		return "", nil
	case err != nil:
		return "", err
	case !info.Mode().IsRegular() || info.Size() > maxProducts:
		return "", nil
	}
	b, err := os.ReadFile(filepath.Join(real, rel))
	return string(b), err
}

// errLink says that a path leads through a symlink.
var errLink = errors.New("a symlink is on the way")

// inside looks at a file of an output. A builder may have put a symlink at any
// part of its path; followed here, it would lead to whatever this machine has.
func inside(real, rel string) (fs.FileInfo, error) {
	var info fs.FileInfo
	parts := strings.Split(filepath.Clean(rel), "/")
	for i := range parts {
		name := filepath.Join(real, filepath.Join(parts[:i+1]...))
		var err error
		if info, err = os.Lstat(name); err != nil {
			return nil, err
		}
		if info.Mode()&fs.ModeSymlink != 0 && i < len(parts)-1 {
			return nil, &fs.PathError{Op: "lstat", Path: name, Err: errLink}
		}
	}
	return info, nil
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// regular returns the place of an image, which must be a file of the output.
func regular(real, rel string) (string, error) {
	path := filepath.Join(real, rel)
	info, err := inside(real, rel)
	if err != nil {
		return "", fmt.Errorf("the image %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("the image %s is not a regular file", path)
	}
	return path, nil
}

// stamp identifies the bytes of a file without reading them: an inode whose
// size, mtime and ctime have not moved. The ctime cannot be set by a program,
// so an edit that restores the mtime is still seen.
type stamp struct {
	Dev, Ino, Size   uint64
	MtimeNs, CtimeNs int64
}

func stampOf(path string) (stamp, error) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return stamp{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return stamp{
		Dev: st.Dev, Ino: st.Ino, Size: uint64(st.Size),
		MtimeNs: st.Mtim.Nano(), CtimeNs: st.Ctim.Nano(),
	}, nil
}

// imageRecord remembers, for one image in the store, which copy of it was made
// and what its digest is, so that a run with nothing to do does not read a
// gigabyte to say so. It is a cache: when in doubt it is thrown away.
type imageRecord struct {
	Source stamp
	Copy   stamp
	Path   string
	SHA256 string
	NixOS  bool
}

func readRecord(file string) (rec imageRecord, ok bool) {
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &rec) != nil {
		return imageRecord{}, false
	}
	return rec, true
}

// deliverImage copies the image at source to target and returns its digest,
// which is computed from the bytes of the copy: it is the copy that the user
// will write to a stick. recordFile remembers the result. inspect is
// asked before a copy is made: whether the image is NixOS's, and for objections.
func deliverImage(ctx context.Context, source, target, recordFile string, inspect func() (nixos bool, err error)) (*Image, error) {
	src, err := stampOf(source)
	if err != nil {
		return nil, err
	}
	if rec, ok := readRecord(recordFile); ok && rec.Path == target && rec.Source == src {
		if dst, err := stampOf(target); err == nil && dst == rec.Copy {
			return &Image{Path: target, SHA256: rec.SHA256, Size: int64(dst.Size), NixOS: rec.NixOS}, nil
		}
	}
	nixos, err := inspect()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return nil, err
	}
	if err := copyFile(ctx, source, target); err != nil {
		return nil, fmt.Errorf("copy the image to %s: %w", target, err)
	}
	dst, err := stampOf(target)
	if err != nil {
		return nil, err
	}
	sum, err := sha256File(ctx, target)
	if err != nil {
		return nil, err
	}
	// The digest stands for the stamp from before the reading: whoever writes
	// to the copy while it is read changes the stamp, and the record is void.
	rec := imageRecord{Source: src, Copy: dst, Path: target, SHA256: sum, NixOS: nixos}
	if err := writeRecord(recordFile, rec); err != nil {
		return nil, err
	}
	return &Image{Path: target, SHA256: sum, Size: int64(dst.Size), NixOS: nixos}, nil
}

func writeRecord(file string, rec imageRecord) error {
	b, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return renameio.WriteFile(file, b, 0o644)
}

// copyFile copies a regular file; the target appears whole or not at all.
func copyFile(ctx context.Context, source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := renameio.NewPendingFile(target, renameio.WithPermissions(0o644), renameio.WithTempDir(filepath.Dir(target)))
	if err != nil {
		return err
	}
	defer out.Cleanup()
	stop := context.AfterFunc(ctx, func() { in.Close() })
	defer stop()
	// File to file: the kernel copies, and shares the blocks where it can.
	if _, err := io.Copy(out.File, in); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return out.CloseAtomicallyReplace()
}

func sha256File(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", ctx.Err()
		}
	}
}
