// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// literalTerm is a number or a word of JSON as the twin's term.
func literalTerm(text string) twinTerm {
	v := &tree{scalar: json.Number(text)}
	switch text {
	case "true", "false":
		v.scalar = text == "true"
	case "null":
		v.scalar = nil
	}
	return func(_, _ *tree) *tree { return v }
}

// pattern makes an I-Regexp.
func (g *gen) pattern(depth int) (string, twinPattern) {
	text, run := g.branch(depth)
	for g.chance(2) {
		more, other := g.branch(depth)
		text += "|" + more
		left := run
		run = func(s []rune, from int) map[int]bool {
			ends := maps.Clone(left(s, from))
			maps.Copy(ends, other(s, from))
			return ends
		}
	}
	return text, run
}

func (g *gen) branch(depth int) (text string, run twinPattern) {
	var pieces []twinPattern
	for range g.IntN(4) {
		one, piece := g.piece(depth)
		text += one
		pieces = append(pieces, piece)
	}
	return text, func(s []rune, from int) map[int]bool {
		ends := map[int]bool{from: true}
		for _, piece := range pieces {
			ends = then(ends, piece, s)
		}
		return ends
	}
}

// then gives where a piece ends that begins at any of some places.
func then(from map[int]bool, piece twinPattern, s []rune) map[int]bool {
	ends := map[int]bool{}
	for i := range from {
		maps.Copy(ends, piece(s, i))
	}
	return ends
}

func (g *gen) piece(depth int) (string, twinPattern) {
	text, atom := g.atom(depth)
	least, most := 1, 1
	switch g.IntN(8) {
	case 0:
		text, least, most = text+"*", 0, 99
	case 1:
		text, least, most = text+"+", 1, 99
	case 2:
		text, least = text+"?", 0
	case 3:
		least = g.IntN(3)
		most = least + g.IntN(2)
		text += fmt.Sprintf(g.one("{%d,%d}", "{0%d,%02d}"), least, most)
	case 4:
		least, most = g.IntN(3), 99
		text += fmt.Sprintf("{%d,}", least)
	}
	return text, func(s []rune, from int) map[int]bool {
		ends := map[int]bool{}
		now := map[int]bool{from: true}
		for i := 0; i <= min(most, len(s)+least) && len(now) > 0; i++ {
			if i >= least {
				maps.Copy(ends, now)
			}
			now = then(now, atom, s)
		}
		return ends
	}
}

func (g *gen) atom(depth int) (string, twinPattern) {
	if depth > 0 && g.chance(2) {
		text, run := g.pattern(depth - 1)
		return "(" + text + ")", run
	}
	classes := []struct{ text, in, notIn string }{
		{text: "a", in: "a"}, {text: "b", in: "b"}, {text: "é", in: "é"}, {text: "𝄞", in: "𝄞"},
		{text: ".", notIn: "\n\r"}, {text: "[ab]", in: "ab"}, {text: "[^a]", notIn: "a"},
		{text: `[\n -]`, in: "\n -"}, {text: `\n`, in: "\n"}, {text: `[a-c]`, in: "abc"},
		{text: `\p{Ll}`, in: "abé"}, {text: `\P{Ll}`, notIn: "abé"}, {text: `\\`, in: `\`},
		{text: `[^\p{L}b]`, notIn: "abé"}, {text: `[-]`, in: "-"}, {text: ` `, in: " "},
	}
	c := classes[g.IntN(len(classes))]
	return c.text, func(s []rune, from int) map[int]bool {
		if from == len(s) || c.in != "" && !strings.ContainsRune(c.in, s[from]) ||
			strings.ContainsRune(c.notIn, s[from]) {
			return nil
		}
		return map[int]bool{from + 1: true}
	}
}

// TestPatternLimits: patterns that would take much memory match nothing, and all others take
// time linear to the text.
func TestPatternLimits(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("a", patternBytesMax+1),
		strings.Repeat("(", iregexpNestingMax+1) + strings.Repeat(")", iregexpNestingMax+1),
		"((a{100}){100}){10}",
		strings.Repeat("(abcdefgh){1000}", 10),
		strings.Repeat(`(\p{L}){500}`, 40),
	} {
		for _, d := range []dialect{patternWhole, patternPart, patternRE2} {
			if p := newPattern([]byte(source), d); p.regexp != nil && d != patternRE2 {
				t.Errorf("dialect %d takes %.40s… of %d bytes", d, source, len(source))
			}
		}
	}
	p := newPattern([]byte(`(a*)*(a|aa)+(a?){50}b`), patternWhole)
	text := []byte(strings.Repeat("a", 10_000))
	done := make(chan bool, 1)
	go func() { done <- p.matches(text) }()
	select {
	case found := <-done:
		if found {
			t.Error("matches a text without b")
		}
	case <-time.After(time.Minute):
		t.Fatal("takes more than linear time")
	}
}
