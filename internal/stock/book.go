// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"encoding/binary"
	"hash/maphash"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// book keeps the records: one block of the arena for each id that is remembered,
//
//	head (2 bytes) · end (6) · id · buyer · uvarints
//
// where head is, from the lowest bit, 3 bits of state, one of phase (save.go), 6 of the length
// of id less one and 6 of the length of buyer less one, and end is the time at which the hold
// ends or has ended.
// The uvarints of a hold are units, fence, when it was granted (since the stock was made)
// and for how long. Those of a refusal are units, duration, outcome and number, and before
// them are the 8 bytes of its links in the queue.
//
// A block never changes its size: what may change lies in head, end and links.
type book struct {
	arena    *arena.Arena
	seed     maphash.Seed
	openedMs int64
	bytes    int64  // of all blocks
	phase    uint16 // phaseBit or 0: of records that are made; see save.go
}

// state is what a record says of itself. Whether a hold has expired says its end.
type state uint8

const (
	stateHeld state = iota
	stateSold
	stateReleased
	stateRefused
	stateEnd
)

const (
	headBytes      = 8 // head and end
	linksBytes     = 8
	numbersMax     = 4 * binary.MaxVarintLen64
	recordBytesMax = headBytes + 2*NameBytesMax + linksBytes + numbersMax
	endForever     = 1<<48 - 1
	stateBits      = 4 // with the phase
	stateMask      = 7
	phaseBit       = 8
	lengthBits     = 6
)

// record is a record that was read; id and buyer are views.
type record struct {
	state     state
	outcome   Outcome // of a refusal
	id, buyer []byte
	units     int64
	fence     int64 // 0 for a refusal
	heldMs    int64
	forMs     int64
	endMs     int64 // of a refusal, its time
	number    int64 // of a refusal: AtMs or Units of its answer
}

func (b *book) hash(name []byte) uint64 { return maphash.Bytes(b.seed, name) }

// create makes the block of r. The links of a refusal are for its queue to set.
func (b *book) create(r *record) (ref uint32) {
	var numbers [numbersMax]byte
	n := r.putNumbers(numbers[:], b.openedMs)
	size := headBytes + len(r.id) + len(r.buyer) + n
	if r.state == stateRefused {
		size += linksBytes
	}
	block := b.arena.Alloc(size)
	b.bytes += int64(arena.SizeOf(size))
	bytes := b.arena.Bytes(block, size)
	head := uint16(r.state) | b.phase | uint16(len(r.id)-1)<<stateBits |
		uint16(len(r.buyer)-1)<<(stateBits+lengthBits)
	binary.LittleEndian.PutUint16(bytes, head)
	putEnd(bytes, r.endMs)
	at := headBytes + copy(bytes[headBytes:], r.id)
	at += copy(bytes[at:], r.buyer)
	if r.state == stateRefused {
		at += linksBytes
	}
	copy(bytes[at:], numbers[:n])
	return uint32(block)
}

// putNumbers writes the uvarints of r.
func (r *record) putNumbers(dst []byte, openedMs int64) (n int) {
	n = binary.PutUvarint(dst, uint64(r.units))
	if r.state == stateRefused {
		n += binary.PutUvarint(dst[n:], uint64(r.forMs))
		n += binary.PutUvarint(dst[n:], uint64(r.outcome))
		return n + binary.PutUvarint(dst[n:], uint64(r.number))
	}
	n += binary.PutUvarint(dst[n:], uint64(r.fence))
	n += binary.PutUvarint(dst[n:], uint64(r.heldMs-openedMs))
	return n + binary.PutUvarint(dst[n:], uint64(r.forMs))
}

// block is a view of a block, as long as any record may be: what is behind its own bytes
// is not to be read.
func (b *book) block(ref uint32) []byte {
	if assert.Slow {
		return b.arena.Bytes(arena.Ref(ref), b.size(ref))
	}
	return b.arena.Bytes(arena.Ref(ref), recordBytesMax)
}

