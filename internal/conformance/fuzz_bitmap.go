// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"math/rand/v2"
	"strconv"
)

func bitmapRows() []fuzzRow {
	return []fuzzRow{
		{weight: 8, form: "SETBIT skey bit onoff"},
		{weight: 5, form: "GETBIT skey bit"},
		{weight: 5, form: "BITCOUNT skey [index index [BYTE|BIT]]"},
		{weight: 5, form: "BITPOS skey onoff [index|index index [BYTE|BIT]]"},
		{weight: 5, form: "BITOP {AND|OR|XOR} key skey..."},
		{weight: 2, form: "BITOP {NOT} key skey"},
		{weight: 10, form: "BITFIELD skey {[OVERFLOW {WRAP|SAT|FAIL}] {GET bitint place|" +
			"SET bitint place num|INCRBY bitint place num}}..."},
		{weight: 3, form: "BITFIELD_RO skey {GET bitint place}..."},
	}
}

func drawBit(rng *rand.Rand) string {
	if chance(rng, 0.1) {
		return pick(rng, "-1", "abc", "", "4294967296", "9223372036854775807", "3000", "#1")
	}
	return strconv.Itoa(rng.IntN(160))
}

func drawOnOff(rng *rand.Rand) string {
	if chance(rng, 0.05) {
		return pick(rng, "2", "-1", "abc", "")
	}
	return strconv.Itoa(rng.IntN(2))
}

// drawBitInt draws a type of integers.
func drawBitInt(rng *rand.Rand) string {
	if chance(rng, 0.05) {
		return pick(rng, "u64", "i65", "u0", "i", "", "x8", "u08", "I8", "8")
	}
	kind, widthMax := "u", 63
	if chance(rng, 0.5) {
		kind, widthMax = "i", 64
	}
	if chance(rng, 0.5) {
		return kind + strconv.Itoa(1+rng.IntN(widthMax))
	}
	return kind + pick(rng, "1", "2", "3", "7", "8", "16", "32", strconv.Itoa(widthMax))
}

// drawPlace draws where such an integer begins.
func drawPlace(rng *rand.Rand) string {
	if chance(rng, 0.3) {
		return pick(rng, "#0", "#1", "#2", "#3", "#7", "#-1", "#", "#9223372036854775807")
	}
	return drawBit(rng)
}
