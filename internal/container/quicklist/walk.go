// SPDX-License-Identifier: Apache-2.0

package quicklist

import (
	"strconv"

	"stampede/internal/container/listpack"
)

// text is the text of an element of a pack.
func (l *List) text(v listpack.Value) []byte {
	if v.IsInt {
		return strconv.AppendInt(l.digits[:0], v.Int, 10)
	}
	return v.Bytes
}

// Get is element i, which must be there. Cost: O(nodes), O(1) near the ends.
func (l *List) Get(i int) []byte {
	at, before := l.seek(i)
	n := l.nodes.At(at)
	if n.count == plain {
		return l.element(n)
	}
	p := l.pack(n)
	return l.text(p.Get(p.At(before)))
}

// Each visits the elements from element first on, backwards if reverse is set, until visit
// says false or the list ends. visit must not change the list. Cost: O(nodes + visited).
func (l *List) Each(first int, reverse bool, visit func(element []byte) bool) {
	if first < 0 || first >= l.len {
		return
	}
	at, before := l.seek(first)
	for at >= 0 && at < l.nodes.Len() {
		if !l.eachIn(l.nodes.At(at), before, reverse, visit) {
			return
		}
		if reverse {
			at, before = at-1, -1
		} else {
			at, before = at+1, 0
		}
	}
}

// eachIn visits elements of one node; before is the first of them, -1 the last one.
func (l *List) eachIn(n *node, before int, reverse bool, visit func(element []byte) bool) bool {
	if n.count == plain {
		return visit(l.element(n))
	}
	p := l.pack(n)
	for off := p.At(before); off >= 0; {
		if !visit(l.text(p.Get(off))) {
			return false
		}
		if reverse {
			off = p.Prev(off)
		} else {
			off = p.Next(off)
		}
	}
	return true
}

// EachNode visits all nodes in their order.
func (l *List) EachNode(visit Visit) {
	for i := range l.nodes.Len() {
		l.visitNode(l.nodes.At(i), visit)
	}
}

func (l *List) visitNode(n *node, visit Visit) {
	if n.count == plain {
		visit(nil, l.element(n))
	} else {
		visit(l.pack(n), nil)
	}
}
