// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"encoding/binary"
	"fmt"
)

// Edits in portable form, which needs neither offsets nor the numbers of names, so that it fits
// every copy of the document; one after the other:
//
//	op (1 byte) | path: child number + 1 …, 0 | what the op has
//
//	Replace          length, value
//	Delete           nothing
//	InsertMember     length, name, length, value
//	InsertElements   index, how many, of each: length, value
//
// All numbers are uvarints, all values in portable form. docs/formats/jsondoc.md shows one.

// PortableEditsMax is how many edits a portable form can have: the place of each is found by a
// walk.
const PortableEditsMax = 16

// AppendEdits appends edits of doc, which must not have been carried out yet, in portable form.
// There are at most PortableEditsMax of them. Whatever order they come in, the result stands
// for what [Apply] does with them.
func AppendEdits(dst, doc []byte, edits []Edit, names *Names) []byte {
	sortEdits(edits)
	for i := range edits {
		e := &edits[i]
		dst = appendPath(append(dst, byte(e.Op)), doc, e.At)
		switch e.Op {
		case Replace:
			dst = appendSized(dst, e.Value, names)
		case InsertMember:
			dst = append(binary.AppendUvarint(dst, uint64(len(e.Name))), e.Name...)
			dst = appendSized(dst, e.Value, names)
		case InsertElements:
			dst = binary.AppendUvarint(dst, uint64(e.Index))
			dst = binary.AppendUvarint(dst, uint64(countOf(e.Value)))
			for rest := e.Value; len(rest) > 0; {
				n := after(rest, 0)
				dst = appendSized(dst, rest[:n], names)
				rest = rest[n:]
			}
		}
	}
	return dst
}

// countOf counts packed values that stand one behind the other.
func countOf(packed []byte) (n int) {
	for at := 0; at < len(packed); at = after(packed, at) {
		n++
	}
	return n
}

// appendPath appends which child of which child stands at an offset.
func appendPath(dst, doc []byte, at int) []byte {
	for v := 0; v < at; {
		isObject := kinds[doc[v]] == Object
		child, _ := body(doc, v)
		for index := uint64(1); ; index++ {
			v = child
			if isObject {
				v = afterName(doc, child)
			}
			if child = after(doc, v); at < child {
				dst = binary.AppendUvarint(dst, index)
				break
			}
		}
	}
	return append(dst, 0)
}

// appendSized appends a packed value, in portable form, and its length before it.
func appendSized(dst, packed []byte, names *Names) []byte {
	if kinds[packed[0]] < Array {
		return append(binary.AppendUvarint(dst, uint64(len(packed))), packed...)
	}
	const room = 3 // of the length, which is known behind the value
	at := len(dst)
	dst = transcode(append(dst, "..."[:room]...), Root(packed, names), nil)
	n := len(dst) - at - room
	var length [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(length[:], uint64(n))
	if size > room {
		dst = append(dst, length[:size-room]...)
	}
	copy(dst[at+size:], dst[at+room:at+room+n])
	copy(dst[at:], length[:size])
	return dst[:at+size+n]
}

// ImportEdits appends to edits those that AppendEdits wrote, for a copy of the document that
// they were made for. Bytes that are none, or that do not fit doc, give an error.
func ImportEdits(edits []Edit, portable, doc []byte, names *Names) ([]Edit, error) {
	r := editReader{portable: portable, doc: doc, names: names}
	for r.at < len(portable) && r.fault == "" {
		if len(edits) == PortableEditsMax {
			r.fail("too many edits")
			break
		}
		e := r.edit()
		for i := range edits {
			if e.Op == InsertMember && edits[i].Op == InsertMember && edits[i].At == e.At &&
				string(edits[i].Name) == string(e.Name) {
				r.fail("a member that comes twice")
			}
		}
		edits = append(edits, e)
	}
	if r.fault != "" {
		return edits, fmt.Errorf("%w: %s at offset %d of its edits", errMalformed, r.fault, r.at)
	}
	return edits, nil
}

// editReader reads edits in portable form. After a fault it reads zeros.
type editReader struct {
	portable, doc []byte
	names         *Names
	at            int // in portable
	fault         string
}

func (r *editReader) fail(fault string) {
	if r.fault == "" {
		r.fault = fault
	}
}

func (r *editReader) edit() (e Edit) {
	e.Op = Op(r.portable[r.at])
	r.at++
	e.At = r.place()
	kind := kinds[r.doc[e.At]]
	switch {
	case r.fault != "":
	case e.Op == Replace:
		e.Value = r.value(nil)
	case e.Op == Delete && e.At > 0:
	case e.Op == InsertMember && kind == Object:
		e.Name = r.bytes()
		if (Value{r.doc, r.names, e.At}).Member(e.Name).Exists() {
			r.fail("a member that is there")
		}
		e.Value = r.value(nil)
	case e.Op == InsertElements && kind == Array:
		e.Index = int(min(r.number(), TextBytesMax))
		for n := r.number(); n > 0 && r.fault == ""; n-- {
			e.Value = r.value(e.Value)
		}
	default:
		r.fail("an edit that does not fit the document")
	}
	return e
}

// place follows a path to the offset of its value.
func (r *editReader) place() (at int) {
	for {
		index := r.number()
		if index == 0 {
			return at
		}
		kind := kinds[r.doc[at]]
		if kind < Array {
			r.fail("a path into a value without children")
			return 0
		}
		pos, end := body(r.doc, at)
		for ; pos < end; pos = after(r.doc, at) {
			if at = pos; kind == Object {
				at = afterName(r.doc, pos)
			}
			if index--; index == 0 {
				break
			}
		}
		if index > 0 {
			r.fail("a path to a child that is not there")
			return 0
		}
	}
}

func (r *editReader) number() uint64 {
	n, size := binary.Uvarint(r.portable[r.at:])
	if size <= 0 || r.fault != "" {
		r.fail("no number")
		return 0
	}
	r.at += size
	return n
}

func (r *editReader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.portable)-r.at) {
		r.fail("a length beyond the end")
		return nil
	}
	r.at += int(n)
	return r.portable[r.at-int(n) : r.at : r.at]
}

// value appends a value, packed for the names of the document.
func (r *editReader) value(dst []byte) []byte {
	portable := r.bytes()
	if r.fault != "" {
		return dst
	}
	dst, err := Import(dst, portable, r.names)
	if err != nil {
		r.fail("a value that is none")
	}
	return dst
}
