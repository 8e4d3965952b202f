// SPDX-License-Identifier: Apache-2.0

package rdb

import "io"

// Writer hands a file on to w and keeps its checksum. It does not buffer: pieces should
// have some kilobytes.
type Writer struct {
	w     io.Writer
	crc   uint64
	bytes int64
}

// NewWriter makes a Writer of a file; nothing is written yet.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes a piece of the file.
func (w *Writer) Write(p []byte) (n int, err error) {
	n, err = w.w.Write(p)
	w.crc = CRC64(w.crc, p[:n])
	w.bytes += int64(n)
	return n, err
}

// Bytes tells how much of the file has been written.
func (w *Writer) Bytes() int64 { return w.bytes }

// CRC64 is the checksum of what has been written.
func (w *Writer) CRC64() uint64 { return w.crc }

// Finish writes the end of the file: the end mark and the checksum.
func (w *Writer) Finish() error {
	var end [1 + trailerBytes]byte
	_, err := w.Write(AppendEnd(end[:0], w.crc))
	return err
}
