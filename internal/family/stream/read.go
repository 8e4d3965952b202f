// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// wants is what those who wait for streams wait for.
const wants = object.Stream

// waitedCount is how many entries a call that has waited is given if it does not say.
const waitedCount = 1000

const (
	errScriptWait = " command is not allowed with BLOCK option from scripts"
	errNoGroup    = "ERR Missing GROUP option for XREADGROUP"

	errUnbalanced reply.Error = "ERR Unbalanced XREAD list of streams: for each stream key " +
		"an ID or '$' must be specified."
	errGroupOption reply.Error = "ERR The GROUP option is only supported by XREADGROUP. " +
		"You called XREAD instead."
	errNoAckOption reply.Error = "ERR The NOACK option is only supported by XREADGROUP. " +
		"You called XREAD instead."
	errDollar reply.Error = "ERR The $ ID is meaningless in the context of XREADGROUP: you want " +
		"to read the history of this consumer by specifying a proper ID, or use the > ID to get " +
		"new messages. The $ ID would just return an empty result set."
	errNew reply.Error = "ERR The > ID can be specified only when calling XREADGROUP using the " +
		"GROUP <group> <consumer> option."

	errGroupGone reply.Error = "NOGROUP the consumer group this client was blocked on no longer exists"
	errKeyGone   reply.Error = "UNBLOCKED the stream key no longer exists"
)

// reading is a call of XREAD or XREADGROUP.
type reading struct {
	group, consumer []byte // of XREADGROUP
	grouped         bool
	noAck           bool
	wait            bool
	noWait          reply.Error // why the call must not say BLOCK
	untilMs         int64
	count           int64 // 0: no limit
	keys, texts     [][]byte
	marks           []mark // of each key
}

// mark is how far the caller has read a stream.
type mark struct {
	last stream.ID // Max for what its group has not read
	seen stream.ID // the highest ID of the stream when the call came
}

func xread(tx command.Tx, c *command.Call) (done bool) { return try(tx, c, &reading{}) }

func xreadgroup(tx command.Tx, c *command.Call) (done bool) {
	return try(tx, c, &reading{grouped: true})
}

// nothingNew answers a call that has waited in vain.
func nothingNew(_ command.Tx, c *command.Call) { c.Reply.NullArray() }

// mayWait tells whether a call says BLOCK.
func mayWait(argv [][]byte) bool {
	r := reading{grouped: true}
	a := command.NewArgs(argv[1:])
	r.options(&a, 0)
	return r.wait
}

func try(tx command.Tx, c *command.Call, r *reading) (done bool) {
	if c.InLua {
		r.noWait = reply.Error("ERR " + string(c.Argv[0]) + errScriptWait)
	}
	r.options(&c.Args, c.NowMs)
	if r.grouped && r.group == nil {
		c.Args.Fail(reply.Error(errNoGroup))
	}
	if failed(c) {
		return true
	}
	if c.Ready != nil {
		r.marks, _ = c.Wait.State.([]mark)
		return r.tryReady(tx, c)
	}
	if !r.resolve(tx, c) || r.serve(tx, c) {
		return true
	}
	if !r.wait {
		c.Reply.NullArray()
		return true
	}
	c.Wait.UntilMs, c.Wait.State = r.untilMs, r.marks
	return false
}

