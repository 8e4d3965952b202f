// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchMembers is the size of the sorted set of all benchmarks here; members have 15
// bytes, scores are random whole numbers.
const benchMembers = 1_000_000

func benchZSet(b *testing.B) (*DB, *names) {
	db, rng := newSpace(b).DB(0), rand.New(rand.NewPCG(1, 2))
	z, err := db.FindZSet(zsetKey)
	if err != nil {
		b.Fatal(err)
	}
	n := &names{rng: rng, text: []byte("member:00000000")}
	for i := range benchMembers {
		z.Add(float64(rng.IntN(benchMembers)), n.number(i))
	}
	b.ReportAllocs()
	b.ResetTimer()
	return db, n
}

// names makes names of members in one place, so that a benchmark reads no other memory
// than that of the sorted set.
type names struct {
	rng  *rand.Rand
	text []byte
}

func (n *names) number(i int) []byte {
	for at := len(n.text) - 1; n.text[at] != ':'; at-- {
		n.text[at] = byte('0' + i%10)
		i /= 10
	}
	return n.text
}

// any is a name by chance, one of the first few.
func (n *names) any(few int) []byte { return n.number(n.rng.IntN(few)) }

func BenchmarkZSetMillion(b *testing.B) {
	db, members := benchZSet(b)
	b.Run("bytes", func(b *testing.B) {
		z, _ := db.ReadZSet(zsetKey)
		b.ReportMetric(float64(z.big().Bytes())/benchMembers, "B/member")
		b.ReportMetric(float64(z.big().OutsideBytes())/benchMembers, "B-heap/member")
	})
	b.Run("incr by 1", func(b *testing.B) {
		for range b.N {
			z, _ := db.FindZSet(zsetKey)
			z.AddIf(Increment, 1, members.any(benchMembers))
		}
	})
	b.Run("incr by a tenth of all", func(b *testing.B) {
		for range b.N {
			z, _ := db.FindZSet(zsetKey)
			z.AddIf(Increment, benchMembers/10, members.any(benchMembers))
		}
	})
	b.Run("incr one of a hundred", func(b *testing.B) {
		for range b.N {
			z, _ := db.FindZSet(zsetKey)
			z.AddIf(Increment, 1, members.any(100))
		}
	})
	b.Run("score", func(b *testing.B) {
		for range b.N {
			z, _ := db.ReadZSet(zsetKey)
			z.Score(members.any(benchMembers))
		}
	})
	b.Run("rank", func(b *testing.B) {
		for range b.N {
			z, _ := db.ReadZSet(zsetKey)
			z.Rank(members.any(benchMembers), true)
		}
	})
	b.Run("last five", func(b *testing.B) {
		sum := 0
		for range b.N {
			z, _ := db.ReadZSet(zsetKey)
			for i, c := 0, z.At(z.Len()-1); i < 5; i++ {
				sum += len(c.Member())
				c.Prev()
			}
		}
	})
}

func BenchmarkZSetSmall(b *testing.B) {
	db := newSpace(b).DB(0)
	z, _ := db.FindZSet(zsetKey)
	members := make([][]byte, 100)
	for i := range members {
		members[i] = fmt.Appendf(nil, "member:%08d", i)
		z.Add(float64(i), members[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		z, _ := db.FindZSet(zsetKey)
		z.AddIf(Increment, 1, members[i%100])
	}
}
