// SPDX-License-Identifier: Apache-2.0

package bitmap

import (
	"encoding/binary"
	"math/bits"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// span is a range of bits of a string: from first to last, both included. It is empty if
// first > last.
type span struct{ first, last int64 }

// unit is what a range is counted in: bytes or bits.
type unit int64

const (
	byBit  unit = 1
	byByte unit = 8
)

// parseUnit reads [BYTE | BIT] at the end of a call.
func parseUnit(a *command.Args) unit {
	switch {
	case !a.More(), a.Opt("BYTE"):
		return byByte
	case !a.Opt("BIT"):
		a.Fail(reply.ErrSyntax)
	}
	return byBit
}

// span is the range from start to end, negative ones counted from the end of n bytes.
func (u unit) span(start, end int64, n int) span {
	total := int64(n) * 8 / int64(u)
	if start < 0 {
		start = max(start+total, 0)
	}
	if end < 0 {
		end = max(end+total, 0)
	}
	end = min(end, total-1)
	if start > end {
		return span{0, -1}
	}
	return span{start * int64(u), (end+1)*int64(u) - 1}
}

// parseCountSpan reads [start end [BYTE | BIT]] for a string of n bytes.
func parseCountSpan(a *command.Args, n int) span {
	if !a.More() {
		return byByte.span(0, -1, n)
	}
	start, end := a.Int(), a.Int()
	if a.Err() == nil && start < 0 && end < 0 && start > end {
		return span{0, -1}
	}
	return parseUnit(a).span(start, end, n)
}

// parseFindSpan reads [start [end [BYTE | BIT]]] for a string of n bytes; hasEnd tells whether
// there was an end. A unit that is none is told before an end that is none.
func parseFindSpan(a *command.Args, n int) (s span, hasEnd bool) {
	if !a.More() {
		return byByte.span(0, -1, n), false
	}
	start := a.Int()
	if !a.More() {
		return byByte.span(start, -1, n), false
	}
	text := command.NewArgs(a.Take(1))
	u, end := parseUnit(a), text.Int()
	if text.Err() != nil {
		a.Fail(text.Err())
	}
	return u.span(start, end, n), true
}

func count(db *keyspace.DB, c *command.Call) {
	e, err := db.ReadString(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if !e.Exists() {
		c.Reply.Int(0)
		return
	}
	if c.Args.Left() == 1 || c.Args.Left() > 3 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	text := e.Text()
	s := parseCountSpan(&c.Args, len(text))
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(s.count(text))
}

// count is the number of bits set in the range.
func (s span) count(text []byte) (n int64) {
	if s.first > s.last {
		return 0
	}
	text = text[s.first>>3 : s.last>>3+1]
	n -= int64(bits.OnesCount8(text[0] &^ (0xFF >> (s.first & 7))))
	n -= int64(bits.OnesCount8(text[len(text)-1] & (0x7F >> (s.last & 7))))
	for ; len(text) >= 8; text = text[8:] {
		n += int64(bits.OnesCount64(binary.LittleEndian.Uint64(text)))
	}
	for _, b := range text {
		n += int64(bits.OnesCount8(b))
	}
	return n
}

const errBitArgument reply.Error = "ERR The bit argument must be 1 or 0."

func position(db *keyspace.DB, c *command.Call) {
	key, bit := c.Args.Bytes(), c.Args.Int()
	if bit != 0 && bit != 1 {
		c.Args.Fail(errBitArgument)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	e, err := db.ReadString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if !e.Exists() {
		c.Reply.Int(-bit)
		return
	}
	if c.Args.Left() > 3 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	text := e.Text()
	s, hasEnd := parseFindSpan(&c.Args, len(text))
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	at := s.find(text, bit == 1)
	if at < 0 && bit == 0 && !hasEnd && s.first <= s.last {
		at = s.last + 1 // a string is followed by zeros
	}
	c.Reply.Int(at)
}

// find is the offset of the first bit of the range that is set, or clear; -1 if there is
// none.
func (s span) find(text []byte, on bool) int64 {
	if s.first > s.last {
		return -1
	}
	var flip byte
	if !on {
		flip = 0xFF
	}
	at, end := s.first>>3, s.last>>3
	b := (text[at] ^ flip) & (0xFF >> (s.first & 7))
	for b == 0 && at < end {
		at = skip(text, at+1, end, flip)
		b = text[at] ^ flip
	}
	if b == 0 {
		return -1
	}
	if bit := at<<3 + int64(bits.LeadingZeros8(b)); bit <= s.last {
		return bit
	}
	return -1
}

// skip passes over bytes equal to flip, eight at a time while it can, up to end.
func skip(text []byte, at, end int64, flip byte) int64 {
	same := uint64(flip) * 0x0101010101010101
	for at+8 <= end && binary.LittleEndian.Uint64(text[at:]) == same {
		at += 8
	}
	for at < end && text[at] == flip {
		at++
	}
	return at
}
