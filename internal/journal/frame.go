// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// The frame of a record, little-endian:
//
//	+--------------+-------------+-----------+---------+
//	| length (u32) | check (u32) | sum (u32) | payload |
//	+--------------+-------------+-----------+---------+
//
// check is the CRC32C of the log's ID, the frame's own position and the length, so that bytes
// that lie in the wrong place are never taken for a frame; sum is that of the payload, which
// is known before the position is. Twelve zero bytes are the end of what was written.
const (
	frameHeadBytes = 12
	markBit        = 1 << 31 // of the length: no record, but a mark or the head of a chain
	markBytes      = 8       // of a mark's payload: up to where the log was durable
)

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// identity makes the checks of a log's frames. It has its own memory for it, so it is used by
// one goroutine at a time.
type identity struct {
	seed  uint32 // the checksum of the log's ID
	bytes [12]byte
}

// identify makes the identity of the log of this ID.
func identify(id uint64) identity {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], id)
	return identity{seed: crc32.Checksum(b[:], castagnoli)}
}

// check is the check of a frame at a position, with the length as it is written.
func (i *identity) check(at Position, length uint32) uint32 {
	binary.LittleEndian.PutUint64(i.bytes[:], uint64(at))
	binary.LittleEndian.PutUint32(i.bytes[8:], length)
	return crc32.Update(i.seed, castagnoli, i.bytes[:])
}

// sum is the checksum of the payload of a mark.
func (i *identity) sum(durable Position) uint32 {
	binary.LittleEndian.PutUint64(i.bytes[:], uint64(durable))
	return crc32.Checksum(i.bytes[:markBytes], castagnoli)
}

// putHead writes the head of a frame into b.
func (i *identity) putHead(b []byte, at Position, length, sum uint32) {
	_ = b[frameHeadBytes-1]
	binary.LittleEndian.PutUint32(b, length)
	binary.LittleEndian.PutUint32(b[4:], i.check(at, length))
	binary.LittleEndian.PutUint32(b[8:], sum)
}

// head is the head of a frame as it was found.
type head struct{ length, check, sum uint32 }

func readHead(b []byte) head {
	_ = b[frameHeadBytes-1]
	return head{
		binary.LittleEndian.Uint32(b),
		binary.LittleEndian.Uint32(b[4:]),
		binary.LittleEndian.Uint32(b[8:]),
	}
}

func (h head) isMark() bool { return h.length == markBytes|markBit }

// known tells whether a frame may have such a length.
func (h head) known() bool {
	return h.length != 0 && (h.length&markBit == 0 || h.isMark() || h.isChain())
}

// bytes is the length of the payload.
func (h head) bytes() int64 { return int64(h.length &^ markBit) }

// frameBytes is what a record of n bytes takes in the log.
func frameBytes(n int) Position { return frameHeadBytes + Position(n) }

// mark is a position between two frames, and the sum of the frame before it.
type mark struct {
	at  Position
	sum uint32
}
