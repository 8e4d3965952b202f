// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"

	"stampede/internal/container/arena"
	"stampede/internal/container/table"
	"stampede/internal/object"
)

// A key is one block:
//
//	+-----------+--------------+-------------------+-----------+-----+-------+
//	| meta (u32)| key length   | value length      | deadline  | key | value |
//	|           | (uvarint)    | (uvarint, if text | (i64, if  |     |       |
//	|           |              |  or packed)       |  it has   |     |       |
//	|           |              |                   |  one)     |     |       |
//	+-----------+--------------+-------------------+-----------+-----+-------+
//
// meta: bits 0–3 the kind, 4–5 the form, 6 the phase (cut.go), 7 whether there is a
// deadline, 8–31 when and how often it was used (access.go). All numbers are little-endian.
// The value is the text of a string, the 8 bytes of an integer, a packed collection, or the
// 4-byte number of a big one. A block is always of the class that its length asks for, so the length frees it.

// form says how a value is kept.
type form uint8

const (
	formText form = iota // a string as it was set
	formRaw              // a string that APPEND, SETRANGE or SETBIT made
	formInt              // a string that is a 64-bit integer
	formBig              // a large collection: a number into bigs

	// formPacked is a small collection in one piece. No string is packed and nothing else
	// is a text, so that one number does for both and the forms take two bits.
	formPacked = formText

	// formMembers is a small set that is a pack of members; one that is packed is of
	// integers (set.go).
	formMembers = formRaw

	// formTimed is a small hash whose fields may have deadlines (hash_timed.go).
	formTimed = formRaw
)

const (
	metaBytes     = 4
	deadlineBytes = 8
	intBytes      = 8
	bigIndexBytes = 4
	phaseFlag     = 1 << 6
	deadlineFlag  = 1 << 7
	keepMask      = phaseFlag | accessMask<<8 // what a block takes along when it moves
)

// Entry is a key that was looked up: there or absent. It is a view: valid until the next
// change of its Space that does not go through it.
type Entry struct {
	db          *DB
	block       []byte // all of the entry's block; nil if the key is absent
	hash        uint64
	pos         table.Pos
	ref         arena.Ref
	keyAt       int
	valueAt     int
	kind        object.Kind
	form        form
	hasDeadline bool
}

// shape is what decides the layout of a block.
type shape struct {
	kind       object.Kind
	form       form
	keyLen     int
	valueLen   int
	deadlineMs int64 // 0: none
}

func (s shape) hasLength() bool { return s.form <= formRaw }

// headBytes is the length of all that stands before the key.
func (s shape) headBytes() int {
	n := metaBytes + uvarintLen(s.keyLen)
	if s.hasLength() {
		n += uvarintLen(s.valueLen)
	}
	if s.deadlineMs != 0 {
		n += deadlineBytes
	}
	return n
}

func (s shape) blockBytes() int { return s.headBytes() + s.keyLen + s.valueLen }

// write fills in everything before the key and returns its length. kept are the bits of
// meta that the shape does not decide.
func (s shape) write(block []byte, kept uint32) int {
	meta := uint32(s.kind) | uint32(s.form)<<4 | kept
	if s.deadlineMs != 0 {
		meta |= deadlineFlag
	}
	binary.LittleEndian.PutUint32(block, meta)
	n := metaBytes + binary.PutUvarint(block[metaBytes:], uint64(s.keyLen))
	if s.hasLength() {
		n += binary.PutUvarint(block[n:], uint64(s.valueLen))
	}
	if s.deadlineMs != 0 {
		binary.LittleEndian.PutUint64(block[n:], uint64(s.deadlineMs))
		n += deadlineBytes
	}
	return n
}

// blockMin is the length of the shortest block.
const blockMin = 8

// at is the entry whose block is ref. pos and hash stay unset.
func (db *DB) at(ref arena.Ref) (e Entry) {
	e.load(db, ref)
	return e
}

