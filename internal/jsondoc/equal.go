// SPDX-License-Identifier: Apache-2.0

package jsondoc

import "bytes"

// Equal tells whether two values are the same: numbers by their value (1 is 1.0 is 10e-1),
// objects whatever the order of their members. A Missing value equals only another one.
func (v Value) Equal(o Value) bool {
	kind, other := v.Kind(), o.Kind()
	if isNumber(kind) && isNumber(other) {
		return v.Compare(o) == 0
	}
	if kind != other {
		return false
	}
	switch kind {
	case Missing, Null:
		return true
	case Bool:
		return v.Bool() == o.Bool()
	case String:
		return bytes.Equal(v.Text(), o.Text())
	case Array:
		return v.equalElements(o)
	}
	return v.equalMembers(o)
}

func isNumber(k Kind) bool { return k == Integer || k == Number }

func (v Value) equalElements(o Value) bool {
	a, b := v.Children(), o.Children()
	for a.Next() {
		if !b.Next() || !a.Value().Equal(b.Value()) {
			return false
		}
	}
	return !b.Next()
}

func (v Value) equalMembers(o Value) bool {
	if v.Len() != o.Len() {
		return false
	}
	for it := v.Children(); it.Next(); {
		if other := o.Member(it.Name()); !other.Exists() || !it.Value().Equal(other) {
			return false
		}
	}
	return true
}

// Compare tells whether a number is less than another (-1), equal (0) or greater (1). It is
// exact whatever their size. Both must be of kind Integer or Number.
func (v Value) Compare(o Value) int {
	a, b := v.Float(), o.Float()
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
