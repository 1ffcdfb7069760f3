package cli

import (
	"os"
	"path/filepath"
)

// FindRecipe returns the recipe of a directory: its iso.nix, or else its
// default.nix. ok is false if it has neither.
func FindRecipe(dir string) (name string, ok bool) {
	for _, name := range []string{"iso.nix", "default.nix"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return name, true
		}
	}
	return "", false
}
