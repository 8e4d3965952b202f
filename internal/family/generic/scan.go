// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"math/rand/v2"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

func keys(spaces []*keyspace.Space, c *command.Call) {
	wanted := command.Scan{Pattern: c.Args.Bytes()}
	head, n := c.Reply.Len(), 0
	for _, space := range spaces {
		space.DB(c.DB).Each(func(e keyspace.Entry) {
			if wanted.Match(e.Key()) {
				c.Reply.Bulk(e.Key())
				n++
			}
		})
	}
	c.Reply.ArrayAt(head, n)
}

// randomKey picks the shard by its share of the keys, then a key of it. Where that shard
// has only keys whose deadline has passed, the shards behind it are asked.
func randomKey(spaces []*keyspace.Space, c *command.Call) {
	total := 0
	for _, space := range spaces {
		total += space.DB(c.DB).Len()
	}
	pick := rand.IntN(max(total, 1))
	first := 0
	for pick >= spaces[first].DB(c.DB).Len() && first+1 < len(spaces) {
		pick -= spaces[first].DB(c.DB).Len()
		first++
	}
	for i := range spaces {
		e := spaces[(first+i)%len(spaces)].DB(c.DB).Random(rand.Uint64)
		if e.Exists() {
			c.Reply.Bulk(e.Key())
			return
		}
	}
	c.Reply.Null()
}

// A cursor is the cursor of one shard's table, and the number of the shard in its lowest
// bits.
const shardBits = 6

func scan(spaces []*keyspace.Space, c *command.Call) {
	cursor := c.Args.Cursor()
	o := c.Args.Scan(true)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	kind, _ := object.ParseKind(string(o.Type))
	// The cursor stands before the keys in the reply but is known after them, so the keys
	// are written to a buffer of their own.
	found := reply.Buffer{Proto: c.Reply.Proto}
	n := 0
	visit := func(e keyspace.Entry) {
		if (o.Type == nil || e.Kind() == kind) && o.Match(e.Key()) {
			found.Bulk(e.Key())
			n++
		}
	}
	shard, at := int(cursor&(1<<shardBits-1)), cursor>>shardBits
	for steps := int64(0); shard < len(spaces) && !o.Enough(steps, int64(n)); steps++ {
		if at = spaces[shard].DB(c.DB).Scan(at, visit); at == 0 {
			shard++
		}
	}
	next := uint64(0)
	if shard < len(spaces) {
		next = at<<shardBits | uint64(shard)
	}
	command.ScanReply(c.Reply, next, &found, n)
}
