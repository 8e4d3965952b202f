// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"io"

	"stampede/internal/resp"
)

// A hash some of whose fields have deadlines, as Redis writes it from 7.4 on. TypeHashTTL:
// AppendTimedHeader, and then AppendTimedPair for each field. Packed, which is only read: the
// earliest deadline in eight bytes, and a listpack of field, value, deadline.

// fieldDeadlineMax bounds deadlines of fields: they have 48 bits.
const fieldDeadlineMax = 1<<48 - 1

// AppendTimedHeader begins a hash of n fields of which the first ends at fromMs.
func AppendTimedHeader(dst []byte, fromMs int64, n int) []byte {
	return AppendLen(binary.LittleEndian.AppendUint64(dst, uint64(fromMs)), n)
}

// AppendTimedPair adds a field, its value, and when it ends; 0: never. fromMs is that of the
// header.
func AppendTimedPair(dst, field, value []byte, deadlineMs, fromMs int64) []byte {
	after := int64(0)
	if deadlineMs != 0 {
		after = deadlineMs - fromMs + 1
	}
	return AppendPair(AppendLen(dst, int(after)), field, value)
}

// openTimed reads the beginning of such a hash.
func (r *Reader) openTimed() {
	v := &r.value
	fromMs := r.uint64()
	if r.err == nil && fromMs > fieldDeadlineMax {
		r.fail(malformed("deadline of fields"))
		return
	}
	v.fromMs = int64(fromMs)
	if v.typ == TypeHashTTL {
		v.left = r.count()
		v.size = v.left
		return
	}
	r.openPack(formListpack)
	if v.size = v.pack.elements(); v.size > 0 {
		v.size /= 3
	}
}

// FieldDeadlineMs is when the field ends that Pair gave last, in Unix milliseconds; 0: never.
func (r *Reader) FieldDeadlineMs() int64 { return r.value.deadlineMs }

// timedPair is Pair for such a hash.
func (r *Reader) timedPair() (field, value []byte, err error) {
	v := &r.value
	if v.typ == typeHashPackTTL {
		return r.packedTimedPair()
	}
	if r.err != nil || v.left == 0 {
		return nil, nil, r.end()
	}
	v.left--
	after := r.uint()
	r.setFieldDeadline(after, v.fromMs-1)
	field = r.text(&r.a)
	value = r.text(&r.b)
	if r.err != nil {
		return nil, nil, r.err
	}
	return field, value, nil
}

// setFieldDeadline takes a deadline that is counted from another time; 0: none.
func (r *Reader) setFieldDeadline(after uint64, sinceMs int64) {
	v := &r.value
	v.deadlineMs = 0
	switch {
	case after == 0:
	case after > fieldDeadlineMax || int64(after)+sinceMs > fieldDeadlineMax ||
		int64(after)+sinceMs <= 0:
		r.fail(malformed("deadline of a field"))
	default:
		v.deadlineMs = int64(after) + sinceMs
	}
}

func (r *Reader) packedTimedPair() (field, value []byte, err error) {
	if field, err = r.element(0, &r.a); err != nil {
		return nil, nil, err
	}
	if value, err = r.second(&r.b); err != nil {
		return nil, nil, err
	}
	var digits []byte
	if !r.value.pack.more() {
		r.fail(malformed("field without a deadline"))
		return nil, nil, r.err
	}
	text, err := r.value.pack.next(&digits)
	if err != nil {
		r.fail(err)
		return nil, nil, r.err
	}
	after, ok := resp.ParseInt(text)
	if !ok || after < 0 {
		r.fail(malformed("deadline of a field"))
		return nil, nil, r.err
	}
	r.setFieldDeadline(uint64(after), 0)
	if r.err != nil && r.err != io.EOF {
		return nil, nil, r.err
	}
	return field, value, nil
}
