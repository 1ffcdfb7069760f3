package unxz

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash"
	"io"
)

// countReader counts the bytes taken. It has ReadByte so that the LZMA reader
// takes single bytes from it and never reads ahead.
type countReader struct {
	r *bufio.Reader
	n int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *countReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// teeByteReader adds each byte read to a checksum.
type teeByteReader struct {
	r   io.ByteReader
	sum hash.Hash32
}

func (t *teeByteReader) ReadByte() (byte, error) {
	b, err := t.r.ReadByte()
	if err == nil {
		t.sum.Write([]byte{b})
	}
	return b, err
}

// readVarint reads the format's integer: up to 9 bytes of 7 bits, lowest first,
// in the shortest form.
func readVarint(r io.ByteReader) (uint64, error) {
	var v uint64
	for i := 0; i < 9; i++ {
		b, err := r.ReadByte()
		if err != nil {
			return 0, noEOF(err)
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			if b == 0 && i > 0 {
				return 0, errors.New("integer is not in its shortest form")
			}
			return v, nil
		}
	}
	return 0, errors.New("integer is longer than 9 bytes")
}

// readPadding reads zeros up to the next multiple of four, seen from pos.
func readPadding(r io.ByteReader, pos int64) error {
	for ; pos%4 != 0; pos++ {
		b, err := r.ReadByte()
		if err != nil {
			return noEOF(err)
		}
		if b != 0 {
			return errors.New("padding is not zero")
		}
	}
	return nil
}

func expectCRC(r io.Reader, want uint32) error {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return noEOF(err)
	}
	if binary.LittleEndian.Uint32(b[:]) != want {
		return errors.New("wrong checksum")
	}
	return nil
}

// noEOF makes an end inside the stream an error of its own: io.EOF would mean
// that all went well.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
