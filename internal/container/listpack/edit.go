// SPDX-License-Identifier: Apache-2.0

package listpack

import "stampede/internal/assert"

// Append adds b as the last element. The capacity must hold EncodedLen(b) bytes more.
func (p Pack) Append(b []byte) Pack { return p.Insert(p.End(), b) }

// AppendInt adds v as the last element. The capacity must hold EncodedLenInt(v) bytes more.
func (p Pack) AppendInt(v int64) Pack { return p.InsertInt(p.End(), v) }

// Insert adds b before the element at off, or as the last one if off is End. The capacity
// must hold EncodedLen(b) bytes more.
func (p Pack) Insert(off int, b []byte) Pack {
	if v, ok := parseInt(b); ok {
		return p.InsertInt(off, v)
	}
	p = p.resize(off, 0, encodedLenString(len(b)), 1)
	putString(p[off:], b)
	return p
}

// InsertInt is Insert for an integer. The capacity must hold EncodedLenInt(v) bytes more.
func (p Pack) InsertInt(off int, v int64) Pack {
	p = p.resize(off, 0, EncodedLenInt(v), 1)
	putInt(p[off:], v)
	return p
}

// InsertTail adds the last n elements of q, which is no part of p and in which they begin at
// from, before the element at off, or at the end if off is End. The capacity must hold their
// bytes more.
func (p Pack) InsertTail(off int, q Pack, from, n int) Pack {
	elements := q[from:q.End()]
	p = p.resize(off, 0, len(elements), n)
	copy(p[off:], elements)
	return p
}

// Replace puts b in the place of the element at off. The capacity must hold ReplacedBytes.
func (p Pack) Replace(off int, b []byte) Pack {
	if v, ok := parseInt(b); ok {
		return p.ReplaceInt(off, v)
	}
	p = p.resize(off, p.ElementBytes(off), encodedLenString(len(b)), 0)
	putString(p[off:], b)
	return p
}

// ReplaceInt is Replace for an integer.
func (p Pack) ReplaceInt(off int, v int64) Pack {
	p = p.resize(off, p.ElementBytes(off), EncodedLenInt(v), 0)
	putInt(p[off:], v)
	return p
}

// ReplacedBytes tells the total of the pack after Replace(off, b).
func (p Pack) ReplacedBytes(off int, b []byte) int {
	return len(p) - p.ElementBytes(off) + EncodedLen(b)
}

// ReplacedBytesInt tells the total of the pack after ReplaceInt(off, v).
func (p Pack) ReplacedBytesInt(off int, v int64) int {
	return len(p) - p.ElementBytes(off) + EncodedLenInt(v)
}

// Delete removes n elements, or as many as there are, beginning with the one at off. What
// stood behind them stands at off then, if off is not End.
func (p Pack) Delete(off, n int) Pack {
	end, deleted := off, 0
	for ; deleted < n && p[end] != endMark; deleted++ {
		end = p.after(end)
	}
	return p.resize(off, end-off, 0, -deleted)
}

// resize makes room of added bytes where removed ones were at off, and brings the header
// up to date; elements tells by how many the count changes.
func (p Pack) resize(off, removed, added, elements int) Pack {
	total := len(p) + added - removed
	assert.That(total <= cap(p) && total <= MaxBytes, "listpack: no room for the edit")
	tail := p[off+removed:]
	p = p[:total]
	copy(p[off+added:], tail)
	p.setBytes(total)
	if n := p.count(); n != countUnknown {
		p.setCount(n + elements)
	}
	return p
}
