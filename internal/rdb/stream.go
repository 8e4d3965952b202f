// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"io"

	"stampede/internal/assert"
	"stampede/internal/container/listpack"
)

// StreamID names an entry of a stream.
type StreamID struct{ Ms, Seq uint64 }

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
	Entry    func(id StreamID, pairs [][]byte) error
	Meta     func(m StreamMeta) error
	Group    func(g StreamGroup) error
	Pending  func(p StreamPending) error // of the group
	Consumer func(c StreamConsumer) error
	Owned    func(id StreamID) error // a pending entry of the group, and of the consumer
}

// Stream reads the value of a stream as a whole. Entries that were deleted but still lie in
// the file are left out.
func (r *Reader) Stream(v StreamVisitor) error {
	r.expect(Stream)
	assert.That(r.value.open || r.err != nil, "rdb: Stream of a value that has been read")
	if r.err != nil {
		return r.err
	}
	w := streamWalk{r: r, v: v}
	for n := r.value.left; n > 0 && r.err == nil; n-- {
		w.node()
	}
	w.meta()
	r.value.open, r.value.left = false, 0
	return r.err
}

// streamWalk reads one stream.
type streamWalk struct {
	r      *Reader
	v      StreamVisitor
	pairs  [][]byte
	digits []byte
	spans  []span
	shared int // fields at the beginning of pairs that entries have in common
}

// span is where a text lies in digits.
type span struct{ at, from, to int }

// id reads an ID that is written as two numbers.
func (w *streamWalk) id() StreamID { return StreamID{w.r.uint(), w.r.uint()} }

// rawID reads an ID of 16 bytes.
func (w *streamWalk) rawID() StreamID {
	b := w.r.take(16)
	return StreamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

var _ = io.EOF
var _ = listpack.Check

func (w *streamWalk) node() {}
func (w *streamWalk) meta() {}
