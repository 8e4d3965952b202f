// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"bytes"
	"cmp"
	"slices"

	"stampede/internal/command"
	"stampede/internal/resp"
)

// sorter is one run of SORT: the elements, what they are compared by, and which part of them
// is wanted.
type sorter struct {
	tx       command.Tx
	db       int
	o        *sortOptions
	inScript bool

	items     []sortItem
	bytes     []byte // of the elements and weights
	name      []byte // of the key that is looked up, scratch
	first     int    // the part that is wanted is items[first:end]
	end       int
	orderless bool // it is a set: unsorted elements come as they come
}

// sortItem is an element with what it is compared by.
type sortItem struct {
	element []byte
	weight  float64
	text    []byte // what is compared instead of weight; see there
	there   bool   // there is something under the pattern
}

// bound finds the wanted part of n elements.
func (s *sorter) bound(n int) {
	length := int64(n)
	first := min(max(s.o.offset, 0), length)
	end := length
	if s.o.count >= 0 {
		end = min(first+min(s.o.count, length), length)
	}
	s.first, s.end = int(first), int(end)
	s.items = make([]sortItem, 0, n)
}

// take copies an element.
func (s *sorter) take(element []byte) bool {
	s.items = append(s.items, sortItem{element: s.copied(element)})
	return true
}

func (s *sorter) copied(b []byte) []byte {
	if cap(s.bytes)-len(s.bytes) < len(b) {
		s.bytes = make([]byte, 0, max(len(b), min(2*cap(s.bytes)+256, copiedMax)))
	}
	at := len(s.bytes)
	s.bytes = append(s.bytes, b...)
	return s.bytes[at:len(s.bytes):len(s.bytes)]
}

// copiedMax is up to where the pieces grow into which elements are copied.
const copiedMax = 64 << 10

// cut leaves what is wanted if the order is the one that there is, or its reverse.
func (s *sorter) cut() {
	if !s.o.unsorted {
		return
	}
	if s.o.descending && !s.orderless {
		slices.Reverse(s.items)
	}
	s.items = s.items[s.first:s.end]
}

// weigh finds what each element is compared by. It is false if that is no number and must be.
func (s *sorter) weigh() (ok bool) {
	ok = true
	if s.o.unsorted {
		return ok
	}
	for i := range s.items {
		item := &s.items[i]
		text := item.element
		if item.there = true; s.o.by != nil {
			if text, item.there = s.lookUp(s.o.by, item.element); !item.there {
				continue
			}
		}
		if s.o.alpha {
			item.text = s.collated(text)
			continue
		}
		var isNumber bool
		item.weight, isNumber = weightOf(text)
		ok = ok && isNumber
	}
	return ok
}

// weightOf reads a number as C does, up to a zero byte and with blanks before it.
func weightOf(text []byte) (weight float64, ok bool) {
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	if len(text) == 0 {
		return 0, true
	}
	return resp.ParseDouble(bytes.TrimLeft(text, " \t\n\v\f\r"))
}

// collated is a copy of the part of a text that is compared: up to a zero byte, unless the
// result is stored.
func (s *sorter) collated(text []byte) []byte {
	if s.o.store == nil {
		if end := bytes.IndexByte(text, 0); end >= 0 {
			text = text[:end]
		}
	}
	return s.copied(text)
}

// sort puts the wanted part of the elements in order and drops the others.
func (s *sorter) sort() {
	if s.o.unsorted {
		return
	}
	compare := s.compareWeights
	if s.o.alpha {
		compare = s.compareTexts
	}
	slices.SortStableFunc(s.items, func(a, b sortItem) int {
		if s.o.descending {
			return -compare(&a, &b)
		}
		return compare(&a, &b)
	})
	s.items = s.items[s.first:s.end]
}

// compareWeights compares elements of the same weight by their bytes.
func (s *sorter) compareWeights(a, b *sortItem) int {
	return cmp.Or(cmp.Compare(a.weight, b.weight), bytes.Compare(a.element, b.element))
}

// compareTexts lets what is not there come first.
func (s *sorter) compareTexts(a, b *sortItem) int {
	if a.there != b.there {
		if b.there {
			return -1
		}
		return 1
	}
	return bytes.Compare(a.text, b.text)
}
