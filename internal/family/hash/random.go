// SPDX-License-Identifier: Apache-2.0

package hash

import (
	"math/rand/v2"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

func randField(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	if !c.Args.More() {
		randOne(db, c, key)
		return
	}
	count, withValues := c.Args.RandomCount("WITHVALUES")
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, err := db.ReadHash(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	switch {
	case !h.Exists() || count == 0:
		c.Reply.Array(0)
	case count < 0:
		randMany(c.Reply, &h, -count, withValues)
	default:
		randDistinct(c.Reply, &h, count, withValues)
	}
}

func randOne(db *keyspace.DB, c *command.Call, key []byte) {
	h, err := db.ReadHash(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !h.Exists():
		c.Reply.Null()
	default:
		field, _ := h.Random(rand.Uint64())
		c.Reply.Bulk(field)
	}
}

// announce begins a reply of n fields, with their values or without.
func announce(r *reply.Buffer, n int64, withValues bool) {
	if withValues && r.Proto < resp.RESP3 {
		n *= 2
	}
	r.Array(int(n))
}

func pair(r *reply.Buffer, field, value []byte, withValues bool) {
	if withValues && r.Proto >= resp.RESP3 {
		r.Array(2)
	}
	r.Bulk(field)
	if withValues {
		r.Bulk(value)
	}
}

// randMany answers with count fields, the same one perhaps several times.
func randMany(r *reply.Buffer, h *keyspace.Hash, count int64, withValues bool) {
	announce(r, count, withValues)
	for range count {
		field, value := h.Random(rand.Uint64())
		pair(r, field, value, withValues)
	}
}

// fewOf says what few means: so small a part of all that picking at random rarely meets a
// field twice.
const fewOf = 8

// randDistinct answers with up to count different fields.
func randDistinct(r *reply.Buffer, h *keyspace.Hash, count int64, withValues bool) {
	wanted := min(count, int64(h.Len()))
	announce(r, wanted, withValues)
	if wanted <= int64(h.Len())/fewOf {
		randFew(r, h, int(wanted), withValues)
		return
	}
	randShare(r, h, wanted, withValues)
}

// randFew picks until it has enough different ones.
func randFew(r *reply.Buffer, h *keyspace.Hash, wanted int, withValues bool) {
	taken := make(map[string]struct{}, wanted)
	for len(taken) < wanted {
		field, value := h.Random(rand.Uint64())
		if _, again := taken[string(field)]; !again {
			taken[string(field)] = struct{}{}
			pair(r, field, value, withValues)
		}
	}
}

// randShare looks at every field and takes it with the chance that is right for those
// still wanted among those still to come.
func randShare(r *reply.Buffer, h *keyspace.Hash, wanted int64, withValues bool) {
	left := int64(h.Len())
	h.Each(func(field, value []byte) bool {
		if rand.Int64N(left) < wanted {
			pair(r, field, value, withValues)
			wanted--
		}
		left--
		return wanted > 0
	})
}
