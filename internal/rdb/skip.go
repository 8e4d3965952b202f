// SPDX-License-Identifier: Apache-2.0

package rdb

import "fmt"

// leaveValue reads what is left of a value without giving it to anybody.
func (r *Reader) leaveValue() {
	v := &r.value
	if !v.open {
		r.inKey = false
		return
	}
	for v.open && r.err == nil {
		switch v.typ {
		case typeHashTTL, typeHashPackTTL:
			r.leaveFieldDeadlines()
		case TypeStream1, TypeStream2, TypeStream3:
			_ = r.Stream(StreamVisitor{})
		case TypeModule:
			r.leaveFields()
			v.open = false
		case TypeZSetText, TypeZSet:
			_, _, _ = r.Scored()
		default:
			_, _ = r.element(0, &r.a)
		}
	}
	v.open, r.inKey = false, false
}

// leaveFieldDeadlines reads a hash whose fields have deadlines, as Redis 7.4 writes it.
func (r *Reader) leaveFieldDeadlines() {
	v := &r.value
	v.open = false
	r.take(8)
	if v.typ == typeHashPackTTL {
		r.text(&r.blob)
		return
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		r.uint()
		r.text(&r.a)
		r.text(&r.b)
	}
}

// failType stops at a value whose end cannot be found.
func (r *Reader) failType() {
	switch t := r.value.typ; t {
	case TypeModuleOld:
		r.fail(fmt.Errorf("%w: a module's value, as a release candidate of Redis 4 wrote it", ErrType))
	case typeHashTTLOld, typeHashPackTTLOld:
		r.fail(fmt.Errorf("%w: number %d, a hash with deadlines of its fields", ErrType, t))
	default:
		r.fail(fmt.Errorf("%w: number %d", ErrType, t))
	}
}
