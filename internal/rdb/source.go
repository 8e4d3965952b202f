// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"io"
	"strconv"
)

const (
	// bufferBytes is how much is read at once unless the options say otherwise.
	bufferBytes = 256 << 10
	// bufferBytesMin is the least that a buffer may have: the longest take, with room.
	bufferBytesMin = 64
	// takeBytesMax is the longest take.
	takeBytesMax = 16

	// growBytes is the room that a string gets before its bytes have arrived; beyond, room
	// is made as they do.
	growBytes = 1 << 20
	// keepBytesMax is the room for strings that a reader keeps from one key to the next.
	keepBytesMax = 4 << 20

	// emptyReadsMax is how often a source may give nothing.
	emptyReadsMax = 100
)

// source is the bytes that a Reader reads: a window of a stream, or a dump as a whole.
type source struct {
	from   io.Reader // nil: there is no more than what is in the window
	window []byte    // the bytes that have arrived; those before at are done with
	at     int
	base   int64  // where the window begins in the file
	crc    uint64 // checksum of what lies before the window
	zeros  [takeBytesMax]byte
}

// Offset tells how many bytes have been read: where in the file the reader is.
func (r *Reader) Offset() int64 { return r.src.base + int64(r.src.at) }

// Buffered gives the bytes that came in behind those that have been read: behind the end of
// a file that is followed by something else on a connection. The view is valid until the
// reader is used again.
func (r *Reader) Buffered() []byte { return r.src.window[r.src.at:] }

// more makes the window longer by at least a byte, or fails. Views of it become invalid.
func (r *Reader) more() bool {
	s := &r.src
	if s.from == nil || r.err != nil {
		r.fail(ErrTruncated)
		return false
	}
	s.crc = CRC64(s.crc, s.window[:s.at])
	s.base += int64(s.at)
	n := copy(s.window[:cap(s.window)], s.window[s.at:])
	s.window, s.at = s.window[:n], 0
	for range emptyReadsMax {
		got, err := s.from.Read(s.window[n:cap(s.window)])
		s.window = s.window[:n+got]
		switch {
		case got > 0:
			return true
		case err == io.EOF:
			r.fail(ErrTruncated)
			return false
		case err != nil:
			r.fail(err)
			return false
		}
	}
	r.fail(io.ErrNoProgress)
	return false
}

// take gives the next n bytes, at most takeBytesMax; zeros if there are not so many. The
// view is valid until the next read.
func (r *Reader) take(n int) []byte {
	for len(r.src.window)-r.src.at < n {
		if !r.more() {
			return r.src.zeros[:n]
		}
	}
	r.src.at += n
	return r.src.window[r.src.at-n : r.src.at]
}

func (r *Reader) byte() byte { return r.take(1)[0] }

func (r *Reader) uint64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

// head reads a length; coded tells that it is none, but the code of a string's encoding.
func (r *Reader) head() (n uint64, coded bool) {
	switch b := r.byte(); {
	case b < len14:
		return uint64(b), false
	case b < len32:
		return uint64(b&0x3F)<<8 | uint64(r.byte()), false
	case b == len32:
		return uint64(binary.BigEndian.Uint32(r.take(4))), false
	case b == len64:
		return binary.BigEndian.Uint64(r.take(8)), false
	case b >= lenCode:
		return uint64(b & 0x3F), true
	}
	r.fail(malformed("length"))
	return 0, false
}

// uint reads a number that is written as a length.
func (r *Reader) uint() uint64 {
	n, coded := r.head()
	if coded {
		r.fail(malformed("an encoded string where a number belongs"))
		return 0
	}
	return n
}

// countMax bounds counts, so that sums of them do not overflow. No count is believed: an
// element has at least a byte, and it has to come.
const countMax = 1 << 48

// count reads a number of things that follow.
func (r *Reader) count() int {
	n := r.uint()
	if n > countMax || r.src.from == nil && n > uint64(len(r.src.window)-r.src.at) {
		r.fail(malformed("a count of " + strconv.FormatUint(n, 10)))
		return 0
	}
	return int(n)
}

// text reads a string, into dst if it cannot be seen where it is. It is empty if the reader
// has failed. The result is valid until dst is used again, or the next read.
func (r *Reader) text(dst *[]byte) []byte {
	n, coded := r.head()
	if !coded {
		return r.bytes(dst, n)
	}
	switch n {
	case codeInt8:
		return r.number(dst, int64(int8(r.byte())))
	case codeInt16:
		return r.number(dst, int64(int16(binary.LittleEndian.Uint16(r.take(2)))))
	case codeInt32:
		return r.number(dst, int64(int32(binary.LittleEndian.Uint32(r.take(4)))))
	case codeLZF:
		return r.compressed(dst)
	}
	r.fail(malformed("encoding of a string"))
	return nil
}

func (r *Reader) number(dst *[]byte, v int64) []byte {
	*dst = strconv.AppendInt((*dst)[:0], v, 10)
	return *dst
}

// bytes reads n bytes as they are.
func (r *Reader) bytes(dst *[]byte, n uint64) []byte {
	if n > uint64(r.stringBytesMax) {
		r.fail(ErrTooLong)
		return nil
	}
	s := &r.src
	if s.from == nil {
		if n > uint64(len(s.window)-s.at) {
			r.fail(ErrTruncated)
			return nil
		}
		s.at += int(n)
		return s.window[s.at-int(n) : s.at : s.at]
	}
	return r.gather(dst, int(n))
}

// gather copies n bytes of a stream. Room for a long string is made as it arrives.
func (r *Reader) gather(dst *[]byte, n int) []byte {
	out := room((*dst)[:0], min(n, growBytes))
	for {
		part := r.src.window[r.src.at:]
		part = part[:min(len(part), n-len(out))]
		if len(out)+len(part) > cap(out) {
			out = room(out, min(n, 2*cap(out)+len(part)))
		}
		out = append(out, part...)
		r.src.at += len(part)
		if len(out) == n {
			*dst = out
			return out
		}
		if !r.more() {
			*dst = out[:0]
			return nil
		}
	}
}

// room gives b with a capacity of n or more, not more than there must be.
func room(b []byte, n int) []byte {
	if cap(b) >= n {
		return b
	}
	return append(make([]byte, 0, n), b...)
}

// lzfRatioMax is how much longer a string can get: three bytes make at most 264.
const lzfRatioMax = 264 / 3

// compressed reads a string that LZF made shorter.
func (r *Reader) compressed(dst *[]byte) []byte {
	short, n := r.uint(), r.uint()
	if n > uint64(r.stringBytesMax) {
		r.fail(ErrTooLong)
		return nil
	}
	if n > short*lzfRatioMax || short > n+n/32+16 {
		r.fail(malformed("lengths of a compressed string"))
		return nil
	}
	in := r.bytes(&r.zipped, short)
	if r.err != nil {
		return nil
	}
	*dst = room((*dst)[:0], int(n))
	out, ok := unpackLZF((*dst)[:0], in, int(n))
	if !ok {
		r.fail(malformed("compressed string"))
		return nil
	}
	*dst = out
	return out
}
