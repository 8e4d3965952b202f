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
		case TypeHashTTL, typeHashPackTTL:
			_, _, _ = r.Pair()
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
