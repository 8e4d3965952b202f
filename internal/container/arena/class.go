// SPDX-License-Identifier: Apache-2.0

package arena

import "math/bits"

// Size classes: 8, 16 … 128, then eight steps to each power of two: 144, 160 … 256, 288 …
const (
	refShift    = 3                  // a Ref counts units of 8 bytes
	fineClasses = 16                 // classes up to 128 bytes
	classCount  = fineClasses + 10*8 // up to SlabBytesMax
	fineMax     = fineClasses << refShift
	pageBytes   = 4 << 10
)

// SizeOf is the number of bytes that a block of n bytes, n >= 1, really has: the size of
// its class, or whole pages above [SlabBytesMax].
func SizeOf(n int) int {
	if n > SlabBytesMax {
		return int(roundUp(int64(n), pageBytes))
	}
	return classSize(classOf(n))
}

// classOf is the number of the class that serves n bytes, 1 <= n <= SlabBytesMax.
func classOf(n int) int {
	if n <= fineMax {
		return (n - 1) >> refShift
	}
	x := uint(n - 1)
	shift := bits.Len(x) - 4 // x has the form 1abc…: abc is the eighth
	return fineClasses + (shift-4)*8 + int(x>>shift) - 8
}

// classSize is the size in bytes of the blocks of class number.
func classSize(number int) int {
	if number < fineClasses {
		return (number + 1) << refShift
	}
	step := number - fineClasses
	return (step%8 + 9) << (step/8 + 4)
}

func roundUp(n, to int64) int64 { return (n + to - 1) &^ (to - 1) }
