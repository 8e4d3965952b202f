// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"strconv"

	"stampede/internal/container/listpack"
	"stampede/internal/object"
)

// pack is the entry's small collection, a view.
func (e *Entry) pack() listpack.Pack { return listpack.Pack(e.value()) }

// growPack makes room for a pack of n bytes and returns the pack as it is, with that
// capacity. [Entry.fitPack] must follow once it has been edited.
func (e *Entry) growPack(n int) listpack.Pack {
	old := len(e.value())
	if n > old {
		e.resizeValue(n)
	}
	return listpack.Pack(e.value()[:old])
}

// fitPack gives back the room that the edited pack p does not take.
func (e *Entry) fitPack(p listpack.Pack) {
	if len(p) != len(e.value()) {
		e.resizeValue(len(p))
	}
}

// resizeValue makes the value n bytes long and keeps as much of its beginning as fits.
func (e *Entry) resizeValue(n int) {
	s := e.shape()
	keep := min(s.valueLen, n)
	s.valueLen = n
	e.reshape(s, keep)
}

// createPack makes an absent key with a pack of elements, perhaps none.
func (e *Entry) createPack(key []byte, kind object.Kind, elements ...[]byte) {
	bytes := listpack.EmptyBytes
	for _, b := range elements {
		bytes += listpack.EncodedLen(b)
	}
	e.create(key, shape{kind: kind, form: formPacked, valueLen: bytes})
	p := listpack.New(e.value())
	for _, b := range elements {
		p = p.Append(b)
	}
}

// text is the text of an element; that of an integer lies in one of two places of the
// Space, so that a pair can be looked at together.
func (s *Space) text(v listpack.Value, place int) []byte {
	if !v.IsInt {
		return v.Bytes
	}
	return strconv.AppendInt(s.digits[place][:0], v.Int, 10)
}
