// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
)

// generator draws random calls. It knows no more of the servers than what it must to keep
// the calls meaningful: which connections are inside MULTI.
type generator struct {
	rng          *rand.Rand
	rows         []parsedRow
	total        int // sum of the weights
	inMulti      []bool
	lastKeys     int      // how many keys the last "zkeys" gave, for the weights that follow
	scripts      []string // that were drawn lately
	scriptsDrawn int
	ids          int // of entries of streams, in drawNewID
	cover        Coverage
}

// parsedRow is a fuzzRow made ready.
type parsedRow struct {
	fuzzRow
	name  string
	forms []form
	fixed bool // its arguments must not change places: an expiry, a key for lexical ranges
}

// fuzzDBs is how many databases the fuzzer uses.
const fuzzDBs = 3

// argumentTable gives for a kind of argument the function that draws it.
type argumentTable map[string]func(*generator) []string

func argumentKinds() argumentTable {
	one := func(draw func(*rand.Rand) string) func(*generator) []string {
		return func(g *generator) []string { return []string{draw(g.rng)} }
	}
	key := func(kind string) func(*generator) []string {
		return one(func(rng *rand.Rand) string { return drawKey(rng, kind) })
	}
	numbered := func(prefix string, n int) func(*generator) []string {
		return one(func(rng *rand.Rand) string { return prefix + strconv.Itoa(rng.IntN(n)) })
	}
	counted := func(kinds string) func(*generator) []string {
		return func(g *generator) []string { return g.drawKeys(kinds) }
	}
	kinds := argumentTable{
		"qkey": key("q"), "qkeys": counted("q"),
		"key": key("shztqx"), "skey": key("s"), "hkey": key("h"), "zkey": key("z"),
		"tkey": key("t"), "okey": one(drawSingle),
		"lkey": one(drawLexKey), "member": one(drawMember),
		"val": one(drawValue), "field": one(drawField), "num": one(drawInteger),
		"float": one(drawFloat), "score": one(drawScore), "index": one(drawIndex),
		"small": one(drawSmall), "count": one(drawCount), "offset": one(drawOffset),
		"sec": one(drawSeconds), "ms": one(drawMillis), "at": one(drawUnix),
		"atms": one(drawUnixMs), "min": one(drawBound), "lex": one(drawLex),
		"glob": one(drawGlob), "db": one(drawDB), "type": one(drawType),
		"zkeys": counted("z"), "tkeys": counted("t"), "weights": (*generator).drawWeights,
		"bit": one(drawBit), "onoff": one(drawOnOff), "bitint": one(drawBitInt),
		"place": one(drawPlace),
		"pkey":  key("p"), "element": one(drawElement),
		"nkey": numbered("n", 4), "mkey": numbered("m", 4), "wkey": numbered("w", 12),
		"weight": one(drawWeight), "pattern": one(drawPattern),
		"gkey": key("g"), "gmap": numbered("g", 4), "lonlat": drawLonLat, "radius": one(drawRadius),
		"lua": (*generator).drawLua, "luasha": (*generator).drawLuaSHA,
		"shas": (*generator).drawSHAs, "poplua": (*generator).drawPop,
		"library": (*generator).drawLibrary, "libname": one(drawLibraryName),
		"fcall": (*generator).drawFunctionCall, "dumplua": (*generator).drawDump,
	}
	maps.Copy(kinds, streamKinds(one))
	return kinds
}

func drawKey(rng *rand.Rand, kinds string) string {
	if chance(rng, 0.12) {
		kinds = "shztkqx"
	}
	return string(kinds[rng.IntN(len(kinds))]) + strconv.Itoa(rng.IntN(4))
}

func drawSingle(rng *rand.Rand) string { return "o" + strconv.Itoa(rng.IntN(2)) }

// drawMember draws a member of a set: integers more often than not, so that sets of nothing
// else come about.
func drawMember(rng *rand.Rand) string {
	switch rng.IntN(24) {
	case 0:
		return drawField(rng)
	case 1:
		return drawInteger(rng)
	}
	return strconv.Itoa(rng.IntN(14))
}

