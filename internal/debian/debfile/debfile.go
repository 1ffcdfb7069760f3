// Package debfile reads Debian packages (.deb, deb(5)) and unpacks them into a
// fresh directory.
//
// A package is checked against its pin, size and SHA-256, before the first byte
// is interpreted; then its own control file must agree with the pin about name,
// version and architecture, so that a lock cannot name one package and mean
// another. Unpacking writes below one open directory, by file descriptor, and
// never through a link: an archive can hold a link and then a name that leads
// through it (CVE-2022-1664).
//
// The outer format is an ar archive of exactly three members in this order:
// debian-binary, control.tar and data.tar, the latter two compressed by gzip,
// xz, zstd or not at all.
package debfile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"

	"isomorph/internal/debian/deb822"
	"isomorph/internal/unxz"
)

// Limits, in bytes. Debian's largest package has about 2 GB; the only one that
// this program itself unpacks has one megabyte.
const (
	MaxSize    = 256 << 20 // of a .deb
	MaxControl = 16 << 20  // of the control archive, decompressed
	MaxData    = 4 << 30   // of the data archive, decompressed
	maxWindow  = 128 << 20 // of zstd
)

// Pin says which package is expected. Name, Version and Architecture are
// compared with the control file unless they are empty.
type Pin struct {
	Name, Version, Architecture string
	SHA256                      string // hexadecimal
	Size                        int64  // bytes
}

// MismatchError is the error for a file that is not the pinned one.
type MismatchError struct{ What, Got, Want string }

// Error says what differs.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the package has %s %s, the lock pins %s", e.What, e.Got, e.Want)
}

// File is an opened package.
type File struct {
	Control deb822.Stanza
	data    member
}

// Open checks the bytes of a package against its pin and reads its control
// file.
func Open(b []byte, pin Pin) (*File, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("package is larger than %d bytes", MaxSize)
	}
	if int64(len(b)) != pin.Size {
		return nil, &MismatchError{"size", fmt.Sprint(len(b)), fmt.Sprint(pin.Size)}
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != pin.SHA256 {
		return nil, &MismatchError{"SHA-256", hex.EncodeToString(sum[:]), pin.SHA256}
	}
	f, err := parse(b)
	if err != nil {
		return nil, err
	}
	return f, f.check(pin)
}

// parse reads the outer archive and the control file.
func parse(b []byte) (*File, error) {
	members, err := readAr(b)
	if err != nil {
		return nil, err
	}
	if len(members) != 3 || members[0].name != "debian-binary" ||
		!isTar(members[1].name, "control.tar") || !isTar(members[2].name, "data.tar") {
		return nil, fmt.Errorf("a .deb has the members debian-binary, control.tar.* and data.tar.*, this one has %s", names(members))
	}
	if string(members[0].data) != "2.0\n" {
		return nil, fmt.Errorf("package format %q is not known (2.0 is)", bytes.TrimSpace(members[0].data))
	}
	control, err := readControl(members[1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", members[1].name, err)
	}
	return &File{Control: control, data: members[2]}, nil
}

func isTar(name, base string) bool {
	ext, ok := strings.CutPrefix(name, base)
	return ok && (ext == "" || ext == ".gz" || ext == ".xz" || ext == ".zst")
}

func names(members []member) string {
	var out []string
	for _, m := range members {
		out = append(out, fmt.Sprintf("%q", m.name))
	}
	return strings.Join(out, ", ")
}

func (f *File) check(pin Pin) error {
	for _, c := range []struct{ field, want string }{
		{"Package", pin.Name}, {"Version", pin.Version}, {"Architecture", pin.Architecture},
	} {
		if got := f.Control.Get(c.field); c.want != "" && got != c.want {
			return &MismatchError{c.field, fmt.Sprintf("%q", got), fmt.Sprintf("%q", c.want)}
		}
	}
	return nil
}

// readControl finds the file "control" in the control archive.
func readControl(m member) (deb822.Stanza, error) {
	r, err := m.open(MaxControl)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil, errors.New("there is no control file")
		}
		if err != nil {
			return nil, err
		}
		if path.Clean(h.Name) != "control" || h.Typeflag != tar.TypeReg {
			continue
		}
		return deb822.NewReader(t, deb822.Strict).Next()
	}
}

// open returns the decompressed contents of a member. More than limit bytes are
// an error.
func (m member) open(limit int64) (io.ReadCloser, error) {
	in := bytes.NewReader(m.data)
	switch path.Ext(m.name) {
	case ".xz":
		r, err := unxz.NewReader(in)
		if err != nil {
			return nil, err
		}
		return &limited{io.NopCloser(r), limit, limit}, nil
	case ".gz":
		r, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return &limited{r, limit, limit}, nil
	case ".zst":
		r, err := zstd.NewReader(in, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return &limited{r.IOReadCloser(), limit, limit}, nil
	}
	return &limited{io.NopCloser(in), limit, limit}, nil
}

// limited stops a decompression bomb.
type limited struct {
	io.ReadCloser
	left, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("decompresses to more than %d bytes", l.limit)
	}
	return n, err
}
