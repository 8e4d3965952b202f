// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// jsonToken is what a piece of JSON text is. Its value is its name in errors.
type jsonToken string

const (
	jsonObjectBegin jsonToken = "T_OBJ_BEGIN"
	jsonObjectEnd   jsonToken = "T_OBJ_END"
	jsonArrayBegin  jsonToken = "T_ARR_BEGIN"
	jsonArrayEnd    jsonToken = "T_ARR_END"
	jsonString      jsonToken = "T_STRING"
	jsonNumber      jsonToken = "T_NUMBER"
	jsonBoolean     jsonToken = "T_BOOLEAN"
	jsonNull        jsonToken = "T_NULL"
	jsonColon       jsonToken = "T_COLON"
	jsonComma       jsonToken = "T_COMMA"
	jsonEnd         jsonToken = "T_END"

	jsonInvalidToken   jsonToken = "invalid token"
	jsonInvalidNumber  jsonToken = "invalid number"
	jsonInvalidEscape  jsonToken = "invalid escape code"
	jsonInvalidUnicode jsonToken = "invalid unicode escape code"
	jsonUnclosedString jsonToken = "unexpected end of string"
)

// jsonMembersHint is for how many members an object is made before they are known.
const jsonMembersHint = 8

// jsonReader reads one text. A zero byte ends it.
type jsonReader struct {
	*cjson
	state *lua.LState
	text  string
	pos   int // of the next byte to read
	depth int // tables not yet closed

	token jsonToken // the last one read, and then
	start int       // where it starts, or where it is wrong,
	word  string    // what a string says,
	value lua.LValue
}

// decode is cjson.decode(text).
func (c *cjson) decode(L *lua.LState) int {
	if L.GetTop() != 1 {
		raiseArg(L, 1, "expected 1 argument")
	}
	text := checkString(L, 1)
	if len(text) >= 2 && (text[0] == 0 || text[1] == 0) {
		raise(L, "JSON parser does not support UTF-16 or UTF-32")
	}
	r := jsonReader{cjson: c, state: L, text: text}
	r.next()
	v := r.read(1)
	r.next()
	if r.token != jsonEnd {
		r.raise("the end")
	}
	c.unescaped = kept(c.unescaped)
	L.Push(v)
	return 1
}

func (r *jsonReader) raise(expected string) {
	raise(r.state, "Expected %s but found %s at character %d", expected, r.token, r.start+1)
}

// read returns the value that begins with the last token. Redis would hold it with so many others.
func (r *jsonReader) read(slots int) lua.LValue {
	switch r.token {
	case jsonString:
		return lua.LString(r.word)
	case jsonNumber, jsonBoolean, jsonNull:
		return r.value
	case jsonObjectBegin:
		return r.readObject(slots)
	case jsonArrayBegin:
		return r.readArray(slots)
	}
	r.raise("value")
	return lua.LNil
}

// descend enters a table, for which Redis needs so many slots more.
func (r *jsonReader) descend(slots, need int) {
	r.depth++
	if r.depth > r.decodeDepthMax || slots+need > stackSlotsMax {
		raise(r.state, "Found too many nested data structures (%d) at character %d", r.depth, r.pos)
	}
}

func (r *jsonReader) readObject(slots int) lua.LValue {
	r.descend(slots, 3)
	r.next()
	if r.token == jsonObjectEnd {
		r.depth--
		return r.state.CreateTable(0, 0)
	}
	object := r.state.CreateTable(0, jsonMembersHint)
	for {
		if r.token != jsonString {
			r.raise("object key string")
		}
		name := r.word
		if r.next(); r.token != jsonColon {
			r.raise("colon")
		}
		r.next()
		object.RawSetString(name, r.read(slots+2))
		r.next()
		if r.token == jsonObjectEnd {
			r.depth--
			return object
		}
		if r.token != jsonComma {
			r.raise("comma or object end")
		}
		r.next()
	}
}

func (r *jsonReader) readArray(slots int) lua.LValue {
	r.descend(slots, 2)
	r.next()
	if r.token == jsonArrayEnd {
		r.depth--
		return r.state.CreateTable(0, 0)
	}
	array := r.state.CreateTable(4, 0)
	for i := 1; ; i++ {
		array.RawSetInt(i, r.read(slots+1))
		r.next()
		if r.token == jsonArrayEnd {
			r.depth--
			return array
		}
		if r.token != jsonComma {
			r.raise("comma or array end")
		}
		r.next()
	}
}

// at returns the byte at i, or zero past the end.
func (r *jsonReader) at(i int) byte {
	if i < len(r.text) {
		return r.text[i]
	}
	return 0
}

