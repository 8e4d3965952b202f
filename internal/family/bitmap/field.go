// SPDX-License-Identifier: Apache-2.0

package bitmap

import (
	"bytes"
	"encoding/binary"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

const (
	errFieldType reply.Error = "ERR Invalid bitfield type. Use something like i16 u8. " +
		"Note that u64 is not supported but i64 is."
	errFieldOverflow reply.Error = "ERR Invalid OVERFLOW type specified"
	errFieldRO       reply.Error = "ERR BITFIELD_RO only supports the GET subcommand"
)

// verb is what a subcommand of BITFIELD does.
type verb uint8

const (
	getField verb = iota
	setField
	incrField
)

// step is one subcommand of BITFIELD.
type step struct {
	verb     verb
	kind     integer
	overflow overflow
	bit      int64 // offset of its first bit
	number   int64 // what SET puts or INCRBY adds
}

// last is the offset of the last bit that the step touches.
func (s *step) last() int64 { return s.bit + int64(s.kind.width) - 1 }

// parseSteps appends to dst what a call is to do. limit is how many bytes a string may have.
func parseSteps(a *command.Args, limit int, dst []step) []step {
	overflow := wrap
	for a.More() {
		s := step{overflow: overflow}
		switch left := a.Left(); {
		case left > 2 && a.Opt("GET"):
		case left > 3 && a.Opt("SET"):
			s.verb = setField
		case left > 3 && a.Opt("INCRBY"):
			s.verb = incrField
		case left > 1 && a.Opt("OVERFLOW"):
			overflow = parseOverflow(a)
			continue
		default:
			a.Fail(reply.ErrSyntax)
			return dst
		}
		var ok bool
		if s.kind, ok = parseInteger(a.Bytes()); !ok {
			a.Fail(errFieldType)
			return dst
		}
		if s.bit, ok = parseOffset(a.Bytes(), s.kind.width, limit); !ok {
			a.Fail(errBitOffset)
			return dst
		}
		if s.verb != getField {
			s.number = a.Int()
		}
		dst = append(dst, s)
	}
	return dst
}

func parseOverflow(a *command.Args) overflow {
	switch {
	case a.Opt("WRAP"):
		return wrap
	case a.Opt("SAT"):
		return saturate
	case a.Opt("FAIL"):
		return fail
	}
	a.Fail(errFieldOverflow)
	return wrap
}

// parseInteger reads a type: i1 to i64, or u1 to u63.
func parseInteger(text []byte) (kind integer, ok bool) {
	text, _, _ = bytes.Cut(text, []byte{0})
	if len(text) == 0 || text[0] != 'i' && text[0] != 'u' {
		return integer{}, false
	}
	signed := text[0] == 'i'
	width, ok := resp.ParseInt(text[1:])
	if !ok || width < 1 || width > 64 || width == 64 && !signed {
		return integer{}, false
	}
	return integer{signed: signed, width: int(width)}, true
}

// stepsMin is how many subcommands cost no memory.
const stepsMin = 8

func field(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var room [stepsMin]step
	steps := parseSteps(&c.Args, db.Space().Limits.StringBytesMax, room[:0])
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	last := lastWritten(steps)
	if last < 0 {
		readFields(db, c, key, steps)
		return
	}
	e, err := db.FindString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	grows := int(last>>3) >= e.TextLen()
	e.Loosen(key, int(last>>3)+1)
	c.Reply.Array(len(steps))
	changed := false
	for i := range steps {
		changed = steps[i].do(&e, key, grows, c.Reply) || changed
	}
	if changed {
		db.Notify(keyspace.EventString, "setbit", key)
	}
}

// lastWritten is the offset of the last bit that any of the steps may change; -1 if all of
// them only read.
func lastWritten(steps []step) int64 {
	last := int64(-1)
	for i := range steps {
		if steps[i].verb != getField {
			last = max(last, steps[i].last())
		}
	}
	return last
}

func fieldRO(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var room [stepsMin]step
	steps := parseSteps(&c.Args, db.Space().Limits.StringBytesMax, room[:0])
	if lastWritten(steps) >= 0 {
		c.Args.Fail(errFieldRO)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	readFields(db, c, key, steps)
}

func readFields(db *keyspace.DB, c *command.Call, key []byte, steps []step) {
	e, err := db.ReadString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Array(len(steps))
	text := e.Text()
	for i := range steps {
		s := &steps[i]
		w := windowOf(text, s.bit)
		c.Reply.Int(s.kind.value(w.get(s.bit, s.kind.width)))
	}
}

// do runs one step on a string that is long enough for it, if it writes. What the string has
// already is written only if the call has made it longer: then it counts as a change.
func (s *step) do(e *keyspace.Entry, key []byte, grown bool, r *reply.Buffer) (changed bool) {
	w := windowOf(e.Text(), s.bit)
	old := s.kind.value(w.get(s.bit, s.kind.width))
	if s.verb == getField {
		r.Int(old)
		return false
	}
	base, by, answer := old, s.number, old
	if s.verb == setField {
		base, by = s.number, 0
	}
	number, ok := s.kind.add(base, by, s.overflow)
	if !ok {
		r.Null()
		return false
	}
	if s.verb == incrField {
		answer = number
	}
	r.Int(answer)
	if number == old && !grown {
		return false
	}
	w.put(s.bit, s.kind.width, uint64(number))
	first, last := s.bit>>3, s.last()>>3
	e.Splice(key, int(first), w[:last-first+1])
	return true
}

// window is the bytes around an integer of up to 64 bits, from the byte on in which it
// begins.
type window [9]byte

// windowOf is the window that begins where bit is; behind its end a string is zeros.
func windowOf(text []byte, bit int64) (w window) {
	if at := bit >> 3; at < int64(len(text)) {
		copy(w[:], text[at:])
	}
	return w
}

// get reads an integer of some bits at bit as it stands, without sign.
func (w *window) get(bit int64, width int) uint64 {
	shift := uint(bit & 7)
	all := binary.BigEndian.Uint64(w[:8])<<shift | uint64(w[8])>>(8-shift)
	return all >> (64 - width)
}

// put writes the low bits of an integer at bit.
func (w *window) put(bit int64, width int, number uint64) {
	shift := uint(bit & 7)
	mask := ^uint64(0) << (64 - width)
	number <<= 64 - width
	all := binary.BigEndian.Uint64(w[:8])
	binary.BigEndian.PutUint64(w[:8], all&^(mask>>shift)|number>>shift)
	w[8] = w[8]&^byte(mask<<(8-shift)) | byte(number<<(8-shift))
}

// useOfField is what a call of BITFIELD does with its key: one that has nothing but GET reads.
func useOfField(argv [][]byte) command.KeyUse {
	const writes = command.KeyRW | command.KeyAccess | command.KeyUpdate
	for i := 2; i < len(argv); i++ {
		switch left := len(argv) - i - 1; {
		case left >= 2 && command.EqualFold(argv[i], "GET"):
			i += 2
		case left >= 1 && command.EqualFold(argv[i], "OVERFLOW"):
			i++
		default:
			return writes
		}
	}
	return command.KeyRO | command.KeyAccess
}
