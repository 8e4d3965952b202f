// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"

	"stampede/internal/assert"
	"stampede/internal/container/listpack"
)

// StreamID names an entry of a stream.
type StreamID struct{ Ms, Seq uint64 }

const streamIDBytes = 16

func (id StreamID) less(other StreamID) bool {
	return id.Ms < other.Ms || id.Ms == other.Ms && id.Seq < other.Seq
}

// StreamMeta is what a stream has beside its entries.
type StreamMeta struct {
	Length       uint64   // entries
	Last         StreamID // the highest that was ever given
	First        StreamID // of the first entry; zero in TypeStream1
	MaxDeleted   StreamID // zero in TypeStream1
	EntriesAdded uint64   // ever; Length in TypeStream1
	Groups       int      // that follow
}

// StreamGroup is a group of consumers.
type StreamGroup struct {
	Name        []byte
	Last        StreamID // delivered
	EntriesRead int64    // -1: not known
}

// StreamPending is an entry that a group has delivered and nobody has acknowledged.
type StreamPending struct {
	ID          StreamID
	DeliveredMs int64 // Unix milliseconds
	Deliveries  uint64
}

// StreamConsumer is one of a group.
type StreamConsumer struct {
	Name     []byte
	SeenMs   int64 // Unix milliseconds
	ActiveMs int64 // Unix milliseconds; SeenMs before TypeStream3
}

// StreamVisitor is told what is in a stream, in the order of the functions; those from Group
// on come once for each group. Any of them may be nil. Slices are views that are valid
// during the call. An error of theirs ends the walk, and the reader.
type StreamVisitor struct {
	// Entry: fields and values follow one another in pairs.
	Entry func(id StreamID, pairs [][]byte) error
	// Node comes behind the entries of each node: the ID that they are relative to, and the
	// pack as it is, deleted entries included.
	Node     func(id StreamID, pack listpack.Pack) error
	Meta     func(m StreamMeta) error
	Group    func(g StreamGroup) error
	Pending  func(p StreamPending) error // of the group
	Consumer func(c StreamConsumer) error
	Owned    func(id StreamID) error // a pending entry of the group, and of the consumer
}

// Stream reads the value of a stream as a whole. Entries that were deleted but still lie in
// the file are left out; the others come with ascending IDs, as many as Meta says.
func (r *Reader) Stream(v StreamVisitor) error {
	r.expect(Stream)
	assert.That(r.value.open || r.err != nil, "rdb: Stream of a value that has been read")
	w := streamWalk{r: r, v: v}
	for n := r.value.left; n > 0 && r.err == nil; n-- {
		w.node()
	}
	if r.err == nil {
		groups := w.meta()
		for ; groups > 0 && r.err == nil; groups-- {
			w.group()
		}
	}
	r.value.open, r.value.left = false, 0
	return r.err
}

// streamWalk reads one stream.
type streamWalk struct {
	r *Reader
	v StreamVisitor

	list   listpack.Pack
	off    int // of the next element of list; negative behind the last
	fields [][]byte
	pairs  [][]byte
	digits []byte // texts of fields and values that are numbers
	length uint64
	last   StreamID // of the entries so far
}

// id reads an ID that is written as two numbers.
func (w *streamWalk) id() StreamID {
	ms := w.r.uint()
	return StreamID{Ms: ms, Seq: w.r.uint()}
}

// rawID reads an ID of 16 bytes.
func (w *streamWalk) rawID() StreamID {
	b := w.r.take(streamIDBytes)
	return StreamID{Ms: binary.BigEndian.Uint64(b), Seq: binary.BigEndian.Uint64(b[8:])}
}

// meta reads what stands behind the entries, and gives the number of groups.
func (w *streamWalk) meta() (groups int) {
	r := w.r
	m := StreamMeta{Length: r.uint(), Last: w.id()}
	m.EntriesAdded = m.Length
	if r.value.typ != TypeStream1 {
		m.First, m.MaxDeleted, m.EntriesAdded = w.id(), w.id(), r.uint()
	}
	m.Groups = r.count()
	switch {
	case r.err != nil:
		return 0
	case m.Length != w.length:
		r.fail(malformed("stream: its length is not the number of its entries"))
		return 0
	}
	if w.v.Meta != nil {
		w.check(w.v.Meta(m))
	}
	return m.Groups
}

// check stops the reader if the visitor wants that.
func (w *streamWalk) check(err error) {
	if err != nil {
		w.r.fail(err)
	}
}

// group reads a group of consumers, what is pending, and the consumers.
func (w *streamWalk) group() {
	r := w.r
	g := StreamGroup{Name: r.text(&r.a), Last: w.id(), EntriesRead: -1}
	if r.value.typ != TypeStream1 {
		g.EntriesRead = int64(r.uint())
	}
	if w.v.Group != nil && r.err == nil {
		w.check(w.v.Group(g))
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		p := StreamPending{ID: w.rawID(), DeliveredMs: int64(r.uint64()), Deliveries: r.uint()}
		if w.v.Pending != nil && r.err == nil {
			w.check(w.v.Pending(p))
		}
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		w.consumer()
	}
}

// consumer reads one of a group, and which of the pending entries are its own.
func (w *streamWalk) consumer() {
	r := w.r
	c := StreamConsumer{Name: r.text(&r.a), SeenMs: int64(r.uint64())}
	c.ActiveMs = c.SeenMs
	if r.value.typ == TypeStream3 {
		c.ActiveMs = int64(r.uint64())
	}
	if w.v.Consumer != nil && r.err == nil {
		w.check(w.v.Consumer(c))
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		id := w.rawID()
		if w.v.Owned != nil && r.err == nil {
			w.check(w.v.Owned(id))
		}
	}
}
