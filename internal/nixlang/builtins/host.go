package builtins

import (
	"errors"
	"fmt"
	"io/fs"

	"isomorph/internal/derivation"
	"isomorph/internal/input"
	"isomorph/internal/nixhash"
	"isomorph/internal/storepath"
)

// Host is all that builtins ask of the world. The evaluator never touches a
// file, the network, the clock or a store by itself: package pipeline puts a
// real store behind this interface, and tests put a map behind it.
//
// Paths are absolute and canonical names of files as the language sees them.
// A name below the store directory means the store object of that name,
// wherever its bytes lie: in a store with another root, or still in the tree
// that AddPath was given and that nobody has had a reason to copy yet.
//
// Errors are plain; the builtin adds position and trace. All methods may be
// called from several goroutines.
type Host interface {
	Files
	Objects
	Inputs

	// Getenv returns a variable of the environment, "" if it is not set.
	Getenv(name string) string

	// CurrentTime returns the seconds since 1970; the same in all of one
	// evaluation.
	CurrentTime() int64

	// CurrentSystem returns the platform that this machine builds for, such
	// as "x86_64-linux".
	CurrentSystem() string

	// Trace and Warn show a message to the user: that of builtins.trace, and
	// a warning (without its "warning: ").
	Trace(msg string)
	Warn(msg string)

	// EvaluationWarning shows the message of builtins.warn, to which Nix puts
	// "evaluation warning: " in front.
	EvaluationWarning(msg string)
}

// FileKind is the type of a file, in the words of builtins.readFileType.
type FileKind string

// The kinds of files.
const (
	Regular   FileKind = "regular"
	Directory FileKind = "directory"
	Symlink   FileKind = "symlink"
	Unknown   FileKind = "unknown"
)

// KindOf returns the kind of a file with the type bits of m.
func KindOf(m fs.FileMode) FileKind {
	switch {
	case m.IsRegular():
		return Regular
	case m.IsDir():
		return Directory
	case m&fs.ModeSymlink != 0:
		return Symlink
	default:
		return Unknown
	}
}

// DirEntry is one entry of a directory.
type DirEntry struct {
	Name string
	Kind FileKind
}

// The operations of an *fs.PathError of [Files] and [Objects.AddPath] for which
// Nix has words of its own.
const (
	OpStatus  = "stat"           // ask what a file is
	OpOpen    = "open"           // open a file that is there
	OpReadDir = "read directory" // open or read a directory
	OpFollow  = "resolve"        // follow symlinks that have no end
)

// Files is the part of a Host that reads files. Errors of the system are of type
// *fs.PathError, with the path as the language sees it.
type Files interface {
	// ReadFile returns the contents of a file; symlinks are followed.
	ReadFile(path string) ([]byte, error)

	// ReadDir returns the entries of a directory, sorted by name; symlinks
	// to it are followed, those in it are not.
	ReadDir(path string) ([]DirEntry, error)

	// Lstat returns the kind of a file, a symlink in its last part not
	// followed. The error wraps fs.ErrNotExist if there is none.
	Lstat(path string) (FileKind, error)

	// Readlink returns the target of a symlink as it is written.
	Readlink(path string) (string, error)

	// ResolveSymlinks returns the name of the file with the symlinks in all
	// its parts followed, those of the last one too if last is set. A path
	// of which a part does not exist is returned as it is from there on.
	ResolveSymlinks(path string, last bool) (string, error)
}

// Filter tells whether a file of a tree is taken into the store. path is
// absolute, as the language sees it. It is called on the goroutine that called
// AddPath.
type Filter func(path string, kind FileKind) (bool, error)

// AddPathRequest asks for a file or tree to be made a store object.
type AddPathRequest struct {
	Name   string
	Path   string
	Filter Filter       // nil takes everything
	Flat   bool         // hash the contents of one regular file, not a NAR
	SHA256 nixhash.Hash // the hash that it must have; zero if any will do

	// References are what the object refers to: those of the store object
	// that Path lies in, when that was built during the evaluation. Sorted.
	References []storepath.Path
}

// ErrPathMismatch is wrapped by the error of [Objects.AddPath] for a tree or
// file with another hash than that asked for.
var ErrPathMismatch = errors.New("store path mismatch")

// HashMismatchError is what a Host returns from Fetch when it did not get what
// was asked for.
type HashMismatchError struct {
	URL       string
	Want, Got nixhash.Hash
}

// Error has the text of Nix's error.
func (e *HashMismatchError) Error() string {
	return fmt.Sprintf("hash mismatch in file downloaded from '%s':\n  specified: %s\n  got:       %s", e.URL, e.Want, e.Got)
}

// FetchRequest asks for a file or an unpacked archive from the network.
type FetchRequest struct {
	URL    string
	Name   string
	Unpack bool         // a tarball or zip: one top directory is taken off
	SHA256 nixhash.Hash // of the file, or of the NAR of the tree; zero if it is not pinned
}

// Objects is the part of a Host that knows the store. In a read-only
// evaluation it computes paths and writes nothing.
type Objects interface {
	// AddPath makes a tree or file a store object and returns its path. It
	// need not copy anything until somebody asks for the object. The error
	// wraps ErrPathMismatch if it has another hash than it must have.
	AddPath(req AddPathRequest) (storepath.Path, error)

	// AddText makes a text a store object.
	AddText(name string, contents []byte, refs []storepath.Path) (storepath.Path, error)

	// AddDerivation makes a derivation, whose outputs are filled in
	// already, and its file a store object. The text of the file is the
	// caller's, who will use it for something else.
	AddDerivation(d *derivation.Derivation, f derivation.File) error

	// ReadDerivation returns a derivation of this evaluation or of the
	// store.
	ReadDerivation(p storepath.Path) (*derivation.Derivation, error)

	// Closure returns the store objects that p refers to, directly and not,
	// p included.
	Closure(p storepath.Path) ([]storepath.Path, error)

	// References returns the store objects that p refers to directly, sorted;
	// none if p is not valid.
	References(p storepath.Path) ([]storepath.Path, error)

	// ContentAddress returns how a valid object is addressed by its contents,
	// "" if it is not.
	ContentAddress(p storepath.Path) (string, error)

	// IsValid tells whether p is in the store or was added by this
	// evaluation.
	IsValid(p storepath.Path) bool

	// EnsureValid makes sure that p is a valid object, for
	// builtins.storePath and appendContext. A read-only evaluation takes the
	// caller's word for it, as Nix does.
	EnsureValid(p storepath.Path) error

	// Realise builds outputs of derivations during the evaluation
	// (import-from-derivation).
	Realise(outputs []DerivationOutput) error

	// Fetch downloads.
	Fetch(req FetchRequest) (storepath.Path, error)
}

// Inputs is the part of a Host that fetches trees.
type Inputs interface {
	// FetchTree fetches an input and makes it a store object. The error is an
	// *input.FetchError that says what was being fetched, or an
	// *input.MismatchError.
	FetchTree(in input.Attrs) (*input.Fetched, error)

	// LookUpInput returns what an indirect input stands for, by the
	// registries of this machine.
	LookUpInput(in input.Attrs) (input.Attrs, error)
}

// DerivationOutput names an output of a derivation; Output "" means all.
type DerivationOutput struct {
	Derivation storepath.Path
	Output     string
}
