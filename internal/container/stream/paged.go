// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"unsafe"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// paged is records in the order of their IDs, in pages of an arena. A record is a struct
// without pointers whose first field is its [ID], which names it; the rest of it may be
// changed in place once the page has been edited.
type paged[T any] struct {
	row row
	len int
}

// pageBytes is about the size of a full page.
const pageBytes = 2048

func (s *paged[T]) recordBytes() int {
	var one T
	return int(unsafe.Sizeof(one))
}

// pageMax is how many records a page takes.
func (s *paged[T]) pageMax() int { return pageBytes / s.recordBytes() }

// records is all the room of a page.
func (s *paged[T]) records(a *arena.Arena, p *slot) []T {
	if assert.Slow {
		a.Bytes(p.ref, int(p.size))
	}
	return unsafe.Slice((*T)(a.Pointer(p.ref)), int(p.size)/s.recordBytes())
}

func recordID[T any](record *T) ID { return *(*ID)(unsafe.Pointer(record)) }

// search finds where in a page an ID is, or would be.
func search[T any](page []T, id ID) (at int, found bool) {
	low, high := 0, len(page)
	for low < high {
		middle := int(uint(low+high) / 2)
		if recordID(&page[middle]).Less(id) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(page) && recordID(&page[low]) == id
}

// locate finds the page and the place of an ID; page is -1 if it would come before all.
func (s *paged[T]) locate(a *arena.Arena, id ID) (page, at int, found bool) {
	if page = s.row.find(id); page < 0 {
		return page, 0, false
	}
	p := s.row.at(page)
	at, found = search(s.records(a, p)[:p.count], id)
	return page, at, found
}

// get is the record with an ID, a view that is not to be changed, or nil. Cost: O(log n).
func (s *paged[T]) get(a *arena.Arena, id ID) *T {
	page, at, found := s.locate(a, id)
	if !found {
		return nil
	}
	return &s.records(a, s.row.at(page))[at]
}

// edit is get for who changes the record.
func (s *paged[T]) edit(a *arena.Arena, m *memory, id ID) *T {
	page, at, found := s.locate(a, id)
	if !found {
		return nil
	}
	return &s.records(a, s.row.edit(a, m, page))[at]
}

// add puts a record in, whose ID must not be there. Cost: O(log n) and that of a page.
func (s *paged[T]) add(a *arena.Arena, m *memory, record T) {
	id := recordID(&record)
	i, at, found := s.locate(a, id)
	assert.That(!found, "stream: a record that is there already")
	s.len++
	switch {
	case i < 0 && s.row.len() > 0:
		i = 0
	case i < 0 || i == s.row.len()-1 && at == s.pageMax():
		made := slot{id: id, ref: s.alloc(a, m, 1), size: uint32(s.recordBytes()), count: 1}
		s.records(a, &made)[0] = record
		s.row.insert(a, m, s.row.len(), made)
		return
	}
	if int(s.row.at(i).count) == s.pageMax() {
		if s.split(a, m, i); at > int(s.row.at(i).count) {
			at -= int(s.row.at(i).count)
			i++
		}
	}
	p := s.row.edit(a, m, i)
	if room := int(p.size) / s.recordBytes(); int(p.count) == room {
		realloc(a, m, p, min(2*room, s.pageMax())*s.recordBytes(), int(p.size))
	}
	p.count++
	page := s.records(a, p)[:p.count]
	copy(page[at+1:], page[at:])
	page[at] = record
	p.id = recordID(&page[0])
}

func (s *paged[T]) alloc(a *arena.Arena, m *memory, records int) arena.Ref {
	m.arena += int64(arena.SizeOf(records * s.recordBytes()))
	return a.Alloc(records * s.recordBytes())
}

// split moves the upper half of a full page into a new one behind it.
func (s *paged[T]) split(a *arena.Arena, m *memory, i int) {
	p := s.row.edit(a, m, i)
	keep := int(p.count) / 2
	upper := s.records(a, p)[keep:p.count]
	made := slot{
		id: recordID(&upper[0]), ref: s.alloc(a, m, s.pageMax()),
		size: uint32(s.pageMax() * s.recordBytes()), count: uint32(len(upper)),
	}
	copy(s.records(a, &made), upper)
	p.count = uint32(keep)
	s.row.insert(a, m, i+1, made)
}

// remove takes the record with an ID away and tells whether it was there. Cost: O(log n)
// and that of a page.
func (s *paged[T]) remove(a *arena.Arena, m *memory, id ID) bool {
	i, at, found := s.locate(a, id)
	if !found {
		return false
	}
	s.len--
	if s.row.at(i).count == 1 {
		s.row.drop(a, m, s.row.at(i))
		s.row.remove(a, m, i, 1)
		return true
	}
	p := s.row.edit(a, m, i)
	page := s.records(a, p)[:p.count]
	copy(page[at:], page[at+1:])
	p.count--
	p.id = recordID(&page[0])
	if room := int(p.size) / s.recordBytes(); int(p.count) <= room/4 {
		used := int(p.count) * s.recordBytes()
		realloc(a, m, p, max(room/2, 1)*s.recordBytes(), used)
	}
	return true
}

// each visits the records from an ID on until visit says false. visit must not change them.
func (s *paged[T]) each(a *arena.Arena, from ID, visit func(record *T) bool) {
	i, at, _ := s.locate(a, from)
	for i = max(i, 0); i < s.row.len(); i++ {
		p := s.row.at(i)
		page := s.records(a, p)[:p.count]
		for ; at < len(page); at++ {
			if !visit(&page[at]) {
				return
			}
		}
		at = 0
	}
}

// clear takes up to k records away, page by page, and gives how many may still go.
func (s *paged[T]) clear(a *arena.Arena, m *memory, k int) (left int) {
	for s.row.len() > 0 && k > 0 {
		last := s.row.at(s.row.len() - 1)
		k -= int(last.count)
		s.len -= int(last.count)
		s.row.drop(a, m, last)
		s.row.remove(a, m, s.row.len()-1, 1)
	}
	return k
}

// check panics where an invariant does not hold.
func (s *paged[T]) check(a *arena.Arena) (m memory) {
	total := 0
	for i := range s.row.len() {
		p := s.row.at(i)
		page := s.records(a, p)[:p.count]
		assert.That(len(page) > 0 && recordID(&page[0]) == p.id, "stream: a page's ID is wrong")
		for k := 1; k < len(page); k++ {
			assert.That(recordID(&page[k-1]).Less(recordID(&page[k])), "stream: records out of order")
		}
		total += len(page)
	}
	assert.That(total == s.len, "stream: the number of records is not that of the pages")
	return s.row.check()
}
