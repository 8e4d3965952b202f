// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"bytes"
	"unicode/utf8"

	"stampede/internal/jsondoc"
)

const (
	// smallObjectBytes is up to which size a look for a member counts as one visit. In greater
	// objects the members passed over are counted.
	smallObjectBytes = 1 << 10

	// textBytesPerVisit is how many bytes of a text may be looked at for one visit.
	textBytesPerVisit = 64

	// patternVisits is what it costs to make a pattern of a text of the document, and
	// stateVisits what each of its states does.
	patternVisits = 100
	stateVisits   = 8
)

// holds tells whether a condition is true of a node. The answer is of no use if the walk has
// an error then.
func (w *walk) holds(c *condition, node jsondoc.Value) bool {
	if !w.visit(1) {
		return false
	}
	switch c.kind {
	case conditionOr:
		for i := range c.parts {
			if w.holds(&c.parts[i], node) {
				return true
			}
		}
		return false
	case conditionAnd:
		for i := range c.parts {
			if !w.holds(&c.parts[i], node) {
				return false
			}
		}
		return true
	case conditionNot:
		return !w.holds(&c.parts[0], node)
	case conditionExists:
		return w.exists(c.query, node)
	case conditionMatch:
		return w.matching(c, node)
	}
	return w.compares(w.quantity(c.left, node), c.op, w.quantity(c.right, node))
}

// base is where a query begins.
func (w *walk) base(q *query, node jsondoc.Value) jsondoc.Value {
	if q.absolute {
		return w.root
	}
	return node
}

func (w *walk) exists(q *query, node jsondoc.Value) bool {
	if q.singular {
		return w.single(q, node).Exists()
	}
	return w.count(q, node, 1).found > 0
}

// count runs a query up to some number of nodes, 0 for all.
func (w *walk) count(q *query, node jsondoc.Value, stopAt int) sink {
	s := sink{stopAt: stopAt}
	w.segments(Match{Value: w.base(q, node)}, q.segments, &s)
	return s
}

// single gives the value of a singular query.
func (w *walk) single(q *query, node jsondoc.Value) jsondoc.Value {
	v := w.base(q, node)
	for i := range q.steps {
		if !v.Exists() || !w.visit(1) {
			return jsondoc.Value{}
		}
		if q.steps[i].byIndex {
			v = w.element(v, q.steps[i].index)
		} else {
			v = w.member(v, q.steps[i].name)
		}
	}
	return v
}

// member gives the member with a name. It counts those that it passes over if they may be
// many.
func (w *walk) member(v jsondoc.Value, name []byte) jsondoc.Value {
	if v.Kind() != jsondoc.Object {
		return jsondoc.Value{}
	}
	if len(v.Packed()) <= smallObjectBytes {
		return v.Member(name)
	}
	it := v.Children()
	for it.Next() {
		if bytes.Equal(it.Name(), name) {
			w.visit(it.Index() >> 3)
			return it.Value()
		}
	}
	w.visit(it.Index() >> 3)
	return jsondoc.Value{}
}

// element gives an element. It counts those that it passes over.
func (w *walk) element(v jsondoc.Value, index int64) jsondoc.Value {
	if v.Kind() != jsondoc.Array {
		return jsondoc.Value{}
	}
	if index < 0 {
		n := int64(v.Len())
		if index += n; index < 0 || !w.visit(int(n>>3)) {
			return jsondoc.Value{}
		}
	}
	if index >= int64(len(v.Packed())) || !w.visit(int(index>>3)) {
		return jsondoc.Value{}
	}
	return v.Element(int(index))
}

// A quantity is the value of a term: one of the document or the path, Missing if the term has
// none, or a count, which is known by not being negative.
type quantity struct {
	value jsondoc.Value
	count int
}

func (w *walk) quantity(t *term, node jsondoc.Value) quantity {
	switch t.kind {
	case termLength:
		if argument := w.quantity(t.argument, node); argument.count < 0 {
			return quantity{count: w.length(argument.value)}
		}
		return quantity{count: -1}
	case termCount:
		return quantity{count: w.count(t.query, node, 0).found}
	}
	return quantity{value: w.lying(t, node), count: -1}
}

// lying gives the value of a term that lies in the document or in the path, as all do but
// counts.
func (w *walk) lying(t *term, node jsondoc.Value) jsondoc.Value {
	switch t.kind {
	case termLiteral:
		return t.literal.value
	case termQuery:
		return w.single(t.query, node)
	case termValue:
		if s := w.count(t.query, node, 2); s.found == 1 {
			return s.last.Value
		}
	}
	return jsondoc.Value{}
}

