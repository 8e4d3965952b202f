// SPDX-License-Identifier: Apache-2.0

package hll

import (
	"encoding/binary"
	"math/bits"
)

// The numbers of a HyperLogLog as Redis has it.
const (
	indexBits     = 14
	registers     = 1 << indexBits
	registerBits  = 6
	registerMax   = 1<<registerBits - 1
	rankMax       = 64 - indexBits + 1 // greatest number that a hash gives
	hashSeed      = 0xadc83b19
	headBytes     = 16
	denseBytes    = headBytes + registers*registerBits/8
	magic         = "HYLL"
	encodingAt    = 4
	cachedAt      = 8 // 64 bits: the last estimate
	staleAt       = 15
	stale         = 0x80 // in the byte at staleAt: the estimate is out of date
	denseEncoding = 0
	runsEncoding  = 1
)

// sketch is the bytes of a HyperLogLog: a head of 16 bytes (magic, encoding, three unused, the
// last estimate) and the registers.
type sketch []byte

// parseSketch tells whether text may be a sketch. Whether its runs make sense is found out by
// whoever reads them.
func parseSketch(text []byte) (s sketch, ok bool) {
	if len(text) < headBytes || string(text[:len(magic)]) != magic {
		return nil, false
	}
	s = sketch(text)
	return s, s[encodingAt] == runsEncoding || s.isDense() && len(text) == denseBytes
}

// newSketch appends an empty one to dst.
func newSketch(dst []byte) sketch {
	dst = append(dst, magic...)
	dst = append(dst, runsEncoding, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return appendZeros(dst, registers)
}

func (s sketch) isDense() bool { return s[encodingAt] == denseEncoding }

func (s sketch) isStale() bool { return s[staleAt]&stale != 0 }

// cached is the last estimate.
func (s sketch) cached() uint64 { return binary.LittleEndian.Uint64(s[cachedAt:]) }

// register is number i of a dense sketch.
func (s sketch) register(i int) byte {
	at, shift := i*registerBits/8, uint(i*registerBits%8)
	body := s[headBytes:]
	pair := uint16(body[at])
	if at+1 < len(body) {
		pair |= uint16(body[at+1]) << 8
	}
	return byte(pair>>shift) & registerMax
}

// setRegister gives number i of a dense sketch a value.
func (s sketch) setRegister(i int, value byte) {
	at, shift := i*registerBits/8, uint(i*registerBits%8)
	body := s[headBytes:]
	mask, put := uint16(registerMax)<<shift, uint16(value)<<shift
	body[at] = body[at]&^byte(mask) | byte(put)
	if mask>>8 != 0 {
		body[at+1] = body[at+1]&^byte(mask>>8) | byte(put>>8)
	}
}

// place is where in a dense sketch register i lies, in one byte or two.
func place(i int) (from, to int) {
	from = headBytes + i*registerBits/8
	return from, headBytes + (i*registerBits+registerBits-1)/8 + 1
}

// locate gives the register of an element and the value that it wants there at least.
func locate(element []byte) (register int, rank byte) {
	hash := hash64(element, hashSeed)
	tail := hash>>indexBits | 1<<(64-indexBits)
	return int(hash & (registers - 1)), byte(bits.TrailingZeros64(tail)) + 1
}

// hash64 is MurmurHash64A.
func hash64(data []byte, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(data))*m
	for ; len(data) >= 8; data = data[8:] {
		k := binary.LittleEndian.Uint64(data) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(data) > 0 {
		var tail uint64
		for i := len(data) - 1; i >= 0; i-- {
			tail = tail<<8 | uint64(data[i])
		}
		h = (h ^ tail) * m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}