// load fills e from the block ref, all but pos and hash.
func (e *Entry) load(db *DB, ref arena.Ref) {
	head := db.space.arena.Bytes(ref, blockMin)
	meta := binary.LittleEndian.Uint32(head)
	e.db, e.ref = db, ref
	e.kind, e.form, e.hasDeadline = object.Kind(meta&15), form(meta>>4&3), meta&deadlineFlag != 0
	keyLen, n := int(head[metaBytes]), metaBytes+1
	if keyLen >= 0x80 {
		// The key alone makes the block longer than any head.
		head = db.space.arena.Bytes(ref, keyLen)
		keyLen, n = uvarintAt(head, metaBytes)
	}
	valueLen := 0
	switch e.form {
	case formInt:
		valueLen = intBytes
	case formBig:
		valueLen = bigIndexBytes
	default:
		if valueLen = int(head[n]); valueLen < 0x80 {
			n++
		} else {
			head = db.space.arena.Bytes(ref, valueLen)
			valueLen, n = uvarintAt(head, n)
		}
	}
	if e.hasDeadline {
		n += deadlineBytes
	}
	e.keyAt, e.valueAt = n, n+keyLen
	e.block = db.space.arena.Bytes(ref, e.valueAt+valueLen)
}

// uvarintAt reads a length at head[at:] and returns it with the position behind it.
func uvarintAt(head []byte, at int) (length, next int) {
	v, n := binary.Uvarint(head[at:])
	return int(v), at + n
}

func uvarintLen(v int) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}

// Exists tells whether there is such a key.
func (e *Entry) Exists() bool { return e.block != nil }

// Kind is what the key holds; [object.None] if it is absent.
func (e *Entry) Kind() object.Kind { return e.kind }

// Key is the key's name, a view.
func (e *Entry) Key() []byte { return e.block[e.keyAt:e.valueAt:e.valueAt] }

// value is the value's bytes, whatever their form.
func (e *Entry) value() []byte { return e.block[e.valueAt:] }

func (e *Entry) meta() uint32     { return binary.LittleEndian.Uint32(e.block) }
func (e *Entry) setMeta(m uint32) { binary.LittleEndian.PutUint32(e.block, m) }

func (e *Entry) shape() shape {
	return shape{
		kind: e.kind, form: e.form, keyLen: e.valueAt - e.keyAt,
		valueLen: len(e.block) - e.valueAt, deadlineMs: e.DeadlineMs(),
	}
}

// DeadlineMs is when the key ends, in Unix milliseconds; 0 if never.
func (e *Entry) DeadlineMs() int64 {
	if !e.hasDeadline {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(e.block[e.keyAt-deadlineBytes:]))
}

// Encoding is what OBJECT ENCODING answers.
func (e *Entry) Encoding() string {
	switch {
	case e.form == formBig:
		return e.big().Encoding()
	case e.kind == object.JSON:
		return "packed"
	case e.kind == object.List:
		return "quicklist"
	case e.kind == object.Set && e.form == formPacked:
		return "intset"
	case e.kind == object.Set:
		return "hashtable"
	case e.kind == object.Hash && e.form == formTimed:
		return "listpackex"
	case e.kind != object.String:
		return "listpack"
	case e.form == formInt:
		return "int"
	case e.form == formText && len(e.value()) <= embeddedMax:
		return "embstr"
	}
	return "raw"
}

// embeddedMax is the length up to which Redis calls a string "embstr".
const embeddedMax = 44

// MemoryBytes is all that the key costs: its block, its slots in tables, and what its
// value holds beside them.
func (e *Entry) MemoryBytes() int64 {
	n := int64(arena.SizeOf(len(e.block))) + slotBytes
	if e.hasDeadline {
		n += slotBytes
	}
	if e.form == formBig {
		n += e.big().Bytes()
	}
	return n
}

// slotBytes is what a key costs in a table on average: a tag, a reference, and free slots.
const slotBytes = 7

