// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const (
	errIDZero  reply.Error = "ERR The ID specified in XADD must be greater than 0-0"
	errIDSmall reply.Error = "ERR The ID specified in XADD is equal or smaller than the " +
		"target stream top item"
	errExhausted reply.Error = "ERR The stream has exhausted the last possible ID, unable to " +
		"add more items"
	errTooLarge reply.Error = "ERR Elements are too large to be stored"
)

// wish is the ID that XADD asks for.
type wish struct {
	id      stream.ID
	auto    bool // *: all of it is ours to choose
	autoSeq bool // ms-*: the number is
}

// readWish reads the ID of a new entry.
func readWish(a *command.Args) (w wish) {
	text := a.Peek()
	if string(text) == "*" {
		a.Bytes()
		return wish{auto: true}
	}
	if ms, ok := stream.ParseMs(text); ok {
		a.Bytes()
		return wish{id: stream.ID{Ms: ms}, autoSeq: true}
	}
	return wish{id: readID(a)}
}

// choose gives the ID of the next entry, or says why there is none.
func (w *wish) choose(last stream.ID, nowMs int64) (id stream.ID, refusal reply.Error) {
	switch {
	case last == stream.Max():
		return id, errExhausted
	case w.auto && uint64(nowMs) > last.Ms:
		return stream.ID{Ms: uint64(nowMs)}, ""
	case w.auto, w.autoSeq && w.id.Ms == last.Ms && last.Seq < math.MaxUint64:
		id, _ = last.Next()
		return id, ""
	case w.autoSeq && w.id.Ms == last.Ms:
		return id, errTooLarge // it is not, but these are Redis' words
	case !last.Less(w.id):
		return id, errIDSmall
	}
	return w.id, ""
}

func add(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	t, noMake := readTrim(&c.Args, true)
	var w wish
	if c.Args.More() {
		w = readWish(&c.Args)
	}
	pairs := c.Args.Rest()
	t.check(&c.Args, db)
	switch {
	case failed(c):
		return
	case len(pairs) < 2 || len(pairs)%2 != 0:
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return
	case !w.auto && !w.autoSeq && w.id.IsZero():
		c.Reply.Fail(errIDZero)
		return
	}
	s, ok := find(db, c, key)
	switch {
	case !ok:
		return
	case noMake && !s.Exists():
		c.Reply.Null()
		return
	}
	id, refusal := w.choose(s.Last(), c.NowMs)
	if refusal == "" && !stream.Fits(pairs) {
		refusal = errTooLarge
	}
	if refusal != "" {
		c.Reply.Fail(refusal)
		return
	}
	s.Add(id, pairs)
	db.Notify(keyspace.EventStream, "xadd", key)
	if t.given {
		trimTo(db, &s, key, &t)
	}
	writeID(c.Reply, id)
}

func setID(db *keyspace.DB, c *command.Call) {
	key, last := c.Args.Bytes(), readID(&c.Args)
	added, deleted := int64(-1), stream.ID{}
	for c.Args.More() {
		switch {
		case c.Args.Left() > 1 && c.Args.Opt("ENTRIESADDED"):
			if added = c.Args.Int(); added < 0 {
				c.Args.Fail(reply.Error("ERR entries_added must be positive"))
			}
		case c.Args.Left() > 1 && c.Args.Opt("MAXDELETEDID"):
			if deleted = readID(&c.Args); last.Less(deleted) {
				c.Args.Fail(reply.Error("ERR The ID specified in XSETID is smaller than the " +
					"provided max_deleted_entry_id"))
			}
		default:
			c.Args.Fail(reply.ErrSyntax)
		}
	}
	if failed(c) {
		return
	}
	s, ok := find(db, c, key)
	if !ok {
		return
	}
	if !s.Exists() {
		c.Reply.Fail(reply.ErrNoSuchKey)
		return
	}
	if refusal := checkSetID(s.Look(), last, added); refusal != "" {
		c.Reply.Fail(refusal)
		return
	}
	state := s.Look().State()
	state.Last = last
	if added >= 0 {
		state.Added = uint64(added)
	}
	if !deleted.IsZero() {
		state.MaxDeleted = deleted
	}
	s.SetState(state)
	db.Notify(keyspace.EventStream, "xsetid", key)
	c.Reply.OK()
}

// checkSetID says why a stream cannot have given an ID last, or nothing.
func checkSetID(s *stream.Stream, last stream.ID, added int64) reply.Error {
	switch {
	case s.Len() == 0:
	case last.Less(s.Top()):
		return "ERR The ID specified in XSETID is smaller than the target stream top item"
	case added >= 0 && added < int64(s.Len()):
		return "ERR The entries_added specified in XSETID is smaller than the target stream length"
	}
	return ""
}
