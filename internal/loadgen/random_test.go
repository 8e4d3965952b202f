// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"math"
	"testing"
)

func TestBelowIsUniform(t *testing.T) {
	const n, draws = 10, 100_000
	r := random{state: 3}
	var count [n]int
	for range draws {
		count[r.below(n)]++
	}
	for i, got := range count { // standard deviation 95, fixed seed
		if got < draws/n-500 || got > draws/n+500 {
			t.Errorf("number %d comes up %d times of %d, want about %d", i, got, draws, draws/n)
		}
	}
}

func TestZipfFollowsItsFormula(t *testing.T) {
	const n, draws = 1000, 400_000
	for _, skew := range []float64{0.5, 0.99, 1.3} {
		z, r := newZipf(n, skew), random{state: 5}
		var count [n]float64
		for range draws {
			count[z.rank(&r)]++
		}
		sum := 0.0
		for k := 1; k <= n; k++ {
			sum += math.Pow(float64(k), -skew)
		}
		expect := func(from, to int) (share float64) {
			for k := from; k < to; k++ {
				share += math.Pow(float64(k+1), -skew) / sum
			}
			return share
		}
		// The method is exact for ranks 0 and 1 and an approximation beyond.
		for _, part := range []struct {
			from, to  int
			tolerance float64
		}{{0, 1, 0.03}, {1, 2, 0.05}, {2, 10, 0.25}, {10, 100, 0.15}, {100, n, 0.25}} {
			got := 0.0
			for _, c := range count[part.from:part.to] {
				got += c / draws
			}
			want := expect(part.from, part.to)
			if math.Abs(got-want) > part.tolerance*want {
				t.Errorf("skew %v: ranks %d to %d come up in %.4f of draws, want %.4f",
					skew, part.from, part.to-1, got, want)
			}
		}
	}
}

func TestZipfNumbersAreOneToOne(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 10, 97, 1000, 1024} {
		z := newZipf(n, 0.99)
		seen := map[int64]bool{}
		for rank := range n {
			seen[rank*z.scatter%n] = true
		}
		if int64(len(seen)) != n {
			t.Errorf("%d ranks go to %d numbers", n, len(seen))
		}
		r := random{state: 9}
		for range 1000 {
			if number := z.number(&r); number < 0 || number >= n {
				t.Fatalf("of %d keys, number %d was drawn", n, number)
			}
		}
	}
}

func TestValuePoolIsPrintableUnlessBinary(t *testing.T) {
	beyond := func(pool []byte) (count int) {
		for _, b := range pool {
			if b < '!' || b > '~' {
				count++
			}
		}
		return count
	}
	if n := beyond(valuePool(64, false, &random{})); n != 0 {
		t.Errorf("%d bytes of a printable pool are not", n)
	}
	if n := beyond(valuePool(64, true, &random{})); n == 0 {
		t.Error("a binary pool has printable bytes only")
	}
}
