// SPDX-License-Identifier: Apache-2.0

// Package figures writes numbers for people to read, the same way in every report: pure
// functions, owned by nobody. Tables and sentences around them are not here.
package figures

import "strconv"

// Grouped writes a number with its digits in groups of three.
func Grouped[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return sign + digits
}

// Rate writes a rate in as few digits as say something.
func Rate(perSecond float64) string {
	if perSecond > 0 && perSecond < 10 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return Grouped(int64(perSecond + 0.5))
}

// Millis writes milliseconds in three figures, which are at most four columns below ten seconds.
func Millis(ms float64) string {
	decimals := 0
	switch {
	case ms < 10:
		decimals = 2
	case ms < 100:
		decimals = 1
	}
	return strconv.FormatFloat(ms, 'f', decimals, 64)
}
