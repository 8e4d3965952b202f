// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"math/rand/v2"
	"strconv"
)

// sortRows: keys "n…" and "m…" are lists and sets that hold numbers, mostly, and "w…" are what
// they may be sorted by. Nothing is asked whose order is not defined: that of a set as it is kept,
// and that of elements of a set, or of a part of a list, which weigh the same as texts. There are
// no sorted sets, since redis-server makes large ones of those that it sorts.
func sortRows() []fuzzRow {
	const (
		gets  = "[GET pattern] [GET pattern]"
		order = "[ASC|DESC]"
		limit = "[LIMIT index small]"
	)
	return []fuzzRow{
		{weight: 6, form: "RPUSH nkey weight..."},
		{weight: 6, form: "SADD mkey weight..."},
		{weight: 3, form: "SREM mkey weight..."},
		{weight: 2, form: "DEL {nkey|mkey}"},
		{weight: 6, form: "SET wkey weight"},
		{weight: 1, form: "DEL wkey"},
		{weight: 5, form: "SORT nkey " + limit + " " + gets + " " + order + " [STORE nkey]"},
		{weight: 4, form: "SORT {nkey|mkey} ALPHA " + limit + " " + gets + " " + order, asIs: true},
		{weight: 3, form: "SORT nkey BY nosort " + limit + " " + gets + " " + order},
		{weight: 2, form: "SORT mkey BY nosort " + limit + " " + gets + " STORE nkey", asIs: true},
		{weight: 5, form: "SORT {nkey|mkey} BY w* " + limit + " " + gets + " " + order +
			" [STORE nkey]", asIs: true},
		{weight: 2, form: "SORT nkey BY {w*|h*->f1} ALPHA " + gets + " " + order},
		{weight: 4, form: "SORT_RO nkey [BY {w*|nosort}] " + limit + " " + gets + " " + order},
	}
}

func isSort(name string) bool { return name == "SORT" || name == "SORT_RO" }

// beforeSort is refused, and lets redis-server forget the errno that a number out of range has left,
// whoever sent it: with that it would refuse the next SORT by numbers, too.
func beforeSort() []string { return []string{"XRANGE", "none", "abc", "abc"} }

func drawWeight(rng *rand.Rand) string {
	switch rng.IntN(40) {
	case 0:
		return pick(rng, "abc", "1.5x", "nan", "1 ", "x1", "1e400", "-1e400", "1e-400")
	case 1, 2, 3:
		return pick(rng, "", " 2", "0x3", "1e1", "-0", "inf", "-inf", "+4", "2.5", "2.50")
	}
	return strconv.Itoa(rng.IntN(14))
}

func drawPattern(rng *rand.Rand) string {
	return pick(rng, "#", "#", "w*", "s*", "h*->f1", "h*->", "s*->f", "fixed", "*", "h*")
}
