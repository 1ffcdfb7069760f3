package eval_test

import (
	"os"
	"path/filepath"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// BenchmarkPrograms runs every program of testdata/bench. Each ends in a small
// value whose text is in the first line, behind "# = ".
func BenchmarkPrograms(b *testing.B) {
	files, _ := filepath.Glob("testdata/bench/*.nix")
	if len(files) == 0 {
		b.Fatal("no programs in testdata/bench")
	}
	for _, f := range files {
		b.Run(filepath.Base(f), func(b *testing.B) {
			text, want := program(b, f)
			b.ReportAllocs()
			for b.Loop() {
				st := newState(b, eval.Options{})
				got, err := run(st, st.NewCtx(), text)
				if err != nil {
					b.Fatal(st.RenderError(err, false))
				}
				if got != want {
					b.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

// program reads a program and the value that it ends in.
func program(tb testing.TB, file string) (text, want string) {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	text = string(data)
	for i := range text {
		if text[i] == '\n' {
			want = text[len("# = "):i]
			break
		}
	}
	return text, want
}
