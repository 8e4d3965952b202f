// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"regexp"
	"regexp/syntax"
)

// Limits of a pattern. One that exceeds them matches nothing, like one that is malformed.
const (
	patternBytesMax = 4 << 10
	patternSizeMax  = 4 << 10 // states of its automaton, about
)

// A visit's worth of looking for a pattern.
const (
	patternBytesPerVisit = 4
	patternSizePerVisit  = 16
)

// A dialect tells how a pattern is written and what it has to match.
type dialect uint8

const (
	patternWhole dialect = iota // I-Regexp, all of the text: match()
	patternPart                 // I-Regexp, any part of the text: search()
	patternRE2                  // Go's own form, any part of the text: =~
)

// A pattern is a regular expression. It takes time linear to the text that it is held to.
type pattern struct {
	source  string
	dialect dialect
	regexp  *regexp.Regexp // nil: matches nothing
	size    int            // states, about
}

func newPattern(source []byte, d dialect) *pattern {
	p := &pattern{source: string(source), dialect: d}
	if source == nil || len(source) > patternBytesMax {
		return p
	}
	text := p.source
	if d != patternRE2 {
		translated, ok := translate(text)
		if !ok {
			return p
		}
		text = translated
	}
	if d == patternWhole {
		text = `\A(?:` + text + `)\z`
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return p
	}
	if p.size = size(parsed); p.size <= patternSizeMax {
		p.regexp, _ = regexp.Compile(text)
	}
	return p
}

// matches tells whether a text has the pattern.
func (p *pattern) matches(text []byte) bool {
	return p.regexp != nil && p.regexp.Match(text)
}

// visits is what it costs to hold a text to the pattern, in visits of a walk.
func (p *pattern) visits(text []byte) int {
	if p.regexp == nil {
		return 1
	}
	return len(text) / patternBytesPerVisit * (1 + p.size/patternSizePerVisit)
}

// size tells about how many states an expression takes, which repetitions multiply.
func size(e *syntax.Regexp) int {
	n := 1 + len(e.Rune)/2
	for _, sub := range e.Sub {
		if n += size(sub); n > patternSizeMax {
			return n
		}
	}
	if e.Op == syntax.OpRepeat {
		n *= max(e.Min, e.Max, 1)
	}
	return n
}
