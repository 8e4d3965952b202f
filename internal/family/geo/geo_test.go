// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/seedtest"
)

// TestScoresKeepPlaces turns places into scores and back.
func TestScoresKeepPlaces(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for range 5000 {
		p := place{rng.Float64()*360 - 180, (rng.Float64()*2 - 1) * latitudeMax}
		score := scoreOf(p)
		back := placeOf(score)
		if math.Abs(back.longitude-p.longitude) > 3e-6 || math.Abs(back.latitude-p.latitude) > 2e-6 {
			t.Fatalf("%v became %v", p, back)
		}
		if scoreOf(back) != score {
			t.Fatalf("%v: another score on the way back", p)
		}
	}
}

// TestUnsignedIsTotal wants any score to be some place on the map.
func TestUnsignedIsTotal(t *testing.T) {
	for _, score := range []float64{
		0, -1, math.Inf(1), math.Inf(-1), 1e300, -1e300, 1 << 63, -(1 << 63), 1 << 62, 1e19, 0.5,
	} {
		if p := placeOf(score); !p.onMap() {
			t.Errorf("%g is at %v", score, p)
		}
	}
}

// sineOf sums up the series with 300 bits.
func sineOf(x float64, term *big.Float, n int64) float64 {
	const bits = 300
	square := new(big.Float).SetPrec(bits).SetFloat64(x)
	square.Mul(square, square)
	sum := new(big.Float).SetPrec(bits).Set(term)
	for ; n < 60; n += 2 {
		term.Mul(term, square).Quo(term, new(big.Float).SetInt64((n+1)*(n+2))).Neg(term)
		sum.Add(sum, term)
	}
	f, _ := sum.Float64()
	return f
}

// TestSineIsRoundedCorrectly compares with long numbers.
func TestSineIsRoundedCorrectly(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	for range 5000 {
		x := (rng.Float64()*2 - 1) * math.Pi * math.Pow(10, -float64(rng.IntN(6)))
		first := new(big.Float).SetPrec(300).SetFloat64(x)
		if got, want := sin(x), sineOf(x, first, 1); got != want {
			t.Fatalf("sin(%v) is %v, want %v", x, got, want)
		}
		one := new(big.Float).SetPrec(300).SetInt64(1)
		if got, want := cos(x), sineOf(x, one, 0); got != want {
			t.Fatalf("cos(%v) is %v, want %v", x, got, want)
		}
	}
}

// TestCellsHoldTheCircle looks for places that are near enough and in none of the cells. Near
// the poles and for circles larger than a continent Redis misses some, and so do we.
func TestCellsHoldTheCircle(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 2))
	for range 3000 {
		center := place{rng.Float64()*300 - 150, rng.Float64()*120 - 60}
		s := shape{center: center, unit: 1, radius: math.Pow(10, rng.Float64()*5.5)}
		cells := s.cells()
		bounds := s.bounds()
		p := place{
			bounds.west + rng.Float64()*(bounds.east-bounds.west),
			bounds.south + rng.Float64()*(bounds.north-bounds.south),
		}
		if _, inside := s.distance(p); !inside {
			continue
		}
		held := false
		for _, c := range cells {
			low, high := c.scores()
			score := scoreOf(p)
			held = held || score >= low && score < high
		}
		if !held {
			t.Fatalf("%v is within %v m of %v, in none of %v", p, s.radius, center, cells)
		}
	}
}

// FuzzOptions reads any options of GEOSEARCH: what is accepted describes a shape.
func FuzzOptions(f *testing.F) {
	f.Add("FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 3 ANY WITHDIST", false)
	f.Add("FROMMEMBER a BYBOX 1 2 ft", true)
	f.Add("BYBOX inf -1 x", false)
	f.Fuzz(func(t *testing.T, text string, store bool) {
		var argv [][]byte
		for _, word := range strings.Split(text, " ") {
			argv = append(argv, []byte(word))
		}
		c := command.Call{Args: command.NewArgs(argv), Argv: [][]byte{[]byte("GEOSEARCH")}}
		q := query{form: form{search: true, store: store, fixed: !store}}
		q.parse(&c.Args)
		if c.Args.Err() != nil || q.conflict(&c) != nil {
			return
		}
		s := &q.shape
		if s.unit <= 0 || s.radius < 0 || s.width < 0 || s.height < 0 || !s.center.onMap() {
			t.Fatalf("%q: %+v", text, s)
		}
		if n := len(s.cells()); n < 1 || n > 9 {
			t.Fatalf("%q: %d cells", text, n)
		}
		s.distance(place{1, 2})
	})
}
