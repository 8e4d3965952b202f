// SPDX-License-Identifier: Apache-2.0

package list

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// find looks a list up for a call that changes it; ok is false if the call has been
// answered with an error.
func find(db *keyspace.DB, c *command.Call, key []byte) (l keyspace.List, ok bool) {
	l, err := db.FindList(key)
	if err != nil {
		c.Reply.Err(err)
		return l, false
	}
	return l, true
}

func lpush(db *keyspace.DB, c *command.Call)  { push(db, c, true, false) }
func rpush(db *keyspace.DB, c *command.Call)  { push(db, c, false, false) }
func lpushx(db *keyspace.DB, c *command.Call) { push(db, c, true, true) }
func rpushx(db *keyspace.DB, c *command.Call) { push(db, c, false, true) }

func push(db *keyspace.DB, c *command.Call, front, onlyOld bool) {
	key := c.Args.Bytes()
	l, ok := find(db, c, key)
	if !ok {
		return
	}
	if !onlyOld || l.Exists() {
		l.Push(front, c.Args.Rest()...)
		tellPushed(db, key, front)
	}
	c.Reply.Int(int64(l.Len()))
}

func tellPushed(db *keyspace.DB, key []byte, front bool) {
	event := "rpush"
	if front {
		event = "lpush"
	}
	db.Notify(keyspace.EventList, event, key)
}

// tellPopped tells that elements were taken from an end.
func tellPopped(db *keyspace.DB, key []byte, l *keyspace.List, front bool) {
	event := "rpop"
	if front {
		event = "lpop"
	}
	db.NotifyRemoved(keyspace.EventList, event, key, l.Exists())
}

func lpop(db *keyspace.DB, c *command.Call) { pop(db, c, true) }
func rpop(db *keyspace.DB, c *command.Call) { pop(db, c, false) }

func pop(db *keyspace.DB, c *command.Call, front bool) {
	if c.Args.Left() > 2 {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return
	}
	key, count, single := c.Args.Bytes(), int64(1), true
	if c.Args.More() {
		single = false
		count = c.Args.IntFrom(0, reply.ErrNotPositive)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	l, ok := find(db, c, key)
	switch {
	case !ok:
	case !l.Exists() && single:
		c.Reply.Null()
	case !l.Exists():
		c.Reply.NullArray()
	case single:
		takeOne(db, c.Reply, key, &l, front)
	default:
		take(db, c.Reply, key, &l, front, count)
	}
}

// takeOne answers with the element at an end, which is removed.
func takeOne(db *keyspace.DB, r *reply.Buffer, key []byte, l *keyspace.List, front bool) {
	r.Bulk(l.Get(endIndex(l, front)))
	l.Pop(front, 1)
	tellPopped(db, key, l, front)
}

// endIndex is the number of the element at an end.
func endIndex(l *keyspace.List, front bool) int {
	if front {
		return 0
	}
	return l.Len() - 1
}

// take answers with up to count elements from an end, which are removed.
func take(
	db *keyspace.DB, r *reply.Buffer, key []byte, l *keyspace.List, front bool, count int64,
) {
	n := int(min(count, int64(l.Len())))
	r.Array(n)
	if n == 0 {
		return
	}
	left := n
	l.Each(endIndex(l, front), !front, func(element []byte) bool {
		r.Bulk(element)
		left--
		return left > 0
	})
	l.Pop(front, n)
	tellPopped(db, key, l, front)
}

func lmpop(tx command.Tx, c *command.Call) {
	keys, front, count := parseMPop(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if !command.First(tx, c, keys, (*keyspace.DB).FindList, func(
		db *keyspace.DB, key []byte, l *keyspace.List,
	) {
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		take(db, c.Reply, key, l, front, count)
	}) {
		c.Reply.NullArray()
	}
}

// parseMPop reads the keys, the end and the count of LMPOP and BLMPOP.
func parseMPop(a *command.Args) (keys [][]byte, front bool, count int64) {
	n := a.IntFrom(1, "ERR numkeys should be greater than 0")
	keys = a.Take(int(min(n, int64(a.Left())+1)))
	front, count = end(a), 1
	if a.Left() > 1 && a.Opt("COUNT") {
		count = a.IntFrom(1, "ERR count should be greater than 0")
	}
	if a.More() {
		a.Fail(reply.ErrSyntax)
	}
	return keys, front, count
}

// end reads LEFT, which is true, or RIGHT.
func end(a *command.Args) (front bool) {
	switch {
	case a.Opt("LEFT"):
		return true
	case a.Opt("RIGHT"):
	default:
		a.Fail(reply.ErrSyntax)
	}
	return false
}

func lmove(tx command.Tx, c *command.Call) {
	m := parseMove(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if !m.run(tx, c) {
		c.Reply.Null()
	}
}

func rpoplpush(tx command.Tx, c *command.Call) {
	m := move{from: c.Args.Bytes(), to: c.Args.Bytes(), toFront: true}
	if !m.run(tx, c) {
		c.Reply.Null()
	}
}

// move is what LMOVE is asked for.
type move struct {
	from, to           []byte // keys
	fromFront, toFront bool
}

func parseMove(a *command.Args) (m move) {
	m.from, m.to = a.Bytes(), a.Bytes()
	m.fromFront, m.toFront = end(a), end(a)
	return m
}

// run moves an element and answers with it, or with an error; it is false if there is none.
func (m *move) run(tx command.Tx, c *command.Call) (done bool) {
	from, to := tx.DB(c.DB, m.from), tx.DB(c.DB, m.to)
	source, ok := find(from, c, m.from)
	if !ok {
		return true
	}
	if !source.Exists() {
		return false
	}
	target, ok := find(to, c, m.to)
	if !ok {
		return true
	}
	var short [128]byte
	element := append(short[:0], source.Get(endIndex(&source, m.fromFront))...)
	c.Reply.Bulk(element)
	if string(m.from) == string(m.to) {
		m.rotate(&source, element)
	} else {
		target.Push(m.toFront, element)
		source, _ = from.FindList(m.from) // the change of the other is behind it
		source.Pop(m.fromFront, 1)
	}
	tellPushed(to, m.to, m.toFront)
	tellPopped(from, m.from, &source, m.fromFront)
	return true
}

// rotate moves an element within a list. Its key stays, and its deadline with it.
func (m *move) rotate(l *keyspace.List, element []byte) {
	if l.Len() == 1 || m.fromFront == m.toFront {
		l.Set(endIndex(l, m.fromFront), element) // who watches the key is to know
		return
	}
	l.Pop(m.fromFront, 1)
	l.Push(m.toFront, element)
}