// options reads all arguments up to the IDs.
func (r *reading) options(a *command.Args, nowMs int64) {
	for r.keys == nil && a.Err() == nil {
		switch {
		case a.Left() > 1 && a.Opt("BLOCK"):
			if r.noWait != "" {
				a.Fail(r.noWait)
			}
			r.wait, r.untilMs = true, blockUntil(a, nowMs)
		case a.Left() > 1 && a.Opt("COUNT"):
			r.count = max(a.Int(), 0)
		case a.Left() > 1 && a.Opt("STREAMS"):
			r.streams(a)
		case a.Left() > 2 && a.Opt("GROUP"):
			if !r.grouped {
				a.Fail(errGroupOption)
			}
			r.group, r.consumer = a.Bytes(), a.Bytes()
		case a.Opt("NOACK"):
			if r.noAck = true; !r.grouped {
				a.Fail(errNoAckOption)
			}
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
}

// blockUntil reads for how many milliseconds a call waits, and makes it the time when it
// gives up; 0: never.
func blockUntil(a *command.Args, nowMs int64) (untilMs int64) {
	ms := a.IntOr("ERR timeout is not an integer or out of range")
	switch {
	case a.Err() != nil:
	case ms < 0:
		a.Fail(reply.Error("ERR timeout is negative"))
	case ms > 0:
		untilMs = max(nowMs+ms, 0)
	}
	return untilMs
}

// streams reads the keys and the texts of the IDs.
func (r *reading) streams(a *command.Args) {
	n := a.Left() / 2
	if a.Left()%2 != 0 {
		a.Fail(errUnbalanced)
		return
	}
	r.keys, r.texts = a.Take(n), a.Rest()
}

// resolve finds out from which ID on the caller wants each stream; it is false if the call
// has been answered with an error.
func (r *reading) resolve(tx command.Tx, c *command.Call) bool {
	r.marks = make([]mark, len(r.keys))
	for i, key := range r.keys {
		s, ok := read(tx.DB(c.DB, key), c, key)
		if !ok {
			return false
		}
		if _, ok := s.Group(r.group); r.grouped && !ok {
			c.Reply.Fail(reply.Error("NOGROUP No such key '" + string(key) + "' or consumer group '" +
				string(r.group) + "' in XREADGROUP with GROUP option"))
			return false
		}
		text := r.texts[i : i+1]
		m := &r.marks[i]
		m.seen = s.Last()
		a := command.NewArgs(text)
		switch symbol := string(text[0]); {
		case symbol == "$" && r.grouped:
			a.Fail(errDollar)
		case symbol == "$":
			m.last = m.seen
		case symbol == ">" && !r.grouped:
			a.Fail(errNew)
		case symbol == ">":
			m.last = stream.Max()
		default:
			m.last = readID(&a)
		}
		if a.Err() != nil {
			c.Reply.Err(a.Err())
			return false
		}
	}
	return true
}

// serve answers with what is there; it is false if there is nothing, and nothing answered. As in
// redis-server this is the second look at each key, and one that counts.
func (r *reading) serve(tx command.Tx, c *command.Call) (served bool) {
	at, n := c.Reply.Len(), 0
	for i, key := range r.keys {
		db := tx.DB(c.DB, key)
		s, err := db.ReadStream(key)
		if err != nil || !s.Exists() {
			continue
		}
		w, history := span{count: r.count}, false
		last := r.marks[i].last
		switch {
		case r.grouped && last != stream.Max():
			history = true
		case s.Len() == 0:
			continue
		case r.grouped:
			g, _ := s.Group(r.group)
			last = g.Last
		}
		if !history && !last.Less(s.Look().Top()) {
			continue
		}
		w.from, _ = last.Next()
		w.to = stream.Max()
		n++
		r.answer(db, c, key, &s, w, history)
	}
	if n > 0 {
		r.head(c.Reply, at, n)
	}
	return n > 0
}

// head puts the number of streams before what has been answered of them.
func (r *reading) head(b *reply.Buffer, at, n int) {
	if b.Proto != resp.RESP3 {
		b.ArrayAt(at, n)
	} else {
		b.MapAt(at, n)
	}
}

// answer answers with a stream: its key, and entries.
func (r *reading) answer(db *keyspace.DB, c *command.Call, key []byte, s *keyspace.Stream, w span,
	history bool) {
	if c.Reply.Proto != resp.RESP3 {
		c.Reply.Array(2)
	}
	c.Reply.Bulk(key)
	if !r.grouped {
		w.write(c.Reply, s.Look())
		return
	}
	g, _ := s.Group(r.group)
	one, made := g.Call(r.consumer)
	if made {
		db.Notify(keyspace.EventStream, "xgroup-createconsumer", key)
	}
	if history {
		answerHistory(c, s, &g, one, w)
		return
	}
	r.deliver(c, s, &g, one, w)
}

// deliver answers with entries that the group has not read, and gives them to a consumer.
func (r *reading) deliver(c *command.Call, s *keyspace.Stream, g *keyspace.StreamGroup,
	one *stream.Consumer, w span) {
	var few [16]stream.ID
	ids := few[:0]
	at := c.Reply.Len()
	s.Look().Each(w.from, w.to, false, func(e *stream.Entry) bool {
		writeEntry(c.Reply, e)
		ids = append(ids, e.ID)
		return w.count == 0 || int64(len(ids)) < w.count
	})
	c.Reply.ArrayAt(at, len(ids))
	if len(ids) == 0 {
		return
	}
	g.Advance(ids)
	g.Tell(one)
	if !r.noAck {
		g.Put(one, c.NowMs, 1, ids...)
	}
}

// answerHistory answers with entries that were given to a consumer before; those that are
// deleted have null in the place of fields and values.
func answerHistory(c *command.Call, s *keyspace.Stream, g *keyspace.StreamGroup,
	one *stream.Consumer, w span) {
	var few [16]stream.ID
	again := few[:0]
	at, n := c.Reply.Len(), 0
	g.EachOf(one, w.from, func(id stream.ID) bool {
		var e stream.Entry
		if s.Look().Find(id, &e) {
			writeEntry(c.Reply, &e)
			again = append(again, id)
		} else {
			c.Reply.Array(2)
			writeID(c.Reply, id)
			c.Reply.NullArray()
		}
		n++
		return w.count == 0 || int64(n) < w.count
	})
	c.Reply.ArrayAt(at, n)
	for _, id := range again {
		g.Put(one, c.NowMs, g.Find(id).Deliveries+1, id)
	}
	if len(again) > 0 {
		g.Tell(one)
	}
}

// tryReady is for a call that waits, when one of its keys has changed.
func (r *reading) tryReady(tx command.Tx, c *command.Call) (done bool) {
	key := c.Ready
	m := r.markOf(key)
	db := tx.DB(c.DB, key)
	s, err := db.FindStream(key)
	if err != nil || !s.Exists() {
		if r.grouped {
			c.Reply.Fail(errKeyGone)
		}
		return r.grouped
	}
	last := m.last
	if r.grouped {
		g, ok := s.Group(r.group)
		if !ok {
			c.Reply.Fail(errGroupGone)
			return true
		}
		last = g.Last
	}
	if top := s.Last(); !last.Less(top) || top == m.seen && !last.Less(s.Look().Top()) {
		return false
	}
	w := span{to: stream.Max(), count: r.count}
	w.from, _ = last.Next()
	if w.count == 0 {
		w.count = waitedCount
	}
	at := c.Reply.Len()
	r.answer(db, c, key, &s, w, false)
	r.head(c.Reply, at, 1)
	return true
}

// markOf is how far the caller has read a stream; of a key that comes twice the first counts.
func (r *reading) markOf(key []byte) mark {
	for i := range r.keys {
		if string(r.keys[i]) == string(key) && i < len(r.marks) {
			return r.marks[i]
		}
	}
	return mark{}
}
