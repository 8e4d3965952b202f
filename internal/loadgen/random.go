// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"math"
	"math/bits"
)

// zipfKeysMax bounds the sum that a Zipf distribution computes once, about 20 ns a key.
const zipfKeysMax = 1 << 28

// random is a SplitMix64 sequence: eight bytes of state, about a nanosecond a number, and good
// enough to choose keys.
type random struct {
	state uint64
}

// next returns 64 random bits.
func (r *random) next() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below returns a number from 0 to n-1. The bias of the multiplication is below n/2^64.
func (r *random) below(n int64) int64 {
	high, _ := bits.Mul64(r.next(), uint64(n))
	return int64(high)
}

// fraction returns a number from 0 to just below 1.
func (r *random) fraction() float64 {
	return float64(r.next()>>11) / (1 << 53)
}

// zipf draws ranks so that rank k (from 0) comes up in proportion to 1/(k+1)^skew, by the
// method of Gray et al., "Quickly Generating Billion-Record Synthetic Databases" (1994): ranks 0
// and 1 exactly, the others by a power that fits the rest of the sum. It is read-only once made,
// so all loops share one.
type zipf struct {
	n       int64
	sum     float64 // of 1/k^skew over all ranks
	half    float64 // what rank 1 weighs
	alpha   float64
	eta     float64
	scatter int64 // spreads ranks over the key numbers: coprime to n
}

// newZipf computes the distribution over n ranks in O(n).
func newZipf(n int64, skew float64) *zipf {
	z := &zipf{n: n, half: math.Pow(0.5, skew), alpha: 1 / (1 - skew)}
	for k := int64(1); k <= n; k++ {
		z.sum += math.Pow(float64(k), -skew)
	}
	z.eta = (1 - math.Pow(2/float64(n), 1-skew)) / (1 - (1+z.half)/z.sum)
	z.scatter = coprimeTo(n)
	return z
}

// rank draws a rank from 0, the most frequent, to n-1.
func (z *zipf) rank(r *random) int64 {
	u := r.fraction()
	switch weight := u * z.sum; {
	case z.n == 1 || weight < 1:
		return 0
	case z.n == 2 || weight < 1+z.half:
		return 1
	}
	rank := int64(float64(z.n) * math.Pow(z.eta*u-z.eta+1, z.alpha))
	return min(rank, z.n-1)
}

// number draws a key number: the rank moved to a place of its own, so that the frequent keys
// are not neighbours.
func (z *zipf) number(r *random) int64 {
	high, low := bits.Mul64(uint64(z.rank(r)), uint64(z.scatter))
	_, rest := bits.Div64(high, low, uint64(z.n))
	return int64(rest)
}

// coprimeTo returns a factor near the golden section of n that has no divisor in common with
// it, so that multiplying by it modulo n is one to one.
func coprimeTo(n int64) int64 {
	factor := max(int64(float64(n)*0.6180339887498949), 1)
	for greatestDivisor(factor, n) != 1 {
		factor++
	}
	return factor
}

// greatestDivisor returns the greatest common divisor of two positive numbers.
func greatestDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// valuePool returns random bytes that values are cut from, at least size of them and enough
// that values differ.
func valuePool(size int, binary bool, r *random) []byte {
	const variety = 1 << 16
	pool := make([]byte, size+variety)
	for i := range pool {
		if pool[i] = byte(r.next()); !binary {
			pool[i] = '!' + byte(uint(pool[i])*94>>8)
		}
	}
	return pool
}
