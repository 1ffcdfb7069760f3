// Package debtest makes Debian packages, good and bad, for tests.
package debtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// Member is one member of an ar archive.
type Member struct {
	Name string
	Data []byte
}

// Ar returns an ar archive.
func Ar(members ...Member) []byte {
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, m := range members {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.Name, 0, 0, 0, "100644", len(m.Data))
		b.Write(m.Data)
		if len(m.Data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// Entry is one entry of a tar archive. Size and format of the header are filled
// in.
type Entry struct {
	tar.Header
	Contents string
}

// File returns the entry of a regular file.
func File(name, contents string, mode int64) Entry {
	return Entry{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}, contents}
}

// Special returns the entry of something else.
func Special(kind byte, name, target string) Entry {
	return Entry{tar.Header{Name: name, Typeflag: kind, Linkname: target, Mode: 0o755}, ""}
}

// Tar returns a tar archive. Only what archive/tar itself refuses is an error.
func Tar(entries ...Entry) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := e.Header
		h.Size = int64(len(e.Contents))
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(e.Contents)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// XZ compresses.
func XZ(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&b)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// Gzip compresses.
func Gzip(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// Zstd compresses.
func Zstd(data []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.EncodeAll(data, nil), nil
}

// Deb returns a package with the given control file and data, compressed by xz.
func Deb(control string, entries ...Entry) ([]byte, error) {
	c, err := Tar(File("./control", control, 0o644))
	if err != nil {
		return nil, err
	}
	if c, err = XZ(c); err != nil {
		return nil, err
	}
	d, err := Tar(entries...)
	if err != nil {
		return nil, err
	}
	if d, err = XZ(d); err != nil {
		return nil, err
	}
	return Ar(Member{"debian-binary", []byte("2.0\n")}, Member{"control.tar.xz", c}, Member{"data.tar.xz", d}), nil
}

// SHA256 returns the hash in hexadecimal.
func SHA256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
