// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string, whose opening quote is next.
func (p *parser) string() bool {
	p.at++
	run, ok := p.run()
	if !ok {
		return false
	}
	if p.peek() == '"' {
		p.at++
		p.dst = append(appendHead(p.dst, familyString, len(run)), run...)
		return true
	}
	at := len(p.dst)
	p.dst = append(p.dst, "....."[:openRoom]...)
	if !p.unescape(run) {
		return false
	}
	p.dst = closeBody(p.dst, at, openRoom, familyString)
	return true
}

// name reads the name of a member, whose opening quote is next.
func (p *parser) name() bool {
	p.at++
	run, ok := p.run()
	if !ok {
		return false
	}
	if p.peek() == '"' {
		p.at++
		p.dst = AppendName(p.dst, run, p.names)
		return true
	}
	at := len(p.dst)
	if !p.unescape(run) {
		return false
	}
	name := p.dst[at:]
	if number := p.names.take(name); number >= 0 {
		p.dst = appendNumber(p.dst[:at], number)
		return true
	}
	end := len(p.dst)
	p.dst = appendInline(p.dst, name)
	p.dst = append(p.dst[:at], p.dst[end:]...)
	return true
}

// run passes over the text of a string up to the next quote or backslash.
func (p *parser) run() (run []byte, ok bool) {
	text, from := p.text, p.at
	isASCII := true
	at := from
	for {
		if at+8 > len(text) {
			at, isASCII = runByBytes(text, at, isASCII)
			break
		}
		word := binary.LittleEndian.Uint64(text[at:])
		high, stop := word&highBits, stops(word)
		if stop == 0 {
			isASCII = isASCII && high == 0
			at += 8
			continue
		}
		n := bits.TrailingZeros64(stop)
		isASCII = isASCII && high<<(63-n) == 0
		at += n / 8
		break
	}
	p.at = at
	run = text[from:at]
	if !isASCII && !utf8.Valid(run) {
		p.at = from + firstInvalid(run)
		return nil, p.fail("invalid UTF-8")
	}
	if at == len(text) || text[at] < ' ' {
		return nil, p.fail("control character in a string")
	}
	return run, true
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// stops marks, by its high bit, the first byte of the eight that ends a run: a quote, a
// backslash or a control character. What it marks behind the first may be wrong.
func stops(word uint64) uint64 {
	quote := word ^ lowBits*'"'
	slash := word ^ lowBits*'\\'
	return ((quote-lowBits)&^quote | (slash-lowBits)&^slash |
		(word-lowBits*' ')&^word) & highBits
}

func runByBytes(text []byte, at int, isASCII bool) (end int, ascii bool) {
	for at < len(text) && text[at] >= ' ' && text[at] != '"' && text[at] != '\\' {
		isASCII = isASCII && text[at] < utf8.RuneSelf
		at++
	}
	return at, isASCII
}

func firstInvalid(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// unescape appends the text of a string that has escapes: first the run before the one that
// is next, then the rest up to the closing quote, which it passes over.
func (p *parser) unescape(run []byte) bool {
	for {
		p.dst = append(p.dst, run...)
		if p.peek() == '"' {
			p.at++
			return true
		}
		if !p.escape() {
			return false
		}
		var ok bool
		if run, ok = p.run(); !ok {
			return false
		}
	}
}

// escape reads one escape, whose backslash is next.
func (p *parser) escape() bool {
	p.at++
	c := p.peek()
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return p.unicode()
	default:
		return p.fail("unknown escape")
	}
	p.dst = append(p.dst, c)
	p.at++
	return true
}

// unicode reads the rest of an escape of four digits, and the second half if it is the first
// of a pair.
func (p *parser) unicode() bool {
	begin := p.at - 1
	r, ok := p.hex()
	if !ok {
		return false
	}
	if utf16.IsSurrogate(r) {
		second := rune(0)
		if p.peek() == '\\' && p.at+1 < len(p.text) && p.text[p.at+1] == 'u' {
			p.at++
			if second, ok = p.hex(); !ok {
				return false
			}
		}
		if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
			p.at = begin
			return p.fail("half a surrogate pair")
		}
	}
	p.dst = utf8.AppendRune(p.dst, r)
	return true
}

// hex reads u and four digits.
func (p *parser) hex() (r rune, ok bool) {
	for range 4 {
		p.at++
		c := p.peek()
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20-'a' <= 5:
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, p.fail("expected a hexadecimal digit")
		}
	}
	p.at++
	return r, true
}
