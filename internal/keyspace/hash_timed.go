// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"

	"stampede/internal/container/listpack"
	"stampede/internal/object"
)

// Fields of a hash may have deadlines of their own. A field whose deadline has passed is not
// there for anyone who asks; what it takes is given back by [Space.ExpireFieldsStep].
//
// A small hash becomes "timed" with its first deadline: from then on each value in its pack has
// the deadline in front of it, six bytes. A large one keeps deadlines apart
// ([object.BigHash]). Either costs nothing as long as no field has a deadline.

// FieldDeadlineMax is the latest deadline of a field, in Unix milliseconds.
const FieldDeadlineMax = 1<<46 - 1

// stampBytes is the length of a deadline in front of a value.
const stampBytes = 6

// appendStamped appends a value behind its deadline.
func appendStamped(dst []byte, deadlineMs int64, value []byte) []byte {
	for shift := 0; shift < 8*stampBytes; shift += 8 {
		dst = append(dst, byte(deadlineMs>>shift))
	}
	return append(dst, value...)
}

// splitStamped is the inverse of appendStamped.
func splitStamped(stamped []byte) (deadlineMs int64, value []byte) {
	for i := range stampBytes {
		deadlineMs |= int64(stamped[i]) << (8 * i)
	}
	return deadlineMs, stamped[stampBytes:]
}

// stampedPack tells whether it is a small hash whose values have deadlines in front of them.
func (h *Hash) stampedPack() bool { return h.e.form == formTimed }

// isTimed tells whether fields may have deadlines.
func (h *Hash) isTimed() bool {
	return h.stampedPack() || h.e.form == formBig && h.big().Timed() > 0
}

// due tells whether a deadline has passed.
func (h *Hash) due(deadlineMs int64) bool {
	return deadlineMs != 0 && deadlineMs <= h.e.db.space.NowMs
}

// dueFields is how many fields are due. Cost: O(log n), O(n) in a small hash.
func (h *Hash) dueFields() (n int) {
	if big := h.big(); big != nil {
		return big.Due(h.e.db.space.NowMs)
	}
	if h.stampedPack() {
		h.eachStamped(func(_, _ []byte, deadlineMs int64) bool {
			if h.due(deadlineMs) {
				n++
			}
			return true
		})
	}
	return n
}

// eachStamped visits all fields, due or not, with their deadlines, until visit says false.
func (h *Hash) eachStamped(visit func(field, value []byte, deadlineMs int64) bool) {
	if big := h.big(); big != nil {
		big.Each(func(field, value []byte) bool {
			return visit(field, value, big.DeadlineMs(field))
		})
		return
	}
	stamped := h.stampedPack()
	p, space := h.e.pack(), h.e.db.space
	for off := p.First(); off >= 0; off = p.Next(off) {
		field := space.text(p.Get(off), 0)
		off = p.Next(off)
		value, deadlineMs := space.text(p.Get(off), 1), int64(0)
		if stamped {
			deadlineMs, value = splitStamped(value)
		}
		if !visit(field, value, deadlineMs) {
			return
		}
	}
}

// settle lets a hash be gone all of whose fields are due.
func (h *Hash) settle() {
	if !h.isTimed() || h.Len() > 0 {
		return
	}
	db := h.e.db
	if db.space.Frozen {
		h.e = Entry{db: db, hash: h.e.hash}
		return
	}
	h.endFields()
}

// endFields removes the key, whose fields have all ended.
func (h *Hash) endFields() {
	db, key := h.e.db, bytes.Clone(h.e.Key())
	h.e.Remove()
	db.Notify(EventHash, "hexpired", key)
	db.Notify(EventGeneric, "del", key)
}

// FieldDeadlineMs is when a field ends, 0 if never; ok is false if there is no such field.
func (h *Hash) FieldDeadlineMs(field []byte) (deadlineMs int64, ok bool) {
	if !h.Exists() {
		return 0, false
	}
	if big := h.big(); big != nil {
		_, ok = big.Get(field)
		deadlineMs = big.DeadlineMs(field)
	} else if off := findField(h.e.pack(), field); off >= 0 {
		ok = true
		if h.stampedPack() {
			p := h.e.pack()
			deadlineMs, _ = splitStamped(h.e.db.space.text(p.Get(p.Next(off)), 1))
		}
	}
	if !ok || h.due(deadlineMs) {
		return 0, false
	}
	return deadlineMs, true
}

// SetFieldDeadline lets a field, which must be there, end at a Unix time in milliseconds; 0:
// never. A time that is not in the future ends it in the next step of the clock.
func (h *Hash) SetFieldDeadline(field []byte, deadlineMs int64) {
	h.e.saveFirst()
	db := h.e.db
	switch big := h.big(); {
	case big != nil:
		big.SetDeadline(field, deadlineMs)
	case deadlineMs != 0 || h.stampedPack():
		h.stamp()
		p := h.e.pack()
		off := p.Next(findField(p, field))
		_, value := splitStamped(db.space.text(p.Get(off), 1))
		h.replaceAt(off, db.space.stamped(deadlineMs, value))
	}
	db.space.Effects.HashDeadline(db.index, h.key, field, deadlineMs)
	db.changed(h.key)
	if deadlineMs != 0 {
		db.awakeFields(h.key, deadlineMs)
	}
}

