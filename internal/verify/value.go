// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxReplyBytes bounds one bulk string, maxReplyElems one aggregate: what is beyond is a
// broken server, not a reply.
const (
	maxReplyBytes = 64 << 20
	maxReplyElems = 8 << 20
)

// Value is one reply as it came over the wire. Kind is the byte of the protocol that
// announced it ('+', '-', ':', '$', '*', '_', ',', '#', '(', '=', '%', '~', '>', '|').
type Value struct {
	Kind  byte
	Text  string  // of scalars, without the framing
	Elems []Value // of aggregates; of maps and attributes, keys and values in turn
	Null  bool    // "$-1" and "*-1"
}

// IsAggregate says whether v has elements of its own.
func (v Value) IsAggregate() bool { return strings.IndexByte("*%~>|", v.Kind) >= 0 }

// IsError says whether v is an error reply.
func (v Value) IsError() bool { return v.Kind == '-' || v.Kind == '!' }

// Texts lists the texts of v and of all its elements in order, null left out.
func (v Value) Texts() []string {
	if v.Null || v.Kind == '_' {
		return nil
	}
	if !v.IsAggregate() {
		return []string{v.Text}
	}
	var texts []string
	for _, elem := range v.Elems {
		texts = append(texts, elem.Texts()...)
	}
	return texts
}

// ReadValue reads one reply of either protocol version.
func ReadValue(r *bufio.Reader) (Value, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return Value{}, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return Value{}, fmt.Errorf("reply line %q does not end in CRLF", line)
	}
	v := Value{Kind: line[0], Text: line[1 : len(line)-2]}
	switch v.Kind {
	case '+', '-', ':', ',', '#', '(', '_':
		return v, nil
	case '$', '=', '!':
		return readBulk(r, v)
	case '*', '%', '~', '>', '|':
		return readElems(r, v)
	}
	return Value{}, fmt.Errorf("reply line %q begins with no known type", line)
}

func readBulk(r *bufio.Reader, v Value) (Value, error) {
	size, err := strconv.Atoi(v.Text)
	if err != nil || size < -1 || size > maxReplyBytes {
		return Value{}, fmt.Errorf("bulk length %q", v.Text)
	}
	v.Text = ""
	if size == -1 {
		v.Null = true
		return v, nil
	}
	buf := make([]byte, size+2)
	if _, err := io.ReadFull(r, buf); err != nil {
		return Value{}, err
	}
	if buf[size] != '\r' || buf[size+1] != '\n' {
		return Value{}, errors.New("bulk string does not end in CRLF")
	}
	v.Text = string(buf[:size])
	return v, nil
}

func readElems(r *bufio.Reader, v Value) (Value, error) {
	count, err := strconv.Atoi(v.Text)
	if err != nil || count < -1 || count > maxReplyElems {
		return Value{}, fmt.Errorf("aggregate length %q", v.Text)
	}
	v.Text = ""
	if count == -1 {
		v.Null = true
		return v, nil
	}
	if v.Kind == '%' || v.Kind == '|' {
		count *= 2
	}
	for range count {
		elem, err := ReadValue(r)
		if err != nil {
			return Value{}, err
		}
		v.Elems = append(v.Elems, elem)
	}
	return v, nil
}

// Lines writes v in the notation of scripts, one element a line.
func (v Value) Lines() []string { return v.appendLines(nil, "") }

// String is Lines as one text.
func (v Value) String() string { return strings.Join(v.Lines(), "\n") }

func (v Value) appendLines(lines []string, indent string) []string {
	switch {
	case v.Null:
		return append(lines, indent+string(v.Kind)+"-1")
	case v.Kind == '$':
		return append(lines, indent+Quote(v.Text))
	case v.Kind == '=' || v.Kind == '!' || v.Kind == '+' || v.Kind == '-':
		return append(lines, indent+string(v.Kind)+EscapeLine(v.Text))
	case !v.IsAggregate():
		return append(lines, indent+string(v.Kind)+v.Text)
	}
	count := len(v.Elems)
	if v.Kind == '%' || v.Kind == '|' {
		count /= 2
	}
	lines = append(lines, indent+string(v.Kind)+strconv.Itoa(count))
	for _, elem := range v.Elems {
		lines = elem.appendLines(lines, indent+"  ")
	}
	return lines
}

// Quote writes bytes as a Go string in which everything outside ASCII is escaped by byte.
func Quote(s string) string {
	const hex = "0123456789abcdef"
	b := []byte{'"'}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ' || c > '~':
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// EscapeLine is Quote without the quotes and without escaped quotes, for text that stands
// alone on its line.
func EscapeLine(s string) string {
	s = Quote(s)
	return strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
}
