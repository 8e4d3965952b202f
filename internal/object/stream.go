// SPDX-License-Identifier: Apache-2.0

package object

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/container/listpack"
	"stampede/internal/container/stream"
	"stampede/internal/rdb"
)

// BigStream is a stream. What is handed out of it are pieces of its value as RDB has it, as
// members without a value.
type BigStream struct{ *stream.Stream }

// NewStream returns an empty stream whose parts lie in a.
func NewStream(a *arena.Arena) BigStream { return BigStream{stream.New(a)} }

// Kind is [Stream].
func (BigStream) Kind() Kind { return Stream }

// Encoding is what OBJECT ENCODING answers.
func (BigStream) Encoding() string { return "stream" }

// Copy makes an equal stream in a. Cost: O(bytes).
func (s BigStream) Copy(a *arena.Arena, _ maphash.Seed) Big {
	return BigStream{s.Stream.Copy(a)}
}

// Elements visits all pieces.
func (s BigStream) Elements(visit SaveFunc) { s.Visit(s.writer(visit)) }

// BeginSave hands all pieces out as they are now; see [stream.Stream.BeginSave].
func (s BigStream) BeginSave(save SaveFunc) { s.Stream.BeginSave(s.writer(save)) }

func (s BigStream) writer(visit SaveFunc) *streamWriter {
	return &streamWriter{out: visit, buf: rdb.AppendLen(nil, s.Nodes())}
}

// streamWriter makes pieces of what it visits.
type streamWriter struct {
	out SaveFunc
	buf []byte
}

// streamPiece is from which length on a piece is handed out.
const streamPiece = 4 << 10

func (w *streamWriter) flush() {
	if len(w.buf) > 0 {
		w.out(w.buf, nil, 0)
		w.buf = w.buf[:0]
	}
}

// wrote hands out what has become long enough.
func (w *streamWriter) wrote() {
	if len(w.buf) >= streamPiece {
		w.flush()
	}
}

// Node and the others are those of [stream.Visitor].
func (w *streamWriter) Node(id stream.ID, pack listpack.Pack) {
	w.buf = rdb.AppendStreamNode(w.buf, rdb.StreamID(id), pack)
	w.wrote()
}

func (w *streamWriter) Head(length int, first stream.ID, s stream.State, groups int) {
	w.buf = rdb.AppendStreamMeta(w.buf, rdb.StreamMeta{
		Length: uint64(length), Last: rdb.StreamID(s.Last), First: rdb.StreamID(first),
		MaxDeleted: rdb.StreamID(s.MaxDeleted), EntriesAdded: s.Added, Groups: groups,
	})
}

func (w *streamWriter) Group(name string, last stream.ID, read int64, pending int) {
	g := rdb.StreamGroup{Name: []byte(name), Last: rdb.StreamID(last), EntriesRead: read}
	w.buf = rdb.AppendStreamGroup(w.buf, g, pending)
}

func (w *streamWriter) Pending(p *stream.Pending) {
	w.buf = rdb.AppendStreamPending(w.buf, rdb.StreamPending{
		ID: rdb.StreamID(p.ID), DeliveredMs: p.DeliveredMs, Deliveries: p.Deliveries,
	})
	w.wrote()
}

func (w *streamWriter) Consumers(n int) { w.buf = rdb.AppendLen(w.buf, n) }

func (w *streamWriter) Consumer(name string, seenMs int64, owned int) {
	c := rdb.StreamConsumer{Name: []byte(name), SeenMs: seenMs}
	w.buf = rdb.AppendStreamConsumer(w.buf, c, owned)
}

func (w *streamWriter) Owned(id stream.ID) {
	w.buf = rdb.AppendStreamOwned(w.buf, rdb.StreamID(id))
	w.wrote()
}

func (w *streamWriter) End() { w.flush() }
