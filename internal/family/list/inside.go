// SPDX-License-Identifier: Apache-2.0

package list

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// read looks up the list that the call's first argument names; ok is false if the call has
// been answered with an error.
func read(db *keyspace.DB, c *command.Call, key []byte) (l keyspace.List, ok bool) {
	l, err := db.ReadList(key)
	if err != nil {
		c.Reply.Err(err)
		return l, false
	}
	return l, true
}

func length(db *keyspace.DB, c *command.Call) {
	if l, ok := read(db, c, c.Args.Bytes()); ok {
		c.Reply.Int(int64(l.Len()))
	}
}

// at is the number from the front of an element whose number may count from the end; ok is
// false if there is none.
func at(l *keyspace.List, index int64) (i int, ok bool) {
	if index < 0 {
		index += int64(l.Len())
	}
	return int(index), index >= 0 && index < int64(l.Len())
}

func index(db *keyspace.DB, c *command.Call) {
	l, ok := read(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	if !l.Exists() {
		c.Reply.Null()
		return
	}
	index := c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if i, ok := at(&l, index); ok {
		c.Reply.Bulk(l.Get(i))
	} else {
		c.Reply.Null()
	}
}

func set(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	l, ok := find(db, c, key)
	if !ok {
		return
	}
	if !l.Exists() {
		c.Reply.Fail(reply.ErrNoSuchKey)
		return
	}
	index, element := c.Args.Int(), c.Args.Bytes()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	i, ok := at(&l, index)
	if !ok {
		c.Reply.Fail("ERR index out of range")
		return
	}
	l.Set(i, element)
	db.Notify(keyspace.EventList, "lset", key)
	c.Reply.OK()
}

func insert(db *keyspace.DB, c *command.Call) {
	key, after := c.Args.Bytes(), false
	switch {
	case c.Args.Opt("AFTER"):
		after = true
	case c.Args.Opt("BEFORE"):
	default:
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	pivot, element := c.Args.Bytes(), c.Args.Bytes()
	l, ok := find(db, c, key)
	if !ok {
		return
	}
	if !l.Exists() {
		c.Reply.Int(0)
		return
	}
	i, found := 0, false
	l.Each(0, false, func(e []byte) bool {
		if found = string(e) == string(pivot); !found || after {
			i++
		}
		return !found
	})
	if !found {
		c.Reply.Int(-1)
		return
	}
	l.Insert(i, element)
	db.Notify(keyspace.EventList, "linsert", key)
	c.Reply.Int(int64(l.Len()))
}

// bounds reads the first and the last number of a range and makes them a number and a
// count. Cost: O(1).
func bounds(l *keyspace.List, start, stop int64) (first, n int) {
	size := int64(l.Len())
	if start < 0 {
		start = max(start+size, 0)
	}
	if stop < 0 {
		stop += size
	}
	stop = min(stop, size-1)
	if start > stop {
		return 0, 0
	}
	return int(start), int(stop - start + 1)
}

func span(db *keyspace.DB, c *command.Call) {
	key, start, stop := c.Args.Bytes(), c.Args.Int(), c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	l, ok := read(db, c, key)
	if !ok {
		return
	}
	first, n := bounds(&l, start, stop)
	c.Reply.Array(n)
	if n == 0 {
		return
	}
	l.Each(first, false, func(element []byte) bool {
		c.Reply.Bulk(element)
		n--
		return n > 0
	})
}

func trim(db *keyspace.DB, c *command.Call) {
	key, start, stop := c.Args.Bytes(), c.Args.Int(), c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	l, ok := find(db, c, key)
	if !ok {
		return
	}
	if l.Exists() {
		first, n := bounds(&l, start, stop)
		behind := l.Len() - first - n
		l.Pop(true, first)
		l.Pop(false, behind)
		db.TellWatchers(key) // also if nothing was removed
		db.NotifyRemoved(keyspace.EventList, "ltrim", key, l.Exists())
	}
	c.Reply.OK()
}

func rem(db *keyspace.DB, c *command.Call) {
	key, count, element := c.Args.Bytes(), c.Args.Int(), c.Args.Bytes()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	l, ok := find(db, c, key)
	if !ok {
		return
	}
	n := math.MaxInt
	switch {
	case count > 0:
		n = int(count)
	case count < 0 && count != math.MinInt64:
		n = int(-count)
	}
	removed := l.RemoveEqual(element, n, count >= 0)
	if removed > 0 {
		db.NotifyRemoved(keyspace.EventList, "lrem", key, l.Exists())
	}
	c.Reply.Int(int64(removed))
}
