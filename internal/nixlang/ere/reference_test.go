package ere_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"isomorph/internal/nixlang/ere"
)

// render writes the result of a match and of a split in the form of
// testdata/reference.txt.
func render(t *testing.T, m *ere.Matcher, pattern, text string) string {
	t.Helper()
	s, err := tryRender(m, pattern, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryRender(m *ere.Matcher, pattern, text string) (string, error) {
	re, err := ere.Compile(pattern)
	if err != nil {
		var e *ere.Error
		if errors.As(err, &e) && e.Kind == ere.TooBig {
			return "E space", nil
		}
		return "E bad", nil
	}
	var b strings.Builder
	groups := func(gs []ere.Group) {
		for _, g := range gs {
			if g.Matched() {
				fmt.Fprintf(&b, ":%d,%d", g.Start, g.End)
			} else {
				b.WriteString(":-")
			}
		}
	}
	gs, ok, err := m.Match(re, text)
	if err != nil {
		return "", err
	}
	if ok {
		b.WriteString("M")
		groups(gs)
	} else {
		b.WriteString("N")
	}
	b.WriteString(" S")
	err = m.Split(re, text, func(start, end int, gs []ere.Group) {
		fmt.Fprintf(&b, ";%d,%d", start, end)
		groups(gs)
	})
	return b.String(), err
}

func unhex(t testing.TB, s string) string {
	t.Helper()
	if s == "-" {
		return ""
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// referenceLines reads lines "<pattern> <text> <result>", the first two in hex.
func referenceLines(t testing.TB, file string) [][3]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines [][3]string
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if sc.Text() == "" || strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		f := strings.SplitN(sc.Text(), " ", 3)
		lines = append(lines, [3]string{unhex(t, f[0]), unhex(t, f[1]), f[2]})
	}
	if err := sc.Err(); err != nil || len(lines) == 0 {
		t.Fatal("no reference lines in", file, err)
	}
	return lines
}

// The table was made with std::regex_match and std::cregex_iterator of
// libstdc++ 12 over random patterns; C++ Nix 2.34.8 gives the same answers.
func TestReference(t *testing.T) {
	lines := referenceLines(t, "testdata/reference.txt")
	var patient, impatient ere.Matcher
	impatient.SetImpatient()
	for name, m := range map[string]*ere.Matcher{"plain": &patient, "table": &impatient} {
		t.Run(name, func(t *testing.T) {
			for _, l := range lines {
				if got := render(t, m, l[0], l[1]); got != l[2] {
					t.Errorf("pattern %q text %q: got %s, want %s", l[0], l[1], got, l[2])
				}
			}
		})
	}
}
