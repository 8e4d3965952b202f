// SPDX-License-Identifier: Apache-2.0

package jsondoc

// Append parses text, which must be one JSON value (RFC 8259) with nothing but white space
// around it, and appends it in packed form. A member name that comes again in its object
// keeps its place and takes the last value. Texts that are no Unicode (bad UTF-8, half
// a surrogate pair) are refused. The error is a *SyntaxError; dst comes back as it was then.
func Append(dst, text []byte, names *Names) ([]byte, error) {
	p := parser{text: text, dst: dst, names: names, parent: -1}
	if len(text) > TextBytesMax {
		return dst, &SyntaxError{TextBytesMax, "text is too long"}
	}
	if p.document() {
		assertWell(p.dst[len(dst):], names)
		return p.dst, nil
	}
	return p.dst[:len(dst)], &SyntaxError{p.at, p.reason}
}

// A parser reads text from the offset at and appends to dst. Its methods tell whether they
// succeeded; if not, at and reason are the error.
type parser struct {
	text   []byte
	at     int
	dst    []byte
	names  *Names
	depth  int
	parent int // number of the name around what is parsed, or -1
	reason string
}

func (p *parser) fail(reason string) bool {
	if p.reason = reason; p.at >= len(p.text) {
		p.at, p.reason = len(p.text), "unexpected end of text"
	}
	return false
}

func (p *parser) document() bool {
	p.space()
	if !p.value() {
		return false
	}
	if p.space(); p.at < len(p.text) {
		return p.fail("unexpected character behind the value")
	}
	return true
}

// space passes over white space.
func (p *parser) space() {
	for p.at < len(p.text) && p.text[p.at] <= ' ' {
		switch p.text[p.at] {
		case ' ', '\n', '\t', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the byte to read next, or 0 at the end of the text.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value() bool {
	switch c := p.peek(); c {
	case '"':
		return p.string()
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	case 't':
		return p.literal("true", tagTrue)
	case 'f':
		return p.literal("false", tagFalse)
	case 'n':
		return p.literal("null", tagNull)
	}
	return p.fail("expected a value")
}

func (p *parser) literal(word string, tag byte) bool {
	for i := range len(word) {
		if p.peek() != word[i] {
			return p.fail("expected " + word)
		}
		p.at++
	}
	p.dst = append(p.dst, tag)
	return true
}

// number reads a number: by itself if it is short and plain, as almost all are.
func (p *parser) number() bool {
	text, at := p.text, p.at
	isNegative := text[at] == '-'
	if isNegative {
		at++
	}
	first := at
	digits, at := scanDigits(text, at, 0)
	count, scale := at-first, 0
	isPlain := count == 1 || count > 0 && text[first] != '0'
	if at < len(text) && text[at] == '.' {
		point := at
		digits, at = scanDigits(text, at+1, digits)
		scale = at - point - 1
		isPlain = isPlain && scale > 0
	}
	if !isPlain || count+scale >= digitsMax || scale > scaleMax ||
		at < len(text) && text[at]|0x20 == 'e' || isNegative && digits == 0 {
		return p.anyNumber()
	}
	value := int64(digits)
	if isNegative {
		value = -value
	}
	p.dst, p.at = appendDecimal(p.dst, value, scale), at
	return true
}

func (p *parser) anyNumber() bool {
	n, ok := scanNumeral(p.text, p.at)
	if !ok {
		p.at = n.end
		return p.fail("expected a digit")
	}
	p.dst = n.appendPacked(p.dst, p.text[p.at:n.end])
	p.at = n.end
	return true
}

// open begins an array or an object and leaves room for its head. Where much text is still
// to come it leaves the most that can be needed, so that great contents need not move.
func (p *parser) open() (at, room int, ok bool) {
	if p.depth++; p.depth > DepthMax {
		return 0, 0, p.fail("nested too deeply")
	}
	at, room = len(p.dst), openRoom
	if len(p.text)-p.at >= 1<<16 {
		room = headBytes(familyArray, 1<<16)
	}
	p.dst = append(p.dst, "....."[:room]...)
	p.at++
	p.space()
	return at, room, true
}

func (p *parser) close(at, room int, f family) bool {
	p.dst = closeBody(p.dst, at, room, f)
	p.depth--
	p.at++
	return true
}

func (p *parser) array() bool {
	at, room, ok := p.open()
	if !ok {
		return false
	}
	if p.peek() == ']' {
		return p.close(at, room, familyArray)
	}
	for p.value() {
		p.space()
		switch p.peek() {
		case ',':
			p.at++
			p.space()
		case ']':
			return p.close(at, room, familyArray)
		default:
			return p.fail("expected a comma or the end of the array")
		}
	}
	return false
}

func (p *parser) object() bool {
	at, room, ok := p.open()
	if !ok {
		return false
	}
	if p.peek() == '}' {
		return p.close(at, room, familyObject)
	}
	seen := nameSet{from: at + room}
	parent := p.parent
	for previous := -1; ; {
		if !p.member(&seen, parent, &previous) {
			return false
		}
		p.space()
		switch p.peek() {
		case ',':
			p.at++
			p.space()
		case '}':
			if seen.mayRepeat {
				p.dst = unique(p.dst, seen.from, p.names)
			}
			p.parent = parent
			return p.close(at, room, familyObject)
		default:
			return p.fail("expected a comma or the end of the object")
		}
	}
}

// member reads a name and a value in the object under the name parent, behind the name
// previous, which then is the one that was read.
func (p *parser) member(seen *nameSet, parent int, previous *int) bool {
	if p.peek() != '"' {
		return p.fail("expected the name of a member")
	}
	at := len(p.dst)
	number := p.guess(parent, *previous)
	if number < 0 {
		if !p.name() {
			return false
		}
		if number = nameNumber(p.dst, at); number >= 0 {
			*p.names.follower(parent, *previous) = uint16(number + 1)
		}
		if p.space(); p.peek() != ':' {
			return p.fail("expected a colon")
		}
		p.at++
	}
	seen.add(p.dst, at, len(p.dst))
	*previous, p.parent = number, number
	p.space()
	return p.value()
}

// guess reads a name and the colon if they are those that came here in the last document. It
// gives its number, or -1 if it read nothing.
func (p *parser) guess(parent, previous int) (number int) {
	if p.names == nil {
		return -1
	}
	if number = int(*p.names.follower(parent, previous)) - 1; number < 0 {
		return -1
	}
	name := p.names.text(number)
	if len(p.text)-p.at < len(name) || string(p.text[p.at:p.at+len(name)]) != string(name) {
		return -1
	}
	p.at += len(name)
	p.dst = appendNumber(p.dst, number)
	return number
}
