package flakeref_test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"isomorph/internal/flakeref"
)

func nixString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "${", `\${`).Replace(s) + `"`
}

// show prints a reference as "attributes canonical-text", or its error.
func show(text string) string {
	r, err := flakeref.Parse(text, flakeref.Options{})
	if err != nil {
		return "error: " + err.Error()
	}
	var b strings.Builder
	a := r.ToAttrs()
	b.WriteString("{ a = { ")
	for _, name := range slices.Sorted(maps.Keys(a)) {
		var v string
		switch x := a[name].(type) {
		case string:
			v = nixString(x)
		case uint64:
			v = strconv.FormatUint(x, 10)
		case bool:
			v = fmt.Sprint(x)
		}
		fmt.Fprintf(&b, "%s = %s; ", name, v)
	}
	s, err := r.Text()
	if err != nil {
		return "error: " + err.Error()
	}
	b.WriteString("}; s = " + nixString(s) + "; }")
	return b.String()
}

// testdata/oracle.txt has references and what Nix 2.34.8 makes of them.
func TestAsNix(t *testing.T) {
	f, err := os.Open("testdata/oracle.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		text, want, ok := strings.Cut(s.Text(), "\t")
		if !ok {
			t.Fatalf("%q has no tab", s.Text())
		}
		n++
		if got := show(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	if n < 100 {
		t.Errorf("only %d references", n)
	}
}
