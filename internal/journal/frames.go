// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"stampede/internal/disk"
)

// readBytes is what is read from a segment at once.
const readBytes = 256 << 10

// everything is a limit that is none.
const everything = Position(math.MaxUint64)

// frames reads the frames of one segment from first to last. Its memory is bounded by the
// size of the file, whatever a length says.
type frames struct {
	file disk.File
	size int64 // of the file, when it was last needed
	segment
	id   identity
	next mark // where the next frame begins, and the sum of the one before
	buf  []byte
	from Position // where buf begins
}

// frame is a frame as it was found.
type frame struct {
	head
	payload []byte // valid until the next one is read
}

// badFrame says what is wrong at the position where the frame was expected.
type badFrame string

// Error is the reason.
func (b badFrame) Error() string { return string(b) }

// missingRecords is the reason where there are zeros instead of records.
const missingRecords = "records are missing from here on"

// errEnd: here is nothing, because nothing was written.
var errEnd = errors.New("journal: the frames end here")

// newFrames reads a segment from a position on.
func newFrames(file disk.File, s segment, at Position) *frames {
	return &frames{file: file, segment: s, id: identify(s.id), next: mark{at: at}, from: at}
}

// offset is where in the file a position is.
func (f *frames) offset(at Position) int64 { return headerBytes + int64(at-f.first) }

// read returns the next frame before limit: errEnd, a badFrame, or the disk's error if there
// is none. What lies beyond limit is not looked at.
func (f *frames) read(limit Position) (frame, error) {
	b, err := f.bytes(frameHeadBytes, limit)
	if err != nil {
		return frame{}, err
	}
	if len(b) < frameHeadBytes {
		if allZero(b) {
			return frame{}, errEnd
		}
		return frame{}, badFrame("the head of a record is cut off")
	}
	h := readHead(b)
	switch {
	case h == head{}:
		return frame{}, errEnd
	case h.check != f.id.check(f.next.at, h.length):
		return frame{}, badFrame("this is not the head of a record: its checksum is wrong")
	case !h.known():
		return frame{}, badFrame("a record has a length that is never written")
	}
	whole := frameHeadBytes + h.bytes()
	if b, err = f.bytes(whole, limit); err != nil {
		return frame{}, err
	}
	if int64(len(b)) < whole {
		return frame{}, badFrame(fmt.Sprintf("a record of %d bytes is cut off", h.bytes()))
	}
	payload := b[frameHeadBytes:]
	if crc32.Checksum(payload, castagnoli) != h.sum {
		return frame{}, badFrame("the checksum of a record is wrong")
	}
	if h.isChain() {
		return f.chain(readChain(payload), limit)
	}
	f.next = mark{f.next.at + Position(whole), h.sum}
	return frame{h, payload}, nil
}

// bytes returns the next n bytes, or fewer if the file or limit ends before.
func (f *frames) bytes(n int64, limit Position) ([]byte, error) {
	if limit-f.next.at < Position(n) {
		n = int64(limit - f.next.at)
	}
	have := f.from + Position(len(f.buf)) - f.next.at
	if Position(n) > have {
		if err := f.fill(n, limit); err != nil {
			return nil, err
		}
		have = Position(len(f.buf))
	}
	b := f.buf[f.next.at-f.from:]
	return b[:min(n, int64(have))], nil
}

// fill reads from the next frame on: n bytes at least, if the file has them, and none beyond
// limit, because they may be written after.
func (f *frames) fill(n int64, limit Position) error {
	at := f.offset(f.next.at)
	if at+n > f.size {
		size, err := f.file.Size()
		if err != nil {
			return err
		}
		f.size = size
	}
	want := max(n, readBytes)
	if limit-f.next.at < Position(want) {
		want = int64(limit - f.next.at)
	}
	want = max(0, min(want, f.size-at))
	if int64(cap(f.buf)) < want || int64(cap(f.buf)) > 8*max(want, readBytes) {
		f.buf = make([]byte, max(want, min(readBytes, f.size)))
	}
	f.from = f.next.at
	read, err := f.file.ReadAt(f.buf[:want], at)
	f.buf = f.buf[:read]
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// forget has what was read ahead read again, because more may have been written.
func (f *frames) forget() { f.buf, f.from = f.buf[:0], f.next.at }

// durable is what a mark says.
func (f frame) durable() Position { return Position(binary.LittleEndian.Uint64(f.payload)) }

// end goes to where the frames of the last segment end; vouched is up to where a mark says
// that everything was durable. For what follows, see judge.
func (f *frames) end() (vouched Position, torn int64, damage, err error) {
	vouched = f.first
	var one frame
	for err == nil {
		if one, err = f.read(everything); err == nil && one.isMark() {
			vouched = max(vouched, one.durable())
		}
	}
	var bad badFrame
	switch {
	case errors.Is(err, errEnd):
		bad = missingRecords
	case !errors.As(err, &bad):
		return vouched, 0, nil, err
	}
	torn, damage, err = f.judge(bad)
	return vouched, torn, damage, err
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
