// SPDX-License-Identifier: Apache-2.0

package json

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"

	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

const (
	errNumber    reply.Error = "ERR bad input number"
	errOverflow  reply.Error = "ERR numeric overflow"
	errNotFinite reply.Error = "ERR result is not a number"
)

// An operation makes a number of two. ok is false if the integer does not fit 64 bits.
type operation struct {
	ints    func(a, b int64) (n int64, ok bool)
	doubles func(a, b float64) float64
	isPower bool
}

func (ch *chapter) numIncrBy(db *keyspace.DB, c *command.Call) {
	ch.calculate(db, c, operation{ints: addInts, doubles: func(a, b float64) float64 { return a + b }})
}

func (ch *chapter) numMultBy(db *keyspace.DB, c *command.Call) {
	ch.calculate(db, c, operation{ints: mulInts, doubles: func(a, b float64) float64 { return a * b }})
}

func (ch *chapter) numPowBy(db *keyspace.DB, c *command.Call) {
	ch.calculate(db, c, operation{ints: powInts, doubles: math.Pow, isPower: true})
}

func addInts(a, b int64) (int64, bool) {
	n := a + b
	return n, (n > a) == (b > 0)
}

func mulInts(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if a < 0 == (b < 0) {
		return int64(low), high == 0 && low <= math.MaxInt64
	}
	return -int64(low), high == 0 && low <= 1<<63
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// powInts raises a to the power of b, b ≥ 0.
func powInts(a, b int64) (n int64, ok bool) {
	n, ok = 1, true
	for ; b > 0 && ok; b >>= 1 {
		if b&1 != 0 {
			if n, ok = mulInts(n, a); !ok {
				break
			}
		}
		if b > 1 {
			a, ok = mulInts(a, a)
		}
	}
	return n, ok
}

// calculate runs one of the three commands.
func (ch *chapter) calculate(db *keyspace.DB, c *command.Call, op operation) {
	key, path, by := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	if !done(c) {
		return
	}
	at := c.Reply.Len()
	var t target
	err := t.find(ch, db, key, path)
	if err == nil {
		err = t.calculate(op, by)
	}
	if err == nil {
		err = t.answerNumbers(c)
	}
	if err == nil {
		err = t.apply()
	}
	if err != nil {
		c.Reply.Truncate(at)
		c.Reply.Err(err)
	} else if len(t.desk.Edits) > 0 {
		t.Notify(c.Row.Lower)
	}
}

// calculate makes an edit of each number that matches, in their order.
func (t *target) calculate(op operation, by []byte) error {
	if !t.Exists() {
		return errNoKey
	}
	var ok bool
	if t.desk.Values, ok = jsondoc.AppendNumber(t.desk.Values, by); !ok {
		return errNumber
	}
	operand := jsondoc.Root(t.desk.Values, nil)
	if math.IsInf(operand.Float(), 0) {
		return errNumber
	}
	for _, m := range t.matches {
		if !isNumber(m.Value) {
			continue
		}
		at := len(t.desk.Values)
		var err error
		if t.desk.Values, err = op.appendResult(t.desk.Values, m.Value, operand); err != nil {
			return err
		}
		if err := t.edit(jsondoc.Edit{At: m.Value.Offset(), Value: t.desk.Values[at:]}); err != nil {
			return err
		}
	}
	return nil
}

// answerNumbers answers with what the edits make of the matches: in RESP3 a list with null
// for what is no number, in RESP2 the JSON text of that list, or of the last number where
// the path is a legacy one.
func (t *target) answerNumbers(c *command.Call) error {
	edits := t.desk.Edits
	switch {
	case c.Reply.Proto >= resp.RESP3:
		t.answerDoubles(c.Reply)
		return nil
	case !t.path.Legacy():
		t.bulk(c.Reply, t.appendNumbers)
		return nil
	case len(edits) == 0:
		return errPathOr(t.shownPath(), "does not contains a number")
	}
	t.bulk(c.Reply, jsondoc.Root(edits[len(edits)-1].Value, nil).NumberText)
	return nil
}

// bulk answers with a text that write appends to the desk.
func (t *target) bulk(r *reply.Buffer, write func(dst []byte) []byte) {
	at := len(t.desk.Values)
	t.desk.Values = write(t.desk.Values)
	r.Bulk(t.desk.Values[at:])
}

func (t *target) answerDoubles(r *reply.Buffer) {
	r.Array(len(t.matches))
	edits := t.desk.Edits
	for _, m := range t.matches {
		if !isNumber(m.Value) {
			r.Null()
			continue
		}
		v := jsondoc.Root(edits[0].Value, nil)
		edits = edits[1:]
		if n, ok := v.Int(); ok {
			r.Int(n)
		} else {
			r.Double(v.Float())
		}
	}
}

func (t *target) appendNumbers(dst []byte) []byte {
	dst = append(dst, '[')
	edits := t.desk.Edits
	for i, m := range t.matches {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !isNumber(m.Value) {
			dst = append(dst, "null"...)
			continue
		}
		dst = jsondoc.Root(edits[0].Value, nil).NumberText(dst)
		edits = edits[1:]
	}
	return append(dst, ']')
}

func isNumber(v jsondoc.Value) bool {
	return v.Kind() == jsondoc.Integer || v.Kind() == jsondoc.Number
}

// isWhole tells whether a number is written without fraction and exponent.
func isWhole(v jsondoc.Value) bool {
	var digits [32]byte
	return !bytes.ContainsAny(v.NumberText(digits[:0]), ".eE")
}

// appendResult appends the result in packed form. Integers give an integer, exactly or not
// at all; if one of the two is written as a double, so is the result.
func (op operation) appendResult(dst []byte, v, by jsondoc.Value) ([]byte, error) {
	a, isInt := v.Int()
	b, byInt := by.Int()
	if isInt && byInt && (!op.isPower || b >= 0) {
		n, ok := op.ints(a, b)
		if !ok {
			return dst, errOverflow
		}
		return jsondoc.AppendInt(dst, n), nil
	}
	if !isInt && byInt && v.Float() != 0 && isWhole(v) {
		return dst, errOverflow // an integer beyond 64 bits
	}
	f := op.doubles(v.Float(), by.Float())
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return dst, errNotFinite
	}
	var text [32]byte
	dst, _ = jsondoc.AppendNumber(dst, appendDouble(text[:0], f))
	return dst, nil
}

// appendDouble appends a finite double as RedisJSON writes it: the shortest digits that
// give it back, at least one of them behind the point, with an exponent from 1e16 on and
// below 1e-5.
func appendDouble(dst []byte, f float64) []byte {
	if f == 0 {
		if math.Signbit(f) {
			dst = append(dst, '-')
		}
		return append(dst, "0.0"...)
	}
	if magnitude := math.Abs(f); magnitude >= 1e-5 && magnitude < 1e16 {
		at := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
		if bytes.IndexByte(dst[at:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	var scratch [32]byte
	text := strconv.AppendFloat(scratch[:0], f, 'e', -1, 64)
	mantissa, exponent, _ := bytes.Cut(text, []byte{'e'})
	dst = append(append(dst, mantissa...), 'e')
	if exponent[0] == '-' {
		dst = append(dst, '-')
	}
	return append(dst, bytes.TrimLeft(exponent[1:], "0")...)
}
