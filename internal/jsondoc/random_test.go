// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A source makes random JSON.
type source struct{ *rand.Rand }

func newSource(seed, stream uint64) source { return source{rand.New(rand.NewPCG(seed, stream))} }

func (r source) pick(texts ...string) string { return texts[r.IntN(len(texts))] }

// space is what may stand between two tokens.
func (r source) space() string { return r.pick("", "", "", "", " ", "\n", "\t\r\n  ") }

// text is a value that nests no deeper than depth.
func (r source) text(depth int) string {
	kind := r.IntN(10)
	if depth == 0 {
		kind = r.IntN(7)
	}
	switch kind {
	case 0:
		return r.pick("null", "true", "false")
	case 1, 2, 3:
		return r.number()
	case 4, 5, 6:
		return r.string()
	case 7:
		return r.list("[]", depth, func() string { return "" })
	default:
		return r.list("{}", depth, func() string {
			return r.name() + r.space() + ":" + r.space()
		})
	}
}

func (r source) list(brackets string, depth int, before func() string) string {
	n := r.IntN(6)
	if r.IntN(20) == 0 {
		n = 30 + r.IntN(300)
		depth = min(depth, 1)
	}
	var items []string
	for range n {
		items = append(items, r.space()+before()+r.text(depth-1)+r.space())
	}
	return brackets[:1] + r.space() + strings.Join(items, ",") + brackets[1:]
}

func (r source) name() string {
	if r.IntN(3) > 0 {
		return fmt.Sprintf(`"n%d"`, r.IntN(40))
	}
	return r.string()
}

func (r source) number() string {
	switch r.IntN(7) {
	case 0:
		return fmt.Sprint(r.IntN(70))
	case 1:
		return fmt.Sprint(int64(r.Uint64()) >> r.IntN(64))
	case 2:
		return fmt.Sprintf("%.*f", 1+r.IntN(9), (r.Float64()-0.5)*float64(int64(1)<<r.IntN(50)))
	case 3:
		return fmt.Sprintf("%d.%02d", r.IntN(3000), r.IntN(100))
	case 4:
		return fmt.Sprintf("%.*fe%d", 1+r.IntN(20), r.Float64(), r.IntN(40)-20)
	case 5:
		return r.pick("0", "-0", "0.0", "-0.0", "1.0", "1e400", "-1E-400", "9223372036854775807",
			"-9223372036854775808", "9223372036854775808", "18446744073709551616",
			"92233720368547758.07", "-0.00000001", "0.000000001", "10e1", "1e+2")
	}
	return fmt.Sprintf("%d%018d", 1+r.IntN(99), r.Int64N(1e18))
}

func (r source) string() string {
	n := r.IntN(12)
	switch r.IntN(2000) {
	case 0:
		n = 65_500 + r.IntN(70)
	case 1, 2, 3, 4, 5, 6:
		n = 200 + r.IntN(200)
	case 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20:
		n = 50 + r.IntN(30)
	}
	var b strings.Builder
	b.WriteByte('"')
	for range n {
		switch r.IntN(24) {
		case 0:
			b.WriteString(r.pick("ł", "€", "😀", "\u007f", "\u2028", "/"))
		case 1:
			b.WriteString(r.pick(`\n`, `\"`, `\\`, `\/`, `\b`, `\f`, `\r`, `\t`))
		case 2:
			b.WriteString(r.pick(`\u0000`, `\u001F`, `\u00e9`, `\ud83d\ude00`, `\uFFFF`, `\u0022`))
		default:
			b.WriteByte("abcdefghij klmnop-xyz019"[r.IntN(24)])
		}
	}
	b.WriteByte('"')
	return b.String()
}
