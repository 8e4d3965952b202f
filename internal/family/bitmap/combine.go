// SPDX-License-Identifier: Apache-2.0

package bitmap

import (
	"crypto/subtle"
	"encoding/binary"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// operation lets dst, which holds what was combined so far, take in one more string of at
// most its length; behind its end that one is zeros.
type operation func(dst, text []byte)

const errNot reply.Error = "ERR BITOP NOT must be called with a single source key."

func combine(tx command.Tx, c *command.Call) {
	var join operation
	not := false
	switch {
	case c.Args.Opt("AND"):
		join = and
	case c.Args.Opt("OR"):
		join = or
	case c.Args.Opt("XOR"):
		join = xor
	case c.Args.Opt("NOT"):
		not = true
	default:
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	dst, keys := c.Args.Bytes(), c.Args.Rest()
	if not && len(keys) != 1 {
		c.Reply.Fail(errNot)
		return
	}
	longest := 0
	for _, key := range keys {
		e, err := tx.DB(c.DB, key).ReadString(key)
		if err != nil {
			c.Reply.Err(err)
			return
		}
		longest = max(longest, e.TextLen())
	}
	result := make([]byte, longest)
	for i, key := range keys {
		e := tx.DB(c.DB, key).Peek(key)
		if i == 0 {
			copy(result, e.Text())
		} else {
			join(result, e.Text())
		}
	}
	if not {
		invert(result)
	}
	store(tx.DB(c.DB, dst), c, dst, result)
}

// store puts the result under its key; an empty one is no key.
func store(db *keyspace.DB, c *command.Call, key, result []byte) {
	e := db.Find(key)
	if err := e.CheckOverwrite(); err != nil {
		c.Reply.Err(err)
		return
	}
	if len(result) > 0 {
		e.SetRaw(key, result, 0)
		db.Notify(keyspace.EventString, "set", key)
	} else if e.Exists() {
		e.Remove()
		db.Notify(keyspace.EventGeneric, "del", key)
	}
	c.Reply.Int(int64(len(result)))
}

func and(dst, text []byte) {
	clear(dst[len(text):])
	for ; len(text) >= 8; dst, text = dst[8:], text[8:] {
		word := binary.LittleEndian.Uint64(dst) & binary.LittleEndian.Uint64(text)
		binary.LittleEndian.PutUint64(dst, word)
	}
	for i := range text {
		dst[i] &= text[i]
	}
}

func or(dst, text []byte) {
	for ; len(text) >= 8; dst, text = dst[8:], text[8:] {
		word := binary.LittleEndian.Uint64(dst) | binary.LittleEndian.Uint64(text)
		binary.LittleEndian.PutUint64(dst, word)
	}
	for i := range text {
		dst[i] |= text[i]
	}
}

func xor(dst, text []byte) { subtle.XORBytes(dst, dst[:len(text)], text) }

func invert(dst []byte) {
	for ; len(dst) >= 8; dst = dst[8:] {
		binary.LittleEndian.PutUint64(dst, ^binary.LittleEndian.Uint64(dst))
	}
	for i := range dst {
		dst[i] = ^dst[i]
	}
}
