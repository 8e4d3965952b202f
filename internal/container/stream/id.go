// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
)

// ID names an entry: a time in milliseconds and a number within it.
type ID struct{ Ms, Seq uint64 }

// Max is the highest ID that there is; the zero ID is the lowest, and names no entry.
func Max() ID { return ID{math.MaxUint64, math.MaxUint64} }

// Compare is negative if id comes before other, and 0 if they are equal.
func (id ID) Compare(other ID) int {
	if id.Ms != other.Ms {
		return cmp.Compare(id.Ms, other.Ms)
	}
	return cmp.Compare(id.Seq, other.Seq)
}

// Less tells whether id comes before other.
func (id ID) Less(other ID) bool {
	return id.Ms < other.Ms || id.Ms == other.Ms && id.Seq < other.Seq
}

// IsZero tells whether id is 0-0.
func (id ID) IsZero() bool { return id == ID{} }

// Next is the ID behind id; ok is false for the highest.
func (id ID) Next() (next ID, ok bool) {
	switch {
	case id.Seq < math.MaxUint64:
		return ID{id.Ms, id.Seq + 1}, true
	case id.Ms < math.MaxUint64:
		return ID{Ms: id.Ms + 1}, true
	}
	return ID{}, false
}

// Prev is the ID before id; ok is false for the lowest.
func (id ID) Prev() (prev ID, ok bool) {
	switch {
	case id.Seq > 0:
		return ID{id.Ms, id.Seq - 1}, true
	case id.Ms > 0:
		return ID{id.Ms - 1, math.MaxUint64}, true
	}
	return Max(), false
}

// Append adds the text of id, as "1526919030474-55".
func (id ID) Append(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, id.Ms, 10), '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

// String is the text of id.
func (id ID) String() string { return string(id.Append(nil)) }

// idTextMax is the length of the longest text that is read as an ID.
const idTextMax = 127

// Parse reads "ms-seq", or "ms" with seq as the number. ok is false for anything else. The
// numbers may look as C's strtoull takes them, and a zero byte ends the text: see number.
func Parse(text []byte, seq uint64) (id ID, ok bool) {
	ms, rest, dash, ok := split(text)
	if ok && dash {
		seq, ok = number(rest)
	}
	if !ok {
		return ID{}, false
	}
	id.Seq = seq
	id.Ms, ok = number(ms)
	return id, ok
}

// ParseMs reads "ms-*".
func ParseMs(text []byte) (ms uint64, ok bool) {
	head, rest, _, ok := split(text)
	if !ok || string(rest) != "*" {
		return 0, false
	}
	return number(head)
}

// split cuts a text at its first dash.
func split(text []byte) (head, rest []byte, dash, ok bool) {
	if len(text) > idTextMax {
		return nil, nil, false, false
	}
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	head, rest, dash = bytes.Cut(text, []byte{'-'})
	return head, rest, dash, true
}

// number reads a number of 64 bits as Redis does: by strtoull, unless it is plainly a
// negative number. So blanks and a plus may come first and zeros may lead, and a minus that
// is followed by a zero, or by too many digits, is that of two's complement.
func number(text []byte) (n uint64, ok bool) {
	digits := bytes.TrimLeft(text, " \t\n\v\f\r")
	negative := false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if len(digits) == 0 {
		return 0, false
	}
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		if n > math.MaxUint64/10 || n*10 > math.MaxUint64-uint64(c) {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	switch {
	case !negative:
		return n, true
	case len(digits)+1 == len(text) && digits[0] != '0' && n <= 1<<63:
		return 0, false
	}
	return -n, true
}
