package njson

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// What C++ Nix 2.34.8 says to builtins.toJSON of the number.
func TestFormatFloat(t *testing.T) {
	for _, test := range []struct {
		f    float64
		want string
	}{
		{0, "0.0"}, {math.Copysign(0, -1), "-0.0"}, {1, "1.0"}, {-2.25, "-2.25"}, {0.1, "0.1"}, {1e-5, "1e-05"}, {0.0001, "0.0001"},
		{1e15, "1e+15"}, {999999999999999, "999999999999999.0"}, {123456789.123, "123456789.123"}, {1e300, "1e+300"}, {1.5e-7, "1.5e-07"},
		{1e19 + 1e10, "1.0000000009999999e+19"}, {math.MaxFloat64, "1.7976931348623157e+308"}, {math.SmallestNonzeroFloat64, "5e-324"},
		{math.Inf(1), "null"}, {math.NaN(), "null"},
	} {
		if got := FormatFloat(test.f); got != test.want {
			t.Errorf("%g: got %s, want %s", test.f, got, test.want)
		}
	}
}

// Some of the powers, as Loitsch's program has them.
func TestPowersOfTen(t *testing.T) {
	for i, want := range map[int]binary{
		0: {0xAB70FE17C79AC6CA, -1060}, 1: {0xFF77B1FCBEBCDC4F, -1034}, 2: {0xBE5691EF416BD60C, -1007}, 3: {0x8DD01FAD907FFC3C, -980},
	} {
		if got := powersOfTen()[i]; got != want {
			t.Errorf("%d: got %x * 2^%d, want %x * 2^%d", i, got.f, got.e, want.f, want.e)
		}
	}
}

func checkFloat(t *testing.T, f float64) (shortest bool) {
	t.Helper()
	s := FormatFloat(f)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return s == "null"
	}
	if back, err := strconv.ParseFloat(s, 64); err != nil || back != f || len(s) > 26 {
		t.Errorf("%g is written as %s and read as %g, %v", f, s, back, err)
	}
	digits, _ := grisu2(max(math.Abs(f), math.SmallestNonzeroFloat64))
	return len(digits) <= len(strconv.FormatFloat(f, 'e', -1, 64))
}

// All that is written gives the number back, and nearly all is as short as can be.
func TestFormatFloatBack(t *testing.T) {
	src := rand.New(rand.NewPCG(1, 1))
	short := 0
	const n = 200_000
	for range n {
		if checkFloat(t, math.Float64frombits(src.Uint64())) {
			short++
		}
	}
	if short < n/100*99 {
		t.Errorf("only %d of %d numbers are short", short, n)
	}
}

func FuzzFormatFloat(f *testing.F) {
	for _, x := range []float64{0, 1, -1.5, 1e19 + 1e10, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(math.Float64bits(x))
	}
	f.Fuzz(func(t *testing.T, bits uint64) { checkFloat(t, math.Float64frombits(bits)) })
}
