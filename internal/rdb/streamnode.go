// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"

	"stampede/internal/container/listpack"
)

// Entries of a stream lie in nodes of two strings: 16 bytes of an ID, the most significant
// first, and a listpack:
//
//	| entries | deleted ones | n | n fields | 0 |
//	| flags | ms | seq | n values | elements of this entry |                same fields
//	| flags | ms | seq | n | n fields and values | elements of this entry |
//	| …
//
// ms and seq are to be added to the node's ID. Deleted entries are not among the entries.

const (
	entryDeleted    = 1
	entrySameFields = 2

	// entryExtra is how many elements of an entry, beside fields and values, its last
	// number counts.
	entryExtra = 3
)

// node reads one node and gives its entries to the visitor.
func (w *streamWalk) node() {
	r := w.r
	key := r.text(&r.a)
	if r.err == nil && len(key) != streamIDBytes {
		r.fail(malformed("stream: ID of a node"))
	}
	blob := r.text(&r.blob)
	if r.err != nil {
		return
	}
	if err := listpack.Check(blob); err != nil {
		r.fail(malformed(err.Error()))
		return
	}
	base := StreamID{Ms: binary.BigEndian.Uint64(key), Seq: binary.BigEndian.Uint64(key[8:])}
	w.list, w.digits, w.fields = blob, w.digits[:0], w.fields[:0]
	w.off = w.list.First()
	count, deleted := w.int(), w.int()
	for n := w.int(); n > 0 && r.err == nil; n-- {
		w.fields = append(w.fields, w.text())
	}
	w.int()
	shared := len(w.digits)
	for w.off >= 0 && r.err == nil {
		w.digits = w.digits[:shared]
		if w.entry(base) {
			deleted--
		} else {
			count--
		}
	}
	if count != 0 || deleted != 0 {
		r.fail(malformed("stream: a node has not as many entries as it says"))
	}
	if w.v.Node != nil && r.err == nil {
		w.check(w.v.Node(base, w.list))
	}
}

// entry reads one entry and gives it to the visitor unless it was deleted.
func (w *streamWalk) entry(base StreamID) (deleted bool) {
	flags := w.int()
	id := StreamID{Ms: base.Ms + uint64(w.int()), Seq: base.Seq + uint64(w.int())}
	w.pairs = w.pairs[:0]
	elements := entryExtra + int64(len(w.fields))
	if flags&entrySameFields != 0 {
		for _, field := range w.fields {
			w.pairs = append(w.pairs, field, w.text())
		}
	} else {
		n := w.int()
		for i := n; i > 0 && w.r.err == nil; i-- {
			w.pairs = append(w.pairs, w.text(), w.text())
		}
		elements = entryExtra + 1 + 2*n
	}
	switch {
	case w.int() != elements:
		w.r.fail(malformed("stream: number of an entry's elements"))
	case !w.last.less(id):
		w.r.fail(malformed("stream: IDs do not ascend"))
	}
	if w.r.err != nil || flags&entryDeleted != 0 {
		return flags&entryDeleted != 0
	}
	w.last = id
	w.length++
	if w.v.Entry != nil {
		w.check(w.v.Entry(id, w.pairs))
	}
	return false
}

// element gives the next element of the node.
func (w *streamWalk) element() (v listpack.Value) {
	if w.off < 0 {
		w.r.fail(malformed("stream: a node ends in the middle of an entry"))
		return listpack.Value{}
	}
	v = w.list.Get(w.off)
	w.off = w.list.Next(w.off)
	return v
}

func (w *streamWalk) int() int64 {
	n, ok := w.element().Int64()
	if !ok {
		w.r.fail(malformed("stream: text where a number belongs"))
	}
	return n
}

// text gives the next element as text. Numbers are written behind those before them: where
// that takes new room, views of the old room stay what they were.
func (w *streamWalk) text() []byte {
	v := w.element()
	if !v.IsInt {
		return v.Bytes
	}
	from := len(w.digits)
	w.digits = v.Append(w.digits)
	return w.digits[from:len(w.digits):len(w.digits)]
}

// A stream, TypeStream2: AppendLen(nodes), AppendStreamNode for each, AppendStreamMeta, then
// for each group AppendStreamGroup, AppendStreamPending for each pending entry,
// AppendLen(consumers), and for each of them AppendStreamConsumer and AppendStreamOwned for
// each pending entry of its own.

// AppendStreamNode adds a node of entries: id is that which the entries in pack, as drawn
// above, are relative to.
func AppendStreamNode(dst []byte, id StreamID, pack listpack.Pack) []byte {
	return AppendText(AppendStreamOwned(AppendLen(dst, streamIDBytes), id), pack)
}

// AppendStreamMeta adds what stands behind the nodes.
func AppendStreamMeta(dst []byte, m StreamMeta) []byte {
	dst = appendUint(dst, m.Length)
	for _, id := range [...]StreamID{m.Last, m.First, m.MaxDeleted} {
		dst = appendUint(appendUint(dst, id.Ms), id.Seq)
	}
	return AppendLen(appendUint(dst, m.EntriesAdded), m.Groups)
}

// AppendStreamGroup begins a group with so many pending entries.
func AppendStreamGroup(dst []byte, g StreamGroup, pending int) []byte {
	dst = AppendText(dst, g.Name)
	dst = appendUint(appendUint(dst, g.Last.Ms), g.Last.Seq)
	return AppendLen(appendUint(dst, uint64(g.EntriesRead)), pending)
}

// AppendStreamPending adds a pending entry of a group.
func AppendStreamPending(dst []byte, p StreamPending) []byte {
	dst = AppendStreamOwned(dst, p.ID)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(p.DeliveredMs))
	return appendUint(dst, p.Deliveries)
}

// AppendStreamConsumer begins a consumer to whom so many of the pending entries belong. When
// it was active is not written: Redis 7.0 does not know that.
func AppendStreamConsumer(dst []byte, c StreamConsumer, owned int) []byte {
	dst = binary.LittleEndian.AppendUint64(AppendText(dst, c.Name), uint64(c.SeenMs))
	return AppendLen(dst, owned)
}

// AppendStreamOwned adds the ID of a pending entry of a consumer.
func AppendStreamOwned(dst []byte, id StreamID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, id.Ms), id.Seq)
}
