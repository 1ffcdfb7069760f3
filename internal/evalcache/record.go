package evalcache

import (
	"crypto/sha256"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// Sum is a SHA-256.
type Sum [sha256.Size]byte

// Record is an evaluation that has ended well: what it saw, and what came of it.
type Record struct {
	Vars      []Var  // of the environment, by name
	Files     []File // by path
	Trees     []Tree // in the order in which they were added
	Downloads []Download
	Inputs    []Input
	Objects   []Object         // store objects that were valid, by path
	Absent    []storepath.Path // those that were not, sorted

	// Made are the store objects that the evaluation has put into the store,
	// without those that others among them refer to: these are valid as long
	// as the others are.
	Made []storepath.Path

	Messages []Message
	Answers  []Answer
}

// Var is a variable of the environment. One that is not set has an empty value,
// as it has for the language.
type Var struct{ Name, Value string }

// Object is a store object that was valid. Its contents cannot change while it
// is; it could be deleted, and made again with others.
type Object struct {
	Path storepath.Path
	ID   Sum // of its NAR's hash and its references
}

// Download is something that was downloaded and not pinned by a hash: it stands
// for the URL until tarball-ttl has passed.
type Download struct {
	URL, Name string
	Unpack    bool
	Path      storepath.Path
}

// Input is a source on this machine that was fetched: a directory, or a git
// repository with its work tree. Both texts are JSON.
type Input struct {
	Attrs  string // what was asked for
	Locked string // what was found out about it
	Path   storepath.Path
}

// Message is something that the evaluation showed the user.
type Message struct {
	Kind MessageKind
	Text string
}

// MessageKind says by which way a message reaches the user.
type MessageKind uint8

// The methods of builtins.Host that show messages.
const (
	Trace MessageKind = iota
	Warn
	EvaluationWarning
	messageKinds
)

// Answer is what an evaluation came to: a text to print, or derivations.
type Answer struct {
	Text        string
	Derivations []Derivation
}

// Derivation is one that a value held.
type Derivation struct {
	Path   storepath.Path
	Name   string
	Output string // the output that the value stands for
}

// File is what was seen of one path. The zero values stand for "not asked".
type File struct {
	Path string // as the language names it

	Self   Self   // of the path itself, symlinks not followed
	Target string // of the symlink, if Self is SelfLink

	End         End // of what it leads to
	Fingerprint Fingerprint
	Sure        bool // equal fingerprints mean equal contents
	Sum         Sum  // of the contents, or of the list of entries
}

// Self is what was seen of a path without following a symlink at its end.
type Self uint8

// What a path can be. SelfNoLink is all that is known of a path that a file was
// reached through: it is no symlink, or is not there.
const (
	SelfUnasked Self = iota
	SelfNoLink
	SelfAbsent
	SelfRegular
	SelfDirectory
	SelfUnknown
	SelfSymlink // its target was not asked for
	SelfLink
	selfKinds
)

func selfOf(k builtins.FileKind) Self {
	switch k {
	case builtins.Regular:
		return SelfRegular
	case builtins.Directory:
		return SelfDirectory
	case builtins.Symlink:
		return SelfSymlink
	default:
		return SelfUnknown
	}
}

// End is what was seen of the file that a path leads to.
type End uint8

// What was read at the end of a path.
const (
	EndUnasked End = iota
	EndAbsent
	EndFile
	EndDirectory
	endKinds
)

// Tree is a file or tree that was hashed to become a store object.
type Tree struct {
	Path       string // as the language names it
	Name       string
	Flat       bool
	References []storepath.Path
	Rejected   []Rejected // by the filter
	Result     storepath.Path

	// Of the root, if that is a single file, see [File].
	Fingerprint Fingerprint
	Sure        bool
}

// Rejected is a file that a filter left out. Its contents do not matter, but a
// filter is told the kind and may decide otherwise about another.
type Rejected struct {
	Path string // below the root, without a slash in front
	Kind builtins.FileKind
}
