// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a path's text.
const (
	TextBytesMax = 16 << 10 // how long it may be
	NestingMax   = 64       // how deep filters, brackets and functions may stand in each other
)

// indexMax is the largest index either way: what a double holds exactly.
const indexMax = 1<<53 - 1

// A SyntaxError tells why a text is no path.
type SyntaxError struct {
	Offset int    // in bytes, from 0 to the length of the text
	Reason string // what is wrong there
}

// Error gives the reason and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset)
}

// parser reads a path from left to right. What it cannot read it tells by [parser.fail].
type parser struct {
	text   string
	at     int
	depth  int
	strict bool // the RFC and no more
}

// parse makes a path of a text that is one as a whole.
func parse(text string, strict bool) (path *Path, err error) {
	if len(text) > TextBytesMax {
		return nil, &SyntaxError{Offset: TextBytesMax, Reason: "path is too long"}
	}
	p := parser{text: text, strict: strict}
	defer func() {
		r := recover()
		if fault, ok := r.(*SyntaxError); ok {
			path, err = nil, fault
		} else if r != nil {
			panic(r)
		}
	}()
	p.checkUTF8()
	legacy := !strict && !rooted(text)
	var segments []segment
	if legacy {
		segments = p.legacySegments()
	} else {
		p.expect('$', "a path begins with $")
		segments = p.segments()
	}
	if p.at < len(text) {
		p.fail(p.at, "expected . or [ or the end")
	}
	return newPath(segments, legacy), nil
}

// rooted tells whether a text is meant as a path of the RFC. A $ that goes on otherwise is a
// name's first letter in the legacy form.
func rooted(text string) bool {
	if text == "" || text[0] != '$' {
		return false
	}
	return len(text) == 1 || strings.IndexByte(".[ \t\r\n", text[1]) >= 0
}

func (p *parser) fail(at int, reason string) {
	panic(&SyntaxError{Offset: at, Reason: reason})
}

func (p *parser) checkUTF8() {
	if utf8.ValidString(p.text) {
		return
	}
	for i, r := range p.text {
		if _, size := utf8.DecodeRuneInString(p.text[i:]); r == utf8.RuneError && size == 1 {
			p.fail(i, "not UTF-8")
		}
	}
}

// peek is the next byte, 0 at the end. A zero byte stands nowhere in a path.
func (p *parser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// accept reads over a token if it is there.
func (p *parser) accept(token string) bool {
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

func (p *parser) expect(c byte, reason string) {
	if p.peek() != c {
		p.fail(p.at, reason)
	}
	p.at++
}

// space reads over white space.
func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) enter() {
	if p.depth++; p.depth > NestingMax {
		p.fail(p.at, "nested too deeply")
	}
}

func (p *parser) leave() { p.depth-- }

// legacySegments reads a path of RedisJSON's first version, which begins at the root without
// saying so.
func (p *parser) legacySegments() []segment {
	switch p.peek() {
	case 0:
		p.fail(p.at, "path is empty")
	case '.':
		if len(p.text) == 1 {
			p.at++
			return nil
		}
		return p.segments()
	case '[':
		return p.segments()
	}
	first := segment{selectors: []selector{p.dotted()}}
	return append([]segment{first}, p.segments()...)
}

// segments reads as many as there are. White space belongs to the segment behind it.
func (p *parser) segments() []segment {
	var list []segment
	for {
		mark := p.at
		p.space()
		switch {
		case p.accept(".."):
			list = append(list, segment{descendant: true, selectors: p.dottedOrBracketed()})
		case p.accept("."):
			if p.peek() == '[' && p.strict {
				p.fail(p.at, "expected a name or *")
			}
			list = append(list, segment{selectors: p.dottedOrBracketed()})
		case p.peek() == '[':
			list = append(list, segment{selectors: p.bracketed()})
		default:
			p.at = mark
			return list
		}
	}
}

func (p *parser) dottedOrBracketed() []selector {
	if p.peek() == '[' {
		return p.bracketed()
	}
	return []selector{p.dotted()}
}

// dotted reads what stands behind a dot: a name or a star.
func (p *parser) dotted() selector {
	if p.accept("*") {
		return selector{kind: selectAll}
	}
	start := p.at
	for p.at < len(p.text) && p.nameByte(p.text[p.at], p.at == start) {
		p.at++
	}
	if p.at == start {
		p.fail(start, "expected a name, * or [")
	}
	return selector{kind: selectName, name: []byte(p.text[start:p.at])}
}

// nameByte tells whether a byte may stand in a name without quotes.
func (p *parser) nameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= utf8.RuneSelf:
		return true
	case isDigit(c):
		return !first || !p.strict
	}
	return !p.strict && strings.IndexByte("-`~+#%$^/:", c) >= 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// bracketed reads selectors in brackets.
func (p *parser) bracketed() []selector {
	p.at++
	var list []selector
	for {
		p.space()
		list = append(list, p.selector())
		p.space()
		if p.accept("]") {
			return list
		}
		p.expect(',', "expected , or ]")
	}
}

func (p *parser) selector() selector {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		return selector{kind: selectName, name: []byte(p.quoted())}
	case c == '*':
		p.at++
		return selector{kind: selectAll}
	case c == '?':
		p.at++
		p.enter()
		defer p.leave()
		p.space()
		filter := p.or()
		return selector{kind: selectFilter, filter: &filter}
	case c == ':' || c == '-' || isDigit(c):
		return p.indexOrSlice()
	}
	p.fail(p.at, "expected a name in quotes, an index, a slice, * or ?")
	return selector{}
}

func (p *parser) indexOrSlice() selector {
	s := slice{step: 1}
	if s.start, s.hasStart = p.bound(); s.hasStart {
		mark := p.at
		p.space()
		if p.peek() != ':' {
			p.at = mark
			return selector{kind: selectIndex, index: s.start}
		}
	}
	p.at++
	p.space()
	if s.end, s.hasEnd = p.bound(); s.hasEnd {
		p.space()
	}
	if p.accept(":") {
		p.space()
		if step, ok := p.bound(); ok {
			s.step = step
		}
	}
	return selector{kind: selectSlice, slice: &s}
}

// bound reads an integer if there is one.
func (p *parser) bound() (n int64, ok bool) {
	if c := p.peek(); c != '-' && !isDigit(c) {
		return 0, false
	}
	start := p.at
	negative := p.accept("-")
	digits := p.digits()
	switch {
	case digits == "":
		p.fail(p.at, "expected a digit")
	case digits[0] == '0' && (negative || len(digits) > 1):
		p.fail(start, "an integer has no 0 before it and no sign at 0")
	}
	for i := range len(digits) {
		if n = 10*n + int64(digits[i]-'0'); n > indexMax {
			p.fail(start, "integer is out of range")
		}
	}
	if negative {
		n = -n
	}
	return n, true
}

// digits reads as many as there are.
func (p *parser) digits() string {
	start := p.at
	for isDigit(p.peek()) {
		p.at++
	}
	return p.text[start:p.at]
}
