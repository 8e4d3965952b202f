// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a text in quotes of either kind and gives what it means.
func (p *parser) quoted() string {
	open, quote := p.at, p.peek()
	p.at++
	start := p.at
	var unescaped []byte
	for {
		switch c := p.peek(); {
		case p.at == len(p.text):
			p.fail(open, "text has no closing quote")
		case c == quote:
			rest := p.text[start:p.at]
			p.at++
			if unescaped == nil {
				return rest
			}
			return string(append(unescaped, rest...))
		case c == '\\':
			unescaped = append(unescaped, p.text[start:p.at]...)
			unescaped = utf8.AppendRune(unescaped, p.escape(quote))
			start = p.at
		case c < ' ':
			p.fail(p.at, "control character in a text has to be escaped")
		default:
			p.at++
		}
	}
}

// escape reads a backslash and what belongs to it.
func (p *parser) escape(quote byte) rune {
	start := p.at
	p.at++
	c := p.peek()
	p.at++
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case '/', '\\', quote:
		return rune(c)
	case 'u':
		return p.unicode(start)
	}
	p.fail(start, "no such escape")
	return 0
}

// unicode reads the digits behind \u, and the second half where they are the first half of a
// pair of surrogates.
func (p *parser) unicode(start int) rune {
	r := p.hex(start)
	if !utf16.IsSurrogate(r) {
		return r
	}
	if !p.accept(`\u`) {
		p.fail(start, "half of a surrogate pair")
	}
	if r = utf16.DecodeRune(r, p.hex(start)); r == utf8.RuneError {
		p.fail(start, "half of a surrogate pair")
	}
	return r
}

// hex reads four digits.
func (p *parser) hex(start int) (r rune) {
	for range 4 {
		switch c := p.peek(); {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			p.fail(start, `\u has four hexadecimal digits`)
		}
		p.at++
	}
	return r
}

// number reads a number and gives it as it is written.
func (p *parser) number() string {
	start := p.at
	p.accept("-")
	switch digits := p.digits(); {
	case digits == "":
		p.fail(p.at, "expected a digit")
	case digits[0] == '0' && len(digits) > 1:
		p.fail(start, "a number has no 0 before it")
	}
	if p.accept(".") && p.digits() == "" {
		p.fail(p.at, "expected a digit")
	}
	if p.accept("e") || p.accept("E") {
		if !p.accept("-") {
			p.accept("+")
		}
		if p.digits() == "" {
			p.fail(p.at, "expected a digit")
		}
	}
	return p.text[start:p.at]
}

// word reads a name of a function, or one of true, false and null.
func (p *parser) word() string {
	start := p.at
	for {
		c := p.peek()
		lower := c >= 'a' && c <= 'z'
		if !lower && (p.at == start || c != '_' && !isDigit(c)) {
			return p.text[start:p.at]
		}
		p.at++
	}
}
