package builtins

import (
	"fmt"
	"strconv"
	"strings"
)

// The releases of Nix 2 that can be emulated, by minor version.
const (
	oldestRelease = 18
	newestRelease = 36
)

// builtinSince says since which release there are builtins that the oldest one
// does not have (release notes in the Nix manual).
var builtinSince = map[string]int{
	"convertHash": 19,
	"warn":        23,
}

// Releases from which on a text is another one (tests of Nix 2.36).
const (
	readDirRelease           = 36
	structuredWarningRelease = 36

	// nix32Release is the first in which convertHash knows "nix32" for what
	// was "base32" before.
	nix32Release = 24

	// WarnIndentRelease is the first in which a warning of builtins.warn that
	// begins with a newline is not indented.
	WarnIndentRelease = 36
)

// release returns the minor version of a version of Nix 2, such as 2.34.8 or
// 2.36.0pre20260101; "" stands for the default one, and what is no version of Nix
// 2 gives 0.
func release(version string) int {
	if version == "" {
		version = DefaultNixVersion
	}
	rest, ok := strings.CutPrefix(version, "2.")
	minor := rest
	if i := strings.IndexAny(rest, ".p"); i >= 0 {
		minor = rest[:i]
	}
	n, err := strconv.ParseUint(minor, 10, 16)
	if !ok || err != nil || len(minor) > 3 || strings.Contains(rest, "\n") {
		return 0
	}
	return int(n)
}

// Release returns the minor version of the Nix that a setting of
// emulate-nix-version stands for; "" is the default.
func Release(version string) (int, error) {
	if n := release(version); n >= oldestRelease && n <= newestRelease {
		return n, nil
	}
	return 0, fmt.Errorf("emulate-nix-version: '%s' cannot be emulated: versions 2.%d to 2.%d can", version, oldestRelease, newestRelease)
}
