// Package nar reads and writes NAR archives, the form in which Nix serialises
// a file tree.
//
// A NAR holds exactly what matters of a tree: names, contents, executable bits
// and symlink targets; no times, owners or other modes. It is canonical: equal
// trees have equal bytes, and no other bytes stand for them. So the hash of a
// NAR is the hash of a tree, and reading has to be as strict as writing: an
// archive that this package accepts is, byte for byte, what it would write
// for the tree that the archive describes.
//
// # Format
//
// Every token is a length-prefixed string: 8 bytes of length, little-endian,
// the bytes, and zeros up to a multiple of 8.
//
//	archive   = "nix-archive-1" node
//	node      = "(" "type" ( regular | symlink | directory ) ")"
//	regular   = "regular" [ "executable" "" ] [ "contents" BYTES ]
//	symlink   = "symlink" "target" BYTES
//	directory = "directory" { "entry" "(" "name" BYTES "node" node ")" }
//
// with the entries of a directory in ascending byte order of their names. The
// source is the Nix manual, "Nix Archive (NAR) format".
//
// # Limits
//
// The limits below are those of Nix 2.34 where Nix has one, so that both sides
// accept the same archives. Lengths are never trusted with memory: only tokens
// of a fixed small size are read into memory, contents are streamed.
package nar

import "fmt"

// Limits on what an archive may hold.
const (
	MaxDepth  = 64      // nested directories
	MaxName   = 255     // bytes in a file name
	MaxTarget = 4095    // bytes in a symlink's target
	MaxFiles  = 4 << 20 // files, directories and symlinks in one archive

	maxToken = 32 // bytes in a keyword
)

// Magic is the first token of every archive.
const Magic = "nix-archive-1"

// A FormatError tells why something is not a NAR, or not one that the limits
// allow.
type FormatError struct {
	Path string // of the node inside the archive, "" for the root
	Msg  string
}

// Error says where and why.
func (e *FormatError) Error() string {
	if e.Path == "" {
		return "bad NAR: " + e.Msg
	}
	return fmt.Sprintf("bad NAR: %q: %s", e.Path, e.Msg)
}

func formatErrorf(path, format string, args ...any) error {
	return &FormatError{Path: path, Msg: fmt.Sprintf(format, args...)}
}

// checkName returns why name cannot be the name of a directory entry, or "".
func checkName(name string) string {
	switch {
	case name == "":
		return "an entry has an empty name"
	case name == "." || name == "..":
		return "an entry is named " + name
	case len(name) > MaxName:
		return fmt.Sprintf("a name is longer than %d bytes", MaxName)
	}
	for i := range len(name) {
		if name[i] == '/' || name[i] == 0 {
			return fmt.Sprintf("the name %q holds a slash or a NUL", name)
		}
	}
	return ""
}

// checkTarget returns why target cannot be the target of a symlink, or "".
func checkTarget(target string) string {
	switch {
	case target == "":
		return "a symlink has an empty target"
	case len(target) > MaxTarget:
		return fmt.Sprintf("a symlink's target is longer than %d bytes", MaxTarget)
	}
	for i := range len(target) {
		if target[i] == 0 {
			return "a symlink's target holds a NUL"
		}
	}
	return ""
}

// padding returns how many zeros follow n bytes.
func padding(n uint64) int { return int(-n & 7) }