// length is that of the function of this name, -1 for what has none.
func (w *walk) length(v jsondoc.Value) int {
	switch v.Kind() {
	case jsondoc.String:
		text := v.Text()
		w.visit(len(text) / textBytesPerVisit)
		return utf8.RuneCount(text)
	case jsondoc.Array, jsondoc.Object:
		n := v.Len()
		w.visit(n >> 3)
		return n
	}
	return -1
}

// packedIntBytes is room for any integer as a value.
const packedIntBytes = 16

// compares tells whether two quantities compare so.
func (w *walk) compares(left quantity, op comparison, right quantity) bool {
	var a, b [packedIntBytes]byte
	if left.count >= 0 {
		left.value = jsondoc.Root(jsondoc.AppendInt(a[:0], int64(left.count)), nil)
	}
	if right.count >= 0 {
		right.value = jsondoc.Root(jsondoc.AppendInt(b[:0], int64(right.count)), nil)
	}
	return w.compare(left.value, op, right.value)
}

// compare tells whether two values, each of which may be Missing, compare so.
func (w *walk) compare(a jsondoc.Value, op comparison, b jsondoc.Value) bool {
	switch op {
	case equal:
		return w.same(a, b)
	case notEqual:
		return !w.same(a, b)
	case less:
		return w.before(a, b)
	case lessOrEqual:
		return w.before(a, b) || w.same(a, b)
	case greater:
		return w.before(b, a)
	}
	return w.before(b, a) || w.same(a, b)
}

func isNumber(k jsondoc.Kind) bool { return k == jsondoc.Integer || k == jsondoc.Number }

// before tells whether a is less than b, which only numbers and texts are.
func (w *walk) before(a, b jsondoc.Value) bool {
	switch ka, kb := a.Kind(), b.Kind(); {
	case isNumber(ka) && isNumber(kb):
		return a.Compare(b) < 0
	case ka == jsondoc.String && kb == jsondoc.String:
		w.visit(min(len(a.Text()), len(b.Text())) / textBytesPerVisit)
		return bytes.Compare(a.Text(), b.Text()) < 0
	}
	return false
}

// same tells whether two values are equal, and counts what it visits for it.
func (w *walk) same(a, b jsondoc.Value) bool {
	kind := a.Kind()
	switch {
	case kind < jsondoc.String:
		return a.Equal(b)
	case kind != b.Kind():
		return false
	case kind == jsondoc.String:
		w.visit(min(len(a.Text()), len(b.Text())) / textBytesPerVisit)
		return bytes.Equal(a.Text(), b.Text())
	case kind == jsondoc.Array:
		return w.sameElements(a, b)
	}
	return w.sameMembers(a, b)
}

func (w *walk) sameElements(a, b jsondoc.Value) bool {
	x, y := a.Children(), b.Children()
	for x.Next() {
		if !y.Next() || !w.visit(1) || !w.same(x.Value(), y.Value()) {
			return false
		}
	}
	return !y.Next()
}

// sameMembers looks for each member of a at the same place in b first, as a rule it is there.
func (w *walk) sameMembers(a, b jsondoc.Value) bool {
	x, y := a.Children(), b.Children()
	inOrder := true
	for x.Next() {
		if !y.Next() || !w.visit(1) {
			return false
		}
		other := y.Value()
		if inOrder = inOrder && bytes.Equal(x.Name(), y.Name()); !inOrder {
			other = w.member(b, x.Name())
		}
		if !w.same(x.Value(), other) {
			return false
		}
	}
	return !y.Next()
}

// matching tells whether a text has a pattern; what is no text has none, and is none.
func (w *walk) matching(c *condition, node jsondoc.Value) bool {
	text := w.lying(c.left, node).Text()
	if text == nil {
		return false
	}
	p := c.pattern
	if p == nil {
		if p = w.patternOf(w.lying(c.right, node).Text(), c.dialect); p == nil {
			return false
		}
	}
	return w.visit(p.visits(text)) && p.matches(text)
}

// patternOf makes a pattern of a text of the document, nil if there is none. As a rule it is
// the same text again.
func (w *walk) patternOf(source []byte, d dialect) *pattern {
	if source == nil {
		return nil
	}
	if r := w.recent; r != nil && r.dialect == d && r.source == string(source) {
		return r
	}
	w.recent = newPattern(source, d)
	w.visit(patternVisits + stateVisits*max(w.recent.size, len(source)))
	return w.recent
}
