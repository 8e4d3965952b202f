// SPDX-License-Identifier: Apache-2.0

package btree

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

const benchPairs = 1_000_000

// block is a Members as a sorted set has it: all members in one block, by offset.
type block []byte

func (m *block) Member(ref uint32) []byte {
	b := (*m)[ref:]
	return b[1 : 1+b[0]]
}

func (m *block) add(i int) uint32 {
	ref := uint32(len(*m))
	*m = append(append(*m, 15), fmt.Sprintf("member:%08d", i)...)
	return ref
}

func newBlock(n int) (*block, []uint32) {
	m, refs := new(block), make([]uint32, n)
	for i := range refs {
		refs[i] = m.add(i)
	}
	return m, refs
}

func benchTree(b *testing.B) (*Tree, *block, []uint32, []float64) {
	m, refs := newBlock(benchPairs)
	scores := make([]float64, benchPairs)
	tree := New(m)
	for i, ref := range refs {
		scores[i] = float64(rand.IntN(benchPairs))
		tree.Insert(scores[i], ref)
	}
	b.ResetTimer()
	return tree, m, refs, scores
}

func BenchmarkInsert(b *testing.B) {
	for _, c := range []struct {
		name  string
		score func(i int) float64
	}{
		{"random", func(int) float64 { return rand.Float64() }},
		{"ascending", func(i int) float64 { return float64(i) }},
		{"equal", func(i int) float64 { return 0 }},
	} {
		b.Run(c.name, func(b *testing.B) {
			m, refs := newBlock(benchPairs)
			rand.Shuffle(len(refs), func(i, j int) { refs[i], refs[j] = refs[j], refs[i] })
			tree := New(m)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if i%benchPairs == 0 {
					tree.Reset()
				}
				tree.Insert(c.score(i%benchPairs), refs[i%benchPairs])
			}
			b.ReportMetric(float64(tree.Bytes())/float64(tree.Len()), "B/pair")
		})
	}
}

func BenchmarkMove(b *testing.B) {
	tree, m, refs, scores := benchTree(b)
	b.ReportAllocs()
	for b.Loop() {
		i := rand.IntN(benchPairs)
		tree.Move(scores[i], scores[i]+1, m.Member(refs[i]))
		scores[i]++
	}
}

func BenchmarkMoveFar(b *testing.B) {
	tree, m, refs, scores := benchTree(b)
	b.ReportAllocs()
	for b.Loop() {
		i := rand.IntN(benchPairs)
		score := float64(rand.IntN(benchPairs))
		tree.Move(scores[i], score, m.Member(refs[i]))
		scores[i] = score
	}
}

func BenchmarkRank(b *testing.B) {
	tree, m, refs, scores := benchTree(b)
	for b.Loop() {
		i := rand.IntN(benchPairs)
		tree.Rank(scores[i], m.Member(refs[i]))
	}
}

func BenchmarkTopFive(b *testing.B) {
	tree, _, _, _ := benchTree(b)
	sum := 0.0
	for b.Loop() {
		c := tree.At(tree.Len() - 1)
		for range 5 {
			sum += c.Score()
			c.Prev()
		}
	}
}

func BenchmarkPopMin(b *testing.B) {
	tree, _, refs, _ := benchTree(b)
	for b.Loop() {
		tree.DeleteRange(0, 1, nil)
		tree.Insert(rand.Float64()*benchPairs, refs[0])
	}
}
