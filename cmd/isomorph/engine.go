package main

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// running is the program itself, even if its file has been replaced since.
const running = "/proc/self/exe"

// engine identifies this build of the program: what it remembers is for no
// other. That is the identity that the Go linker writes into each program, which
// has the hash of the linked program in it, so of all code and embedded files.
// A program that was linked without one is hashed as a whole.
func engine() (string, error) {
	f, err := os.Open(running)
	if err != nil {
		return "", fmt.Errorf("the running program cannot be identified: %w", err)
	}
	defer f.Close()
	if id := buildID(f); id != "" {
		return "build " + id, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("the running program cannot be identified: %w", err)
	}
	return "program " + hex.EncodeToString(h.Sum(nil)), nil
}

// buildID returns the identity that the linker gave a program, "" if it has
// none. It is in an ELF note of the owner "Go" with the type 4
// (cmd/internal/buildid, "The ELF note").
func buildID(r io.ReaderAt) string {
	file, err := elf.NewFile(r)
	if err != nil {
		return ""
	}
	section := file.Section(".note.go.buildid")
	if section == nil {
		return ""
	}
	note, err := section.Data()
	if err != nil {
		return ""
	}
	id, err := parseNote(note, file.ByteOrder)
	if err != nil {
		return ""
	}
	return id
}

var errNote = errors.New("not a note with a build identity")

// parseNote reads an ELF note: the sizes of owner and contents and a type, then
// these, each filled up to a multiple of four bytes.
func parseNote(b []byte, order binary.ByteOrder) (string, error) {
	const goOwner, goType = "Go\x00\x00", 4
	if len(b) < 16 || order.Uint32(b) != 4 || order.Uint32(b[8:]) != goType || !bytes.Equal(b[12:16], []byte(goOwner)) {
		return "", errNote
	}
	size, rest := order.Uint32(b[4:]), b[16:]
	if uint64(size) > uint64(len(rest)) {
		return "", errNote
	}
	return string(rest[:size]), nil
}
