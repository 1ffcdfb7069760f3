package eval

// defaultRelease is the minor version of Nix 2 that is emulated unless
// [Options.Release] says otherwise.
const defaultRelease = 34

// Releases of Nix 2, by minor version, from which on something is as it is now
// (release notes in the Nix manual, and its tests).
const (
	OverflowRelease = 25 // integers that overflow are errors, and do not wrap around
	PeelJSONRelease = 36 // toJSON says on which way through __toString and outPath it went wrong
)

// Since tells whether the Nix that is emulated is at least 2.minor.
func (c *Ctx) Since(minor int) bool {
	release := c.st.opts.Release
	if release == 0 {
		release = defaultRelease
	}
	return release >= minor
}
