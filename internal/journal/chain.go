// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A record that is too long for a frame is a chain: a head that says how many bytes in how
// many frames follow, and these, back to back in the same segment. It is read as one record,
// whole or not at all: a chain of which anything is missing is a frame that is cut off.

// chainBytes is the payload of a chain's head: bytes of the record (u64), frames (u32).
const chainBytes = 12

func (h head) isChain() bool { return h.length == chainBytes|markBit }

// chain is what the head of one says.
type chain struct {
	bytes  uint64 // of the record
	pieces uint32
}

func readChain(payload []byte) chain {
	return chain{binary.LittleEndian.Uint64(payload), binary.LittleEndian.Uint32(payload[8:])}
}

func (c chain) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, c.bytes)
	return binary.LittleEndian.AppendUint32(dst, c.pieces)
}

// frames is what the record takes in the log, in one frame or as a chain.
func (c chain) frames() Position {
	bytes := Position(c.bytes) + frameHeadBytes*Position(c.pieces)
	if c.pieces > 1 {
		bytes += frameBytes(chainBytes)
	}
	return bytes
}

// piece is a part of a record, behind room for the head of its frame.
type piece struct {
	frame []byte
	sum   uint32
}

// chainOf is what the head of a chain of these pieces says.
func chainOf(pieces []piece) (c chain) {
	for _, p := range pieces {
		c.bytes += uint64(len(p.frame) - frameHeadBytes)
	}
	c.pieces = uint32(len(pieces))
	return c
}

// piecesOf copies a record of n bytes into pieces of at most most bytes.
func piecesOf(parts [][]byte, n int, most int64) (pieces []piece) {
	rest := []byte(nil)
	for n > 0 {
		size := int(min(int64(n), most))
		n -= size
		p := piece{frame: make([]byte, frameHeadBytes, frameHeadBytes+size)}
		for size > 0 {
			for len(rest) == 0 {
				rest, parts = parts[0], parts[1:]
			}
			k := min(size, len(rest))
			p.frame = append(p.frame, rest[:k]...)
			rest = rest[k:]
			size -= k
		}
		p.sum = crc32.Checksum(p.frame[frameHeadBytes:], castagnoli)
		pieces = append(pieces, p)
	}
	return pieces
}

// chain reads the chain whose head is the next frame, as one record.
func (f *frames) chain(c chain, limit Position) (frame, error) {
	whole := c.frames()
	if c.pieces < 2 || c.bytes < uint64(c.pieces) || whole < Position(c.bytes) ||
		int64(whole) < 0 {
		return frame{}, badFrame("the head of a chain says what is never written")
	}
	b, err := f.bytes(int64(whole), limit)
	if err != nil {
		return frame{}, err
	}
	if Position(len(b)) < whole {
		return frame{}, badFrame(fmt.Sprintf("a record of %d bytes is cut off", c.bytes))
	}
	record, sum, bad := f.join(b, c)
	if bad != "" {
		return frame{}, bad
	}
	f.next = mark{f.next.at + whole, sum}
	return frame{head{sum: sum}, record}, nil
}

// join checks the pieces of a chain and brings their bytes together, in place: what was read
// is needed no more. sum is that of the last one.
func (f *frames) join(b []byte, c chain) (record []byte, sum uint32, bad badFrame) {
	at, used := int(frameBytes(chainBytes)), 0
	for i := range c.pieces {
		if len(b)-at < frameHeadBytes {
			return nil, 0, f.badPiece(i, c, "is missing")
		}
		h := readHead(b[at:])
		n := int(h.bytes())
		switch {
		case h.check != f.id.check(f.next.at+Position(at), h.length):
			return nil, 0, f.badPiece(i, c, "has no head: its checksum is wrong")
		case h.length == 0 || h.length&markBit != 0 || n > len(b)-at-frameHeadBytes:
			return nil, 0, f.badPiece(i, c, "has a length that is never written")
		}
		payload := b[at+frameHeadBytes:][:n]
		if crc32.Checksum(payload, castagnoli) != h.sum {
			return nil, 0, f.badPiece(i, c, "has a wrong checksum")
		}
		at, sum = at+frameHeadBytes+n, h.sum
		used += copy(b[used:], payload)
	}
	if uint64(used) != c.bytes {
		return nil, 0, f.badPiece(c.pieces-1, c, "is shorter than the chain says")
	}
	return b[:used:used], sum, ""
}

// badPiece says what is wrong with piece i of a chain, and has it read again when it is asked
// for next.
func (f *frames) badPiece(i uint32, c chain, what string) badFrame {
	f.forget()
	return badFrame(fmt.Sprintf("part %d of %d of a record of %d bytes %s", i+1, c.pieces,
		c.bytes, what))
}
