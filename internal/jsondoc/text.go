// SPDX-License-Identifier: Apache-2.0

package jsondoc

import "encoding/binary"

// Format is how text is laid out. Each child stands on a line of its own, behind Newline and
// one Indent for each array and object around it; Space follows the colon of a member. Empty
// arrays and objects stay on their line. A nil *Format writes no space at all.
type Format struct {
	Indent, Newline, Space []byte

	// Depth is how many arrays and objects are already around the value that is written.
	Depth int
}

// Break appends the beginning of a line with depth indents.
func (f *Format) Break(dst []byte, depth int) []byte {
	dst = append(dst, f.Newline...)
	for range depth {
		dst = append(dst, f.Indent...)
	}
	return dst
}

// AppendText appends the value as JSON text: numbers as they were written, in strings only
// what must be escaped. A value that does not exist is no text.
func (v Value) AppendText(dst []byte, f *Format) []byte {
	if v.doc == nil {
		return dst
	}
	w := writer{doc: v.doc, names: v.names, dst: dst, format: f}
	if f != nil {
		w.depth = f.Depth
	}
	w.value(v.at)
	return w.dst
}

type writer struct {
	doc    []byte
	names  *Names
	dst    []byte
	format *Format
	depth  int
}

// value writes the value at an offset and gives the offset behind it.
func (w *writer) value(at int) (end int) {
	tag := w.doc[at]
	kind := kinds[tag]
	switch kind {
	case String:
		from, to := body(w.doc, at)
		w.dst = AppendQuoted(w.dst, w.doc[from:to])
		return to
	case Integer, Number:
		w.dst = Value{doc: w.doc, at: at}.NumberText(w.dst)
		return after(w.doc, at)
	case Array:
		return w.children(at, '[', ']')
	case Object:
		return w.children(at, '{', '}')
	}
	w.dst = append(w.dst, [...]string{"null", "false", "true"}[tag-tagNull]...)
	return at + 1
}

func (w *writer) children(at int, left, right byte) (end int) {
	w.dst = append(w.dst, left)
	w.depth++
	pos, end := body(w.doc, at)
	isEmpty := pos == end
	for pos < end {
		w.line()
		if left == '{' {
			pos = w.name(pos)
		}
		if pos = w.value(pos); pos < end {
			w.dst = append(w.dst, ',')
		}
	}
	if w.depth--; !isEmpty {
		w.line()
	}
	w.dst = append(w.dst, right)
	return end
}

func (w *writer) line() {
	if w.format != nil {
		w.dst = w.format.Break(w.dst, w.depth)
	}
}

func (w *writer) name(at int) (end int) {
	end = afterName(w.doc, at)
	if number := nameNumber(w.doc, at); number >= 0 {
		w.dst = append(w.dst, w.names.text(number)...)
	} else {
		w.dst = AppendQuoted(w.dst, inlineName(w.doc, at, end))
		w.dst = append(w.dst, ':')
	}
	if w.format != nil {
		w.dst = append(w.dst, w.format.Space...)
	}
	return end
}

// AppendQuoted appends text as a JSON string: in quotes, with escapes for the quote, the
// backslash and control characters.
func AppendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	if at := plainBytes(text); at < len(text) {
		dst = appendEscaped(dst, text, at)
	} else {
		dst = append(dst, text...)
	}
	return append(dst, '"')
}

// plainBytes counts the bytes before the first one to escape, or a few less.
func plainBytes(text []byte) int {
	at := 0
	for ; at+8 <= len(text); at += 8 {
		if stops(binary.LittleEndian.Uint64(text[at:])) != 0 {
			return at
		}
	}
	for ; at < len(text); at++ {
		if c := text[at]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return at
}

// appendEscaped appends text, of which at bytes are known to need no escape.
func appendEscaped(dst, text []byte, at int) []byte {
	const hex = "0123456789abcdef"
	done := 0
	for ; at < len(text); at++ {
		c := text[at]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[done:at]...)
		done = at + 1
		if letter := escapeLetters[c]; letter != 0 {
			dst = append(dst, '\\', letter)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, text[done:]...)
}

// escapeLetters has the letter behind the backslash for what has one.
var escapeLetters = [...]byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r',
	'"': '"', '\\': '\\'}
