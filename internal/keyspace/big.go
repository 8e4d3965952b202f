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
}

func (b *bigs) add(o object.Big) (index uint32) {
	if n := len(b.free); n > 0 {
		index, b.free = b.free[n-1], b.free[:n-1]
		b.live[index] = o
		return index
	}
	b.live = append(b.live, o)
	return uint32(len(b.live) - 1)
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

// outsideBytes is what collections hold beside the arena.
func (b *bigs) outsideBytes() (total int64) {
	for _, o := range b.live {
		if o != nil {
			total += o.OutsideBytes()
		}
	}
	for _, o := range b.dying {
		total += o.OutsideBytes()
	}
	return total
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
