// Package channel is the embedded package collection: Nix expressions that
// answer to the part of nixpkgs' interface recipes use, and the lock file that
// pins every input by SHA-256. README.md in this directory says what it
// promises.
//
// The expressions run from a directory, so a program materialises Files
// somewhere and adds one thing that is not here: the seed, a static busybox
// unpacked from its pinned .deb. It lies in SeedDir as
//
//	bin/busybox   the deb's file of the same path, mode 0755
//	bin/LINK      a symbolic link to "busybox" for each LINK of SeedLinks
//
// and nothing else. bootstrap/default.nix names the hash of that tree, so a
// seed that differs is refused.
package channel

import (
	"embed"
	"io/fs"
)

//go:embed default.nix flake.nix lock.json README.md lib bootstrap stdenv build-support pkgs nixos tests
var files embed.FS

const (
	// SeedDir is where the seed lies below the materialised channel.
	SeedDir = "seed"
	// SeedDeb is the lock's name of the package the seed comes from.
	SeedDeb = "busybox-static"
	// SeedProgram is the one file taken from SeedDeb, by its path in there
	// and below SeedDir.
	SeedProgram = "bin/busybox"
	// LockFile is the path of the lock below the channel's directory.
	LockFile = "lock.json"
)

// SeedLinks returns the names beside SeedProgram that are symbolic links to
// it.
func SeedLinks() []string { return []string{"ar", "sh", "tar", "xz"} }

// Files returns the channel's files, to be written below one directory with
// the same relative paths. Modes do not matter: no expression copies more
// than single files and filtered trees into the store.
func Files() fs.FS { return files }
