// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A gen makes random documents, and random paths both as text and as what the twin does.
type gen struct {
	*rand.Rand
	budget int // of parts that the path may still get
}

func (g *gen) one(list ...string) string { return list[g.IntN(len(list))] }

// chance is true n times of ten.
func (g *gen) chance(n int) bool { return g.IntN(10) < n }

// space is white space or none, where the RFC allows it.
func (g *gen) space() string {
	if g.chance(8) {
		return ""
	}
	return g.one(" ", "\t", "\n", "\r", "  ", " \n ")
}

// goOn tells whether to make another part, deeper or further.
func (g *gen) goOn(chance int) bool {
	g.budget--
	return g.budget > 0 && g.chance(chance)
}

func (g *gen) name() string {
	if g.chance(8) {
		return g.one("a", "a", "b", "b", "c")
	}
	return g.one("d e", "é", "it's", "\"", "", "\\", "𝄞", "\n", "\x01")
}

func (g *gen) words() string {
	return g.one("", "a", "b", "ab", "ba", "aab", "abba", "é", "𝄞", "aé", "\n", "a b")
}

func (g *gen) numbers() string {
	return g.one("0", "1", "-1", "2", "3", "1.0", "10e-1", "1.5", "15E-1", "100", "1e2", "-0",
		"9007199254740993", "9007199254740992", "12345678901234567890", "0.1", "1e-2")
}

// value writes a document.
func (g *gen) value(b *strings.Builder, depth int) {
	kind := g.IntN(8)
	switch {
	case depth > 0 && kind < 3 || depth == 4:
		b.WriteByte('[')
		for i := range g.IntN(5) + depth/2 {
			if i > 0 {
				b.WriteByte(',')
			}
			g.value(b, depth-1)
		}
		b.WriteByte(']')
	case depth > 0 && kind < 6:
		g.object(b, depth)
	case kind == 6:
		b.WriteString(g.numbers())
	case kind == 7:
		b.WriteString(strconv.Quote(g.words()))
	default:
		b.WriteString(g.one("true", "false", "null", "0", "1", `"a"`))
	}
}

func (g *gen) object(b *strings.Builder, depth int) {
	b.WriteByte('{')
	seen := map[string]bool{}
	for range g.IntN(5) + depth/2 {
		name := g.name()
		if seen[name] {
			continue
		}
		if len(seen) > 0 {
			b.WriteByte(',')
		}
		seen[name] = true
		b.WriteString(strings.ReplaceAll(strconv.Quote(name), `\x01`, `\u0001`))
		b.WriteByte(':')
		g.value(b, depth-1)
	}
	b.WriteByte('}')
}

