// SPDX-License-Identifier: Apache-2.0

package jsondoc

// Value is a view of one value in a document. The zero Value does not exist: it is what
// Member and Element give where there is nothing.
type Value struct {
	doc   []byte
	names *Names
	at    int
}

// Root is the value that a document is. It may also be used on one packed value that stands
// alone, made with the same Names.
func Root(doc []byte, names *Names) Value { return Value{doc: doc, names: names} }

// Exists tells whether there is a value at all.
func (v Value) Exists() bool { return v.doc != nil }

// Offset is where the value begins in its document: what [Edit] calls At.
func (v Value) Offset() int { return v.at }

// Kind is what the value is.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Missing
	}
	return kinds[v.doc[v.at]]
}

// Packed is a view of the bytes of the value: what Edit takes, for the same Names.
func (v Value) Packed() []byte {
	if v.doc == nil {
		return nil
	}
	end := after(v.doc, v.at)
	return v.doc[v.at:end:end]
}

// Bool is the value of a Bool; false for every other kind.
func (v Value) Bool() bool { return v.doc != nil && v.doc[v.at] == tagTrue }

// Text is a view of a string's text in UTF-8, without escapes; nil for every other kind.
func (v Value) Text() []byte {
	if v.Kind() != String {
		return nil
	}
	from, to := body(v.doc, v.at)
	return v.doc[from:to:to]
}

// Len counts the elements of an array or the members of an object, in time linear to their
// number. It is 0 for every other kind.
func (v Value) Len() int {
	n := 0
	for it := v.Children(); it.Next(); {
		n++
	}
	return n
}

// Member gives the member of an object with a name. It passes over the members before it;
// values that are no objects have none.
func (v Value) Member(name []byte) Value {
	if v.Kind() != Object {
		return Value{}
	}
	number := v.names.find(name)
	doc := v.doc
	at, end := body(doc, v.at)
	for at < end {
		value, isIt := at+1, false
		switch tag := doc[at]; {
		case tag < nameWide:
			isIt = int(tag) == number
		case tag < nameInline:
			value = at + 2
			isIt = int(tag-nameWide)<<8|int(doc[at+1]) == number
		default:
			value = afterName(doc, at)
			isIt = string(inlineName(doc, at, value)) == string(name)
		}
		if isIt {
			return Value{doc, v.names, value}
		}
		if n := fixedBytes[doc[value]]; n != 0 {
			at = value + int(n)
		} else {
			_, at = longBody(doc, value)
		}
	}
	return Value{}
}

// Element gives element i of an array, counted from 0. It passes over the elements before
// it; there is none beyond the end, at a negative i, and in what is no array.
func (v Value) Element(i int) Value {
	if v.Kind() != Array || i < 0 {
		return Value{}
	}
	doc := v.doc
	at, end := body(doc, v.at)
	for ; at < end; i-- {
		if i == 0 {
			return Value{doc, v.names, at}
		}
		if n := fixedBytes[doc[at]]; n != 0 {
			at += int(n)
		} else {
			_, at = longBody(doc, at)
		}
	}
	return Value{}
}

// Iter goes over the elements of an array or the members of an object, in their order.
// Its other methods speak of the child that the last Next found.
type Iter struct {
	doc      []byte
	names    *Names
	at       int // of the child's name, or of the child if it has none
	value    int
	next     int
	end      int
	index    int
	isObject bool
}

// Children begins a walk over the children; there are none unless the value is an array or
// an object.
func (v Value) Children() Iter {
	kind := v.Kind()
	if kind < Array {
		return Iter{index: -1}
	}
	from, to := body(v.doc, v.at)
	return Iter{doc: v.doc, names: v.names, next: from, end: to, index: -1,
		isObject: kind == Object}
}

// Next goes to the next child and tells whether there is one.
func (it *Iter) Next() bool {
	if it.next >= it.end {
		return false
	}
	it.at, it.value = it.next, it.next
	if it.isObject {
		it.value = afterName(it.doc, it.at)
	}
	it.next = after(it.doc, it.value)
	it.index++
	return true
}

// Name is a view of the member's name in UTF-8; nil in an array.
func (it *Iter) Name() []byte {
	if !it.isObject {
		return nil
	}
	return nameAt(it.doc, it.at, it.value, it.names)
}

func nameAt(doc []byte, at, end int, names *Names) []byte {
	if number := nameNumber(doc, at); number >= 0 {
		return names.name(number)
	}
	return inlineName(doc, at, end)
}

// Index counts the children before this one.
func (it *Iter) Index() int { return it.index }

// Value is the child.
func (it *Iter) Value() Value { return Value{it.doc, it.names, it.value} }

// Offset is where the child begins, with its name if it has one.
func (it *Iter) Offset() int { return it.at }
