// Package flakeref reads and prints flake references: the texts and attribute
// sets that say where a flake is to be had.
//
//	github:NixOS/nixpkgs/nixos-23.05?dir=lib#hello
//	{ type = "github"; owner = "NixOS"; repo = "nixpkgs"; ref = "nixos-23.05"; dir = "lib"; }
//
// Both forms stand for the same [Ref]. A text is one of three things, tried in
// this order: the short name of a flake to be looked up in a registry
// ("nixpkgs", "nixpkgs/BRANCH"), a URL with one of the schemes that package
// flakeref knows, or a path. What follows "#" is not part of the reference but
// selects an attribute; what follows "^" in that selects outputs.
//
// Each scheme (path, git, github, gitlab, sourcehut, tarball, file, hg,
// indirect) says which attributes it has, how it reads them from a URL and how
// it prints one. Nothing is fetched here; the only files that are looked at are
// those that tell where the flake of a path begins.
//
// The rules are those of Nix 2.34 (libflake/flakeref.cc, libfetchers,
// libutil/url.cc; manual, "nix flake", section "Flake references"), with its
// oddities: what one version accepts, another has in its lock files.
package flakeref
