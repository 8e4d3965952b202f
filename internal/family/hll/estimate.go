// SPDX-License-Identifier: Apache-2.0

package hll

import "math"

// histogram counts registers by their values.
type histogram [registerMax + 1]int

// histogram of the sketch; ok is false if its runs are not all the registers.
func (s sketch) histogram() (h histogram, ok bool) {
	if s.isDense() {
		for i := range registers {
			h[s.register(i)]++
		}
		return h, true
	}
	ok = s.eachRun(func(_ int, r run) { h[r.value] += r.n })
	return h, ok
}

// maxima are, register by register, the greatest of several sketches.
type maxima [registers]byte

// merge takes in one more sketch; it tells whether that makes sense.
func (m *maxima) merge(s sketch) (ok bool) {
	if s.isDense() {
		for i := range m {
			m[i] = max(m[i], s.register(i))
		}
		return true
	}
	return s.eachRun(func(first int, r run) {
		if r.value == 0 {
			return
		}
		for i := first; i < first+r.n; i++ {
			m[i] = max(m[i], r.value)
		}
	})
}

func (m *maxima) histogram() (h histogram) {
	for _, value := range m {
		h[value]++
	}
	return h
}

// estimate is how many different elements were given: Ertl's estimator ("New cardinality
// estimation algorithms for HyperLogLog sketches", 2017), rounded as Redis does.
func (h *histogram) estimate() uint64 {
	const m = float64(registers)
	const alpha = 0.721347520444481703680 // 1 / (2 ln 2)
	z := m * tau((m-float64(h[rankMax]))/m)
	for value := rankMax - 1; value >= 1; value-- {
		z += float64(h[value])
		z *= 0.5
	}
	z += float64(m * sigma(float64(h[0])/m))
	const square = alpha * registers * registers
	rounded := math.Round(square / z)
	if !(rounded < 1<<63) { // registers that no element can have set
		return 1 << 63
	}
	return uint64(rounded)
}

// sigma is x + x² + 2x⁴ + 4x⁸ + …, up to what a float64 holds.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	sum, factor := x, 1.0
	for {
		x *= x
		before := sum
		sum += float64(x * factor)
		factor += factor
		if sum == before {
			return sum
		}
	}
}

// tau is (1 - x - (1-√x)²/2 - (1-⁴√x)²/4 - …) / 3, up to what a float64 holds.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	sum, factor := 1-x, 1.0
	for {
		x = math.Sqrt(x)
		before := sum
		factor *= 0.5
		sum -= float64((1 - x) * (1 - x) * factor)
		if sum == before {
			return sum / 3
		}
	}
}
