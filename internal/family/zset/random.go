// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"math/rand/v2"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func randMember(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	if !c.Args.More() {
		randOne(db, c, key)
		return
	}
	count, withScores := c.Args.RandomCount("WITHSCORES")
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, ok := read(db, c, key)
	switch {
	case !ok:
	case !z.Exists() || count == 0:
		c.Reply.Array(0)
	case count < 0:
		randMany(c.Reply, &z, int(-count), withScores)
	default:
		randDistinct(c.Reply, &z, int(min(count, int64(z.Len()))), withScores)
	}
}

func randOne(db *keyspace.DB, c *command.Call, key []byte) {
	z, ok := read(db, c, key)
	switch {
	case !ok:
	case !z.Exists():
		c.Reply.Null()
	default:
		member, _ := z.Random(rand.Uint64())
		c.Reply.Bulk(member)
	}
}

// randMany answers with count members, the same one perhaps several times.
func randMany(r *reply.Buffer, z *keyspace.ZSet, count int, withScores bool) {
	announce(r, count, withScores)
	for range count {
		member, score := z.Random(rand.Uint64())
		pair(r, member, score, withScores)
	}
}

// fewOf says what few means: so small a part of all that choosing ranks by chance rarely
// meets one twice.
const fewOf = 8

// randDistinct answers with count different members, count ≤ z.Len().
func randDistinct(r *reply.Buffer, z *keyspace.ZSet, count int, withScores bool) {
	announce(r, count, withScores)
	if count <= z.Len()/fewOf {
		randRanks(r, z, count, withScores)
		return
	}
	// Each member is taken with the chance that the rest of the choice leaves it.
	left := z.Len()
	for c := z.At(0); count > 0; c.Next() {
		if rand.IntN(left) < count {
			pair(r, c.Member(), c.Score(), withScores)
			count--
		}
		left--
	}
}

// randRanks chooses different ranks.
func randRanks(r *reply.Buffer, z *keyspace.ZSet, count int, withScores bool) {
	taken := make(map[int]struct{}, count)
	for len(taken) < count {
		rank := rand.IntN(z.Len())
		if _, again := taken[rank]; again {
			continue
		}
		taken[rank] = struct{}{}
		c := z.At(rank)
		pair(r, c.Member(), c.Score(), withScores)
	}
}
