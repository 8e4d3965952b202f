// SPDX-License-Identifier: Apache-2.0

package effect

import (
	"encoding/binary"

	"stampede/internal/container/stream"
)

// StreamAdd tells of an entry: fields and values in pairs.
func (b *Buffer) StreamAdd(db int, key []byte, id stream.ID, pairs [][]byte) {
	if b.silent() {
		return
	}
	b.begin(StreamAdd, db, key)
	b.id(id)
	b.texts(pairs)
}

// texts appends texts, each after its length, as one value.
func (b *Buffer) texts(texts [][]byte) {
	total := 0
	for _, s := range texts {
		total += numberLen(len(s)) + len(s)
	}
	b.number(uint64(total))
	for _, s := range texts {
		b.text(s)
	}
}

func (b *Buffer) id(id stream.ID) {
	b.number(id.Ms)
	b.number(id.Seq)
}

// ID is the ID in N and M.
func (e *Effect) ID() stream.ID { return stream.ID{Ms: e.N, Seq: e.M} }

// StreamNode tells of a node at the end of a stream.
func (b *Buffer) StreamNode(db int, key []byte, id stream.ID, pack []byte) {
	if b.silent() {
		return
	}
	b.begin(StreamNode, db, key)
	b.id(id)
	b.text(pack)
}

// StreamState tells what a stream knows beside its entries.
func (b *Buffer) StreamState(db int, key []byte, s stream.State) {
	if b.silent() {
		return
	}
	value := appendID(appendID(b.scratch[:0], s.Last), s.MaxDeleted)
	b.value(StreamState, db, key, nil, binary.AppendUvarint(value, s.Added))
}

func appendID(dst []byte, id stream.ID) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, id.Ms), id.Seq)
}

// value appends an effect whose value was written into the scratch memory, with a field
// unless it is nil.
func (b *Buffer) value(op Op, db int, key, field, value []byte) {
	b.begin(op, db, key)
	if field != nil {
		b.text(field)
	}
	b.text(value)
	if b.scratch = value[:0]; cap(value) > keepBytesMax {
		b.scratch = nil
	}
}

// StreamDelete tells that entries were deleted on their own.
func (b *Buffer) StreamDelete(db int, key []byte, ids []stream.ID) {
	if b.silent() {
		return
	}
	b.value(StreamDelete, db, key, nil, appendIDs(b.scratch[:0], ids))
}

func appendIDs(dst []byte, ids []stream.ID) []byte {
	for _, id := range ids {
		dst = appendID(dst, id)
	}
	return dst
}

// StreamTrim tells that the first n entries went.
func (b *Buffer) StreamTrim(db int, key []byte, n int) {
	if b.silent() {
		return
	}
	b.begin(StreamTrim, db, key)
	b.number(uint64(n))
}

// StreamTrimTo tells that the entries below an ID went.
func (b *Buffer) StreamTrimTo(db int, key []byte, id stream.ID) {
	if b.silent() {
		return
	}
	b.begin(StreamTrimTo, db, key)
	b.id(id)
}

// StreamGroup tells how far a group has read.
func (b *Buffer) StreamGroup(db int, key, group []byte, last stream.ID, read int64) {
	if b.silent() {
		return
	}
	value := binary.AppendVarint(appendID(b.scratch[:0], last), read)
	b.value(StreamGroup, db, key, notNil(group), value)
}

// notNil is field, but never nil.
func notNil(field []byte) []byte {
	if field == nil {
		return []byte{}
	}
	return field
}

// StreamUngroup tells that a group is gone.
func (b *Buffer) StreamUngroup(db int, key, group []byte) {
	b.member(StreamUngroup, db, key, group)
}

// StreamConsumer tells when a consumer of a group called.
func (b *Buffer) StreamConsumer(db int, key, group, consumer []byte, seenMs int64) {
	if b.silent() {
		return
	}
	value := binary.AppendVarint(appendText(b.scratch[:0], consumer), seenMs)
	b.value(StreamConsumer, db, key, notNil(group), value)
}

