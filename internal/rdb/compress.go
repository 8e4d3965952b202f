// SPDX-License-Identifier: Apache-2.0

package rdb

import "math"

const (
	// compressBytesMin is the length from which strings are compressed, as in Redis.
	compressBytesMin = 21
	// compressGainMin is how many bytes shorter the result must be.
	compressGainMin = 4

	lzfTableBits   = 13
	lzfOffsetMax   = 1 << 13
	lzfLiteralsMax = 1 << 5
	lzfMatchMin    = 3
	lzfMatchMax    = 264
	lzfShortMatch  = 7 + 2 // from here on the length has a byte of its own
)

// Compressor makes strings shorter with LZF. It costs more time than all the rest of
// writing, so nothing is compressed unless the caller asks for it. The zero value is ready; it
// holds 32 KiB. It belongs to the goroutine that uses it.
type Compressor struct {
	// seen tells by the hash of three bytes where they stood last: the index in the string
	// plus base. What is below base is of an earlier string.
	seen [1 << lzfTableBits]uint32
	base uint32
	out  []byte
}

// AppendString is [AppendString], compressed if that makes it shorter. len(s) is below 2 GiB.
func (c *Compressor) AppendString(dst, s []byte) []byte {
	if len(s) < compressBytesMin {
		return AppendString(dst, s)
	}
	return c.AppendText(dst, s)
}

// AppendText is [AppendText], compressed if that makes it shorter: for packs.
func (c *Compressor) AppendText(dst, s []byte) []byte {
	if len(s) < compressBytesMin || !c.compress(s) {
		return AppendText(dst, s)
	}
	dst = append(dst, lenCode|codeLZF)
	return append(AppendLen(AppendLen(dst, len(c.out)), len(s)), c.out...)
}

// compress puts the short form of s into c.out; ok is false if it is not short enough.
func (c *Compressor) compress(s []byte) (ok bool) {
	if uint64(c.base)+uint64(len(s)) >= math.MaxUint32 || c.base == 0 {
		clear(c.seen[:])
		c.base = 1
	}
	c.out = room(c.out[:0], len(s))
	limit, literals := len(s)-compressGainMin, 0 // literals: where those begin that are not out
	for i := 0; i+lzfMatchMin <= len(s); {
		from, size := c.match(s, i)
		if size == 0 {
			i++
			continue
		}
		c.literals(s[literals:i], limit)
		c.repeat(i-from-1, size)
		if len(c.out) >= limit {
			break
		}
		i += size
		literals = i
	}
	c.literals(s[literals:], limit)
	c.base += uint32(len(s))
	return len(c.out) <= limit
}

// match looks for what stands at s[i] further ahead, and takes note of it. size is 0 if there
// is nothing.
func (c *Compressor) match(s []byte, i int) (from, size int) {
	three := uint32(s[i])<<16 | uint32(s[i+1])<<8 | uint32(s[i+2])
	slot := &c.seen[three*0x9E3779B1>>(32-lzfTableBits)]
	seen := *slot
	*slot = c.base + uint32(i)
	if seen < c.base {
		return 0, 0
	}
	from = int(seen - c.base)
	if i-from > lzfOffsetMax || s[from] != s[i] || s[from+1] != s[i+1] || s[from+2] != s[i+2] {
		return 0, 0
	}
	size = lzfMatchMin
	for end := min(len(s)-i, lzfMatchMax); size < end && s[from+size] == s[i+size]; {
		size++
	}
	return from, size
}

// literals writes bytes as they are, as long as that makes sense.
func (c *Compressor) literals(s []byte, limit int) {
	for len(s) > 0 && len(c.out) <= limit {
		n := min(len(s), lzfLiteralsMax)
		c.out = append(append(c.out, byte(n-1)), s[:n]...)
		s = s[n:]
	}
}

// repeat writes that size bytes stood offset+1 bytes before.
func (c *Compressor) repeat(offset, size int) {
	if size < lzfShortMatch {
		c.out = append(c.out, byte(size-2)<<5|byte(offset>>8), byte(offset))
		return
	}
	c.out = append(c.out, 7<<5|byte(offset>>8), byte(size-lzfShortMatch), byte(offset))
}
