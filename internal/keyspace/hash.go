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
	if err = h.checkKind(); err == nil {
		h.settle()
	}
	return h, err
}

// FindHash looks key up for a call that changes a hash.
func (db *DB) FindHash(key []byte) (h Hash, err error) {
	h.key = key
	db.find(&h.e, key)
	if err = h.checkKind(); err == nil {
		h.settle()
	}
	return h, err
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

// Len is the number of fields, those left out that are due. Cost: O(1), O(log n) if fields of a
// large hash have deadlines, O(n) if those of a small one have.
func (h *Hash) Len() int { return h.size() - h.dueFields() }

// size is the number of fields, due or not.
func (h *Hash) size() int {
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
		if value, ok = big.Get(field); ok && h.due(big.DeadlineMs(field)) {
			return nil, false
		}
		return value, ok
	}
	p := h.e.pack()
	off := findField(p, field)
	if off < 0 {
		return nil, false
	}
	value = h.e.db.space.text(p.Get(p.Next(off)), 0)
	if h.stampedPack() {
		var deadlineMs int64
		if deadlineMs, value = splitStamped(value); h.due(deadlineMs) {
			return nil, false
		}
	}
	return value, true
}

// findField is where a field stands in a pack of pairs; negative if nowhere.
func findField(p listpack.Pack, field []byte) int {
	if first := p.First(); first >= 0 {
		return p.Find(first, 1, field)
	}
	return -1
}

// Set puts a value under a field, which has no deadline then, and tells whether the field is
// new.
func (h *Hash) Set(field, value []byte) (created bool) {
	h.e.saveFirst()
	created = h.set(field, value)
	h.e.db.space.Effects.HashSet(h.e.db.index, h.key, field, value)
	h.e.db.changed(h.key)
	return created
}

// Keep is Set for a field that keeps its deadline.
func (h *Hash) Keep(field, value []byte) {
	deadlineMs, _ := h.FieldDeadlineMs(field)
	if h.Set(field, value); deadlineMs != 0 {
		h.SetFieldDeadline(field, deadlineMs)
	}
}

func (h *Hash) set(field, value []byte) (created bool) {
	limits := &h.e.db.space.Limits
	if !h.Exists() {
		if max(len(field), len(value)) <= limits.HashValueMax && limits.HashEntriesMax > 0 {
			h.e.createPack(h.key, object.Hash, field, value)
			return true
		}
		h.e.createPack(h.key, object.Hash)
	}
	if h.e.form != formBig && max(len(field), len(value)) > limits.HashValueMax {
		h.Enlarge()
	}
	if big := h.big(); big != nil {
		return h.setBig(big, field, value)
	}
	p := h.e.pack()
	off := findField(p, field)
	if h.stampedPack() {
		if off >= 0 {
			deadlineMs, _ := splitStamped(h.e.db.space.text(p.Get(p.Next(off)), 1))
			created = h.due(deadlineMs)
		}
		value = h.e.db.space.stamped(0, value)
	}
	if off >= 0 {
		h.replaceAt(p.Next(off), value)
		return created
	}
	p = h.e.growPack(len(p) + listpack.EncodedLen(field) + listpack.EncodedLen(value))
	h.e.fitPack(p.Append(field).Append(value))
	if h.size() > limits.HashEntriesMax {
		h.Enlarge()
	}
	return true
}

func (h *Hash) setBig(big *object.BigHash, field, value []byte) (created bool) {
	if created = big.Set(field, value); big.Timed() > 0 {
		created = created || h.due(big.DeadlineMs(field))
		big.SetDeadline(field, 0)
	}
	return created
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
	h.eachStamped(func(field, value []byte, deadlineMs int64) bool {
		big.Set(field, value)
		big.SetDeadline(field, deadlineMs)
		return true
	})
	h.e.becomeBig(big)
}

// Delete removes a field and tells whether it was there.
func (h *Hash) Delete(field []byte) bool {
	if !h.Exists() {
		return false
	}
	if h.isTimed() {
		if _, there := h.FieldDeadlineMs(field); !there {
			return false
		}
	}
	if !h.erase(field) {
		return false
	}
	if h.Len() == 0 {
		h.e.Remove()
		return true
	}
	h.e.db.space.Effects.HashDelete(h.e.db.index, h.key, field)
	h.e.db.changed(h.key)
	return true
}

// erase takes out a field, due or not, and tells whether it was there.
func (h *Hash) erase(field []byte) bool {
	if big := h.big(); big != nil {
		h.e.saveFirst()
		return big.Delete(field)
	}
	p := h.e.pack()
	off := findField(p, field)
	if off < 0 {
		return false
	}
	h.e.saveFirst()
	h.e.fitPack(p.Delete(off, 2))
	return true
}

// Each visits all pairs until visit says false. visit must not change the Space.
func (h *Hash) Each(visit func(field, value []byte) bool) {
	if !h.Exists() {
		return
	}
	if h.isTimed() {
		h.eachStamped(func(field, value []byte, deadlineMs int64) bool {
			return h.due(deadlineMs) || visit(field, value)
		})
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
		return big.Scan(cursor, func(field, value []byte) {
			if !h.due(big.DeadlineMs(field)) {
				visit(field, value)
			}
		})
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
	if h.isTimed() && h.dueFields() > 0 {
		return h.randomLive(r)
	}
	if big := h.big(); big != nil {
		field, value, _ = big.Random(r)
		return field, value
	}
	p, space := h.e.pack(), h.e.db.space
	off := p.At(2 * int(r%uint64(h.size())))
	field, value = space.text(p.Get(off), 0), space.text(p.Get(p.Next(off)), 1)
	if h.stampedPack() {
		_, value = splitStamped(value)
	}
	return field, value
}

// randomLive is Random where some fields are due.
func (h *Hash) randomLive(r uint64) (field, value []byte) {
	if big := h.big(); big != nil {
		for try := range uint64(randomTries) {
			field, value, _ = big.Random(r ^ try*randomMix)
			if !h.due(big.DeadlineMs(field)) {
				return field, value
			}
		}
	}
	at := int(r % uint64(h.Len()))
	h.Each(func(f, v []byte) bool {
		field, value = f, v
		at--
		return at >= 0
	})
	return field, value
}

// randomTries is how often a field is drawn that may be due, before all are walked over;
// randomMix lets each draw be another one.
const (
	randomTries = 32
	randomMix   = 0x9E3779B97F4A7C15
)
