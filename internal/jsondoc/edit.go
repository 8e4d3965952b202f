// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"cmp"
	"slices"

	"stampede/internal/assert"
)

// Op is what an Edit does.
type Op uint8

const (
	// Replace puts Value in the place of the value at At.
	Replace Op = iota

	// Delete takes out the child at At, with its name if it has one.
	Delete

	// InsertMember puts the member Name, which must be new, behind the last member of the
	// object at At.
	InsertMember

	// InsertElements puts the elements that Value is, packed one behind the other, before
	// element Index of the array at At; behind the last one if it has not so many.
	InsertElements
)

// Edit is one change of a document. At is Value.Offset of what it is about; Iter.Offset will
// do, too, for a child. Value is packed, made with the Names of the document.
type Edit struct {
	At    int
	Op    Op
	Index int    // of InsertElements, in the document as it was
	Name  []byte // of InsertMember
	Value []byte
}

// Apply appends doc with all edits carried out, which it sorts. Their offsets and indexes
// speak of doc as it is. Of several edits of one place Delete goes before Replace, and the
// last Replace given counts; edits within a value that is replaced or deleted do nothing;
// insertions at one place keep their order. Deleting the root appends nothing.
//
// The error is ErrDepth or ErrTooLarge; dst comes back as it was then. It costs a copy of the
// document and a walk over the siblings before each edit. The room of dst and doc may not
// overlap; the values may be views of doc.
func Apply(dst, doc []byte, edits []Edit, names *Names) ([]byte, error) {
	sortEdits(edits)
	e := editor{doc: doc, dst: dst, edits: edits, names: names}
	if len(edits) == 0 {
		return append(dst, doc...), nil
	}
	if e.deletes(0, 0) {
		return dst, nil
	}
	e.value(0)
	assert.That(len(e.edits) == 0, "jsondoc: edit beyond the document")
	if e.err == nil && len(e.dst)-len(dst) > TextBytesMax {
		e.err = ErrTooLarge
	}
	if e.err != nil {
		return e.dst[:len(dst)], e.err
	}
	assertWell(e.dst[len(dst):], names)
	return e.dst, nil
}

func sortEdits(edits []Edit) {
	if len(edits) > 1 {
		slices.SortStableFunc(edits, byPlace)
	}
}

func byPlace(a, b Edit) int {
	if c := cmp.Compare(a.At, b.At); c != 0 || a.Op != InsertElements || b.Op != a.Op {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}

// An editor copies doc to dst. The edits that it has not come to yet are sorted; those of a
// value come before those within it.
type editor struct {
	doc, dst []byte
	edits    []Edit
	names    *Names
	depth    int
	err      error
}

// deletes tells whether the next edits take away the value at an offset, whose name begins at
// another.
func (e *editor) deletes(name, value int) bool {
	for i := 0; i < len(e.edits) && e.edits[i].At <= value; i++ {
		assert.That(e.edits[i].At == name || e.edits[i].At == value,
			"jsondoc: edit of what is no value")
		if e.edits[i].Op == Delete {
			return true
		}
	}
	return false
}

// drop passes over the edits before an offset.
func (e *editor) drop(end int) {
	for len(e.edits) > 0 && e.edits[0].At < end {
		e.edits = e.edits[1:]
	}
}

// value copies the value at an offset, in or within which the next edit is.
func (e *editor) value(at int) (end int) {
	end = after(e.doc, at)
	replacement, mine := -1, 0
	for mine < len(e.edits) && e.edits[mine].At <= at {
		if e.edits[mine].Op == Replace {
			replacement = mine
		}
		mine++
	}
	if replacement >= 0 {
		e.put(e.edits[replacement].Value)
		e.drop(end)
		return end
	}
	inserts := e.edits[:mine]
	e.edits = e.edits[mine:]
	e.children(at, inserts)
	return end
}

// put appends a packed value from outside.
func (e *editor) put(packed []byte) {
	if e.depth+depthOf(packed, 0) > DepthMax {
		e.err = ErrDepth
	}
	e.dst = append(e.dst, packed...)
}

// children copies the array or object at an offset with what is inserted into it, in the
// order of the places, and with the edits within it.
func (e *editor) children(at int, inserts []Edit) {
	kind := kinds[e.doc[at]]
	assert.That(kind >= Array, "jsondoc: edit within what has no children")
	f, next := familyArray, 0
	if kind == Object {
		f, next = familyObject, len(inserts) // all of them behind the last member
	}
	from, end := body(e.doc, at)
	open, room := len(e.dst), from-at
	e.dst = append(e.dst, e.doc[at:from]...)
	e.depth++
	for pos, index := from, 0; pos < end; index++ {
		for next < len(inserts) && inserts[next].Index <= index {
			e.dst = append(e.dst, e.doc[from:pos]...)
			from = pos
			e.insert(inserts[next], kind)
			next++
		}
		if next == len(inserts) && (len(e.edits) == 0 || e.edits[0].At >= end) {
			break
		}
		pos, from = e.child(pos, from, kind)
	}
	e.dst = append(e.dst, e.doc[from:end]...)
	if kind == Object {
		next = 0
	}
	for _, one := range inserts[next:] {
		e.insert(one, kind)
	}
	e.dst = closeBody(e.dst, open, room, f)
	e.depth--
}

// child passes over the child at an offset. If there are edits of it, it copies what was not
// copied yet, from an offset on, and carries them out.
func (e *editor) child(pos, from int, kind Kind) (nextPos, nextFrom int) {
	value := pos
	if kind == Object {
		value = afterName(e.doc, pos)
	}
	end := after(e.doc, value)
	switch {
	case len(e.edits) == 0 || e.edits[0].At >= end:
		return end, from
	case e.deletes(pos, value):
		e.dst = append(e.dst, e.doc[from:pos]...)
		e.drop(end)
	default:
		e.dst = append(e.dst, e.doc[from:value]...)
		e.value(value)
	}
	return end, end
}

func (e *editor) insert(one Edit, kind Kind) {
	if kind == Object {
		assert.That(one.Op == InsertMember, "jsondoc: inserts elements into an object")
		e.dst = AppendName(e.dst, one.Name, e.names)
		e.put(one.Value)
		return
	}
	assert.That(one.Op == InsertElements, "jsondoc: inserts a member into an array")
	for rest := one.Value; len(rest) > 0; {
		n := after(rest, 0)
		e.put(rest[:n])
		rest = rest[n:]
	}
}

// depthOf counts how deep arrays and objects lie within one another in the value at an
// offset: 0 for a number, 1 for an array of numbers.
func depthOf(doc []byte, at int) int {
	kind := kinds[doc[at]]
	if kind < Array {
		return 0
	}
	depth := 0
	from, end := body(doc, at)
	for from < end {
		if kind == Object {
			from = afterName(doc, from)
		}
		depth = max(depth, depthOf(doc, from))
		from = after(doc, from)
	}
	return depth + 1
}

// Overwrite carries out edits in doc itself if each of them replaces a number, a string,
// a Boolean or null by another one of the same size. If not, it changes nothing and gives
// false: Apply is the way then. Here At is Value.Offset in any case, and the values may not
// be views of doc.
func Overwrite(doc []byte, edits []Edit) bool {
	for _, e := range edits {
		if e.Op != Replace || len(e.Value) == 0 || kinds[e.Value[0]] >= Array ||
			kinds[doc[e.At]] >= Array || len(e.Value) != after(doc, e.At)-e.At {
			return false
		}
	}
	for _, e := range edits {
		copy(doc[e.At:], e.Value)
	}
	return true
}