func appendText(dst, s []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// StreamUnconsumer tells that a consumer is gone, with all that was pending for it.
func (b *Buffer) StreamUnconsumer(db int, key, group, consumer []byte) {
	if b.silent() {
		return
	}
	b.value(StreamUnconsumer, db, key, notNil(group), append(b.scratch[:0], consumer...))
}

// StreamPending tells that entries are pending for a consumer.
func (b *Buffer) StreamPending(db int, key, group []byte, p *Pending) {
	if b.silent() {
		return
	}
	value := appendText(b.scratch[:0], p.Consumer)
	value = binary.AppendUvarint(binary.AppendVarint(value, p.DeliveredMs), p.Deliveries)
	b.value(StreamPending, db, key, notNil(group), appendIDs(value, p.IDs))
}

// Pending is what an effect tells of pending entries. Those that are read come without IDs:
// see [Effect.StreamPending].
type Pending struct {
	Consumer    []byte
	DeliveredMs int64
	Deliveries  uint64
	IDs         []stream.ID
}

// StreamAck tells that entries are pending no more.
func (b *Buffer) StreamAck(db int, key, group []byte, ids []stream.ID) {
	if b.silent() {
		return
	}
	b.value(StreamAck, db, key, notNil(group), appendIDs(b.scratch[:0], ids))
}

// parser reads the parts of a value; what is missing makes it bad.
type parser struct {
	rest []byte
	bad  bool
}

func (p *parser) uint() uint64 {
	n, size := binary.Uvarint(p.rest)
	if size <= 0 {
		p.rest, p.bad = nil, true
		return 0
	}
	p.rest = p.rest[size:]
	return n
}

func (p *parser) int() int64 {
	n, size := binary.Varint(p.rest)
	if size <= 0 {
		p.rest, p.bad = nil, true
		return 0
	}
	p.rest = p.rest[size:]
	return n
}

func (p *parser) id() stream.ID {
	ms := p.uint()
	return stream.ID{Ms: ms, Seq: p.uint()}
}

func (p *parser) text() []byte {
	n := p.uint()
	if n > uint64(len(p.rest)) {
		p.rest, p.bad = nil, true
		return nil
	}
	s := p.rest[:n:n]
	p.rest = p.rest[n:]
	return s
}

// done tells whether all was there, and nothing more.
func (p *parser) done() bool { return !p.bad && len(p.rest) == 0 }

// ids visits all IDs that are left.
func (p *parser) ids(visit func(id stream.ID)) bool {
	for len(p.rest) > 0 && !p.bad {
		if id := p.id(); !p.bad {
			visit(id)
		}
	}
	return !p.bad
}

// StreamState reads the value of [StreamState]; ok is false if it is none, and so it is with
// the others.
func (e *Effect) StreamState() (s stream.State, ok bool) {
	p := parser{rest: e.Value}
	s = stream.State{Last: p.id(), MaxDeleted: p.id(), Added: p.uint()}
	return s, p.done()
}

// StreamGroup reads the value of [StreamGroup].
func (e *Effect) StreamGroup() (last stream.ID, read int64, ok bool) {
	p := parser{rest: e.Value}
	last, read = p.id(), p.int()
	return last, read, p.done()
}

// StreamConsumer reads the value of [StreamConsumer].
func (e *Effect) StreamConsumer() (name []byte, seenMs int64, ok bool) {
	p := parser{rest: e.Value}
	name, seenMs = p.text(), p.int()
	return name, seenMs, p.done()
}

// StreamIDs visits the IDs of [StreamDelete] and [StreamAck].
func (e *Effect) StreamIDs(visit func(id stream.ID)) (ok bool) {
	p := parser{rest: e.Value}
	return p.ids(visit)
}

// StreamPending reads the value of [StreamPending], and visits the IDs.
func (e *Effect) StreamPending(visit func(p *Pending, id stream.ID)) (ok bool) {
	p := parser{rest: e.Value}
	head := Pending{Consumer: p.text(), DeliveredMs: p.int(), Deliveries: p.uint()}
	return !p.bad && p.ids(func(id stream.ID) { visit(&head, id) })
}
