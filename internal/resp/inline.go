// SPDX-License-Identifier: Apache-2.0

package resp

import "bytes"

// inline reads a call that is a line of words, as a person types it.
func (p *Parser) inline(buf []byte, dst [][]byte) (argv [][]byte, n int, err error) {
	end, err := p.lineEnd(buf, '\n', errInlineTooBig)
	if err != nil || end < 0 {
		return dst, 0, err
	}
	argv, ok := SplitWords(bytes.TrimSuffix(buf[:end], []byte{'\r'}), dst)
	if !ok {
		return dst, 0, errQuotes
	}
	p.Reset()
	return argv, end + 1, nil
}

// SplitWords appends the words of line to dst; ok is false if a quote is not closed, or
// is closed and no blank follows. Words are parted by blanks. Within "double quotes"
// blanks count and \n \r \t \b \a \xHH stand for bytes; within 'single quotes' only \'
// does. A plain word is a view into line, one with quotes is a copy.
func SplitWords(line []byte, dst [][]byte) (words [][]byte, ok bool) {
	words = dst
	for {
		for len(line) > 0 && isBlank(line[0]) {
			line = line[1:]
		}
		if len(line) == 0 {
			return words, true
		}
		end := wordEnd(line)
		word := line[:end:end]
		line = line[end:]
		if len(line) > 0 && (line[0] == '"' || line[0] == '\'') {
			if word, line, ok = quoted(bytes.Clone(word), line); !ok {
				return dst, false
			}
		}
		words = append(words, word)
	}
}

// wordEnd returns the offset of the byte that ends the plain word with which line begins,
// or opens a quote in it. These are not all blanks: a vertical tab parts no words.
func wordEnd(line []byte) int {
	for i, c := range line {
		switch c {
		case ' ', '\t', '\n', '\r', '"', '\'':
			return i
		}
	}
	return len(line)
}

// quoted reads on in a word at the quote with which line begins. It ends the word.
func quoted(word, line []byte) (whole, rest []byte, ok bool) {
	quote := line[0]
	for i := 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == quote:
			if i+1 < len(line) && !isBlank(line[i+1]) {
				return nil, nil, false
			}
			return word, line[i+1:], true
		case c != '\\' || i+1 == len(line):
			word = append(word, c)
		case quote == '\'':
			if line[i+1] == quote {
				c = quote
				i++
			}
			word = append(word, c)
		default:
			var size int
			c, size = escape(line[i+1:])
			word = append(word, c)
			i += size
		}
	}
	return nil, nil, false
}

// escape returns the byte that the characters behind a backslash stand for, and how many
// they are.
func escape(text []byte) (value byte, size int) {
	switch text[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	case 'x':
		if len(text) >= 3 && isHex(text[1]) && isHex(text[2]) {
			return hexDigit(text[1])<<4 | hexDigit(text[2]), 3
		}
	}
	return text[0], 1
}

func isBlank(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }

func isHex(c byte) bool {
	return (c >= '0' && c <= '9') || (c|0x20 >= 'a' && c|0x20 <= 'f')
}

func hexDigit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
