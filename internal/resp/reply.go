// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"bytes"
	"math"
)

// What can be wrong with a reply.
const (
	errReplyKind   ProtocolError = "unknown kind of reply"
	errReplyLine   ProtocolError = "a line of a reply does not end with CR LF"
	errReplyLength ProtocolError = "invalid length in a reply"
	errReplyValue  ProtocolError = "invalid value in a reply"
	errReplyDepth  ProtocolError = "replies nested too deep"
)

// ReplyDepthMax is how many aggregates [NextReply] lets stand within each other.
const ReplyDepthMax = 128

// Value is a reply as a client sees it. Which fields count depends on Kind.
type Value struct {
	Kind Kind
	// Null is set for KindNull, and for a bulk or an array that is not there (RESP2).
	Null bool
	// Bool is the value of KindBool.
	Bool bool
	// Int is the value of KindInt.
	Int int64
	// Double is the value of KindDouble.
	Double float64
	// Text is the text of simple, error, bulk, bulk error and verbatim, the digits of a
	// big number, and a double as it was written: a view into the bytes read.
	Text []byte
	// Ext is the three letters that tell what a verbatim text is.
	Ext []byte
	// Elems is the elements of array, set and push, and of a map key, value, key, value.
	Elems []Value
	// Attrs is what an attribute before the reply told, as the elements of a map.
	Attrs []Value
}

// NextReply reads the reply at the start of buf and returns it and how many bytes it
// takes. If n is 0 and err is nil it has not wholly come. An error is a [ProtocolError].
// The texts are views into buf. It costs time in proportion to the bytes of the reply,
// each time, also while the reply is not whole.
func NextReply(buf []byte) (value Value, n int, err error) {
	n, _, err = SkipReply(buf)
	if n == 0 || err != nil {
		return Value{}, 0, err
	}
	value, rest, err := decode(buf[:n], ReplyDepthMax)
	if err != nil {
		return Value{}, 0, err
	}
	return value, n - len(rest), nil
}

// SkipReply finds the end of the reply at the start of buf and returns how many bytes it
// takes and what kind it is, attributes before it aside. If n is 0 and err is nil it has
// not wholly come. It looks at lengths and line ends only and allocates nothing.
func SkipReply(buf []byte) (n int, kind Kind, err error) {
	pending := 1 // replies still to skip
	for pending > 0 {
		elem, payload, count, next, err := header(buf, n)
		if err != nil || next == 0 {
			return 0, 0, err
		}
		if n = next; payload >= 0 {
			if len(buf)-n < payload+2 {
				return 0, 0, nil
			}
			if n += payload + 2; buf[n-2] != '\r' || buf[n-1] != '\n' {
				return 0, 0, errReplyLine
			}
		}
		if elem != KindAttribute {
			if kind == 0 && pending == 1 { // else it belongs to an attribute
				kind = elem
			}
			pending--
		}
		if pending += count; pending > math.MaxInt32 {
			return 0, 0, errReplyLength
		}
	}
	return n, kind, nil
}

// header reads the first line of the reply at buf[at:]. It returns how many bytes stand
// behind the line (negative if none, not even an end), how many replies follow as elements,
// and the offset behind the line, which is 0 if the line has not wholly come.
func header(buf []byte, at int) (kind Kind, payload, count, next int, err error) {
	if at >= len(buf) {
		return 0, -1, 0, 0, nil
	}
	kind = Kind(buf[at])
	switch kind {
	case KindSimple, KindError, KindInt, KindNull, KindBool, KindDouble, KindBigNumber:
		next, err = lineAfter(buf, at)
		return kind, -1, 0, next, err
	case KindBulk, KindBulkError, KindVerbatim, KindArray, KindMap, KindSet, KindPush,
		KindAttribute:
	default:
		return 0, -1, 0, 0, errReplyKind
	}
	size, next := length(buf, at+1)
	if next == 0 || buf[next-1] != '\n' {
		next, err = lineAfter(buf, at)
		if err != nil || next == 0 {
			return kind, -1, 0, 0, err
		}
		if !isNullHeader(buf[at : next-2]) {
			return kind, -1, 0, 0, errReplyLength
		}
		return kind, -1, 0, next, nil
	}
	switch kind {
	case KindBulk, KindBulkError, KindVerbatim:
		return kind, size, 0, next, nil
	case KindMap, KindAttribute:
		return kind, -1, 2 * size, next, nil
	}
	return kind, -1, size, next, nil
}

// isNullHeader tells whether line is a bulk or an array that is not there.
func isNullHeader(line []byte) bool {
	return string(line) == "$-1" || string(line) == "*-1"
}

// lineAfter returns the offset behind the line at buf[at:], or 0 if it has no end yet.
func lineAfter(buf []byte, at int) (int, error) {
	end := bytes.IndexByte(buf[at:], '\r')
	if end < 0 || at+end+1 >= len(buf) {
		return 0, nil
	}
	if buf[at+end+1] != '\n' {
		return 0, errReplyLine
	}
	return at + end + 2, nil
}

// decode reads the reply at the start of buf, which is whole, and returns what follows.
func decode(buf []byte, depth int) (value Value, rest []byte, err error) {
	if depth == 0 {
		return Value{}, nil, errReplyDepth
	}
	kind, payload, count, next, err := header(buf, 0)
	if err != nil {
		return Value{}, nil, err
	}
	line := buf[1 : next-2]
	value.Kind = kind
	switch kind {
	case KindBulk, KindBulkError, KindVerbatim:
		if payload < 0 {
			value.Null = true
			return value, buf[next:], nil
		}
		value.Text = buf[next : next+payload : next+payload]
		return value, buf[next+payload+2:], value.splitExt()
	case KindArray, KindMap, KindSet, KindPush:
		value.Null = len(line) > 0 && line[0] == '-'
		value.Elems, rest, err = decodeAll(buf[next:], count, depth-1)
		return value, rest, err
	case KindAttribute:
		attrs, rest, err := decodeAll(buf[next:], count, depth-1)
		if err != nil {
			return Value{}, nil, err
		}
		value, rest, err = decode(rest, depth-1)
		value.Attrs = append(attrs, value.Attrs...)
		return value, rest, err
	}
	return value, buf[next:], value.setLine(line)
}

// decodeAll reads the count replies at the start of buf.
func decodeAll(buf []byte, count, depth int) (values []Value, rest []byte, err error) {
	if count == 0 {
		return nil, buf, nil
	}
	values = make([]Value, count)
	for i := range values {
		if values[i], buf, err = decode(buf, depth); err != nil {
			return nil, nil, err
		}
	}
	return values, buf, nil
}

// splitExt parts the text of a verbatim reply from what tells its type.
func (v *Value) splitExt() error {
	if v.Kind != KindVerbatim {
		return nil
	}
	if len(v.Text) < 4 || v.Text[3] != ':' {
		return errReplyValue
	}
	v.Ext, v.Text = v.Text[:3:3], v.Text[4:]
	return nil
}

// setLine sets the value of a reply that is one line.
func (v *Value) setLine(line []byte) error {
	ok := true
	switch v.Kind {
	case KindInt:
		v.Int, ok = ParseInt(line)
	case KindBool:
		v.Bool = string(line) == "t"
		ok = v.Bool || string(line) == "f"
	case KindNull:
		v.Null = true
		ok = len(line) == 0
	case KindDouble:
		v.Text = line
		if v.Double, ok = ParseDouble(line); !ok && bytes.HasSuffix(line, []byte("nan")) {
			v.Double, ok = math.NaN(), true
		}
	default:
		v.Text = line
	}
	if !ok {
		return errReplyValue
	}
	return nil
}