// lengths reads the head of a block.
func (b *book) lengths(ref uint32) (s state, id, buyer int) {
	head := binary.LittleEndian.Uint16(b.arena.Bytes(arena.Ref(ref), headBytes))
	const mask = 1<<lengthBits - 1
	return state(head & stateMask), int(head>>stateBits&mask) + 1,
		int(head>>(stateBits+lengthBits)) + 1
}

// size is the number of bytes of a block.
func (b *book) size(ref uint32) int {
	s, id, buyer := b.lengths(ref)
	at := headBytes + id + buyer
	if s == stateRefused {
		at += linksBytes
	}
	// Numbers are at least four bytes, and blocks are multiples of eight: this reads
	// byte by byte so that it never looks behind the last number.
	for left := 4; left > 0; at++ {
		if b.arena.Bytes(arena.Ref(ref), at+1)[at] < 0x80 {
			left--
		}
	}
	return at
}

// free gives a block back.
func (b *book) free(ref uint32) {
	size := b.size(ref)
	b.bytes -= int64(arena.SizeOf(size))
	b.arena.Free(arena.Ref(ref), size)
}

// read gives all of a record.
func (b *book) read(ref uint32) (r record) {
	block := b.block(ref)
	s, id, buyer := b.lengths(ref)
	r.state, r.endMs = s, end(block)
	at := headBytes + id
	r.id = block[headBytes:at:at]
	r.buyer = block[at : at+buyer : at+buyer]
	at += buyer
	if s == stateRefused {
		at += linksBytes
	}
	numbers := block[at:]
	next := func() int64 {
		v, n := binary.Uvarint(numbers)
		numbers = numbers[n:]
		return int64(v)
	}
	r.units = next()
	if s == stateRefused {
		r.forMs, r.outcome, r.number, r.heldMs = next(), Outcome(next()), next(), r.endMs
		return r
	}
	r.fence, r.heldMs, r.forMs = next(), b.openedMs+next(), next()
	return r
}

// id is a view of the id of a record.
func (b *book) id(ref uint32) []byte {
	_, id, _ := b.lengths(ref)
	return b.arena.Bytes(arena.Ref(ref), headBytes+id)[headBytes:]
}

// buyer is a view of the buyer of a record.
func (b *book) buyer(ref uint32) []byte {
	_, id, buyer := b.lengths(ref)
	return b.arena.Bytes(arena.Ref(ref), headBytes+id+buyer)[headBytes+id:]
}

func (b *book) state(ref uint32) state {
	s, _, _ := b.lengths(ref)
	return s
}

func (b *book) endMs(ref uint32) int64 {
	return end(b.arena.Bytes(arena.Ref(ref), headBytes))
}

// units is what a record counts for in the sums of a tree.
func (b *book) units(ref uint32) uint64 {
	_, id, buyer := b.lengths(ref)
	units, _ := binary.Uvarint(b.block(ref)[headBytes+id+buyer:])
	return units
}

// fenceOf is the fence of a hold.
func (b *book) fenceOf(ref uint32) int64 {
	_, id, buyer := b.lengths(ref)
	numbers := b.block(ref)[headBytes+id+buyer:]
	_, n := binary.Uvarint(numbers)
	fence, _ := binary.Uvarint(numbers[n:])
	return int64(fence)
}

// set gives a hold another state and another end.
func (b *book) set(ref uint32, s state, endMs int64) {
	block := b.arena.Bytes(arena.Ref(ref), headBytes)
	head := binary.LittleEndian.Uint16(block)
	binary.LittleEndian.PutUint16(block, head&^stateMask|uint16(s))
	putEnd(block, endMs)
}

// links are the refusals before and behind one in the queue.
func (b *book) links(ref uint32) []byte {
	_, id, buyer := b.lengths(ref)
	at := headBytes + id + buyer
	return b.arena.Bytes(arena.Ref(ref), at+linksBytes)[at:]
}

func end(block []byte) int64 {
	return int64(binary.LittleEndian.Uint64(block) >> 16)
}

func putEnd(block []byte, endMs int64) {
	head := uint64(binary.LittleEndian.Uint16(block))
	binary.LittleEndian.PutUint64(block, head|uint64(endMs)<<16)
}
