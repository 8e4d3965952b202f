// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"strconv"

	"stampede/internal/assert"
)

// A file:
//
//	+---------------+-------------------+-----------------------------------+-----+-----------+
//	| REDIS | 0010  | FA name value …   | F5 code …   FE db FB keys expires | FF  | crc64, LE |
//	| magic, version| aux fields        | functions   then per key:         | end | of all    |
//	+---------------+-------------------+ [FC ms] [F8 idle | F9 freq]       +-----+-----------+
//	                                    | type key value …                  |
//	                                    +-----------------------------------+

// AppendHeader adds the beginning of a file.
func AppendHeader(dst []byte) []byte {
	dst = append(dst, magic...)
	const digits = "00" // Version has two
	return strconv.AppendInt(append(dst, digits...), Version, 10)
}

// AppendAux adds a field about the file: readers ignore those they do not know. They stand
// behind the header.
func AppendAux(dst []byte, name, value string) []byte {
	return appendText(appendText(append(dst, opAux), name), value)
}

// AppendAuxInt is AppendAux for a number.
func AppendAuxInt(dst []byte, name string, value int64) []byte {
	return AppendInt(appendText(append(dst, opAux), name), value)
}

// AppendFunction adds the code of a library of functions.
func AppendFunction(dst, code []byte) []byte {
	return AppendText(append(dst, opFunction), code)
}

// AppendSelectDB says that the keys of database db follow.
func AppendSelectDB(dst []byte, db int) []byte {
	return AppendLen(append(dst, opSelectDB), db)
}

// AppendResizeDB says how many keys the database has, and how many of them with a deadline:
// a hint that lets a reader make room.
func AppendResizeDB(dst []byte, keys, deadlines int) []byte {
	return AppendLen(AppendLen(append(dst, opResize), keys), deadlines)
}

// AppendIdle says for how many seconds the next key has not been used (maxmemory-policy
// with LRU). It stands before AppendKey.
func AppendIdle(dst []byte, seconds int) []byte {
	return AppendLen(append(dst, opIdle), seconds)
}

// AppendFreq says how often the next key was used, on Redis' logarithmic scale
// (maxmemory-policy with LFU). It stands before AppendKey.
func AppendFreq(dst []byte, frequency byte) []byte {
	return append(dst, opFreq, frequency)
}

// AppendKey begins a key: its deadline in Unix milliseconds (0: none), the type and the key.
// The value follows.
func AppendKey(dst []byte, t Type, key []byte, deadlineMs int64) []byte {
	if deadlineMs != 0 {
		dst = binary.LittleEndian.AppendUint64(append(dst, opDeadlineMs), uint64(deadlineMs))
	}
	return AppendString(append(dst, byte(t)), key)
}

// AppendEnd adds the end of a file; crc is the checksum of everything before it. A [Writer]
// does this by itself.
func AppendEnd(dst []byte, crc uint64) []byte {
	dst = append(dst, opEnd)
	return binary.LittleEndian.AppendUint64(dst, CRC64(crc, dst[len(dst)-1:]))
}

// The two highest bits of a length's first byte say how it goes on.
const (
	len6    = 0x00
	len14   = 0x40
	len32   = 0x80
	len64   = 0x81
	lenCode = 0xC0 // no length: the string is encoded as the low bits say
)

// AppendLen adds a length or count, most significant byte first.
func AppendLen(dst []byte, n int) []byte {
	assert.That(n >= 0, "rdb: a length is negative")
	return appendUint(dst, uint64(n))
}

func appendUint(dst []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(dst, len6|byte(n))
	case n < 1<<14:
		return append(dst, len14|byte(n>>8), byte(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, len32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, len64), n)
}
