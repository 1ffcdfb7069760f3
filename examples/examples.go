// Package examples holds recipes to start from, one directory each, for
// "isomorph init" and the tests. Each has an iso.nix whose first line, a
// comment, says what it makes.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed hello minimal rescue
var files embed.FS

// Files returns the recipes: NAME/iso.nix and what lies beside it.
func Files() fs.FS { return files }
