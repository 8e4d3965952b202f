// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"math/rand/v2"
	"strconv"
)

// hllRows: keys "p…" are mostly sketches; GET shows their bytes. Their heads are damaged in all
// ways that matter, but not the registers behind: there Redis reads beyond the end.
func hllRows() []fuzzRow {
	return []fuzzRow{
		{weight: 12, form: "PFADD pkey element..."},
		{weight: 2, form: "PFADD pkey"},
		{weight: 6, form: "PFCOUNT pkey..."},
		{weight: 4, form: "PFMERGE pkey pkey..."},
		{weight: 4, form: "PFDEBUG {ENCODING|DECODE|TODENSE} pkey"},
		{weight: 6, form: "GET pkey"},
		{weight: 2, form: "SETRANGE pkey {0 HYLL|0 hyll|4 a|8 abcdefgh|15 a}", asIs: true},
		{weight: 2, form: "DEL pkey"},
		{weight: 2, form: "RENAME pkey pkey"},
	}
}

func drawElement(rng *rand.Rand) string {
	if chance(rng, 0.05) {
		return drawValue(rng)
	}
	return "e" + strconv.Itoa(rng.IntN(5000))
}
