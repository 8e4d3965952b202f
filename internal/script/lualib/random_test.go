// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

// randomBatches is 100 where a change is tested, and more where faults are hunted.
var randomBatches = flag.Int("batches", 100, "how many batches of random calls")

// TestRandomCallsAreOfRedis makes random calls of all libraries in both and compares what they
// return or raise. Tables have one key outside their array part: the order of more differs.
func TestRandomCallsAreOfRedis(t *testing.T) {
	client := startRedis(t)
	L := newState(t)
	g := generator{rand.New(rand.NewPCG(seedtest.Of(t), 1))}
	const batchSize = 25 // a call of Redis each
	for range *randomBatches {
		calls := make([]string, batchSize)
		for i := range calls {
			calls[i] = "pcall(function() return " + g.call() + " end)"
		}
		body := "return {" + strings.Join(calls, "}, {") + "}"
		got, want := eval(t, L, body), evalRedis(t, client, body)
		if got == want {
			continue
		}
		for _, call := range calls {
			got, want := eval(t, L, "return "+call), evalRedis(t, client, "return "+call)
			if got != want {
				t.Errorf("%s\n got: %s\nwant: %s", call, got, want)
			}
		}
	}
}

// generator makes Lua text.
type generator struct{ *rand.Rand }

func (g generator) call() string {
	switch g.IntN(8) {
	case 0:
		return "cjson.encode(" + g.value(4) + ")"
	case 1:
		return "cmsgpack.pack(" + g.list(g.value, 1+g.IntN(3)) + ")"
	case 2:
		return "cjson.decode(" + quote(g.json(4)) + ")"
	case 3:
		return "cjson.decode(" + quote(g.damaged(g.json(3))) + ")"
	case 4:
		return "cmsgpack.unpack(" + quote(g.msgpack(4)) + ")"
	case 5:
		return fmt.Sprintf("cmsgpack.unpack_limit(%s, %d, %d)",
			quote(g.damaged(g.msgpack(3))), g.IntN(3), g.IntN(3))
	case 6:
		return g.structCall()
	}
	op := g.pick("tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror",
		"bswap")
	return "bit." + op + "(" + g.list(func(int) string { return g.number() }, 1+g.IntN(3)) + ")"
}

func (g generator) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g generator) list(item func(depth int) string, n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(3)
	}
	return strings.Join(items, ", ")
}

// number is a number in Lua and in JSON.
func (g generator) number() string {
	var n float64
	switch g.IntN(6) {
	case 0:
		return fmt.Sprint(g.IntN(300) - 150)
	case 1:
		n = float64(g.Int64()>>g.IntN(64)) * float64(1-2*g.IntN(2))
	case 2:
		n = math.Ldexp(float64(1-2*g.IntN(2)), g.IntN(70)) + float64(g.IntN(3)-1)
	case 3:
		n = math.Float64frombits(g.Uint64())
	case 4:
		n = float64(math.Float32frombits(g.Uint32()))
	default:
		n = g.NormFloat64() * math.Pow(10, float64(g.IntN(30)-10))
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return "0"
	}
	return fmt.Sprintf("%.17g", n)
}

func (g generator) text() string {
	text := make([]byte, g.IntN(6))
	if g.IntN(12) == 0 {
		text = make([]byte, g.IntN(600))
	}
	for i := range text {
		text[i] = byte(g.IntN(256))
		if g.IntN(2) == 0 {
			text[i] = `az"\/'09 ,:[]{}`[g.IntN(15)]
		}
	}
	return string(text)
}

// value is an expression of Lua.
func (g generator) value(depth int) string {
	if depth == 0 || g.IntN(3) == 0 {
		return g.pick(g.number(), quote(g.text()), "true", "false", "nil", "cjson.null")
	}
	var entries []string
	for range g.IntN(5) {
		entries = append(entries, g.value(depth-1))
	}
	switch g.IntN(6) {
	case 0:
		entries = append(entries[:len(entries)/2],
			"["+quote(g.text())+"] = "+g.value(depth-1))
	case 1:
		key := g.pick("1", "2", "3", "9", "12", "25", "0", "-7", "0.1", "1e9", "2^40", "1e300")
		entries = []string{"[" + key + "] = " + g.value(depth-1)}
	}
	return "{" + strings.Join(entries, ", ") + "}"
}

