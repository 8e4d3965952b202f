// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// Distances are great-circle distances in metres by the haversine formula, step by step as Redis
// computes them. Since they may become scores, their last bit matters: sine, cosine and arc sine
// are rounded correctly but for one case in many thousands, as the C library does it.

// earthRadius is in metres.
const earthRadius = 6372797.560856

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
func degrees(radians float64) float64 { return radians / (math.Pi / 180) }

// along is the distance of two latitudes.
func along(a, b float64) float64 {
	return earthRadius * math.Abs(radians(b)-radians(a))
}

// distance of two places.
func distance(a, b place) float64 {
	v := sin((radians(b.longitude) - radians(a.longitude)) / 2)
	if v == 0 {
		return along(a.latitude, b.latitude)
	}
	from, to := radians(a.latitude), radians(b.latitude)
	u := sin((to - from) / 2)
	h := float64(u*u) + float64(cos(from)*cos(to)*v*v)
	return 2 * earthRadius * asin(math.Sqrt(h))
}

// roughly is the distance of two places, good to a part in 10⁹ or so.
func roughly(a, b place) float64 {
	v := math.Sin((radians(b.longitude) - radians(a.longitude)) / 2)
	u := math.Sin((radians(b.latitude) - radians(a.latitude)) / 2)
	cosines := math.Cos(radians(a.latitude)) * math.Cos(radians(b.latitude))
	return 2 * earthRadius * math.Asin(math.Sqrt(u*u+cosines*v*v))
}

// pair is a number as the sum of two: the second holds what the first has no bits for.
type pair struct{ high, low float64 }

// sum of two numbers, without any error.
func sum(a, b float64) pair {
	s := a + b
	t := s - a
	return pair{s, (a - (s - t)) + (b - t)}
}

// product of two numbers, without any error.
func product(a, b float64) pair {
	p := a * b
	return pair{p, math.FMA(a, b, -p)}
}

func (p pair) plus(q pair) pair {
	s := sum(p.high, q.high)
	s.low += p.low + q.low
	return sum(s.high, s.low)
}

func (p pair) times(q pair) pair {
	r := product(p.high, q.high)
	r.low += float64(p.high*q.low) + float64(p.low*q.high)
	return sum(r.high, r.low)
}

func (p pair) minus() pair { return pair{-p.high, -p.low} }

// gridStep is how far apart the points are whose sines are known: a power of two.
const gridStep = 1.0 / 32

// sineCosine gives sine and cosine of x, |x| ≤ 4, to about a hundred bits: from those of the
// next point of a grid, and short series for what is left.
func sineCosine(x float64) (sine, cosine pair) {
	point := math.RoundToEven(x / gridStep)
	known := &grid[int(math.Abs(point))]
	s, c := known.sine, known.cosine
	if point < 0 {
		s = s.minus()
	}
	rest := x - point*gridStep
	restSine, restCosine := series(pair{rest, 0})
	sine = s.times(restCosine).plus(c.times(restSine))
	cosine = c.times(restCosine).plus(s.times(restSine).minus())
	return sine, cosine
}

// gridPoint is an angle whose sine and cosine are known.
type gridPoint struct{ sine, cosine pair }

// gridEnd is the last angle of the grid: a little more than π.
const gridEnd = 4

// grid holds multiples of gridStep. It is made once and never changes.
var grid = newGrid()

func newGrid() (grid [gridEnd/gridStep + 1]gridPoint) {
	for i := range grid {
		grid[i].sine, grid[i].cosine = onGrid(float64(i) * gridStep)
	}
	return grid
}

// onGrid doubles the angle up from one that is small enough for the series.
func onGrid(x float64) (sine, cosine pair) {
	const halvings = 7
	sine, cosine = series(pair{x / (1 << halvings), 0})
	for range halvings {
		both, square := sine.times(cosine), sine.times(sine)
		sine = pair{2 * both.high, 2 * both.low}
		cosine = pair{1, 0}.plus(pair{-2 * square.high, -2 * square.low})
	}
	return sine, cosine
}

// seriesTerms is enough for |x| ≤ 1/32 and 110 bits.
const seriesTerms = 8

// series sums up the Taylor series of a small angle.
func series(x pair) (sine, cosine pair) {
	square := x.times(x).minus()
	term := pair{1, 0}
	for n := 1; n <= 2*seriesTerms; n++ {
		if n%2 == 1 {
			cosine = cosine.plus(term)
			term = term.over(float64(n))
			sine = sine.plus(term)
			continue
		}
		term = term.times(square).over(float64(n))
	}
	return sine.times(x), cosine
}

// over divides by a small integer.
func (p pair) over(n float64) pair {
	q := p.high / n
	rest := math.FMA(-q, n, p.high) + p.low
	return sum(q, rest/n)
}

func sin(x float64) float64 {
	sine, _ := sineCosine(x)
	return sine.high
}

func cos(x float64) float64 {
	_, cosine := sineCosine(x)
	return cosine.high
}

// asin corrects a good guess by one step of Newton's method.
func asin(x float64) float64 {
	guess := math.Asin(x)
	if !(x > 0 && x < 1) {
		return guess
	}
	sine, cosine := sineCosine(guess)
	return guess + ((x-sine.high)-sine.low)/cosine.high
}
