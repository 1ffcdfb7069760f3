package eval_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// TestLanguage runs the chunks of testdata/*.nix. A chunk ends at a line
// "---". It is an expression that either ends in a line "# = VALUE", what
// --strict prints, or has a comment ### "regexp" on the line that its error
// points at and that the message must match.
func TestLanguage(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.nix")
	if want := 7; len(files) != want {
		t.Fatalf("got %d files in testdata, want %d: adapt the count when adding one", len(files), want)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, chunk := range strings.Split(string(data), "\n---\n") {
				t.Run(strconv.Itoa(i+1), func(t *testing.T) { runChunk(t, chunk) })
			}
		})
	}
}

var errorComment = regexp.MustCompile(`### (".*")`)

func runChunk(t *testing.T, chunk string) {
	st := newState(t, eval.Options{})
	got, err := run(st, st.NewCtx(), chunk)
	if m := errorComment.FindStringSubmatchIndex(chunk); m != nil {
		pattern, _ := strconv.Unquote(chunk[m[2]:m[3]])
		line := 1 + strings.Count(chunk[:m[0]], "\n")
		checkError(t, st, chunk, err, pattern, line)
		return
	}
	if err != nil {
		t.Fatalf("%s\n%s", chunk, st.RenderError(err, true))
	}
	_, want, ok := strings.Cut(chunk, "# = ")
	if want = strings.TrimSpace(want); !ok || got != want {
		t.Errorf("%s\ngot  %s\nwant %s", chunk, got, want)
	}
}

func checkError(t *testing.T, st *eval.State, chunk string, err error, pattern string, line int) {
	t.Helper()
	e, ok := errors.AsType[*eval.Error](err)
	if !ok {
		t.Fatalf("%s\ngot no error, want %q", chunk, pattern)
	}
	if !regexp.MustCompile(pattern).MatchString(e.Msg) {
		t.Errorf("%s\ngot  %s\nwant %s", chunk, e.Msg, pattern)
	}
	if got := place(st, e).Line; got != line {
		t.Errorf("%s\n%s: got line %d, want %d", chunk, e.Msg, got, line)
	}
}