// stamped is a value with a deadline in front of it, in a place that the next call uses again.
func (s *Space) stamped(deadlineMs int64, value []byte) []byte {
	s.stampRoom = appendStamped(s.stampRoom[:0], deadlineMs, value)
	return s.stampRoom
}

// replaceAt gives the element at an offset of the pack another value.
func (h *Hash) replaceAt(off int, value []byte) {
	p := h.e.growPack(h.e.pack().ReplacedBytes(off, value))
	h.e.fitPack(p.Replace(off, value))
}

// stamp puts a deadline in front of all values of a small hash: none.
func (h *Hash) stamp() {
	if h.stampedPack() {
		return
	}
	space := h.e.db.space
	n := len(h.e.pack()) + h.Len()*(stampBytes+stampSpareBytes)
	p := listpack.New(make([]byte, listpack.EmptyBytes, n))
	h.eachStamped(func(field, value []byte, _ int64) bool {
		p = p.Append(field).Append(space.stamped(0, value))
		return true
	})
	s := h.e.shape()
	s.form, s.valueLen = formTimed, len(p)
	h.e.reshape(s, 0)
	copy(h.e.value(), p)
}

// stampSpareBytes is by how much more than the deadline an element may grow.
const stampSpareBytes = 24

// removeDue removes up to n fields that are due and tells how many.
func (h *Hash) removeDue(n int) (removed int) {
	fields := h.dueNames(n)
	if len(fields) == 0 {
		return 0
	}
	db := h.e.db
	h.e.saveFirst()
	if len(fields) == h.size() {
		h.endFields()
		return len(fields)
	}
	for _, field := range fields {
		h.erase(field)
		db.space.Effects.HashDelete(db.index, h.key, field)
	}
	db.changed(h.key)
	db.Notify(EventHash, "hexpired", h.key)
	return len(fields)
}

// dueNames copies the names of up to n fields that are due.
func (h *Hash) dueNames(n int) (names [][]byte) {
	if big := h.big(); big != nil {
		n = min(n, big.Due(h.e.db.space.NowMs))
		big.FirstDue(n, func(field []byte) { names = append(names, bytes.Clone(field)) })
		return names
	}
	h.eachStamped(func(field, _ []byte, deadlineMs int64) bool {
		if h.due(deadlineMs) {
			names = append(names, bytes.Clone(field))
		}
		return len(names) < n
	})
	return names
}

// nextDeadlineMs is the earliest deadline of a field; 0 if none has one.
func (h *Hash) nextDeadlineMs() (earliestMs int64) {
	if big := h.big(); big != nil {
		if big.Timed() > 0 {
			_, earliestMs = big.NextDue()
		}
		return earliestMs
	}
	if !h.stampedPack() {
		return 0
	}
	h.eachStamped(func(_, _ []byte, deadlineMs int64) bool {
		if deadlineMs != 0 && (earliestMs == 0 || deadlineMs < earliestMs) {
			earliestMs = deadlineMs
		}
		return true
	})
	return earliestMs
}

// Fields whose time comes are found by the names of their keys, in the order of the earliest
// deadline of each: db.timed. A name may stand there for too early a time, never too late.

// awakeFields has the hash under key looked at by a time.
func (db *DB) awakeFields(key []byte, atMs int64) {
	if db.timed == nil {
		db.timed = object.NewZSet(db.space.arena, db.space.seed)
	}
	ref, ok := db.timed.Find(key)
	switch {
	case !ok:
		db.timed.Insert(float64(atMs), key)
	case float64(atMs) < db.timed.Score(ref):
		db.timed.Move(ref, float64(atMs))
	}
}

// forgetFields takes a key out of those that are looked at.
func (db *DB) forgetFields(key []byte) {
	if db.timed == nil {
		return
	}
	if ref, ok := db.timed.Find(key); ok {
		db.timed.Delete(ref)
	}
}

// watchFields has the fields of a key that has just come about looked at when it is time.
func (e *Entry) watchFields(key []byte) {
	if e.kind != object.Hash {
		return
	}
	h := Hash{e: *e, key: key}
	if atMs := h.nextDeadlineMs(); atMs != 0 {
		e.db.awakeFields(key, atMs)
	}
}

// fieldsPerStep bounds how many fields one step removes from a database.
const fieldsPerStep = 400

// ExpireFieldsStep removes some fields whose deadline has passed, and the hashes that are left
// with none. It tells whether there are more. Cost: O(fieldsPerStep · log n) a database.
func (s *Space) ExpireFieldsStep() (more bool) {
	for _, db := range s.dbs {
		if db.timed != nil && db.expireFields() {
			more = true
		}
	}
	return more
}

func (db *DB) expireFields() (more bool) {
	for left := fieldsPerStep; left > 0; left-- {
		first := db.timed.At(0)
		if !first.Valid() || int64(first.Score()) > db.space.NowMs {
			return false
		}
		key := bytes.Clone(db.timed.Member(first.Ref()))
		db.forgetFields(key)
		h, err := db.peekHash(key)
		if err != nil || !h.Exists() {
			continue
		}
		left -= h.removeDue(left)
		h, err = db.peekHash(key)
		if err == nil && h.Exists() {
			h.e.watchFields(key)
		}
	}
	return true
}

// peekHash looks a hash up as it lies, due fields and all.
func (db *DB) peekHash(key []byte) (h Hash, err error) {
	h.key = key
	h.e = db.Peek(key)
	return h, h.checkKind()
}
