package session

import (
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/cli/settings"
)

// knownFeatures are the experimental features of Nix 2.34
// (libutil/experimental-features.cc).
const knownFeatures = `auto-allocate-uids blake3-hashes ca-derivations cgroups configurable-impure-env daemon-trust-override
	dynamic-derivations external-builders fetch-closure fetch-tree flakes git-hashing impure-derivations local-overlay-store
	mounted-ssh-store nix-command parse-toml-timestamps pipe-operators read-only-local-store recursive-nix verified-fetches`

// warnFeatures tells of experimental features that there are not.
func (m *Maker) warnFeatures(features []string) {
	sorted := slices.Clone(features)
	slices.Sort(sorted)
	for _, f := range slices.Compact(sorted) {
		switch {
		case f == "no-url-literals":
			m.warn(fmt.Sprintf("experimental feature '%s' has been stabilized and renamed; use 'lint-url-literals = fatal' setting instead", f))
		case !slices.Contains(strings.Fields(knownFeatures), f):
			m.warn(fmt.Sprintf("unknown experimental feature '%s'", f))
		}
	}
}

// oldLint gives the older name of a lint its meaning, with Nix's warning.
func (m *Maker) oldLint(set settings.Values) {
	const old, name = "warn-short-path-literals", "lint-short-path-literals"
	if set[old] == "" {
		return
	}
	level := "ignore"
	if set.Flag(old, false) {
		level = "warn"
	}
	m.warn(fmt.Sprintf("'%s' is deprecated, use '%s = %s' instead", old, name, level))
	if set[name] == "" {
		set[name] = level
	}
}
