package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// findAborting writes the names of the attributes that end the evaluation of
// the sweep w to the file skip: parts of the list of all names are tried, and
// halves of those that fail, until each culprit stands alone.
func (b *bench) findAborting(w workload, skip string) error {
	if _, err := os.Stat(skip); err == nil {
		return nil // of an earlier run in a kept directory
	}
	names := filepath.Join(b.dir, "programs", "names.json")
	try := func(list []string, mode string) (string, error) {
		text, err := json.Marshal(list)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(names, text, 0o644); err != nil {
			return "", err
		}
		part := w
		part.args = append([]string{"nix-instantiate", "--eval", "--strict", "--json", "--readonly-mode", filepath.Join(b.dir, "programs", "sweep.nix")},
			"--arg", "names", names, "--argstr", "mode", mode)
		_, out, err := b.runOurs(part)
		return out, err
	}
	out, err := try(nil, "names")
	if err != nil {
		return err
	}
	var all []string
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return fmt.Errorf("the names of all packages: %w", err)
	}
	aborting := []string{}
	var search func(list []string)
	search = func(list []string) {
		if _, err := try(list, "drvs"); err == nil || len(list) == 0 {
			return
		}
		if len(list) == 1 {
			aborting = append(aborting, list[0])
			return
		}
		search(list[:len(list)/2])
		search(list[len(list)/2:])
	}
	for part := range slices.Chunk(all, 128) { // most of these have none
		search(part)
	}
	if len(aborting) > len(all)/10 {
		return fmt.Errorf("%d of %d packages end the evaluation", len(aborting), len(all))
	}
	text, err := json.Marshal(aborting)
	if err != nil {
		return err
	}
	return os.WriteFile(skip, text, 0o644)
}
