// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"math"
	"strconv"

	"stampede/internal/container/listpack"
)

// How a string is encoded that is not given by its length and bytes.
const (
	codeInt8  = 0
	codeInt16 = 1
	codeInt32 = 2
	codeLZF   = 3
)

// intTextMax is the length of the longest text that codeInt32 stands for.
const intTextMax = len("-2147483648")

// AppendString adds s as a string: the value of TypeString, the element of a list, set,
// sorted set or hash. Text that is an integer of 32 bits in its one normal form takes 2 to 5
// bytes; everything else is written as it is.
func AppendString(dst, s []byte) []byte {
	if len(s) <= intTextMax {
		if v, ok := parseInt32(s); ok {
			return appendInt32(dst, v)
		}
	}
	return AppendText(dst, s)
}

// AppendText is AppendString for bytes that the caller knows to be no integer, and for those
// that must stay as they are: packs.
func AppendText(dst, s []byte) []byte {
	return append(AppendLen(dst, len(s)), s...)
}

func appendText(dst []byte, s string) []byte {
	return append(AppendLen(dst, len(s)), s...)
}

// AppendInt is AppendString for the text of v.
func AppendInt(dst []byte, v int64) []byte {
	if v >= math.MinInt32 && v <= math.MaxInt32 {
		return appendInt32(dst, v)
	}
	var text [20]byte
	return AppendText(dst, strconv.AppendInt(text[:0], v, 10))
}

func appendInt32(dst []byte, v int64) []byte {
	switch {
	case v >= math.MinInt8 && v <= math.MaxInt8:
		return append(dst, lenCode|codeInt8, byte(v))
	case v >= math.MinInt16 && v <= math.MaxInt16:
		return binary.LittleEndian.AppendUint16(append(dst, lenCode|codeInt16), uint16(v))
	}
	return binary.LittleEndian.AppendUint32(append(dst, lenCode|codeInt32), uint32(v))
}

// parseInt32 reads the normal form of an integer of 32 bits.
func parseInt32(s []byte) (v int64, ok bool) {
	digits := s
	if len(s) > 0 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 10 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if len(digits) < len(s) {
		v = -v
	}
	return v, v >= math.MinInt32 && v <= math.MaxInt32
}

// A list, TypeListPacks: AppendLen(nodes), and then for each node AppendListPack or
// AppendListPlain. TypeList: AppendLen(elements), and then AppendString for each.

// How a node of TypeListPacks is kept.
const (
	nodePlain  = 1
	nodePacked = 2
)

// AppendListPack adds a node of a list: the elements in pack, at least one.
func AppendListPack(dst []byte, pack listpack.Pack) []byte {
	return AppendText(append(dst, nodePacked), pack)
}

// AppendListPlain adds a node of a list that is one (large) element.
func AppendListPlain(dst, element []byte) []byte {
	return AppendText(append(dst, nodePlain), element)
}

// A set, TypeSet: AppendLen(members), and then AppendString for each member, each once.
// TypeSetInts: AppendIntsHeader, and then AppendIntsMember for each in ascending order.

// intsHeadBytes is what stands before the numbers of an intset: the bytes of each, and
// how many.
const intsHeadBytes = 8

// AppendIntsHeader begins the value of TypeSetInts: n members of width bytes (2, 4 or 8, the
// smallest that holds all).
func AppendIntsHeader(dst []byte, width, n int) []byte {
	dst = AppendLen(dst, intsHeadBytes+width*n)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(width))
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

// AppendIntsMember adds a member in width bytes.
func AppendIntsMember(dst []byte, width int, v int64) []byte {
	switch width {
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(v))
	case 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(v))
}

// A sorted set, TypeZSet: AppendLen(members), and then AppendScored for each. TypeZSetPack:
// AppendText of the pack, whose elements are members and scores in order.

// AppendScored adds a member of TypeZSet with its score, which is not NaN.
func AppendScored(dst, member []byte, score float64) []byte {
	return binary.LittleEndian.AppendUint64(AppendString(dst, member), math.Float64bits(score))
}

// A hash, TypeHash: AppendLen(fields), and then AppendPair for each. TypeHashPack:
// AppendText of the pack, whose elements are fields and values.

// AppendPair adds a field of TypeHash and its value.
func AppendPair(dst, field, value []byte) []byte {
	return AppendString(AppendString(dst, field), value)
}
