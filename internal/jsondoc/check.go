// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"stampede/internal/assert"
)

// errMalformed is what Import says about bytes that no AppendPortable wrote.
var errMalformed = errors.New("malformed document")

// assertWell makes sure, where slow checks are compiled in, that we made a document.
func assertWell(doc []byte, names *Names) {
	if assert.Slow {
		err := check(doc, names)
		assert.That(err == nil, "jsondoc: made a document that is none")
	}
}

// check tells what is wrong with the bytes of a document, of which nothing is taken for
// granted: every value has its one form and ends where the next begins, numbers of names
// are known, no object has a name twice. It costs a walk over the whole.
func check(doc []byte, names *Names) error {
	c := checker{doc: doc, names: names}
	if end := c.value(0, len(doc), 0); end >= 0 && end != len(doc) {
		c.fail(end, "bytes behind the value")
	}
	return c.err
}

type checker struct {
	doc   []byte
	names *Names
	err   error
}

func (c *checker) fail(at int, reason string) int {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s at offset %d", errMalformed, reason, at)
	}
	return -1
}

// value checks the value at an offset, which must end at limit or before, and gives the
// offset behind it, or -1 if it is wrong.
func (c *checker) value(at, limit, depth int) (end int) {
	if at >= limit {
		return c.fail(at, "no value")
	}
	kind := kinds[c.doc[at]]
	if kind == Missing {
		return c.fail(at, "unknown tag")
	}
	from, end := at+1, at+int(fixedBytes[c.doc[at]])
	if end == at {
		if at+1+1<<(c.doc[at]&3) > limit {
			return c.fail(at, "cut off")
		}
		from, end = longBody(c.doc, at)
	}
	if end > limit {
		return c.fail(at, "longer than what is around it")
	}
	if !c.isShortest(kind, at, from, end) {
		return c.fail(at, "not the shortest form")
	}
	switch {
	case kind == String && !utf8.Valid(c.doc[from:end]):
		return c.fail(at, "invalid UTF-8")
	case kind >= Array:
		return c.children(from, end, depth+1, kind == Object)
	}
	return end
}

// isShortest tells whether a value has the form that packing would have given it.
func (c *checker) isShortest(kind Kind, at, from, end int) bool {
	v := Value{c.doc, c.names, at}
	switch {
	case kind == String:
		return headBytes(familyString, end-from) == from-at
	case kind >= Array:
		return headBytes(familyArray, end-from) == from-at
	case kind < Integer:
		return true
	}
	n, _, isPacked := v.decimal()
	switch {
	case isPacked && c.doc[at] >= tagDecimal:
		return intBytes(n) == end-at-1 && (c.doc[at] < tagArray || uint64(n) > smallMax)
	case isPacked:
		return true
	}
	text := c.doc[from:end]
	numeral, ok := scanNumeral(text, 0)
	_, packs := numeral.signed()
	return ok && numeral.end == len(text) && (!packs || numeral.scale > scaleMax) &&
		headBytes(familyNumber, len(text)) == from-at
}

func (c *checker) children(from, end, depth int, isObject bool) int {
	if depth > DepthMax {
		return c.fail(from, "nested too deeply")
	}
	seen := nameSet{from: from}
	for at := from; at < end; {
		if isObject {
			value := c.name(at, end)
			if value < 0 {
				return -1
			}
			seen.add(c.doc, at, value)
			at = value
		}
		if at = c.value(at, end, depth); at < 0 {
			return -1
		}
	}
	if seen.mayRepeat {
		index := newNameIndex(c.doc, from, end, c.names)
		if index.fill(from, end) {
			return c.fail(from, "a name twice in an object")
		}
	}
	return end
}

// name checks the name at an offset and gives the offset behind it, or -1 if it is wrong.
func (c *checker) name(at, limit int) (end int) {
	head := 1
	switch tag := c.doc[at]; {
	case tag >= nameWide && tag < nameInline, tag == name8:
		head = 2
	case tag == name32:
		head = 5
	}
	if at+head > limit {
		return c.fail(at, "cut off")
	}
	if end = afterName(c.doc, at); end > limit {
		return c.fail(at, "longer than what is around it")
	}
	if number := nameNumber(c.doc, at); number >= 0 {
		if number >= c.names.Len() || (number > nameShortMax) != (head == 2) {
			return c.fail(at, "unknown name")
		}
		return end
	}
	name := inlineName(c.doc, at, end)
	if inlineHead(len(name)) != head || c.names.find(name) >= 0 {
		return c.fail(at, "not the shortest form")
	}
	if !utf8.Valid(name) {
		return c.fail(at, "invalid UTF-8")
	}
	return end
}
