// SPDX-License-Identifier: Apache-2.0

package bitmap

import "math"

// integer is a type of integers: i1 to i64 and u1 to u63.
type integer struct {
	signed bool
	width  int // bits
}

// overflow says what becomes of a sum that its type does not hold.
type overflow uint8

const (
	wrap     overflow = iota // its low bits
	saturate                 // the nearest number of the type
	fail                     // nothing
)

// value is the number that bits of the type stand for.
func (t integer) value(bits uint64) int64 {
	if t.signed {
		return int64(bits<<(64-t.width)) >> (64 - t.width)
	}
	return int64(bits)
}

// wrapped is the number of the type with the low bits of n.
func (t integer) wrapped(n uint64) int64 { return t.value(n << (64 - t.width) >> (64 - t.width)) }

// bounds are the least and the greatest number of the type.
func (t integer) bounds() (least, greatest int64) {
	if !t.signed {
		return 0, int64(1)<<t.width - 1
	}
	greatest = int64(math.MaxInt64) >> (64 - t.width)
	return -greatest - 1, greatest
}

// add is base + by as a number of the type; ok is false if there is none. base may itself be
// none of the type; then by is 0.
func (t integer) add(base, by int64, o overflow) (sum int64, ok bool) {
	least, greatest := t.bounds()
	tooBig, tooSmall := base > greatest, base < least
	switch {
	case tooBig:
	case tooSmall:
		// Redis compares the distance to the bound as a signed number: what is too far below
		// counts as above. Without a sign all that is below does.
		tooBig = !t.signed || greatest-base < 0
	default:
		tooBig = by > 0 && uint64(by) > uint64(greatest)-uint64(base)
		tooSmall = by < 0 && -uint64(by) > uint64(base)-uint64(least)
	}
	sum = t.wrapped(uint64(base) + uint64(by))
	switch {
	case !tooBig && !tooSmall || o == wrap:
		return sum, true
	case o == fail:
		return 0, false
	case tooBig:
		return greatest, true
	}
	return least, true
}
