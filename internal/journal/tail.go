// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// judge tells what cannot be read at the end of the last segment from damage. A power cut
// leaves any part of what was not durable, in any order; so frames that come after prove
// nothing. But a mark proves that everything before the position in it was durable when the
// mark was written, so if it lies beyond the bad frame, no power cut made that bad. torn is
// how many bytes there are, up to the last that is not zero; damage is reason, or nil.
func (f *frames) judge(reason badFrame) (torn int64, damage, err error) {
	at := f.next.at
	var pattern [4]byte
	binary.LittleEndian.PutUint32(pattern[:], markBytes|markBit)
	const overlap = frameHeadBytes + markBytes - 1

	block := make([]byte, 0, readBytes)
	offset, blockAt := f.offset(at), f.offset(at)
	for {
		n, err := f.file.ReadAt(block[len(block):cap(block)], offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		block, offset = block[:len(block)+n], offset+int64(n)
		if last := lastNotZero(block); last >= 0 {
			torn = blockAt + int64(last) + 1 - f.offset(at)
		}
		if f.markBeyond(block, blockAt, pattern[:], at) {
			return torn, reason, nil
		}
		if n == 0 {
			return torn, nil, nil
		}
		keep := min(overlap, len(block))
		blockAt += int64(len(block) - keep)
		block = block[:copy(block, block[len(block)-keep:])]
	}
}

// markBeyond tells whether a part of the file holds a mark that vouches for a position.
func (f *frames) markBeyond(block []byte, blockAt int64, pattern []byte, at Position) bool {
	for i := 0; ; i++ {
		found := bytes.Index(block[i:], pattern)
		if found < 0 {
			return false
		}
		i += found
		b := block[i:]
		if len(b) < frameHeadBytes+markBytes {
			return false
		}
		h, payload := readHead(b), b[frameHeadBytes:frameHeadBytes+markBytes]
		place := f.first + Position(blockAt+int64(i)-headerBytes)
		if h.check == f.id.check(place, h.length) && h.sum == crc32.Checksum(payload, castagnoli) &&
			Position(binary.LittleEndian.Uint64(payload)) > at {
			return true
		}
	}
}

// lastNotZero is the index of the last byte that is not zero, or -1.
func lastNotZero(b []byte) int {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0 {
			return i
		}
	}
	return -1
}
