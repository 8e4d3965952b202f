// SPDX-License-Identifier: Apache-2.0

package set

import (
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/seedtest"
)

// TestListsOfIntegers holds the three operations against what is right at a glance.
func TestListsOfIntegers(t *testing.T) {
	random := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for range 3000 {
		var lists [][]int64
		in := map[int64]int{}
		for range 1 + random.IntN(4) {
			var list []int64
			for range random.IntN([...]int{4, 20, 300}[random.IntN(3)]) {
				list = append(list, random.Int64N(120)-60)
			}
			slices.Sort(list)
			lists = append(lists, slices.Compact(list))
			for _, n := range lists[len(lists)-1] {
				in[n]++
			}
		}
		check(t, "union", lists, uniteInts, func(n int64) bool { return in[n] > 0 })
		check(t, "intersection", lists, intersectInts,
			func(n int64) bool { return in[n] == len(lists) })
		check(t, "difference", lists, subtractInts,
			func(n int64) bool { return in[n] == 1 && slices.Contains(lists[0], n) })
	}
}

func check(t *testing.T, what string, lists [][]int64, do func([][]int64) []int64,
	wanted func(n int64) bool) {
	t.Helper()
	copied := make([][]int64, len(lists))
	for i := range lists {
		copied[i] = slices.Clone(lists[i])
	}
	var want []int64
	for n := int64(-60); n < 60; n++ {
		if wanted(n) {
			want = append(want, n)
		}
	}
	if got := do(copied); !slices.Equal(got, want) {
		t.Fatalf("%s of %v: %v, want %v", what, lists, got, want)
	}
}
