// SPDX-License-Identifier: Apache-2.0

package stock

import "encoding/binary"

// queue is the refusals that are remembered, the oldest first, linked through their
// blocks. 0 is no record.
type queue struct {
	book        *book
	first, last uint32
	len         int64
}

func (q *queue) prev(ref uint32) uint32 { return binary.LittleEndian.Uint32(q.book.links(ref)) }
func (q *queue) next(ref uint32) uint32 { return binary.LittleEndian.Uint32(q.book.links(ref)[4:]) }

func (q *queue) setPrev(ref, to uint32) { binary.LittleEndian.PutUint32(q.book.links(ref), to) }
func (q *queue) setNext(ref, to uint32) { binary.LittleEndian.PutUint32(q.book.links(ref)[4:], to) }

// append puts a refusal behind all others.
func (q *queue) append(ref uint32) { q.insert(ref, q.last, 0) }

// prepend puts a refusal before all others.
func (q *queue) prepend(ref uint32) { q.insert(ref, 0, q.first) }

func (q *queue) insert(ref, prev, next uint32) {
	q.setPrev(ref, prev)
	q.setNext(ref, next)
	q.join(prev, ref)
	q.join(ref, next)
	q.len++
}

// remove takes a refusal out.
func (q *queue) remove(ref uint32) {
	q.join(q.prev(ref), q.next(ref))
	q.len--
}

// join makes two records neighbours; one of them may be an end of the queue.
func (q *queue) join(prev, next uint32) {
	if prev == 0 {
		q.first = next
	} else {
		q.setNext(prev, next)
	}
	if next == 0 {
		q.last = prev
	} else {
		q.setPrev(next, prev)
	}
}
