// Helper is the smallest program that can be a sandbox's helper: static, so
// that Probe can show it to itself.
package main

import (
	"os"

	"isomorph/internal/build/sandbox"
)

func main() {
	sandbox.Main()
	os.Exit(2)
}
