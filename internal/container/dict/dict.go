// SPDX-License-Identifier: Apache-2.0

// Package dict maps bytes to bytes, in an arena: what a large hash is, and with empty
// values a large set.
//
// Each pair is one block:
//
//	uvarint 2 · length of field + phase · uvarint length of value · field · value
//
// and a table finds the blocks. A pair costs its bytes, two of lengths, the rounding to a
// size class (one eighth at most) and about 6.6 bytes of table.
//
// # Ownership
//
// A Dict belongs to one shard and is used by its owner only. Views of fields and values
// are valid until the next change of the dict; what is passed to Set must not be one.
//
// # What is not here
//
// What a field or a value means, and small hashes (package listpack).
//
// # Handing out a moment
//
// [Dict.BeginSave] hands out all pairs as they are at that moment, in steps between which
// the dict changes. A bit in each block, its phase, tells whether the pair has been handed
// out: BeginSave turns the phase of the dict round, so that every pair differs from it, and
// whatever is handed out, changed or new has the dict's phase.
package dict

import (
	"encoding/binary"
	"hash/maphash"
	"unsafe"

	"stampede/internal/container/arena"
	"stampede/internal/container/table"
)

// Dict is a map from bytes to bytes. Make one with [New]; give its memory back with
// [Dict.Free] or [Dict.FreeStep].
type Dict struct {
	arena  *arena.Arena
	index  *table.Table
	seed   maphash.Seed
	bytes  int64  // of all blocks
	cursor uint64 // how far FreeStep has come
	freed  bool

	phase int // 0 or 1; that of all pairs unless a save is under way
	save  func(field, value []byte)
	saved uint64 // how far SaveStep has come
}

// New returns an empty dict whose memory is in a.
func New(a *arena.Arena, seed maphash.Seed) *Dict {
	d := &Dict{arena: a, seed: seed}
	d.index = table.NewIn(a, func(ref uint32) uint64 {
		field, _ := d.pair(ref)
		return maphash.Bytes(d.seed, field)
	})
	return d
}

// Len is the number of fields.
func (d *Dict) Len() int { return d.index.Len() }

// Bytes is all the memory that the dict holds. It costs nothing.
func (d *Dict) Bytes() int64 {
	return d.bytes + d.index.Bytes() + int64(unsafe.Sizeof(*d))
}

// Get returns a view of the value of a field.
func (d *Dict) Get(field []byte) (value []byte, ok bool) {
	for p := d.index.Probe(maphash.Bytes(d.seed, field)); p.Next(); {
		if f, v := d.pair(p.Ref()); string(f) == string(field) {
			return v, true
		}
	}
	return nil, false
}

// Set gives a field a value and tells whether the field is new. A value of about the same
// length (one size class) is overwritten where it is.
func (d *Dict) Set(field, value []byte) (created bool) {
	hash := maphash.Bytes(d.seed, field)
	size := blockSize(len(field), len(value))
	for p := d.index.Probe(hash); p.Next(); {
		f, v := d.pair(p.Ref())
		if string(f) != string(field) {
			continue
		}
		d.saveFirst(p.Ref())
		old := blockSize(len(f), len(v))
		r := d.arena.Realloc(arena.Ref(p.Ref()), old, size, 0)
		d.write(r, size, field, value)
		d.bytes += int64(arena.SizeOf(size) - arena.SizeOf(old))
		if uint32(r) != p.Ref() {
			d.index.Replace(p.Pos(), uint32(r))
		}
		return false
	}
	d.insert(hash, size, field, value)
	return true
}

func (d *Dict) insert(hash uint64, size int, field, value []byte) {
	r := d.arena.Alloc(size)
	d.write(r, size, field, value)
	d.bytes += int64(arena.SizeOf(size))
	d.index.Insert(hash, uint32(r))
}

// Insert is Set for a field that is known to be new.
func (d *Dict) Insert(field, value []byte) {
	d.insert(maphash.Bytes(d.seed, field), blockSize(len(field), len(value)), field, value)
}

// Reserve makes room for n fields in an empty dict. Nothing depends on it but speed.
func (d *Dict) Reserve(n int) { d.index.Reserve(n) }

