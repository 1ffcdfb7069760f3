package flakeref_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"isomorph/internal/flakeref"
)

// What is printed is read back as the same reference, and printed the same.
func FuzzParsePrintParse(f *testing.F) {
	file, err := os.Open("testdata/oracle.txt")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	seeds := 0
	for s := bufio.NewScanner(file); s.Scan(); seeds++ {
		text, _, _ := strings.Cut(s.Text(), "\t")
		f.Add(text)
	}
	if seeds < 100 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := flakeref.Parse(text, flakeref.Options{})
		if err != nil {
			return
		}
		printed, err := first.Text()
		if err != nil {
			return // a commit that is none is accepted, and refused when it is printed
		}
		second, err := flakeref.Parse(printed, flakeref.Options{KeepRelative: true})
		if err != nil {
			t.Fatalf("%q prints as %q, which is refused: %v", text, printed, err)
		}
		again, err := second.Text()
		if err != nil || again != printed {
			t.Fatalf("%q prints as %q, that as %q: %v", text, printed, again, err)
		}
		if _, err := flakeref.FromAttrs(first.ToAttrs()); err != nil {
			t.Fatalf("%q: its own attributes are refused: %v", text, err)
		}
	})
}
