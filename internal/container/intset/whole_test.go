// SPDX-License-Identifier: Apache-2.0

package intset_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/container/intset"
	"stampede/internal/seedtest"
)

// TestFill makes sets at once that are those made one by one.
func TestFill(t *testing.T) {
	random := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for round := range uint64(200) {
		var ints []int64
		for range random.IntN(40) {
			ints = append(ints, draw(random, round))
		}
		slices.Sort(ints)
		ints = slices.Compact(ints)
		want := intset.New(make([]byte, intset.EmptyBytes, 1000))
		for i, v := range ints {
			want = want.Insert(i, v)
		}
		got := intset.Fill(make([]byte, intset.FilledBytes(ints)), ints)
		if !bytes.Equal(got, want) {
			t.Fatalf("%v: %q, want %q", ints, got, want)
		}
		if back := got.AppendTo(nil); !slices.Equal(back, ints) {
			t.Fatalf("%v came back as %v", ints, back)
		}
	}
}