// Delete removes a field and tells whether it was there.
func (d *Dict) Delete(field []byte) bool {
	for p := d.index.Probe(maphash.Bytes(d.seed, field)); p.Next(); {
		if f, _ := d.pair(p.Ref()); string(f) == string(field) {
			ref := p.Ref()
			d.saveFirst(ref)
			d.index.Delete(p.Pos())
			d.freeBlock(ref)
			return true
		}
	}
	return false
}

// Random returns views of a pair, each with nearly the same chance, chosen by 64 random
// bits; ok is false if the dict is empty.
func (d *Dict) Random(r uint64) (field, value []byte, ok bool) {
	ref, ok := d.index.Random(r)
	if !ok {
		return nil, nil, false
	}
	field, value = d.pair(ref)
	return field, value, true
}

// Scan visits a few pairs and returns the cursor for the next call; 0 begins and 0 says
// that all is done. It has the guarantee of [table.Table.Scan]. visit must not change the
// dict.
func (d *Dict) Scan(cursor uint64, visit func(field, value []byte)) (next uint64) {
	return d.index.Scan(cursor, func(ref uint32) { visit(d.pair(ref)) })
}

// Each visits all pairs, in no order, until visit returns false. visit must not change
// the dict.
func (d *Dict) Each(visit func(field, value []byte) bool) {
	more := true
	each := func(ref uint32) { more = more && visit(d.pair(ref)) }
	for cursor := d.index.Scan(0, each); cursor != 0 && more; {
		cursor = d.index.Scan(cursor, each)
	}
}

// Free gives all memory back at once. The dict must not be used afterwards.
func (d *Dict) Free() {
	for !d.FreeStep(d.Len() + 1) {
	}
}

// FreeStep gives about n pairs back and tells whether that was the end. After the first
// step nothing else may be called on the dict.
func (d *Dict) FreeStep(n int) (done bool) {
	free := func(ref uint32) {
		d.freeBlock(ref)
		n--
	}
	for n > 0 && !d.freed {
		d.cursor = d.index.Scan(d.cursor, free)
		d.freed = d.cursor == 0
		if d.freed {
			d.index.Free()
		}
	}
	return d.freed
}

// pair is a view of a block.
func (d *Dict) pair(ref uint32) (field, value []byte) {
	r := arena.Ref(ref)
	lengths := d.arena.Bytes(r, 2)
	tag, valueLen, start := int(lengths[0]), int(lengths[1]), 2
	if tag >= 0x80 || valueLen >= 0x80 {
		tag, valueLen, start = d.longLengths(r)
	}
	fieldEnd := tag>>1 + start
	block := d.arena.Bytes(r, fieldEnd+valueLen)
	return block[start:fieldEnd:fieldEnd], block[fieldEnd:]
}

// longLengths reads lengths of which one at least takes two bytes: so the block is longer
// than any lengths.
func (d *Dict) longLengths(r arena.Ref) (tag, valueLen, size int) {
	lengths := d.arena.Bytes(r, 2*binary.MaxVarintLen64)
	f, i := binary.Uvarint(lengths)
	v, j := binary.Uvarint(lengths[i:])
	return int(f), int(v), i + j
}

// write fills block r of size bytes.
func (d *Dict) write(r arena.Ref, size int, field, value []byte) {
	block := d.arena.Bytes(r, size)[:0]
	block = binary.AppendUvarint(block, uint64(len(field)<<1|d.phase))
	block = binary.AppendUvarint(block, uint64(len(value)))
	block = append(block, field...)
	_ = append(block, value...)
}

func (d *Dict) freeBlock(ref uint32) {
	field, value := d.pair(ref)
	size := blockSize(len(field), len(value))
	d.bytes -= int64(arena.SizeOf(size))
	d.arena.Free(arena.Ref(ref), size)
}

// blockSize is the number of bytes of the block of a pair.
func blockSize(fieldLen, valueLen int) int {
	return uvarintSize(fieldLen<<1) + uvarintSize(valueLen) + fieldLen + valueLen
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
