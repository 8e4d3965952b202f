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
		return v.isCopy(o) || v.equalElements(o)
	}
	return v.isCopy(o) || v.equalMembers(o)
}

// isCopy tells whether two values consist of the same bytes, in which case they are equal.
func (v Value) isCopy(o Value) bool {
	return v.names == o.names && bytes.Equal(v.Packed(), o.Packed())
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

// equalMembers goes over both objects side by side as long as their members come in the same
// order, and looks for the rest by name.
func (v Value) equalMembers(o Value) bool {
	a, b := v.Children(), o.Children()
	for a.Next() {
		if !b.Next() {
			return false
		}
		if !bytes.Equal(a.Name(), b.Name()) {
			return v.Len() == o.Len() && a.restEquals(o)
		}
		if !a.Value().Equal(b.Value()) {
			return false
		}
	}
	return !b.Next()
}

// restEquals tells whether an object has members equal to this one and those behind it.
func (it *Iter) restEquals(o Value) bool {
	others := membersOf(o)
	for ok := true; ok; ok = it.Next() {
		if other := others.get(it.Name()); !other.Exists() || !it.Value().Equal(other) {
			return false
		}
	}
	return true
}
