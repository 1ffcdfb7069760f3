//go:build weak_nofsync

package localstore

import "os"

// This build is the control of the power-cut tests: with the defence removed
// they have to fail, or they prove nothing.

func syncFile(*os.File) error       { return nil }
func syncFileSystem(*os.File) error { return nil }

const synchronous = "FULL"
