// Package unxz decompresses .xz streams from strangers in bounded memory.
//
// The container is read here, the LZMA2 data inside it by ulikunitz/xz/lzma.
// That library's own container reader takes the dictionary size from each
// block's header, whatever it is configured with, so that 28 bytes of input can
// make it ask for 4 GiB (reliability P12). Here each block header is checked
// against a limit before anything is allocated.
//
// Accepted is what Debian's archive and dpkg-deb write: one stream, any number
// of blocks with one LZMA2 filter each, check none, CRC32, CRC64 or SHA-256.
// Checks, sizes, index and footer are verified; bytes after the stream are an
// error. The format is that of "The .xz File Format" 1.2.1.
package unxz

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// MaxDict is the largest dictionary accepted: that of "xz -9", in bytes.
const MaxDict = 64 << 20

// maxBlocks bounds the record list kept for the check against the index.
const maxBlocks = 1 << 20

var (
	headerMagic = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
	footerMagic = []byte{'Y', 'Z'}
)

// Reader decompresses one stream.
type Reader struct {
	in      *countReader
	flags   byte // the check's id
	block   *block
	records []record
	err     error
}

type record struct{ unpadded, size uint64 }

// NewReader reads the stream header from r and returns a reader of the
// decompressed data.
func NewReader(r io.Reader) (*Reader, error) {
	z := &Reader{in: &countReader{r: bufio.NewReaderSize(r, 64<<10)}}
	var h [12]byte
	if _, err := io.ReadFull(z.in, h[:]); err != nil {
		return nil, fmt.Errorf("xz header: %w", noEOF(err))
	}
	if !bytes.Equal(h[:6], headerMagic) {
		return nil, errors.New("xz header: not an .xz file")
	}
	if crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return nil, errors.New("xz header: wrong checksum")
	}
	if _, err := newCheck(h[7]); h[6] != 0 || err != nil {
		return nil, fmt.Errorf("xz header: unknown flags %02x %02x", h[6], h[7])
	}
	z.flags = h[7]
	return z, nil
}