func drawLexKey(rng *rand.Rand) string { return "l" + strconv.Itoa(rng.IntN(3)) }

func drawValue(rng *rand.Rand) string {
	switch rng.IntN(10) {
	case 0:
		return ""
	case 1:
		return strings.Repeat(pick(rng, "x", "ab", "\x00\xff"), 1+rng.IntN(40))
	case 2:
		return pick(rng, "\x00", "a\r\nb", "\xff\xfe", " 1", "1 ", "-0", "007", "1.0", "0x10", "nan")
	case 3, 4, 5:
		return drawInteger(rng)
	case 6:
		return drawFloat(rng)
	}
	return pick(rng, "a", "b", "abc", "hello", "world", "hello world", "ohmytext", "mynewtext")
}

func drawField(rng *rand.Rand) string {
	if chance(rng, 0.06) {
		return pick(rng, "", "\x00", "\xff", strings.Repeat("f", 20), strings.Repeat("f", 70), "12", "-3")
	}
	return "f" + strconv.Itoa(rng.IntN(14))
}

func drawInteger(rng *rand.Rand) string {
	switch rng.IntN(12) {
	case 0:
		return pick(rng, "9223372036854775807", "-9223372036854775808", "9223372036854775806",
			"9223372036854775808", "-9223372036854775809", "4611686018427387904")
	case 1:
		return pick(rng, "abc", "", "1.5", " 1", "1 ", "+1", "01", "-0", "1e3", "0x1")
	case 2:
		return strconv.FormatInt(rng.Int64(), 10)
	case 3:
		return strconv.Itoa(rng.IntN(100000) - 50000)
	}
	return strconv.Itoa(rng.IntN(21) - 10)
}

func drawFloat(rng *rand.Rand) string {
	switch rng.IntN(8) {
	case 0:
		return pick(rng, "inf", "-inf", "nan", "abc", "", " 1", "1e300", "1e-300", "0x1p3", "infinity",
			"1e400", "-1e400", "1e-400")
	case 1:
		return pick(rng, "1e15", "1e16", "1e17", "1e18", "1e-5", "1e-10", "3.0e3", "-0.0", ".5", "5.")
	case 2:
		return fmt.Sprintf("%.*f", 1+rng.IntN(12), rng.Float64()*100-50)
	}
	return strconv.FormatFloat(float64(rng.IntN(4001)-2000)/pickFloat(rng, 1, 2, 10, 100), 'f', -1, 64)
}

func pickFloat(rng *rand.Rand, from ...float64) float64 { return from[rng.IntN(len(from))] }

func drawScore(rng *rand.Rand) string {
	switch rng.IntN(12) {
	case 0:
		return drawFloat(rng)
	case 1:
		return pick(rng, "inf", "-inf", "+inf", "1e20", "-1e20", "1.5", "0.1", "1e-7", "3.3")
	}
	return strconv.Itoa(rng.IntN(7) - 1)
}

func drawIndex(rng *rand.Rand) string {
	if chance(rng, 0.08) {
		return pick(rng, "9223372036854775807", "-9223372036854775808", "abc", "", "1.5", "1000", "-1000",
			"9223372036854775808", "4294967296", "-2147483649")
	}
	return strconv.Itoa(rng.IntN(16) - 6)
}

func drawSmall(rng *rand.Rand) string {
	if chance(rng, 0.1) {
		return pick(rng, "-1", "abc", "", "9223372036854775807", "9223372036854775808", "100")
	}
	return strconv.Itoa(rng.IntN(6))
}

func drawCount(rng *rand.Rand) string {
	if chance(rng, 0.06) {
		return pick(rng, "abc", "", "9223372036854775808", "-9223372036854775808", "1000")
	}
	return strconv.Itoa(rng.IntN(41) - 20)
}