// quoted writes a text as a literal in either kind of quotes, some of it escaped.
func (g *gen) quoted(text string) string {
	quote := rune(g.one(`'`, `"`)[0])
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range text {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n' && g.chance(5):
			b.WriteString(`\n`)
		case r < ' ' || g.chance(1) && r <= 0xFFFF:
			format := g.one(`\u%04x`, `\u%04X`)
			fmt.Fprintf(&b, format, r)
		case r > 0xFFFF && g.chance(5):
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// query makes what follows a $ or @.
func (g *gen) query(singular bool) (string, twinQuery) {
	first := g.one("@", "@", "@", "$")
	text, run := g.segments(singular, 4)
	absolute := first == "$"
	return first + text, func(root, current *tree) []*tree {
		if absolute {
			current = root
		}
		return run(root, current)
	}
}

// segments makes some, the more the greater the chance, of ten, that one follows another.
func (g *gen) segments(singular bool, chance int) (text string, run twinQuery) {
	var steps []twinQuery
	for g.goOn(chance) {
		one, step := g.segment(singular)
		text += g.space() + one
		steps = append(steps, step)
	}
	return text, func(root, current *tree) []*tree {
		list := []*tree{current}
		for _, step := range steps {
			var next []*tree
			for _, n := range list {
				next = append(next, step(root, n)...)
			}
			list = next
		}
		return list
	}
}

func (g *gen) segment(singular bool) (string, twinQuery) {
	if singular || g.chance(3) {
		text, run := g.child(singular)
		return text, run
	}
	if g.chance(5) {
		return g.brackets()
	}
	text, run := g.child(false)
	if g.chance(5) {
		text, run = g.brackets()
	}
	return ".." + strings.TrimPrefix(text, "."), func(root, current *tree) (list []*tree) {
		for _, n := range current.all() {
			list = append(list, run(root, n)...)
		}
		return list
	}
}

// child makes a segment of one name, one index or a star.
func (g *gen) child(singular bool) (string, twinQuery) {
	switch name := g.name(); {
	case !singular && g.chance(2):
		return g.one(".*", "[*]"), children
	case g.chance(4):
		i := g.IntN(7) - 3
		return "[" + strconv.Itoa(i) + "]", func(_, n *tree) []*tree { return n.element(i) }
	case strings.Trim(name, "abcé𝄞") == "" && name != "" && g.chance(6):
		return "." + name, func(_, n *tree) []*tree { return n.member(name) }
	default:
		return "[" + g.quoted(name) + "]", func(_, n *tree) []*tree { return n.member(name) }
	}
}

func children(_, n *tree) []*tree { return n.children }

// brackets makes selectors in brackets.
func (g *gen) brackets() (text string, run twinQuery) {
	var selectors []twinQuery
	for len(selectors) == 0 || g.goOn(3) {
		one, do := g.selector()
		if len(selectors) > 0 {
			text += ","
		}
		text += g.space() + one + g.space()
		selectors = append(selectors, do)
	}
	return "[" + text + "]", func(root, n *tree) (list []*tree) {
		for _, do := range selectors {
			list = append(list, do(root, n)...)
		}
		return list
	}
}

func (g *gen) selector() (string, twinQuery) {
	switch g.IntN(7) {
	case 0:
		name := g.name()
		return g.quoted(name), func(_, n *tree) []*tree { return n.member(name) }
	case 1:
		i := g.IntN(7) - 3
		return strconv.Itoa(i), func(_, n *tree) []*tree { return n.element(i) }
	case 2:
		return "*", children
	case 3:
		return g.slice()
	}
	text, test := g.or()
	return "?" + g.space() + text, func(root, n *tree) (list []*tree) {
		for _, c := range n.children {
			if test(root, c) {
				list = append(list, c)
			}
		}
		return list
	}
}

func (g *gen) slice() (string, twinQuery) {
	bound := func() (string, *int) {
		if g.chance(3) {
			return "", nil
		}
		i := g.IntN(13) - 6
		return strconv.Itoa(i) + g.space(), &i
	}
	startText, start := bound()
	endText, end := bound()
	text := startText + ":" + g.space() + endText
	step := 1
	if g.chance(6) {
		text += ":"
		if g.chance(8) {
			step = g.IntN(7) - 3
			text += g.space() + strconv.Itoa(step)
		}
	}
	return text, func(_, n *tree) []*tree { return n.slice(start, end, step) }
}

func (g *gen) or() (string, twinTest) {
	text, test := g.and()
	for g.goOn(2) {
		more, other := g.and()
		text += g.space() + "||" + g.space() + more
		left := test
		test = func(root, n *tree) bool { return left(root, n) || other(root, n) }
	}
	return text, test
}

func (g *gen) and() (string, twinTest) {
	text, test := g.basic()
	for g.goOn(2) {
		more, other := g.basic()
		text += g.space() + "&&" + g.space() + more
		left := test
		test = func(root, n *tree) bool { return left(root, n) && other(root, n) }
	}
	return text, test
}

func (g *gen) basic() (string, twinTest) {
	if g.goOn(2) {
		text, test := g.or()
		text = "(" + g.space() + text + g.space() + ")"
		if g.chance(5) {
			return text, test
		}
		return "!" + g.space() + text, func(root, n *tree) bool { return !test(root, n) }
	}
	if g.chance(6) {
		op := g.one("==", "==", "!=", "<", "<=", ">", ">=")
		left, a := g.term()
		right, b := g.term()
		return left + g.space() + op + g.space() + right, func(root, n *tree) bool {
			return twinCompare(a(root, n), op, b(root, n))
		}
	}
	text, test := g.test()
	if g.chance(7) {
		return text, test
	}
	return "!" + g.space() + text, func(root, n *tree) bool { return !test(root, n) }
}

// test makes a query or a call of a function that is true or false.
func (g *gen) test() (string, twinTest) {
	if g.chance(6) {
		text, run := g.query(false)
		return text, func(root, n *tree) bool { return len(run(root, n)) > 0 }
	}
	left, value := g.term()
	source, pattern := g.pattern(2)
	name := g.one("match", "search")
	text := name + "(" + g.space() + left + g.space() + "," + g.space() + g.quoted(source) + ")"
	return text, func(root, n *tree) bool {
		return twinMatch(value(root, n), pattern, name == "match")
	}
}

// term makes something that has a value or none.
func (g *gen) term() (string, twinTerm) {
	switch g.IntN(12) {
	case 0:
		text := g.numbers()
		return text, literalTerm(text)
	case 1:
		word := g.words()
		v := &tree{scalar: word}
		return g.quoted(word), func(_, _ *tree) *tree { return v }
	case 2:
		text := g.one("true", "false", "null")
		return text, literalTerm(text)
	case 3:
		text, run := g.query(false)
		return "count(" + text + ")", func(root, n *tree) *tree { return number(len(run(root, n))) }
	case 4:
		text, run := g.query(false)
		return "value(" + g.space() + text + ")", func(root, n *tree) *tree {
			return single(run(root, n))
		}
	case 5:
		if g.goOn(9) {
			text, value := g.term()
			return "length(" + text + g.space() + ")", func(root, n *tree) *tree {
				return value(root, n).length()
			}
		}
	}
	text, run := g.query(true)
	return text, func(root, n *tree) *tree { return single(run(root, n)) }
}
