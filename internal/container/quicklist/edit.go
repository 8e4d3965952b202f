// SPDX-License-Identifier: Apache-2.0

package quicklist

import (
	"stampede/internal/assert"
	"stampede/internal/container/listpack"
)

// seek is where element i stands: in which node, and how many stand before it there. Cost:
// O(nodes), from the nearer end.
func (l *List) seek(i int) (at, before int) {
	assert.That(i >= 0 && i < l.len, "quicklist: an element that is not there")
	if i < l.len/2 {
		for ; ; at++ {
			n := l.nodes.At(at).len()
			if i < n {
				return at, i
			}
			i -= n
		}
	}
	i = l.len - i // counted from behind, 1 is the last
	for at = l.nodes.Len() - 1; ; at-- {
		n := l.nodes.At(at).len()
		if i <= n {
			return at, n - i
		}
		i -= n
	}
}

// Insert puts b before element i, or at the end if there are only i. Cost: O(nodes).
func (l *List) Insert(i int, b []byte, fill int) {
	if i == 0 || i == l.len {
		l.Push(i == 0, b, fill)
		return
	}
	at, before := l.seek(i)
	switch {
	case l.fits(at, fill, len(b)):
		n := l.edit(at)
		l.insertInto(n, l.pack(n).At(before), b, fill)
	case before > 0:
		l.split(at, before)
		l.insertBetween(at+1, b, fill)
	default:
		l.insertBetween(at, b, fill)
	}
}

// insertBetween puts b before node at, which is not the first: at the end of the node before
// it, at its beginning, or as a node of its own.
func (l *List) insertBetween(at int, b []byte, fill int) {
	switch {
	case l.fits(at-1, fill, len(b)):
		n := l.edit(at - 1)
		l.insertInto(n, l.pack(n).End(), b, fill)
	case l.fits(at, fill, len(b)):
		n := l.edit(at)
		l.insertInto(n, l.pack(n).First(), b, fill)
	default:
		l.addNode(at, b, fill)
	}
}

// split lets the elements of a pack be two nodes: the first before ones, and the others.
func (l *List) split(at, before int) {
	n := l.edit(at)
	p := l.pack(n)
	off := p.At(before)
	rest := int(n.count) - before
	size := listpack.EmptyBytes + p.End() - off
	second := node{ref: l.alloc(size), size: uint32(size), count: uint32(rest)}
	q := listpack.New(l.arena.Bytes(second.ref, size))
	for next := off; next >= 0; next = p.Next(next) {
		if v := p.Get(next); v.IsInt {
			q = q.AppendInt(v.Int)
		} else {
			q = q.Append(v.Bytes)
		}
	}
	l.deleteFrom(n, off, rest)
	l.len += rest
	l.nodes.Insert(l.arena, at+1, second)
}

// Set puts b in the place of element i. Cost: O(nodes).
func (l *List) Set(i int, b []byte, fill int) {
	at, before := l.seek(i)
	n := l.nodes.At(at)
	if n.count != plain && Fits(fill, listpack.EmptyBytes, 0, len(b)) {
		p := l.pack(n)
		if size := p.ReplacedBytes(p.At(before), b); size <= packBytes(fill) {
			n = l.edit(at)
			if size > int(n.size) {
				l.resize(n, size)
			}
			p = l.pack(n)
			p.Replace(p.At(before), b)
			return
		}
	}
	l.Remove(i, 1)
	l.Insert(i, b, fill)
}

// Remove takes k elements from element i on away; all must be there. Cost: O(nodes + k).
func (l *List) Remove(i, k int) {
	if k <= 0 {
		return
	}
	at, before := l.seek(i)
	if before > 0 {
		here := min(k, l.nodes.At(at).len()-before)
		n := l.edit(at)
		l.deleteFrom(n, l.pack(n).At(before), here)
		k -= here
		at++
	}
	whole := at
	for ; k > 0 && l.nodes.At(whole).len() <= k; whole++ {
		n := l.nodes.At(whole)
		k -= n.len()
		l.drop(n)
	}
	l.nodes.Remove(l.arena, at, whole-at)
	if k > 0 {
		n := l.edit(at)
		l.deleteFrom(n, l.pack(n).First(), k)
	}
}

// Has tells whether an element equals b. Cost: O(elements).
func (l *List) Has(b []byte) bool {
	for i := range l.nodes.Len() {
		n := l.nodes.At(i)
		if n.count == plain {
			if string(l.element(n)) == string(b) {
				return true
			}
		} else if p := l.pack(n); p.Find(p.First(), 0, b) >= 0 {
			return true
		}
	}
	return false
}

// RemoveEqual takes up to k of the elements that equal b away, from one end on, and tells
// how many there were. Cost: O(elements).
func (l *List) RemoveEqual(b []byte, k int, front bool) (removed int) {
	for i := 0; i < l.nodes.Len() && removed < k; i++ {
		at := i
		if !front {
			at = l.nodes.Len() - 1 - i
		}
		removed += l.removeFrom(at, b, k-removed, front)
	}
	l.removeEmpty()
	return removed
}

// removeFrom is RemoveEqual in one node, which may be empty afterwards.
func (l *List) removeFrom(at int, b []byte, k int, front bool) (removed int) {
	n := l.nodes.At(at)
	if n.count == plain {
		if string(l.element(n)) != string(b) {
			return 0
		}
		l.drop(n)
		n.count = 0
		return 1
	}
	p := l.pack(n)
	off := p.Find(p.First(), 0, b)
	if off < 0 {
		return 0
	}
	if !front {
		off = p.Last()
	}
	n = l.edit(at)
	p = l.pack(n)
	for off >= 0 && removed < k {
		next := -1
		if !front {
			next = p.Prev(off)
		}
		if p.Get(off).Equal(b) {
			p = p.Delete(off, 1)
			removed++
			if front && off < p.End() {
				next = off
			}
		} else if front {
			next = p.Next(off)
		}
		off = next
	}
	n.count -= uint32(removed)
	l.len -= removed
	switch {
	case n.count == 0:
		l.free(n)
	case len(p) <= int(n.size)/2:
		l.resize(n, len(p))
	}
	return removed
}

// removeEmpty closes the gaps that removeFrom has left.
func (l *List) removeEmpty() {
	kept := 0
	for i := range l.nodes.Len() {
		if n := *l.nodes.At(i); n.count != 0 {
			*l.nodes.At(kept) = n
			kept++
		}
	}
	if kept < l.nodes.Len() {
		l.nodes.Truncate(l.arena, kept)
	}
}
