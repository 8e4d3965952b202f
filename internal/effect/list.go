// SPDX-License-Identifier: Apache-2.0

package effect

import (
	"encoding/binary"
	"math/bits"
)

// ListPush tells that elements were put at an end, one after the other.
func (b *Buffer) ListPush(db int, key []byte, end int, elements [][]byte) {
	if b.silent() {
		return
	}
	b.begin(ListPush, db, key)
	b.number(uint64(end))
	total := 0
	for _, e := range elements {
		total += numberLen(len(e)) + len(e)
	}
	b.number(uint64(total))
	for _, e := range elements {
		b.text(e)
	}
}

// numberLen is how many bytes a number takes.
func numberLen(n int) int { return max((bits.Len(uint(n))+6)/7, 1) }

// Elements visits the elements of a [ListPush]. It is false if the value is none.
func (e *Effect) Elements(visit func(element []byte)) bool {
	for rest := e.Value; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return false
		}
		end := size + int(n)
		visit(rest[size:end:end])
		rest = rest[end:]
	}
	return true
}

// ListPop tells that n elements went from an end.
func (b *Buffer) ListPop(db int, key []byte, end, n int) {
	if b.silent() {
		return
	}
	b.begin(ListPop, db, key)
	b.number(uint64(end))
	b.number(uint64(n))
}

// ListSet tells what element i is.
func (b *Buffer) ListSet(db int, key []byte, i int, element []byte) {
	b.listAt(ListSet, db, key, i, element)
}

// ListInsert tells that there is a new element i.
func (b *Buffer) ListInsert(db int, key []byte, i int, element []byte) {
	b.listAt(ListInsert, db, key, i, element)
}

func (b *Buffer) listAt(op Op, db int, key []byte, i int, element []byte) {
	if b.silent() {
		return
	}
	b.begin(op, db, key)
	b.number(uint64(i))
	b.text(element)
}

// ListRemove tells that the n elements nearest to an end went that equal the given one.
func (b *Buffer) ListRemove(db int, key []byte, end, n int, element []byte) {
	if b.silent() {
		return
	}
	b.begin(ListRemove, db, key)
	b.number(uint64(end))
	b.number(uint64(n))
	b.text(element)
}
