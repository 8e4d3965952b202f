// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/container/listpack"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// Hash is the hash under a key that was looked up; an absent key is an empty hash. The
// first field that is set makes the key, and with the last field that is deleted it goes.
//
// A small hash is a pack of field, value, field, value …; a large one an
// [object.BigHash]. Once large it stays so.
type Hash struct {
	e   Entry
	key []byte // as the caller gave it
}

// ReadHash looks key up for a call that reads a hash.
func (db *DB) ReadHash(key []byte) (h Hash, err error) {
	h.key = key
	db.read(&h.e, key)
	return h, h.checkKind()
}

// FindHash looks key up for a call that changes a hash.
func (db *DB) FindHash(key []byte) (h Hash, err error) {
	h.key = key
	db.find(&h.e, key)
	return h, h.checkKind()
}

func (h *Hash) checkKind() error {
	if h.e.Exists() && h.e.kind != object.Hash {
		return reply.ErrWrongType
	}
	return nil
}

func (h *Hash) big() *object.BigHash {
	if h.e.form != formBig {
		return nil
	}
	return h.e.big().(*object.BigHash)
}

// Exists tells whether the key is there.
func (h *Hash) Exists() bool { return h.e.Exists() }

// Len is the number of fields.
func (h *Hash) Len() int {
	switch big := h.big(); {
	case !h.Exists():
		return 0
	case big != nil:
		return big.Len()
	}
	return h.e.pack().Len() / 2
}

// Get is the value of a field, a view that is good until the next one is asked for.
// Cost: O(1), or O(bytes) in a small hash.
func (h *Hash) Get(field []byte) (value []byte, ok bool) {
	if !h.Exists() {
		return nil, false
	}
	if big := h.big(); big != nil {
		return big.Get(field)
	}
	p := h.e.pack()
	off := findField(p, field)
	if off < 0 {
		return nil, false
	}
	return h.e.db.space.text(p.Get(p.Next(off)), 0), true
}

// findField is where a field stands in a pack of pairs; negative if nowhere.
func findField(p listpack.Pack, field []byte) int {
	if first := p.First(); first >= 0 {
		return p.Find(first, 1, field)
	}
	return -1
}

// Set puts a value under a field and tells whether the field is new.
func (h *Hash) Set(field, value []byte) (created bool) {
	h.e.saveFirst()
	created = h.set(field, value)
	h.e.db.space.Effects.HashSet(h.e.db.index, h.key, field, value)
	h.e.db.changed(h.key)
	return created
}

func (h *Hash) set(field, value []byte) (created bool) {
	limits := &h.e.db.space.Limits
	if !h.Exists() {
		h.e.createPack(h.key, object.Hash)
	}
	if h.e.form == formPacked && max(len(field), len(value)) > limits.HashValueMax {
		h.Enlarge()
	}
	if big := h.big(); big != nil {
		return big.Set(field, value)
	}
	p := h.e.pack()
	off := findField(p, field)
	if off >= 0 {
		off = p.Next(off)
		p = h.e.growPack(p.ReplacedBytes(off, value))
		h.e.fitPack(p.Replace(off, value))
		return false
	}
	p = h.e.growPack(len(p) + listpack.EncodedLen(field) + listpack.EncodedLen(value))
	h.e.fitPack(p.Append(field).Append(value))
	if h.Len() > limits.HashEntriesMax {
		h.Enlarge()
	}
	return true
}

// Enlarge lets a small hash continue in its large form.
func (h *Hash) Enlarge() {
	space := h.e.db.space
	if !h.Exists() {
		h.e.createPack(h.key, object.Hash)
	}
	if h.e.form == formBig {
		return
	}
	big := object.NewHash(space.arena, space.seed)
	h.Each(func(field, value []byte) bool {
		big.Set(field, value)
		return true
	})
	h.e.becomeBig(big)
}

// Delete removes a field and tells whether it was there.
func (h *Hash) Delete(field []byte) bool {
	if !h.Exists() {
		return false
	}
	if big := h.big(); big != nil {
		h.e.saveFirst()
		if !big.Delete(field) {
			return false
		}
	} else {
		p := h.e.pack()
		off := findField(p, field)
		if off < 0 {
			return false
		}
		h.e.saveFirst()
		h.e.fitPack(p.Delete(off, 2))
	}
	if h.Len() == 0 {
		h.e.Remove()
		return true
	}
	h.e.db.space.Effects.HashDelete(h.e.db.index, h.key, field)
	h.e.db.changed(h.key)
	return true
}

// Each visits all pairs until visit says false. visit must not change the Space.
func (h *Hash) Each(visit func(field, value []byte) bool) {
	if !h.Exists() {
		return
	}
	if big := h.big(); big != nil {
		big.Each(visit)
		return
	}
	p, space := h.e.pack(), h.e.db.space
	for off := p.First(); off >= 0; off = p.Next(off) {
		field := p.Get(off)
		off = p.Next(off)
		if !visit(space.text(field, 0), space.text(p.Get(off), 1)) {
			return
		}
	}
}

// Scan visits some pairs and returns where to go on, 0 at the end: all at once in a small
// hash. visit must not change the Space.
func (h *Hash) Scan(cursor uint64, visit func(field, value []byte)) (next uint64) {
	if big := h.big(); big != nil {
		return big.Scan(cursor, visit)
	}
	h.Each(func(field, value []byte) bool {
		visit(field, value)
		return true
	})
	return 0
}

// Random is some pair, each with nearly the same chance, chosen by 64 random bits. The
// hash must not be empty.
func (h *Hash) Random(r uint64) (field, value []byte) {
	if big := h.big(); big != nil {
		field, value, _ = big.Random(r)
		return field, value
	}
	p, space := h.e.pack(), h.e.db.space
	off := p.At(2 * int(r%uint64(h.Len())))
	return space.text(p.Get(off), 0), space.text(p.Get(p.Next(off)), 1)
}
