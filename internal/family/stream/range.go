// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// span is which entries are wanted.
type span struct {
	from, to stream.ID
	count    int64 // at most; 0: all of them
	reverse  bool
}

func xrange(db *keyspace.DB, c *command.Call) {
	key, w := c.Args.Bytes(), span{}
	w.from, w.to = start(&c.Args), stop(&c.Args)
	answerRange(db, c, key, w)
}

func xrevrange(db *keyspace.DB, c *command.Call) {
	key, w := c.Args.Bytes(), span{reverse: true}
	last, first := c.Args.Take(1), c.Args.Take(1)
	from := command.NewArgs(first)
	to := command.NewArgs(last)
	w.from, w.to = start(&from), stop(&to)
	for _, a := range []*command.Args{&from, &to} {
		if a.Err() != nil {
			c.Args.Fail(a.Err())
		}
	}
	answerRange(db, c, key, w)
}

func answerRange(db *keyspace.DB, c *command.Call, key []byte, w span) {
	count := int64(-1)
	for c.Args.More() {
		if c.Args.Left() < 2 || !c.Args.Opt("COUNT") {
			c.Args.Fail(reply.ErrSyntax)
			break
		}
		count = max(c.Args.Int(), 0)
	}
	if failed(c) {
		return
	}
	s, ok := read(db, c, key)
	switch {
	case !ok:
	case !s.Exists():
		c.Reply.Array(0)
	case count == 0:
		c.Reply.NullArray()
	default:
		w.count = max(count, 0)
		w.write(c.Reply, s.Look())
	}
}

// write answers with the entries, and tells how many there are.
func (w *span) write(r *reply.Buffer, s *stream.Stream) (n int) {
	left := w.count
	if left == 0 {
		left = math.MaxInt64
	}
	at := r.Len()
	s.Each(w.from, w.to, w.reverse, func(e *stream.Entry) bool {
		writeEntry(r, e)
		n++
		left--
		return left > 0
	})
	r.ArrayAt(at, n)
	return n
}

// first answers with the one entry of a span, or null.
func (w *span) first(r *reply.Buffer, s *stream.Stream) {
	found := false
	s.Each(w.from, w.to, w.reverse, func(e *stream.Entry) bool {
		writeEntry(r, e)
		found = true
		return false
	})
	if !found {
		r.Null()
	}
}
