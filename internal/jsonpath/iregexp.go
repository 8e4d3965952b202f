// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"strings"
	"unicode/utf8"
)

// iregexpNestingMax is how deep the groups of a pattern may stand in each other.
const iregexpNestingMax = 200

// An iregexp reads a pattern of RFC 9485 and writes the same in Go's form. All of its methods
// but translate's own give false where the pattern is malformed.
type iregexp struct {
	text  string
	at    int
	depth int
	out   strings.Builder
}

// translate gives an I-Regexp in Go's form, and false if it is none. A dot is any character
// but the ends of lines, as the RFC has it. Its NormalChar holds ^ and $; they stay what they
// are in all other forms, an anchor, as the compliance suite of RFC 9535 wants it.
func translate(text string) (translated string, ok bool) {
	r := iregexp{text: text}
	if !utf8.ValidString(text) || !r.branches() || r.at < len(text) {
		return "", false
	}
	return r.out.String(), true
}

// peek is the next character, and -1 at the end.
func (r *iregexp) peek() rune {
	if r.at == len(r.text) {
		return -1
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return c
}

func (r *iregexp) accept(c rune) bool {
	if r.peek() != c {
		return false
	}
	r.at += utf8.RuneLen(c)
	return true
}

// branches reads up to the end or to a bracket that was opened before.
func (r *iregexp) branches() bool {
	for {
		switch c := r.peek(); c {
		case -1, ')':
			return true
		case '|':
			r.at++
			r.out.WriteByte('|')
		default:
			if !r.atom(c) || !r.quantifier() {
				return false
			}
		}
	}
}

func (r *iregexp) atom(c rune) bool {
	switch c {
	case '(':
		return r.group()
	case '[':
		return r.class()
	case '\\':
		return r.escape()
	case '.':
		r.at++
		r.out.WriteString(`[^\n\r]`)
		return true
	case '*', '+', '?', ']', '{', '}':
		return false
	case '^', '$':
		r.at++
		r.out.WriteRune(c)
		return true
	}
	r.at += utf8.RuneLen(c)
	r.literal(c)
	return true
}

// literal writes a character that stands for itself.
func (r *iregexp) literal(c rune) {
	if c > ' ' && c < utf8.RuneSelf && !isLetterOrDigit(c) {
		r.out.WriteByte('\\')
	}
	r.out.WriteRune(c)
}

func isLetterOrDigit(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (r *iregexp) group() bool {
	if r.depth++; r.depth > iregexpNestingMax {
		return false
	}
	r.at++
	r.out.WriteString("(?:")
	if !r.branches() || !r.accept(')') {
		return false
	}
	r.out.WriteByte(')')
	r.depth--
	return true
}

// quantifier reads one if there is one.
func (r *iregexp) quantifier() bool {
	switch c := r.peek(); c {
	case '*', '+', '?':
		r.at++
		r.out.WriteRune(c)
	case '{':
		r.at++
		r.out.WriteByte('{')
		if !r.count() {
			return false
		}
		if r.accept(',') {
			r.out.WriteByte(',')
			if r.peek() != '}' && !r.count() {
				return false
			}
		}
		if !r.accept('}') {
			return false
		}
		r.out.WriteByte('}')
	}
	return true
}

// count reads a number of repetitions. It is written without zeros before it, which Go would
// not take for a number.
func (r *iregexp) count() bool {
	start := r.at
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		r.at++
	}
	digits := r.text[start:r.at]
	if digits == "" {
		return false
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		digits = "0"
	}
	r.out.WriteString(digits)
	return true
}

// escape reads a backslash and what belongs to it, in a class or outside.
func (r *iregexp) escape() bool {
	if next := r.at + 1; next < len(r.text) && (r.text[next] == 'p' || r.text[next] == 'P') {
		return r.category()
	}
	c, ok := r.escaped()
	if ok {
		r.literal(c)
	}
	return ok
}

// escaped reads a backslash and the one character that belongs to it.
func (r *iregexp) escaped() (c rune, ok bool) {
	r.at++
	c = r.peek()
	if c < 0 || !strings.ContainsRune(`()*+-.?[\]^nrt{|}`, c) {
		return 0, false
	}
	r.at++
	switch c {
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	}
	return c, true
}

// category reads \p{…} or \P{…}.
func (r *iregexp) category() bool {
	start := r.at
	r.at += 2
	if !r.accept('{') {
		return false
	}
	end := strings.IndexByte(r.text[r.at:], '}')
	if end < 0 || !isCategory(r.text[r.at:r.at+end]) {
		return false
	}
	r.at += end + 1
	r.out.WriteString(r.text[start:r.at])
	return true
}

// isCategory tells whether a name is one of the general categories that the RFC takes.
func isCategory(name string) bool {
	if len(name) != 1 && len(name) != 2 {
		return false
	}
	seconds, ok := map[byte]string{
		'L': "lmotu", 'M': "cen", 'N': "dlo", 'P': "cdefios", 'Z': "lps", 'S': "ckmo", 'C': "cfno",
	}[name[0]]
	return ok && (len(name) == 1 || strings.IndexByte(seconds, name[1]) >= 0)
}

// class reads a class of characters in square brackets. A - stands for itself at its begin
// and at its end only.
func (r *iregexp) class() bool {
	r.at++
	r.out.WriteByte('[')
	if r.accept('^') {
		r.out.WriteByte('^')
	}
	for first := true; ; first = false {
		switch c := r.peek(); {
		case c == ']' && !first:
			r.at++
			r.out.WriteByte(']')
			return true
		case c == '-' && (first || strings.HasPrefix(r.text[r.at:], "-]")):
			r.at++
			r.out.WriteString(`\-`)
		default:
			if !r.classPart() {
				return false
			}
		}
	}
}

// classPart reads a character, a range of them, or a category.
func (r *iregexp) classPart() bool {
	if rest := r.text[r.at:]; strings.HasPrefix(rest, `\p`) || strings.HasPrefix(rest, `\P`) {
		return r.category()
	}
	from, ok := r.classCharacter()
	if !ok {
		return false
	}
	r.literal(from)
	if r.peek() != '-' || strings.HasPrefix(r.text[r.at:], "-]") {
		return true
	}
	r.at++
	to, ok := r.classCharacter()
	if !ok {
		return false
	}
	r.out.WriteByte('-')
	r.literal(to)
	return true
}

func (r *iregexp) classCharacter() (c rune, ok bool) {
	switch c = r.peek(); c {
	case -1, '-', '[', ']':
		return 0, false
	case '\\':
		return r.escaped()
	}
	r.at += utf8.RuneLen(c)
	return c, true
}