// create makes an absent key with room for its value, which the caller must fill.
func (e *Entry) create(key []byte, s shape) {
	if e.db.space.Frozen {
		e.db.Settle(key) // what was not seen must not be there twice
	}
	s.keyLen = len(key)
	e.reserve(s, key, e.db.space.access<<8|e.db.space.phase)
	e.db.last = found{}
	e.db.keys.Insert(e.hash, uint32(e.ref))
	// Insert may have moved entries about, so the position is looked up when it is needed.
	e.pos = e.db.position(e.db.keys, e.hash, e.ref)
	if s.deadlineMs != 0 {
		e.db.expires.Insert(e.hash, uint32(e.ref))
	}
	e.db.Notify(EventNew, "new", e.Key())
}

// reserve allocates a block of shape s, writes its head and key, and lets e be it.
func (e *Entry) reserve(s shape, key []byte, kept uint32) {
	n := s.blockBytes()
	ref := e.db.space.arena.Alloc(n)
	block := e.db.space.arena.Bytes(ref, n)
	at := s.write(block, kept)
	copy(block[at:], key)
	e.ref, e.block, e.keyAt, e.valueAt = ref, block, at, at+s.keyLen
	e.kind, e.form, e.hasDeadline = s.kind, s.form, s.deadlineMs != 0
}

// reshape gives an existing entry another form, length or deadline and keeps the first
// keep bytes of its value; the rest of the value is for the caller to fill. A big value
// that is given up must have been dropped before.
func (e *Entry) reshape(s shape, keep int) {
	s.keyLen = e.valueAt - e.keyAt
	had := e.hasDeadline
	if !e.reshapeInPlace(s) {
		old, oldRef := e.block, e.ref
		oldKeyAt, oldValueAt := e.keyAt, e.valueAt
		e.reserve(s, old[oldKeyAt:oldValueAt], e.meta()&keepMask)
		copy(e.value()[:keep], old[oldValueAt:])
		e.db.last = found{}
		e.db.keys.Replace(e.pos, uint32(e.ref))
		if had {
			e.moveDeadline(oldRef, s.deadlineMs != 0)
		} else if e.hasDeadline {
			e.db.expires.Insert(e.hash, uint32(e.ref))
		}
		e.db.space.arena.Free(oldRef, len(old))
	}
}

// reshapeInPlace does it without moving a byte of key and value if the head stays as long
// as it is and the block can be resized where it is.
func (e *Entry) reshapeInPlace(s shape) bool {
	n := s.blockBytes()
	if s.headBytes() != e.keyAt || (s.deadlineMs != 0) != e.hasDeadline ||
		!e.db.space.arena.Resize(e.ref, len(e.block), n) {
		return false
	}
	s.write(e.block, e.meta()&keepMask)
	e.block = e.db.space.arena.Bytes(e.ref, n)
	e.kind, e.form = s.kind, s.form
	return true
}

// moveDeadline lets the table of deadlines know that the block moved from old.
func (e *Entry) moveDeadline(old arena.Ref, keep bool) {
	pos := e.db.position(e.db.expires, e.hash, old)
	if keep {
		e.db.expires.Replace(pos, uint32(e.ref))
	} else {
		e.db.expires.Delete(pos)
	}
}

// position finds where t holds ref.
func (db *DB) position(t *table.Table, hash uint64, ref arena.Ref) table.Pos {
	for p := t.Probe(hash); p.Next(); {
		if p.Ref() == uint32(ref) {
			return p.Pos()
		}
	}
	panic("keyspace: a table does not name a key that it must")
}

// Remove removes the key. Afterwards e is absent.
func (e *Entry) Remove() {
	e.saveFirst()
	db := e.db
	db.space.Effects.Remove(db.index, e.Key())
	db.changed(e.Key())
	e.unlink()
}

// unlink takes the entry out of the tables and frees it.
func (e *Entry) unlink() {
	db := e.db
	if e.hasDeadline {
		db.expires.Delete(db.position(db.expires, e.hash, e.ref))
	}
	if e.kind == object.Hash && db.timed != nil {
		db.forgetFields(e.Key())
	}
	db.last = found{}
	db.keys.Delete(e.pos)
	db.freeBlock(e.ref)
	*e = Entry{db: db, hash: e.hash}
}
