// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"
	"slices"

	"stampede/internal/object"
)

// bigs are the large collections of a Space by number: an entry's block holds the number,
// since it cannot hold a pointer. What was dropped is freed in steps, so that removing a
// collection of millions stalls nobody.
type bigs struct {
	live  []object.Big // by number; nil where free
	free  []uint32
	dying []object.Big

	outside []int64 // what each of live holds beside the arena, when it was asked last
	total   int64   // the sum of outside
	next    int     // which of live is asked next
}

func (b *bigs) add(o object.Big) (index uint32) {
	if n := len(b.free); n > 0 {
		index, b.free = b.free[n-1], b.free[:n-1]
	} else {
		index = uint32(len(b.live))
		b.live, b.outside = append(b.live, nil), append(b.outside, 0)
	}
	b.live[index] = o
	b.ask(int(index))
	return index
}

// ask brings up to date what one collection holds beside the arena.
func (b *bigs) ask(index int) {
	var bytes int64
	if o := b.live[index]; o != nil {
		bytes = o.OutsideBytes()
	}
	b.total += bytes - b.outside[index]
	b.outside[index] = bytes
}

// askedAtOnce is how many collections [Space.ReckonBigs] asks.
const askedAtOnce = 1000

// ReckonBigs brings up to date what large collections hold beside the arena, some of them each
// time: they grow without saying so. Cost: O(askedAtOnce).
func (s *Space) ReckonBigs() {
	b := &s.big
	for range min(askedAtOnce, len(b.live)) {
		if b.next >= len(b.live) {
			b.next = 0
		}
		b.ask(b.next)
		b.next++
	}
}

// noBig is the number in an entry whose collection was moved elsewhere.
const noBig = ^uint32(0)

// dropBig gives a collection to the steps that free it.
func (s *Space) dropBig(index uint32) {
	if index == noBig {
		return
	}
	o := s.big.take(index)
	s.noteGone(o)
	s.big.dying = append(s.big.dying, o)
}

// take gives up the number and leaves the collection to the caller.
func (b *bigs) take(index uint32) object.Big {
	o := b.live[index]
	b.live[index] = nil
	b.ask(int(index))
	b.free = append(b.free, index)
	return o
}

// freeBigs forgets every collection; their arena is about to be emptied as a whole.
func (s *Space) freeBigs() {
	for _, o := range s.big.live {
		s.noteGone(o)
	}
	s.big = bigs{}
}

// freeStepElements is how many elements of dropped collections one step frees.
const freeStepElements = 2000

// FreeStep frees some of what was dropped and tells whether there is more.
func (s *Space) FreeStep() (more bool) {
	for i, o := range s.big.dying {
		if o.Saving() {
			continue // a cut still has to hand it out
		}
		if o.FreeStep(freeStepElements) {
			s.big.dying = slices.Delete(s.big.dying, i, i+1)
			return i < len(s.big.dying)
		}
		return true
	}
	return false
}

func (e *Entry) bigIndex() uint32 { return binary.LittleEndian.Uint32(e.value()) }

// big is the entry's large collection.
func (e *Entry) big() object.Big { return e.db.space.big.live[e.bigIndex()] }

// becomeBig lets an existing packed collection continue as o.
func (e *Entry) becomeBig(o object.Big) {
	s := e.shape()
	s.form, s.valueLen = formBig, bigIndexBytes
	e.reshape(s, 0)
	binary.LittleEndian.PutUint32(e.value(), e.db.space.big.add(o))
}
