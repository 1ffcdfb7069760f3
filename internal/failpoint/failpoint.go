//go:build !failpoints

// Package failpoint names the moments at which a crash or an error would hurt
// most, so that tests can make them happen.
//
// A normal build contains nothing of it: Hit is an empty function. With the
// build tag "failpoints" the variable ISOMORPH_FAILPOINTS says what happens
// where, as NAME=ACTION[:N] joined by commas: the Nth time (default: the first)
// that the process comes by NAME it is killed ("kill", as by SIGKILL), panics
// ("panic") or gets an error from Hit ("error"). With "count" as NAME=count it
// appends one line to the file ISOMORPH_FAILPOINT_LOG, by which a test finds
// out which points a command passes.
package failpoint

// Enabled tells whether this build has failpoints.
const Enabled = false

// Hit marks the place called name. The error is nil unless a test asked for one.
func Hit(name string) error { return nil }
