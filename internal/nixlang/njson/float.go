package njson

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
	"sync"
)

// FormatFloat writes a number as the JSON library of C++ Nix does: digits that
// give the number back, in fixed notation between 1e-4 and 1e15, always with a
// point or an exponent, and null for what is no number.
//
// The digits are those of Loitsch's Grisu2 ("Printing Floating-Point Numbers
// Quickly and Accurately with Integers", 2010). They are the shortest ones for
// most numbers only: 1.000000001e19 comes out as 1.0000000009999999e+19. Hashes
// depend on them.
func FormatFloat(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "null"
	case math.Signbit(f):
		return "-" + FormatFloat(math.Abs(f))
	case f == 0:
		return "0.0"
	}
	digits, exp := grisu2(f)
	k, n := len(digits), len(digits)+exp // the point is behind n digits
	switch {
	case k <= n && n <= 15:
		return digits + strings.Repeat("0", n-k) + ".0"
	case 0 < n && n <= 15:
		return digits[:n] + "." + digits[n:]
	case -4 < n && n <= 0:
		return "0." + strings.Repeat("0", -n) + digits
	}
	if k > 1 {
		digits = digits[:1] + "." + digits[1:]
	}
	return fmt.Sprintf("%se%+03d", digits, n-1)
}

// binary is the number f * 2^e.
type binary struct {
	f uint64
	e int
}

// times returns the product, its significand rounded to 64 bits.
func (x binary) times(y binary) binary {
	hi, lo := bits.Mul64(x.f, y.f)
	return binary{hi + lo>>63, x.e + y.e + 64}
}

// normal returns x with the highest bit set.
func (x binary) normal() binary {
	s := bits.LeadingZeros64(x.f)
	return binary{x.f << s, x.e - s}
}

// split returns a positive number and the middles between it and its
// neighbours, the latter with one exponent.
func split(f float64) (v, low, high binary) {
	const fraction = 52
	const bias = 1023 + fraction
	m, e := math.Float64bits(f)&(1<<fraction-1), int(math.Float64bits(f)>>fraction)
	v = binary{m, 1 - bias}
	if e > 0 {
		v = binary{m | 1<<fraction, e - bias}
	}
	high = binary{2*v.f + 1, v.e - 1}.normal()
	low = binary{2*v.f - 1, v.e - 1}
	if m == 0 && e > 1 { // a power of two: the lower neighbour is nearer
		low = binary{4*v.f - 1, v.e - 2}
	}
	low = binary{low.f << (low.e - high.e), high.e}
	return v.normal(), low, high
}

// The powers of ten that products are made with.
const (
	leastPower = -300
	powerStep  = 8
	powers     = 79
)

// powersOfTen are 10^(leastPower + i*powerStep), rounded to 64 bits.
var powersOfTen = sync.OnceValue(func() (t [powers]binary) {
	for i := range t {
		k := leastPower + i*powerStep
		ten := new(big.Float).SetPrec(2000).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(k, -k))), nil))
		if k < 0 {
			ten.Quo(big.NewFloat(1).SetPrec(2000), ten)
		}
		ten.SetPrec(64).SetMode(big.ToNearestEven)
		e := ten.MantExp(ten) - 64
		f, _ := ten.SetMantExp(ten, 64).Uint64()
		t[i] = binary{f, e}
	}
	return t
})

// powerFor returns a power of ten, and its exponent, by which a number of the
// binary exponent e gets one between -60 and -32.
func powerFor(e int) (binary, int) {
	f := -60 - e - 1
	k := f * 78913 / (1 << 18) // 78913 / 2^18 is about log10(2)
	if f > 0 {
		k++
	}
	i := (-leastPower + k + powerStep - 1) / powerStep
	return powersOfTen()[i], leastPower + i*powerStep
}

// grisu2 returns digits and an exponent of ten that give a positive number back.
func grisu2(f float64) (digits string, exp int) {
	v, low, high := split(f)
	power, k := powerFor(high.e)
	w, above, below := v.times(power), high.times(power), low.times(power)
	// The products are off by at most one, so that all between these is safe.
	above.f--
	below.f++
	return generate(above, w, below, -k)
}

// generate makes digits of above until what is left lies between below and
// above, and then goes back towards w.
func generate(above, w, below binary, exp int) (string, int) {
	var buf []byte
	shift := -above.e
	one := uint64(1) << shift
	delta, dist := above.f-below.f, above.f-w.f
	whole, rest := uint64(above.f>>shift), above.f&(one-1)
	ten, n := uint64(1), 1
	for whole/ten >= 10 {
		ten *= 10
		n++
	}
	for n > 0 {
		buf = append(buf, byte('0'+whole/ten))
		whole %= ten
		n--
		if left := whole<<shift + rest; left <= delta {
			approach(buf, dist, delta, left, ten<<shift)
			return string(buf), exp + n
		}
		ten /= 10
	}
	for {
		rest *= 10
		buf = append(buf, byte('0'+rest>>shift))
		rest &= one - 1
		exp--
		delta *= 10
		dist *= 10
		if rest <= delta {
			approach(buf, dist, delta, rest, one)
			return string(buf), exp
		}
	}
}

// approach lowers the last digit as long as that leads nearer to the number and
// not out of the interval.
func approach(buf []byte, dist, delta, rest, unit uint64) {
	for rest < dist && delta-rest >= unit && (rest+unit < dist || dist-rest > rest+unit-dist) {
		buf[len(buf)-1]--
		rest += unit
	}
}
