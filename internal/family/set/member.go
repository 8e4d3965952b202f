// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// read looks up the set that the call's first argument names; ok is false if the call has
// been answered with an error.
func read(db *keyspace.DB, c *command.Call) (s keyspace.Set, ok bool) {
	s, err := db.ReadSet(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return s, false
	}
	return s, true
}

// find is read for a call that changes the set.
func find(db *keyspace.DB, c *command.Call, key []byte) (s keyspace.Set, ok bool) {
	s, err := db.FindSet(key)
	if err != nil {
		c.Reply.Err(err)
		return s, false
	}
	return s, true
}

func add(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	s, ok := find(db, c, key)
	if !ok {
		return
	}
	added := int64(0)
	for c.Args.More() {
		added += oneIf(s.Add(c.Args.Bytes()))
	}
	if added > 0 {
		db.Notify(keyspace.EventSet, "sadd", key)
	}
	c.Reply.Int(added)
}

func rem(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	s, ok := find(db, c, key)
	if !ok {
		return
	}
	removed := int64(0)
	for c.Args.More() {
		removed += oneIf(s.Remove(c.Args.Bytes()))
	}
	if removed > 0 {
		db.NotifyRemoved(keyspace.EventSet, "srem", key, s.Exists())
	}
	c.Reply.Int(removed)
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func card(db *keyspace.DB, c *command.Call) {
	if s, ok := read(db, c); ok {
		c.Reply.Int(int64(s.Len()))
	}
}

func isMember(db *keyspace.DB, c *command.Call) {
	if s, ok := read(db, c); ok {
		c.Reply.Int(oneIf(s.Has(c.Args.Bytes())))
	}
}

func areMembers(db *keyspace.DB, c *command.Call) {
	s, ok := read(db, c)
	if !ok {
		return
	}
	c.Reply.Array(c.Args.Left())
	for c.Args.More() {
		c.Reply.Int(oneIf(s.Has(c.Args.Bytes())))
	}
}

func members(db *keyspace.DB, c *command.Call) {
	if s, ok := read(db, c); ok {
		c.Reply.Set(s.Len())
		answerAll(c.Reply, &s)
	}
}

// answerAll adds all members to a reply that has been begun.
func answerAll(r *reply.Buffer, s *keyspace.Set) {
	s.Each(func(member []byte) bool {
		r.Bulk(member)
		return true
	})
}

// move is over when the source has not got the member; then the destination may be anything
// only if there is no source at all.
func move(tx command.Tx, c *command.Call) {
	from, to, member := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	// Looking the second key up may remove it; the view of the first must not come before.
	tx.DB(c.DB, to).Peek(to)
	source, errFrom := tx.DB(c.DB, from).FindSet(from)
	if errFrom == nil && !source.Exists() {
		c.Reply.Int(0)
		return
	}
	target, errTo := tx.DB(c.DB, to).FindSet(to)
	switch {
	case cmp.Or(errFrom, errTo) != nil:
		c.Reply.Err(cmp.Or(errFrom, errTo))
	case string(from) == string(to):
		c.Reply.Int(oneIf(source.Has(member)))
	case !source.Remove(member):
		c.Reply.Int(0)
	default:
		tx.DB(c.DB, from).NotifyRemoved(keyspace.EventSet, "srem", from, source.Exists())
		// The entry of the target was a view from before the removal.
		target, _ = tx.DB(c.DB, to).FindSet(to)
		if target.Add(member) {
			tx.DB(c.DB, to).Notify(keyspace.EventSet, "sadd", to)
		}
		c.Reply.Int(1)
	}
}

func scan(db *keyspace.DB, c *command.Call) {
	key, cursor := c.Args.Bytes(), c.Args.Cursor()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	s, err := db.ReadSet(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !s.Exists():
		command.ScanReply(c.Reply, 0, &reply.Buffer{}, 0)
	default:
		scanMembers(c, &s, cursor)
	}
}

func scanMembers(c *command.Call, s *keyspace.Set, cursor uint64) {
	o := c.Args.Scan(false)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	var found reply.Buffer
	n := 0
	visit := func(member []byte) {
		if o.Match(member) {
			found.Bulk(member)
			n++
		}
	}
	for steps := int64(0); ; steps++ {
		if cursor = s.Scan(cursor, visit); cursor == 0 || o.Enough(steps, int64(n)) {
			break
		}
	}
	command.ScanReply(c.Reply, cursor, &found, n)
}
