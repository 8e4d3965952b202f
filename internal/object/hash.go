// SPDX-License-Identifier: Apache-2.0

package object

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/container/dict"
)

// BigHash is a hash that outgrew its packed form.
//
// The deadlines of its fields, if any ever had one, are a sorted set beside it: what has no
// deadline costs nothing, how many fields are due is a rank, and those due first come first.
type BigHash struct {
	*dict.Dict
	arena     *arena.Arena
	seed      maphash.Seed
	deadlines *BigZSet // nil: no field has ever had one
}

// NewHash returns an empty hash whose parts lie in a.
func NewHash(a *arena.Arena, seed maphash.Seed) *BigHash {
	return &BigHash{Dict: dict.New(a, seed), arena: a, seed: seed}
}

// Kind is [Hash].
func (*BigHash) Kind() Kind { return Hash }

// Encoding is what OBJECT ENCODING answers.
func (*BigHash) Encoding() string { return "hashtable" }

// OutsideBytes is the memory beside the arena: a few words, and the tree of the deadlines.
func (h *BigHash) OutsideBytes() int64 {
	if h.deadlines != nil {
		return dictBytes + h.deadlines.OutsideBytes()
	}
	return dictBytes
}

// Bytes is all the memory that the hash holds.
func (h *BigHash) Bytes() int64 {
	if h.deadlines != nil {
		return h.Dict.Bytes() + h.deadlines.Bytes()
	}
	return h.Dict.Bytes()
}

// dictBytes is about what a dict takes of the Go heap: itself, and its table's directory.
const dictBytes = 200

// Timed is how many fields have a deadline.
func (h *BigHash) Timed() int {
	if h.deadlines == nil {
		return 0
	}
	return h.deadlines.Len()
}

// Due is how many fields have ended by a time.
func (h *BigHash) Due(nowMs int64) int {
	if h.Timed() == 0 {
		return 0
	}
	return h.deadlines.RankOfScore(float64(nowMs), true)
}

// DeadlineMs is when a field ends; 0: never.
func (h *BigHash) DeadlineMs(field []byte) int64 {
	if h.Timed() == 0 {
		return 0
	}
	if ref, ok := h.deadlines.Find(field); ok {
		return int64(h.deadlines.Score(ref))
	}
	return 0
}

// SetDeadline lets a field, which is there, end at a time; 0: never. Cost: O(log n).
func (h *BigHash) SetDeadline(field []byte, deadlineMs int64) {
	if h.deadlines == nil {
		if deadlineMs == 0 {
			return
		}
		h.deadlines = NewZSet(h.arena, h.seed)
	}
	h.SaveFirst(field)
	ref, ok := h.deadlines.Find(field)
	switch {
	case !ok && deadlineMs != 0:
		h.deadlines.Insert(float64(deadlineMs), field)
	case ok && deadlineMs != 0:
		h.deadlines.Move(ref, float64(deadlineMs))
	case ok:
		h.deadlines.Delete(ref)
	}
}

// NextDue is the field that ends first, a view, and when it does; there must be one with a
// deadline.
func (h *BigHash) NextDue() (field []byte, deadlineMs int64) {
	first := h.deadlines.At(0)
	return h.deadlines.Member(first.Ref()), int64(first.Score())
}

// FirstDue visits the n fields that end first. visit must not change the shard.
func (h *BigHash) FirstDue(n int, visit func(field []byte)) {
	if n == 0 {
		return
	}
	for c := h.deadlines.At(0); n > 0 && c.Valid(); n-- {
		visit(h.deadlines.Member(c.Ref()))
		c.Next()
	}
}

// Delete removes a field and tells whether it was there.
func (h *BigHash) Delete(field []byte) bool {
	if !h.Dict.Delete(field) {
		return false
	}
	if h.Timed() > 0 {
		if ref, ok := h.deadlines.Find(field); ok {
			h.deadlines.Delete(ref)
		}
	}
	return true
}

// Elements visits every pair, with its deadline for a score.
func (h *BigHash) Elements(visit SaveFunc) {
	h.Each(func(field, value []byte) bool {
		visit(field, value, float64(h.DeadlineMs(field)))
		return true
	})
}

// BeginSave hands every pair out once as it is now, with its deadline for a score; see
// [dict.Dict.BeginSave].
func (h *BigHash) BeginSave(save SaveFunc) {
	h.Dict.BeginSave(func(field, value []byte) {
		save(field, value, float64(h.DeadlineMs(field)))
	})
}

// FreeStep gives back about n fields' memory and tells whether it was the last.
func (h *BigHash) FreeStep(n int) (done bool) {
	if h.deadlines != nil {
		if h.deadlines.FreeStep(n) {
			h.deadlines = nil
		}
		return false
	}
	return h.Dict.FreeStep(n)
}

// Copy makes an equal hash in a. Cost: O(fields).
func (h *BigHash) Copy(a *arena.Arena, seed maphash.Seed) Big {
	c := NewHash(a, seed)
	h.Each(func(field, value []byte) bool {
		c.Set(field, value)
		return true
	})
	if h.deadlines != nil {
		c.deadlines = h.deadlines.Copy(a, seed).(*BigZSet)
	}
	return c
}
