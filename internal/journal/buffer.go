// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"hash/crc32"

	"stampede/internal/assert"
)

const (
	chunkBytes    = 256 << 10
	bigBytes      = chunkBytes / 2 // a payload from here on gets a chunk of its own
	freeChunksMin = 4              // are kept for later, whatever was needed lately
)

// buffer holds the frames that are not durable yet, in chunks. It is guarded by the log's
// lock; the bytes of a frame do not change once it is there, so the writer reads them
// without. A frame lies in one chunk.
type buffer struct {
	id           identity
	chunks       []chunk // in order; the last one is being filled
	free         [][]byte
	end          mark
	segmentFirst Position // where the segment began that the next frame belongs to
	segmentBytes Position
	edges        []mark // where segments after the writer's begin
	marked       Position
}

// chunk is a part of the log in memory.
type chunk struct {
	first Position
	bytes []byte
}

func (c chunk) end() Position { return c.first + Position(len(c.bytes)) }

// add copies a record that was summed before, with a mark before it if durable is news.
func (b *buffer) add(parts [][]byte, n int, sum uint32, durable Position) {
	b.turnPage(frameBytes(n), durable)
	b.place(uint32(n), sum)
	tail := &b.chunks[len(b.chunks)-1]
	for _, p := range parts {
		tail.bytes = append(tail.bytes, p...)
	}
}

// addBig takes over the pieces of a record, each of which has room for its head.
func (b *buffer) addBig(pieces []piece, durable Position) {
	c := chainOf(pieces)
	b.turnPage(c.frames(), durable)
	if c.pieces > 1 {
		payload := c.append(nil)
		b.place(chainBytes|markBit, crc32.Checksum(payload, castagnoli))
		tail := &b.chunks[len(b.chunks)-1]
		tail.bytes = append(tail.bytes, payload...)
	}
	for _, p := range pieces {
		n := len(p.frame)
		b.id.putHead(p.frame, b.end.at, uint32(n-frameHeadBytes), p.sum)
		b.chunks = append(b.chunks, chunk{b.end.at, p.frame[:n:n]})
		b.end = mark{b.end.at + Position(n), p.sum}
	}
}

// turnPage begins another segment if so many bytes of frames would not fit, and adds the mark.
func (b *buffer) turnPage(bytes, durable Position) {
	if durable > b.marked {
		bytes += frameBytes(markBytes)
	}
	if used := b.end.at - b.segmentFirst; used > 0 && used+bytes > b.segmentBytes {
		b.edges = append(b.edges, b.end)
		b.segmentFirst = b.end.at
	}
	if durable > b.marked {
		b.mark(durable)
	}
}

// mark adds a mark: whoever finds it knows that everything before durable was once durable,
// so damage there is none that a power cut does.
func (b *buffer) mark(durable Position) {
	b.place(markBytes|markBit, b.id.sum(durable))
	tail := &b.chunks[len(b.chunks)-1]
	tail.bytes = binary.LittleEndian.AppendUint64(tail.bytes, uint64(durable))
	b.marked = durable
}

// place writes the head of a frame, after which its payload follows.
func (b *buffer) place(length, sum uint32) {
	bytes := frameBytes(int(length &^ markBit))
	if last := len(b.chunks) - 1; last < 0 ||
		cap(b.chunks[last].bytes)-len(b.chunks[last].bytes) < int(bytes) {
		b.chunks = append(b.chunks, chunk{b.end.at, b.empty()})
	}
	tail := &b.chunks[len(b.chunks)-1]
	at := len(tail.bytes)
	tail.bytes = tail.bytes[:at+frameHeadBytes]
	b.id.putHead(tail.bytes[at:], b.end.at, length, sum)
	b.end = mark{b.end.at + bytes, sum}
}

// empty is a chunk to fill.
func (b *buffer) empty() []byte {
	if last := len(b.free) - 1; last >= 0 {
		c := b.free[last]
		b.free[last] = nil
		b.free = b.free[:last]
		return c
	}
	return make([]byte, 0, chunkBytes)
}

// pieces appends to dst what lies between two positions.
func (b *buffer) pieces(dst [][]byte, from, to Position) [][]byte {
	for _, c := range b.chunks {
		if c.end() <= from || c.first >= to {
			continue
		}
		low, high := max(c.first, from), min(c.end(), to)
		dst = append(dst, c.bytes[low-c.first:high-c.first])
	}
	return dst
}

// release forgets what is durable, and keeps as many free chunks as were of use lately.
func (b *buffer) release(durable Position) {
	assert.That(durable <= b.end.at, "journal: more is durable than was appended")
	n := 0
	for n < len(b.chunks) && b.chunks[n].end() <= durable {
		n++
	}
	keep := max(freeChunksMin, len(b.chunks))
	for _, c := range b.chunks[:n] {
		if cap(c.bytes) == chunkBytes && len(b.free) < keep {
			b.free = append(b.free, c.bytes[:0])
		}
	}
	if len(b.free) > keep {
		clear(b.free[keep:])
		b.free = b.free[:keep]
	}
	rest := copy(b.chunks, b.chunks[n:])
	clear(b.chunks[rest:])
	b.chunks = b.chunks[:rest]
}

// edgeAfter is where the next segment begins after one that begins at first.
func (b *buffer) edgeAfter(first Position) (edge mark, ok bool) {
	n := 0
	for n < len(b.edges) && b.edges[n].at <= first {
		n++
	}
	b.edges = b.edges[:copy(b.edges, b.edges[n:])]
	if len(b.edges) == 0 {
		return mark{}, false
	}
	return b.edges[0], true
}