func drawOffset(rng *rand.Rand) string {
	if chance(rng, 0.1) {
		return pick(rng, "-1", "abc", "536870912", "9223372036854775807", "2000")
	}
	return strconv.Itoa(rng.IntN(60))
}

// drawSeconds draws a time to live that does not end while the test runs, has ended before
// it begins, or is refused; the same holds for the next three.
func drawSeconds(rng *rand.Rand) string {
	if chance(rng, 0.2) {
		return pick(rng, "0", "-1", "-100000", "abc", "", "1.5", "9223372036854775807",
			"9223372036854775", "-9223372036854775808", "9223372036854775808", "-9223372036854776")
	}
	return strconv.Itoa(10000 + rng.IntN(1000000))
}

func drawMillis(rng *rand.Rand) string {
	if chance(rng, 0.2) {
		return pick(rng, "0", "-1", "-100000000", "abc", "", "9223372036854775807",
			"-9223372036854775808", "9223372036854775808")
	}
	return strconv.Itoa(10000000 + rng.IntN(1000000000))
}

func drawUnix(rng *rand.Rand) string {
	if chance(rng, 0.25) {
		return pick(rng, "0", "-1", "1", "1000000000", "abc", "9223372036854775807",
			"9223372036854775", "-9223372036854775808", "9223372036854775808")
	}
	return strconv.Itoa(33177117420 + rng.IntN(10))
}

func drawUnixMs(rng *rand.Rand) string {
	if chance(rng, 0.25) {
		return pick(rng, "0", "-1", "1", "1000000000000", "abc", "9223372036854775807",
			"-9223372036854775808", "9223372036854775808")
	}
	return strconv.Itoa(33177117420000 + rng.IntN(10000))
}

func drawBound(rng *rand.Rand) string {
	switch rng.IntN(10) {
	case 0:
		return pick(rng, "-inf", "+inf", "inf", "(-inf", "(inf")
	case 1:
		return pick(rng, "abc", "", "(", "((1", "nan", "(nan", "1x")
	case 2:
		return pick(rng, "(", "") + drawScore(rng)
	}
	return pick(rng, "(", "", "") + strconv.Itoa(rng.IntN(8)-2)
}

func drawLex(rng *rand.Rand) string {
	if chance(rng, 0.08) {
		return pick(rng, "abc", "", "(", "[", "-a", "+a", "f1")
	}
	return pick(rng, "-", "+", "[f1", "(f1", "[f3", "(f3", "[f7", "(f12", "[a", "[z",
		"("+drawField(rng))
}

func drawGlob(rng *rand.Rand) string {
	return pick(rng, "*", "s*", "?1", "[sh]*", "h[^1]", "*2", "f1*", "f?", "[f-h]*", "\\s1", "s1",
		"", "[", "*[")
}

func drawDB(rng *rand.Rand) string {
	if chance(rng, 0.05) {
		return pick(rng, "-1", "16", "abc", "", "99999999999", "1.5")
	}
	return strconv.Itoa(rng.IntN(fuzzDBs))
}

func drawType(rng *rand.Rand) string {
	return pick(rng, "string", "hash", "zset", "set", "list", "HASH", "nosuch")
}

// drawKeys draws a count of keys and the keys.
func (g *generator) drawKeys(kinds string) []string {
	n := 1 + g.rng.IntN(3)
	g.lastKeys = n
	args := []string{strconv.Itoa(n)}
	if chance(g.rng, 0.05) {
		args[0] = pick(g.rng, "0", "-1", "abc", "2", "5", "9223372036854775807", "")
	}
	for range n {
		args = append(args, drawKey(g.rng, kinds))
	}
	return args
}

// drawWeights draws as many weights as there were keys.
func (g *generator) drawWeights() []string {
	n := g.lastKeys
	if chance(g.rng, 0.05) {
		n++
	}
	var args []string
	for range n {
		args = append(args, pick(g.rng, "1", "2", "-1", "0", "0.5", "inf", drawScore(g.rng)))
	}
	return args
}
