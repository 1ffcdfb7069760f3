package main

import (
	"runtime/debug"

	"isomorph/internal/cli/classic"
)

// version says which program this is: the commit it was compiled from, if the
// compiler knew, and the version of Nix that it is compatible with.
func version() string {
	text := "of an unknown commit"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			text += " with changes"
		}
	}
	return text + " (Nix " + classic.NixVersion + ")"
}