// next reads a token. It stays where it is at the end and before what is none.
func (r *jsonReader) next() {
	c := r.at(r.pos)
	for c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		r.pos++
		c = r.at(r.pos)
	}
	r.start = r.pos
	switch c {
	case '"':
		r.nextString()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if r.token = jsonInvalidNumber; r.decodeInvalid == 1 || !r.invalidNumber() {
			r.nextNumber()
		}
	case '{':
		r.punctuation(jsonObjectBegin)
	case '}':
		r.punctuation(jsonObjectEnd)
	case '[':
		r.punctuation(jsonArrayBegin)
	case ']':
		r.punctuation(jsonArrayEnd)
	case ',':
		r.punctuation(jsonComma)
	case ':':
		r.punctuation(jsonColon)
	case 0:
		r.token = jsonEnd
	default:
		r.nextWord()
	}
}

func (r *jsonReader) punctuation(token jsonToken) {
	r.token = token
	r.pos++
}

// nextWord reads true, false and null and, if they are allowed, the numbers that begin with a
// letter or a plus.
func (r *jsonReader) nextWord() {
	rest := r.text[r.pos:]
	switch {
	case strings.HasPrefix(rest, "true"):
		r.token, r.value, r.pos = jsonBoolean, lua.LTrue, r.pos+len("true")
	case strings.HasPrefix(rest, "false"):
		r.token, r.value, r.pos = jsonBoolean, lua.LFalse, r.pos+len("false")
	case strings.HasPrefix(rest, "null"):
		r.token, r.value, r.pos = jsonNull, r.null, r.pos+len("null")
	case r.decodeInvalid == 1 && (rest[0] == '+' || r.invalidNumber()):
		r.nextNumber()
	default:
		r.token = jsonInvalidToken
	}
}

// invalidNumber reports whether a number comes that JSON does not know, but strtod does.
func (r *jsonReader) invalidNumber() bool {
	rest := strings.TrimPrefix(r.text[r.pos:], "-")
	if len(rest) > 1 && rest[0] == '0' {
		return isDigit(rest[1]) || rest[1]|0x20 == 'x'
	}
	return hasPrefixFold(rest, "inf") || hasPrefixFold(rest, "nan")
}

func (r *jsonReader) nextNumber() {
	n, length := scanNumber(r.text[r.pos:])
	if length == 0 {
		r.token = jsonInvalidNumber
		return
	}
	r.token = jsonNumber
	r.pos += length
	r.value = boxNumber(n)
}

// nextString reads a string. One without escapes is a part of the text; others are put together.
func (r *jsonReader) nextString() {
	r.pos++
	begin := r.pos
	for {
		switch r.at(r.pos) {
		case '"':
			r.token, r.word = jsonString, r.text[begin:r.pos]
			r.pos++
			return
		case 0:
			r.token, r.start = jsonUnclosedString, r.pos
			return
		case '\\':
			r.nextEscapedString(begin)
			return
		}
		r.pos++
	}
}

// nextEscapedString is nextString from the first backslash on.
func (r *jsonReader) nextEscapedString(begin int) {
	buf := append(r.unescaped[:0], r.text[begin:r.pos]...)
	for {
		switch c := r.at(r.pos); c {
		case '"':
			r.pos++
			r.token, r.word, r.unescaped = jsonString, string(buf), buf
			return
		case 0:
			r.token, r.start = jsonUnclosedString, r.pos
			return
		case '\\':
			var failure jsonToken
			if buf, failure = r.appendEscaped(buf); failure != "" {
				r.token, r.start = failure, r.pos
				return
			}
		default:
			buf = append(buf, c)
			r.pos++
		}
	}
}

// appendEscaped reads one escape and returns what is wrong with it, if anything.
func (r *jsonReader) appendEscaped(buf []byte) ([]byte, jsonToken) {
	c := r.at(r.pos + 1)
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
		return r.appendUnicode(buf)
	default:
		return buf, jsonInvalidEscape
	}
	r.pos += len(`\n`)
	return append(buf, c), ""
}

// appendUnicode reads one code point, from two escapes if it is beyond the first 2^16.
func (r *jsonReader) appendUnicode(buf []byte) ([]byte, jsonToken) {
	const escape = len(`\u0000`)
	point, ok := r.hex4(r.pos + 2)
	if !ok {
		return buf, jsonInvalidUnicode
	}
	if point&0xf800 != 0xd800 {
		r.pos += escape
		return utf8.AppendRune(buf, rune(point)), ""
	}
	second := r.pos + escape
	low, ok := r.hex4(second + 2)
	if point&0x400 != 0 || r.at(second) != '\\' || r.at(second+1) != 'u' || !ok ||
		low&0xfc00 != 0xdc00 {
		return buf, jsonInvalidUnicode
	}
	r.pos += 2 * escape
	return utf8.AppendRune(buf, rune(0x10000+(point&0x3ff<<10|low&0x3ff))), ""
}

// hex4 reads four hexadecimal digits.
func (r *jsonReader) hex4(i int) (n uint32, ok bool) {
	for _, c := range []byte{r.at(i), r.at(i + 1), r.at(i + 2), r.at(i + 3)} {
		switch {
		case isDigit(c):
			n = n<<4 | uint32(c-'0')
		case isHexDigit(c):
			n = n<<4 | uint32((c|0x20)-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
