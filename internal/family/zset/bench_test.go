// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"stampede/internal/command"
)

// BenchmarkLeaderboard runs the calls of a leaderboard of a million members, from the
// arguments to the reply.
func BenchmarkLeaderboard(b *testing.B) {
	const members = 1_000_000
	s, rng := newStore(b), rand.New(rand.NewPCG(1, 2))
	db, key := s.DB(0, []byte("a")), []byte("a")
	z, err := db.FindZSet(key)
	if err != nil {
		b.Fatal(err)
	}
	for i := range members {
		z.Add(float64(rng.IntN(members)), fmt.Appendf(nil, "member:%08d", i))
	}
	name := []byte("member:00000000")
	for _, line := range [][][]byte{
		{[]byte("ZINCRBY"), key, []byte("1"), name},
		{[]byte("ZADD"), key, []byte("500000"), name},
		{[]byte("ZSCORE"), key, name},
		{[]byte("ZREVRANK"), key, name},
		{[]byte("ZREVRANGE"), key, []byte("0"), []byte("4")},
		{[]byte("ZREVRANGE"), key, []byte("0"), []byte("4"), []byte("WITHSCORES")},
	} {
		row := s.table.Named(line[0])
		do := row.Do.(command.OnShard)
		b.Run(fmt.Sprintf("%s/%d", line[0], len(line)), func(b *testing.B) {
			b.ReportAllocs()
			c := &command.Call{}
			for range b.N {
				for i, at := rng.IntN(members), len(name)-1; name[at] != ':'; at-- {
					name[at] = byte('0' + i%10)
					i /= 10
				}
				s.reply.Truncate(0)
				*c = command.Call{Argv: line, Args: command.NewArgs(line[1:]), Row: row, Reply: &s.reply}
				do(db, c)
			}
		})
	}
}
