// SPDX-License-Identifier: Apache-2.0

package bitmap

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

const (
	errBitOffset reply.Error = "ERR bit offset is not an integer or out of range"
	errBit       reply.Error = "ERR bit is not an integer or out of range"
)

// parseOffset reads the offset of a bit in a string of at most limit bytes. width is that of
// the integer which begins there; then "#n" is the place of the n-th such integer. 0: a
// single bit.
func parseOffset(text []byte, width, limit int) (bit int64, ok bool) {
	counted := width > 0 && len(text) > 0 && text[0] == '#'
	if counted {
		text = text[1:]
	}
	if bit, ok = resp.ParseInt(text); !ok {
		return 0, false
	}
	if counted {
		bit *= int64(width)
	}
	return bit, bit >= 0 && bit>>3 < int64(limit)
}

// bitAt is the bit at an offset.
func bitAt(text []byte, bit int64) int64 {
	if bit>>3 >= int64(len(text)) {
		return 0
	}
	return int64(text[bit>>3] >> (7 - bit&7) & 1)
}

func get(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	bit, ok := parseOffset(c.Args.Bytes(), 0, db.Space().Limits.StringBytesMax)
	if !ok {
		c.Reply.Fail(errBitOffset)
		return
	}
	e, err := db.ReadString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(bitAt(e.Text(), bit))
}

func set(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	bit, ok := parseOffset(c.Args.Bytes(), 0, db.Space().Limits.StringBytesMax)
	if !ok {
		c.Reply.Fail(errBitOffset)
		return
	}
	on := c.Args.IntOr(errBit)
	if on&^1 != 0 {
		c.Args.Fail(errBit)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	e, err := db.FindString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	text := e.Text()
	old := bitAt(text, bit)
	if old == on && bit>>3 < int64(len(text)) {
		e.Loosen(key, len(text))
	} else {
		var part [1]byte
		if bit>>3 < int64(len(text)) {
			part[0] = text[bit>>3]
		}
		mask := byte(0x80) >> (bit & 7)
		part[0] &^= mask
		if on == 1 {
			part[0] |= mask
		}
		e.Splice(key, int(bit>>3), part[:])
		db.Notify(keyspace.EventString, "setbit", key)
	}
	c.Reply.Int(old)
}
