// SPDX-License-Identifier: Apache-2.0

package rdb

// LZF is a sequence of two things:
//
//	000nnnnn data                    n+1 bytes as they are
//	nnnooooo [n] o                   n+2 bytes that stood o+1 bytes before; if the three
//	                                 bits are 111, the next byte adds to n

// unpackLZF appends to dst (which is empty) the n bytes that in stands for; ok is false if
// in stands for anything else. dst must have room for them.
func unpackLZF(dst, in []byte, n int) (out []byte, ok bool) {
	out = dst
	for len(in) > 0 {
		head := int(in[0])
		in = in[1:]
		if head < 1<<5 {
			size := head + 1
			if size > len(in) || size > n-len(out) {
				return out, false
			}
			out = append(out, in[:size]...)
			in = in[size:]
			continue
		}
		size := head>>5 + 2
		if size == 7+2 {
			if len(in) == 0 {
				return out, false
			}
			size += int(in[0])
			in = in[1:]
		}
		if len(in) == 0 {
			return out, false
		}
		from := len(out) - (head&0x1F<<8 | int(in[0])) - 1
		in = in[1:]
		if from < 0 || size > n-len(out) {
			return out, false
		}
		out = appendAgain(out, from, size)
	}
	return out, len(out) == n
}

// appendAgain appends size bytes of b from where they stand at from; they may be among
// those that are being appended.
func appendAgain(b []byte, from, size int) []byte {
	for size > 0 {
		part := b[from:min(from+size, len(b))]
		b = append(b, part...)
		from += len(part)
		size -= len(part)
	}
	return b
}