func (g generator) json(depth int) string {
	if depth == 0 || g.IntN(4) == 0 {
		return g.pick(g.number(), g.jsonString(), "true", "false", "null", "1.50", "0x1f", "-0")
	}
	space := g.pick("", "", " ", "\n\t")
	open, end := "[", "]"
	if g.IntN(2) == 0 {
		open, end = "{", "}"
	}
	var entries []string
	for range g.IntN(5) {
		entry := g.json(depth - 1)
		if open == "{" {
			entry = g.jsonString() + space + ":" + entry
		}
		entries = append(entries, entry)
	}
	return open + strings.Join(entries, space+",") + space + end
}

func (g generator) jsonString() string {
	var text strings.Builder
	for range g.IntN(5) {
		text.WriteString(g.pick("a", "é", `\n`, `\"`, `\/`, `\u0041`, `\u20aC`, `\ud83d\ude00`,
			"\x01", "\xff", " ", `\\`))
	}
	return `"` + text.String() + `"`
}

// msgpack is a value or a few, mostly well-formed.
func (g generator) msgpack(depth int) string {
	if depth == 0 || g.IntN(3) == 0 {
		bytes := make([]byte, 8)
		for i := range bytes {
			bytes[i] = byte(g.Uint32())
		}
		kinds := []struct {
			kind string
			size int
		}{
			{"\x05", 0}, {"\xff", 0}, {"\xc0", 0}, {"\xc2", 0}, {"\xc3", 0}, {"\xcc", 1},
			{"\xcd", 2}, {"\xce", 4}, {"\xcf", 8}, {"\xd0", 1}, {"\xd1", 2}, {"\xd2", 4},
			{"\xd3", 8}, {"\xca", 4}, {"\xcb", 8}, {"\xa3", 3}, {"\xd9\x03", 3},
			{"\xda\x00\x03", 3}, {"\xdb\x00\x00\x00\x03", 3},
		}
		kind := kinds[g.IntN(len(kinds))]
		return kind.kind + string(bytes[:kind.size])
	}
	n := g.IntN(5)
	if g.IntN(2) == 0 {
		value := g.pick(string([]byte{0x90 | byte(n)}), string([]byte{0xdc, 0, byte(n)}),
			string([]byte{0xdd, 0, 0, 0, byte(n)}))
		for range n {
			value += g.msgpack(depth - 1)
		}
		return value
	}
	value := g.pick(string([]byte{0x80 | byte(n)}), string([]byte{0xde, 0, byte(n)}),
		string([]byte{0xdf, 0, 0, 0, byte(n)}))
	for range n {
		value += g.pick("\xa1a", "\xa1b", "\x01", "\x02", "\xc3", "\xff", "\xcd\x01\x00") +
			g.msgpack(depth-1)
	}
	return value
}

// damaged changes, cuts or inserts a byte.
func (g generator) damaged(text string) string {
	if text == "" {
		return text
	}
	i := g.IntN(len(text))
	switch g.IntN(3) {
	case 0:
		return text[:i]
	case 1:
		return text[:i] + g.pick("x", ",", ":", "]", "}", "\x00", "\xc1", "\"", "1", "\\") + text[i:]
	}
	return text[:i] + string([]byte{byte(g.IntN(256))}) + text[i+1:]
}

func (g generator) structCall() string {
	var format strings.Builder
	for range 1 + g.IntN(6) {
		format.WriteString(g.pick("b", "B", "h", "H", "l", "L", "i", "I", "i3", "I7", "i16", "T", "x",
			"f", "d", "s", "c3", "c0", "<", ">", "!", "!2", "!16", " ", "q", "i40", "!3"))
	}
	if g.IntN(2) == 0 {
		text := make([]byte, g.IntN(60))
		for i := range text {
			text[i] = byte(g.IntN(256) >> g.IntN(8))
		}
		return fmt.Sprintf("struct.unpack(%s, %s, %d)", quote(format.String()), quote(string(text)),
			g.IntN(8))
	}
	return "struct.pack(" + quote(format.String()) + ", " + g.list(func(int) string {
		return g.pick(g.number(), g.number(), quote("3abc"), quote("12"))
	}, 1+g.IntN(6)) + ")"
}

// quote is text as a string of Lua.
func quote(text string) string {
	var quoted strings.Builder
	quoted.WriteByte('\'')
	for i := range len(text) {
		if c := text[i]; c >= ' ' && c < 0x7f && c != '\'' && c != '\\' {
			quoted.WriteByte(c)
		} else {
			fmt.Fprintf(&quoted, "\\%03d", c)
		}
	}
	quoted.WriteByte('\'')
	return quoted.String()
}
