// SPDX-License-Identifier: Apache-2.0

package set

import (
	"math/rand/v2"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// fewOf says what few means: so small a part of all that picking at random rarely meets a
// member twice.
const fewOf = 8

func randMember(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	if !c.Args.More() {
		randOne(db, c, key)
		return
	}
	if c.Args.Left() > 1 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	count, _ := c.Args.RandomCount("")
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	s, err := db.ReadSet(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !s.Exists() || count == 0:
		c.Reply.Array(0)
	case count < 0:
		c.Reply.Array(int(-count))
		for range -count {
			c.Reply.Bulk(s.Random(rand.Uint64()))
		}
	default:
		wanted := int(min(count, int64(s.Len())))
		c.Reply.Array(wanted)
		if wanted <= s.Len()/fewOf {
			randFew(c.Reply, &s, wanted)
		} else {
			share(&s, wanted, func(member []byte, taken bool) {
				if taken {
					c.Reply.Bulk(member)
				}
			})
		}
	}
}

func randOne(db *keyspace.DB, c *command.Call, key []byte) {
	s, err := db.ReadSet(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !s.Exists():
		c.Reply.Null()
	default:
		c.Reply.Bulk(s.Random(rand.Uint64()))
	}
}

// randFew picks until it has enough different ones.
func randFew(r *reply.Buffer, s *keyspace.Set, wanted int) {
	taken := make(map[string]struct{}, wanted)
	for len(taken) < wanted {
		member := s.Random(rand.Uint64())
		if _, again := taken[string(member)]; !again {
			taken[string(member)] = struct{}{}
			r.Bulk(member)
		}
	}
}

// share looks at every member and takes it with the chance that is right for those still
// wanted among those still to come.
func share(s *keyspace.Set, wanted int, visit func(member []byte, taken bool)) {
	left := s.Len()
	s.Each(func(member []byte) bool {
		taken := rand.IntN(left) < wanted
		if taken {
			wanted--
		}
		left--
		visit(member, taken)
		return true
	})
}

func pop(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	if !c.Args.More() {
		popOne(db, c, key)
		return
	}
	if c.Args.Left() > 1 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	count := c.Args.IntFrom(0, reply.ErrNotPositive)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	s, err := db.FindSet(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case count >= int64(s.Len()):
		c.Reply.Set(s.Len())
		answerAll(c.Reply, &s)
		if s.Exists() {
			db.Delete(key)
			db.NotifyRemoved(keyspace.EventSet, "spop", key, false)
		}
	default:
		c.Reply.Set(int(count))
		if count > 0 {
			popMany(c.Reply, &s, int(count))
			db.NotifyRemoved(keyspace.EventSet, "spop", key, true)
		}
	}
}

func popOne(db *keyspace.DB, c *command.Call, key []byte) {
	s, err := db.FindSet(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !s.Exists():
		c.Reply.Null()
	default:
		var scratch [64]byte
		c.Reply.Bulk(s.Pop(rand.Uint64(), scratch[:0]))
		db.NotifyRemoved(keyspace.EventSet, "spop", key, s.Exists())
	}
}

// popMany takes some members of more. Few are picked one by one; of many it is decided in
// one walk who they are.
func popMany(r *reply.Buffer, s *keyspace.Set, count int) {
	if count <= s.Len()/fewOf {
		var scratch []byte
		for range count {
			scratch = s.Pop(rand.Uint64(), scratch[:0])
			r.Bulk(scratch)
		}
		return
	}
	var gone [][]byte
	share(s, count, func(member []byte, taken bool) {
		if taken {
			r.Bulk(member)
			gone = append(gone, append([]byte(nil), member...))
		}
	})
	for _, member := range gone {
		s.Remove(member)
	}
	if s.Len()*refitOf <= count {
		s.Refit()
	}
}

// refitOf says when Redis makes a new set of what SPOP leaves: when that is so small a part
// of what it takes. It shows in the encoding.
const refitOf = 5
