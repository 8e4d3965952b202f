// SPDX-License-Identifier: Apache-2.0

package object

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/container/dict"
)

// BigHash is a hash that outgrew its packed form.
type BigHash struct{ *dict.Dict }

// NewHash returns an empty hash whose parts lie in a.
func NewHash(a *arena.Arena, seed maphash.Seed) *BigHash { return &BigHash{dict.New(a, seed)} }

// Kind is [Hash].
func (*BigHash) Kind() Kind { return Hash }

// Encoding is what OBJECT ENCODING answers.
func (*BigHash) Encoding() string { return "hashtable" }

// OutsideBytes is the memory beside the arena: a few words.
func (*BigHash) OutsideBytes() int64 { return dictBytes }

// dictBytes is about what a dict takes of the Go heap: itself, and its table's directory.
const dictBytes = 200

// Elements visits every pair.
func (h *BigHash) Elements(visit SaveFunc) {
	h.Each(func(field, value []byte) bool {
		visit(field, value, 0)
		return true
	})
}

// BeginSave hands every pair out once as it is now; see [dict.Dict.BeginSave].
func (h *BigHash) BeginSave(save SaveFunc) {
	h.Dict.BeginSave(func(field, value []byte) { save(field, value, 0) })
}

// Copy makes an equal hash in a. Cost: O(fields).
func (h *BigHash) Copy(a *arena.Arena, seed maphash.Seed) Big {
	c := NewHash(a, seed)
	h.Each(func(field, value []byte) bool {
		c.Set(field, value)
		return true
	})
	return c
}