// Read decompresses. After the last byte it verifies index and footer and only
// then returns io.EOF.
func (z *Reader) Read(p []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := z.read(p)
		if err != nil {
			z.err = err
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (z *Reader) read(p []byte) (int, error) {
	if z.block == nil {
		if err := z.nextBlock(); err != nil {
			return 0, err
		}
	}
	n, err := z.block.Read(p)
	if err != io.EOF {
		if err != nil {
			err = fmt.Errorf("xz block %d: %w", len(z.records)+1, err)
		}
		return n, err
	}
	rec, err := z.block.finish(z.in)
	if err != nil {
		return n, fmt.Errorf("xz block %d: %w", len(z.records)+1, err)
	}
	z.block = nil
	if len(z.records) == maxBlocks {
		return n, fmt.Errorf("xz: more than %d blocks", maxBlocks)
	}
	z.records = append(z.records, rec)
	return n, nil
}

// nextBlock opens the next block, or verifies the end of the stream.
func (z *Reader) nextBlock() error {
	start := z.in.n
	size, err := z.in.ReadByte()
	if err != nil {
		return noEOF(err)
	}
	if size != 0 {
		z.block, err = openBlock(z.in, start, size, z.flags)
		if err != nil {
			return fmt.Errorf("xz block %d: %w", len(z.records)+1, err)
		}
		return nil
	}
	if err := z.readIndex(start); err != nil {
		return fmt.Errorf("xz index: %w", err)
	}
	if err := z.readFooter(z.in.n - start); err != nil {
		return fmt.Errorf("xz footer: %w", err)
	}
	return io.EOF
}

// readIndex compares the index with the blocks that were read.
func (z *Reader) readIndex(start int64) error {
	sum := crc32.NewIEEE()
	sum.Write([]byte{0})
	in := &teeByteReader{z.in, sum}
	count, err := readVarint(in)
	if err != nil {
		return err
	}
	if count != uint64(len(z.records)) {
		return fmt.Errorf("lists %d blocks, there are %d", count, len(z.records))
	}
	for i, rec := range z.records {
		unpadded, err := readVarint(in)
		if err != nil {
			return err
		}
		size, err := readVarint(in)
		if err != nil {
			return err
		}
		if unpadded != rec.unpadded || size != rec.size {
			return fmt.Errorf("record %d does not fit the block", i+1)
		}
	}
	if err := readPadding(in, z.in.n-start); err != nil {
		return err
	}
	return expectCRC(z.in, sum.Sum32())
}

func (z *Reader) readFooter(indexSize int64) error {
	var f [12]byte
	if _, err := io.ReadFull(z.in, f[:]); err != nil {
		return noEOF(err)
	}
	if crc32.ChecksumIEEE(f[4:10]) != binary.LittleEndian.Uint32(f[:]) {
		return errors.New("wrong checksum")
	}
	backward := (int64(binary.LittleEndian.Uint32(f[4:])) + 1) * 4
	if backward != indexSize || f[8] != 0 || f[9] != z.flags || !bytes.Equal(f[10:], footerMagic) {
		return errors.New("does not fit the stream")
	}
	if _, err := z.in.ReadByte(); err == nil {
		return errors.New("data after the end of the stream")
	} else if err != io.EOF {
		return err
	}
	return nil
}

// block is one block being decompressed.
type block struct {
	data       *lzma.Reader2
	in         *countReader
	check      hash.Hash
	start      int64 // offset of the block header
	dataStart  int64
	packed     uint64 // as the header says; none if !hasPacked
	unpacked   uint64
	hasPacked  bool
	hasUnpack  bool
	size       uint64 // decompressed so far
	checkBytes int
}

func openBlock(in *countReader, start int64, size byte, flags byte) (*block, error) {
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if _, err := io.ReadFull(in, h[1:]); err != nil {
		return nil, noEOF(err)
	}
	body := h[:len(h)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(h[len(h)-4:]) {
		return nil, errors.New("header has a wrong checksum")
	}
	b := &block{in: in, start: start, dataStart: in.n}
	dict, err := b.parseHeader(body[1:])
	if err != nil {
		return nil, err
	}
	b.check, err = newCheck(flags)
	if err != nil {
		return nil, err
	}
	if b.check != nil {
		b.checkBytes = b.check.Size()
	}
	b.data, err = lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(in)
	return b, err
}

// parseHeader reads the flags, sizes and the one filter, and returns the
// dictionary's size.
func (b *block) parseHeader(h []byte) (dict int64, err error) {
	r := bytes.NewReader(h[1:])
	flags := h[0]
	if flags&0x3f != 0 {
		return 0, errors.New("uses another filter than one LZMA2")
	}
	if b.hasPacked = flags&0x40 != 0; b.hasPacked {
		if b.packed, err = readVarint(r); err != nil {
			return 0, err
		}
	}
	if b.hasUnpack = flags&0x80 != 0; b.hasUnpack {
		if b.unpacked, err = readVarint(r); err != nil {
			return 0, err
		}
	}
	var filter [3]byte
	if _, err := io.ReadFull(r, filter[:]); err != nil || filter[0] != 0x21 || filter[1] != 1 {
		return 0, errors.New("uses another filter than one LZMA2")
	}
	dict, err = lzma.DecodeDictCap(filter[2])
	if err != nil {
		return 0, err
	}
	if dict > MaxDict {
		return 0, fmt.Errorf("needs a dictionary of %d bytes, the limit is %d", dict, MaxDict)
	}
	for r.Len() > 0 {
		if c, _ := r.ReadByte(); c != 0 {
			return 0, errors.New("padding of the header is not zero")
		}
	}
	return dict, nil
}

func (b *block) Read(p []byte) (int, error) {
	n, err := b.data.Read(p)
	b.size += uint64(n)
	if b.check != nil {
		b.check.Write(p[:n])
	}
	if b.hasUnpack && b.size > b.unpacked {
		return 0, errors.New("is longer than its header says")
	}
	return n, err
}

// finish verifies sizes, padding and check.
func (b *block) finish(in *countReader) (record, error) {
	packed := uint64(in.n - b.dataStart)
	if b.hasPacked && packed != b.packed || b.hasUnpack && b.size != b.unpacked {
		return record{}, errors.New("has another size than its header says")
	}
	rec := record{unpadded: uint64(in.n-b.start) + uint64(b.checkBytes), size: b.size}
	if err := readPadding(in, in.n-b.start); err != nil {
		return rec, err
	}
	if b.check == nil {
		return rec, nil
	}
	want := make([]byte, b.checkBytes)
	if _, err := io.ReadFull(in, want); err != nil {
		return rec, noEOF(err)
	}
	if !bytes.Equal(want, b.check.Sum(nil)) {
		return rec, errors.New("wrong checksum of the data")
	}
	return rec, nil
}

// newCheck returns the hash for a check id, nil for "none".
func newCheck(id byte) (hash.Hash, error) {
	switch id {
	case 0:
		return nil, nil
	case 1:
		return littleEndian{crc32.NewIEEE()}, nil
	case 4:
		return littleEndian{crc64.New(crc64.MakeTable(crc64.ECMA))}, nil
	case 10:
		return sha256.New(), nil
	}
	return nil, fmt.Errorf("unknown check %d", id)
}

// littleEndian turns round the sum of a CRC: .xz stores it the other way than
// Go's hash packages print it.
type littleEndian struct{ hash.Hash }

func (h littleEndian) Sum(b []byte) []byte {
	s := h.Hash.Sum(nil)
	for i := len(s) - 1; i >= 0; i-- {
		b = append(b, s[i])
	}
	return b
}
