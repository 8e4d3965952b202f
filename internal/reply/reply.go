// SPDX-License-Identifier: Apache-2.0

// Package reply is what a call answers: a buffer that handlers write values into, and
// the errors that clients see.
//
// A [Buffer] turns values into RESP2 or RESP3, whichever its client speaks, so a handler
// says "a map of three pairs" and never thinks of the wire. It belongs to whoever runs
// the call and has no lock.
//
// The bytes of the protocol are package resp's business; what a reply means is the
// families'.
package reply

import (
	"errors"
	"strconv"

	"stampede/internal/resp"
)

// Buffer collects replies in the order in which they are written. The zero value is
// ready to use and speaks RESP2.
type Buffer struct {
	B     []byte     // the replies so far, as they go over the wire
	Proto resp.Proto // which version the client speaks; the zero value is RESP2
}

// Len is the number of bytes written so far: a position for [Buffer.Truncate] and
// [Buffer.ArrayAt].
func (r *Buffer) Len() int { return len(r.B) }

// Truncate takes back everything written after position n.
func (r *Buffer) Truncate(n int) { r.B = r.B[:n] }

// OK answers +OK.
func (r *Buffer) OK() { r.B = append(r.B, "+OK\r\n"...) }

// Simple answers with a simple string. s must not contain a line break.
func (r *Buffer) Simple(s string) { r.B = resp.AppendSimple(r.B, s) }

// Bulk answers with the bytes of b.
func (r *Buffer) Bulk(b []byte) { r.B = resp.AppendBulk(r.B, b) }

// Text answers with s as a bulk string.
func (r *Buffer) Text(s string) { r.B = resp.AppendBulkString(r.B, s) }

// Int answers with an integer.
func (r *Buffer) Int(n int64) { r.B = resp.AppendInt(r.B, n) }

// IntText answers with the digits of n as a bulk string, as GET of a counter does.
func (r *Buffer) IntText(n int64) {
	var digits [20]byte
	r.B = resp.AppendBulk(r.B, strconv.AppendInt(digits[:0], n, 10))
}

// Double answers with a score or another floating point number: a double in RESP3, its
// text as a bulk string in RESP2.
func (r *Buffer) Double(f float64) { r.B = resp.AppendDouble(r.B, f, r.Proto) }

// Bool answers with a truth value: #t or #f in RESP3, 1 or 0 in RESP2.
func (r *Buffer) Bool(b bool) { r.B = resp.AppendBool(r.B, b, r.Proto) }

// Null answers that there is no value: a null bulk string in RESP2.
func (r *Buffer) Null() { r.B = resp.AppendNull(r.B, r.Proto) }

// NullArray answers that there is no list of values: a null array in RESP2.
func (r *Buffer) NullArray() { r.B = resp.AppendNullArray(r.B, r.Proto) }

// Array announces n values, which the caller writes next.
func (r *Buffer) Array(n int) { r.B = resp.AppendArray(r.B, n) }

// Map announces n pairs of values; RESP2 clients see an array of 2n.
func (r *Buffer) Map(n int) { r.B = resp.AppendMap(r.B, n, r.Proto) }

// Set announces n values without order; RESP2 clients see an array.
func (r *Buffer) Set(n int) { r.B = resp.AppendSet(r.B, n, r.Proto) }

// Push announces a message of n values that no call asked for; RESP2 clients see an array.
func (r *Buffer) Push(n int) { r.B = resp.AppendPush(r.B, n, r.Proto) }

// Verbatim answers with text in the given three-letter format ("txt" or "mkd"); RESP2
// clients see a bulk string.
func (r *Buffer) Verbatim(format, text string) {
	r.B = resp.AppendVerbatim(r.B, format, text, r.Proto)
}

// ArrayAt announces, at an earlier position, n values that were written since. It is for
// replies whose length is known only at their end, and costs a copy of what they hold.
func (r *Buffer) ArrayAt(position, n int) { r.insert(position, resp.AppendArray(nil, n)) }

// MapAt is [Buffer.ArrayAt] for a map of n pairs.
func (r *Buffer) MapAt(position, n int) { r.insert(position, resp.AppendMap(nil, n, r.Proto)) }

// SetAt is [Buffer.MapAt] for a set of n elements.
func (r *Buffer) SetAt(position, n int) { r.insert(position, resp.AppendSet(nil, n, r.Proto)) }

func (r *Buffer) insert(position int, head []byte) {
	r.B = append(r.B, head...)
	copy(r.B[position+len(head):], r.B[position:len(r.B)-len(head)])
	copy(r.B[position:], head)
}

// Err answers with err. What is not an [Error] is our own trouble: the client learns only
// that there was some.
func (r *Buffer) Err(err error) {
	var e Error
	if !errors.As(err, &e) {
		e = "ERR internal error"
	}
	r.B = resp.AppendError(r.B, string(e))
}

// Fail answers with e. It is [Buffer.Err] for the common case, without an interface.
func (r *Buffer) Fail(e Error) { r.B = resp.AppendError(r.B, string(e)) }
