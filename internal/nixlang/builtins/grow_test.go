package builtins_test

import (
	"runtime"
	"testing"

	"isomorph/internal/nixlang/builtins"
)

// TestGrownText: a text to which several others are added in turn, at its end and
// to itself, stays what it was.
func TestGrownText(t *testing.T) {
	got, err := evalIn(newMemHost(nil), builtins.Options{}, `
		let
			long = builtins.foldl' (s: n: s + "0123456789abcdef") "" (builtins.genList (n: n) 100);
			a = long + "a";
			b = a + "b";
			c = a + "c" + long;
			d = "${b}${b}d${a}";
			end = s: builtins.substring (builtins.stringLength s - 3) 3 s;
			all = [ long a b c d ];
		in map (s: [ (builtins.stringLength s) (end s) ]) (builtins.seq (map builtins.stringLength all) all)
			++ [ (b == long + "ab") (c == long + "ac" + long) (d == long + "ab" + long + "abd" + long + "a") ]`)
	want := `[ [ 1600 "def" ] [ 1601 "efa" ] [ 1602 "fab" ] [ 3202 "def" ] [ 4806 "efa" ] true true true ]`
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestTextGrowsInPlace adds up what is allocated for a text that is put together
// from many: 40 MB if each addition made a new one.
func TestTextGrowsInPlace(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := evalIn(newMemHost(nil), builtins.Options{}, `builtins.stringLength (builtins.foldl' (s: n: s + "0123456789") "" (builtins.genList (n: n) 2800))`)
	runtime.ReadMemStats(&after)
	if err != nil || got != "28000" {
		t.Errorf("got %s, %v", got, err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}
