// SPDX-License-Identifier: Apache-2.0

package quicklist

import (
	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// A list that is handed out has to come in its order, although it changes at both ends and
// between them meanwhile. So beginning takes the row of nodes down (16 bytes a node: some
// 200 KB for five million short elements), and no node of that row changes before it has
// been handed out: a change gets a copy of it, a removal leaves it where it is, and handing
// it out frees it then. Each node is copied at most once; what is removed is not copied.

// BeginSave begins to hand every node out once, in order, as the list is now: the rest
// follows in [List.SaveStep], which must be called until all have been. No other save may
// be under way. Cost: O(nodes), some nanoseconds each.
func (l *List) BeginSave(save Visit) {
	assert.That(l.save == nil, "quicklist: handed out twice at once")
	l.save, l.saved = save, 0
	l.frozen = make([]node, l.nodes.Len())
	for i := range l.frozen {
		n := l.nodes.At(i)
		n.seq = uint32(i + 1)
		l.frozen[i] = node{ref: n.ref, size: n.size, count: n.count}
	}
}

// Saving tells whether the list is being handed out.
func (l *List) Saving() bool { return l.save != nil }

// SaveStep hands out the nodes of about k elements and tells whether all have been.
func (l *List) SaveStep(k int) (done bool) {
	for l.save != nil && l.saved < len(l.frozen) && k > 0 {
		n := &l.frozen[l.saved]
		l.visitNode(n, l.save)
		l.saved++
		if k -= n.len(); n.seq == unused {
			l.free(n)
		}
	}
	if l.saved == len(l.frozen) {
		l.save, l.frozen, l.saved = nil, nil, 0
	}
	return l.save == nil
}

// unused is the seq of a frozen node that the list has not got any more.
const unused = 1

func (l *List) isFrozen(n *node) bool {
	return l.save != nil && n.seq != 0 && int(n.seq) > l.saved
}

// edit is node i, good to be changed. It must come before every change of its block.
func (l *List) edit(i int) *node {
	n := l.nodes.At(i)
	if !l.isFrozen(n) {
		return n
	}
	l.frozen[n.seq-1].seq = unused
	old := l.arena.Bytes(n.ref, int(n.size))
	n.ref, n.seq = l.alloc(int(n.size)), 0
	copy(l.arena.Bytes(n.ref, int(n.size)), old)
	return n
}

// drop lets go of a node whose elements are all removed. The row is the caller's business.
func (l *List) drop(n *node) {
	l.len -= n.len()
	if l.isFrozen(n) {
		l.frozen[n.seq-1].seq = unused
		return
	}
	l.free(n)
}

// Check walks everything and panics where an invariant does not hold. Cost: O(bytes).
func (l *List) Check() {
	elements, bytes := 0, int64(0)
	for i := range l.nodes.Len() {
		n := l.nodes.At(i)
		bytes += int64(arena.SizeOf(int(n.size)))
		elements += n.len()
		if n.count != plain {
			assert.That(n.count > 0, "quicklist: a node without elements")
			assert.That(l.pack(n).Len() == int(n.count), "quicklist: a node with a wrong count")
		}
	}
	for i := l.saved; i < len(l.frozen); i++ {
		if l.frozen[i].seq == unused {
			bytes += int64(arena.SizeOf(int(l.frozen[i].size)))
		}
	}
	assert.That(elements == l.len, "quicklist: the length is not that of the nodes")
	assert.That(bytes == l.bytes, "quicklist: the bytes are not those of the nodes")
}
