// Runtrue runs a probe sandbox in the directory that is its argument and prints
// how that ended.
package main

import (
	"context"
	"fmt"
	"os"

	"isomorph/internal/build/sandbox"
)

func main() {
	sandbox.Main()
	found, err := sandbox.Probe(context.Background(), os.Args[1], "")
	fmt.Printf("%T\n%v\n%v\n", err, err, found)
}
