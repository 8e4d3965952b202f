// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"strings"
)

// token is a word of the language as errors name it: "and", "=", "..."; the kinds of words that
// have a text of their own are the four below.
type token string

const (
	tokenName   token = "<name>"
	tokenString token = "<string>"
	tokenNumber token = "<number>"
	tokenEOF    token = "<eof>"
)

// reserved are the words that are no names.
const reserved = " and break do else elseif end false for function if in local nil not or " +
	"repeat return then true until while "

// syntaxFault is what is wrong with a text, its place before it.
type syntaxFault string

// lexer parts a text into tokens, as Lua's does, for the sake of its errors.
type lexer struct {
	text string
	name string // of the text, for errors
	at   int
	line int

	before int // the line in which the token before the present one ended

	token token
	word  string // what a name, string or number is, as errors show it
}

// fail stops with an error at the place reached, near a token; near "" says nothing of it.
func (l *lexer) fail(message, near string) {
	text := fmt.Sprintf("%s:%d: %s", l.name, l.line, message)
	if near != "" {
		text += " near '" + near + "'"
	}
	panic(syntaxFault(text))
}

// near is the present token as errors show it; they do not show a zero byte.
func (l *lexer) near() string {
	switch l.token {
	case "\x00":
		return ""
	case tokenName, tokenString, tokenNumber:
		return l.word
	}
	return shown(l.token)
}

// shown is a token as errors show it: a control character by its number.
func shown(t token) string {
	if len(t) == 1 && (t[0] < ' ' || t[0] == 0x7f) {
		return fmt.Sprintf("char(%d)", t[0])
	}
	return string(t)
}

// peek is the byte at a distance from the place reached; 0 behind the end.
func (l *lexer) peek(distance int) byte {
	if l.at+distance < len(l.text) {
		return l.text[l.at+distance]
	}
	return 0
}

func (l *lexer) ended() bool { return l.at >= len(l.text) }

// newline reads the end of a line, of one or two bytes.
func (l *lexer) newline() {
	first := l.text[l.at]
	l.at++
	if c := l.peek(0); (c == '\n' || c == '\r') && c != first && !l.ended() {
		l.at++
	}
	l.line++
}

// next reads a token.
func (l *lexer) next() {
	l.before = l.line
	for {
		l.blanks()
		if !strings.HasPrefix(l.text[l.at:], "--") {
			break
		}
		l.comment()
	}
	c := l.peek(0)
	switch {
	case l.ended():
		l.token = tokenEOF
	case isLetter(c) || c == '_':
		l.identifier()
	case isDigitByte(c), c == '.' && isDigitByte(l.peek(1)):
		l.number()
	case c == '"' || c == '\'':
		l.quoted(c)
	case c == '[':
		l.bracket()
	default:
		l.symbol()
	}
}

func (l *lexer) blanks() {
	for !l.ended() {
		switch l.text[l.at] {
		case '\n', '\r':
			l.newline()
		case ' ', '\t', '\v', '\f':
			l.at++
		default:
			return
		}
	}
}

func (l *lexer) comment() {
	l.at += 2
	if level := l.longLevel(); level >= 0 {
		l.long(level, "unfinished long comment")
		return
	}
	for !l.ended() && l.text[l.at] != '\n' && l.text[l.at] != '\r' {
		l.at++
	}
}

func (l *lexer) identifier() {
	begin := l.at
	for c := l.peek(0); isLetter(c) || isDigitByte(c) || c == '_'; c = l.peek(0) {
		l.at++
	}
	l.token, l.word = tokenName, l.text[begin:l.at]
	if strings.Contains(reserved, " "+l.word+" ") {
		l.token = token(l.word)
	}
}

func (l *lexer) number() {
	begin := l.at
	for c := l.peek(0); isDigitByte(c) || c == '.'; c = l.peek(0) {
		l.at++
	}
	if c := l.peek(0); c == 'e' || c == 'E' {
		l.at++
		if c := l.peek(0); c == '+' || c == '-' {
			l.at++
		}
	}
	for c := l.peek(0); isLetter(c) || isDigitByte(c) || c == '_'; c = l.peek(0) {
		l.at++
	}
	l.token, l.word = tokenNumber, l.text[begin:l.at]
	if _, ok := parseNumber(l.word); !ok {
		l.fail("malformed number", l.word)
	}
}

// quoted reads a string in quotes. Errors show it with its escapes resolved.
func (l *lexer) quoted(quote byte) {
	word := []byte{quote}
	l.at++
	for {
		if l.ended() {
			l.fail("unfinished string", string(tokenEOF))
		}
		c := l.text[l.at]
		switch c {
		case '\n', '\r':
			l.fail("unfinished string", string(word))
		case '\\':
			word = l.escaped(word)
			continue
		}
		word = append(word, c)
		l.at++
		if c == quote {
			l.token, l.word = tokenString, string(word)
			return
		}
	}
}

// escaped reads what begins with a backslash.
func (l *lexer) escaped(word []byte) []byte {
	const letters, bytes = "abfnrtv", "\a\b\f\n\r\t\v"
	l.at++
	c := l.peek(0)
	switch i := strings.IndexByte(letters, c); {
	case l.ended():
		return word
	case c == '\n' || c == '\r':
		l.newline()
		return append(word, '\n')
	case i >= 0:
		c = bytes[i]
	case isDigitByte(c):
		n := 0
		for i := 0; i < 3 && isDigitByte(l.peek(0)); i++ {
			n = n*10 + int(l.peek(0)-'0')
			l.at++
		}
		if n > 255 {
			l.fail("escape sequence too large", string(word))
		}
		return append(word, byte(n))
	}
	l.at++
	return append(word, c)
}

// longLevel is how many "=" stand between the two brackets that open a long string here, or -1
// if none begins.
func (l *lexer) longLevel() int {
	if l.peek(0) != '[' {
		return -1
	}
	level := 0
	for l.peek(1+level) == '=' {
		level++
	}
	if l.peek(1+level) != '[' {
		return -1
	}
	return level
}

// long reads a long string or comment.
func (l *lexer) long(level int, unfinished string) {
	closing := "]" + strings.Repeat("=", level) + "]"
	begin := l.at
	l.at += level + 2
	for !strings.HasPrefix(l.text[l.at:], closing) {
		switch {
		case l.ended():
			l.fail(unfinished, string(tokenEOF))
		case l.text[l.at] == '\n' || l.text[l.at] == '\r':
			l.newline()
		default:
			l.at++
		}
	}
	l.at += len(closing)
	l.token, l.word = tokenString, l.text[begin:l.at]
}

func (l *lexer) bracket() {
	if level := l.longLevel(); level >= 0 {
		l.long(level, "unfinished long string")
		return
	}
	if l.peek(1) == '=' {
		begin := l.at
		for l.at++; l.peek(0) == '='; {
			l.at++
		}
		l.fail("invalid long string delimiter", l.text[begin:l.at])
	}
	l.at++
	l.token = "["
}

func (l *lexer) symbol() {
	for _, long := range []token{"...", "..", "==", "<=", ">=", "~="} {
		if strings.HasPrefix(l.text[l.at:], string(long)) {
			l.at += len(long)
			l.token = long
			return
		}
	}
	l.token = token(l.text[l.at : l.at+1])
	l.at++
}
