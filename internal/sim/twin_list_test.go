// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"slices"

	"stampede/internal/effect"
)

// applyList does what an effect says that happened to a list.
func (w *twin) applyList(e *effect.Effect) error {
	db, key := w.dbs[e.DB], string(e.Key)
	v := db[key]
	if v == nil {
		v = &value{list: []string{}}
		db[key] = v
	}
	if v.list == nil {
		return fmt.Errorf("it holds no list")
	}
	front := e.N == effect.ListHead
	switch e.Op {
	case effect.ListPush:
		whole := e.Elements(func(element []byte) {
			at := len(v.list)
			if front {
				at = 0
			}
			v.list = slices.Insert(v.list, at, string(element))
		})
		if !whole {
			return fmt.Errorf("elements that are none")
		}
	case effect.ListPop:
		from := len(v.list) - int(e.M)
		if front {
			from = 0
		}
		v.list = slices.Delete(v.list, from, from+int(e.M))
	case effect.ListSet:
		v.list[e.N] = string(e.Value)
	case effect.ListInsert:
		v.list = slices.Insert(v.list, int(e.N), string(e.Value))
	default:
		v.removeEqual(string(e.Value), int(e.M), front)
	}
	if len(v.list) == 0 {
		delete(db, key)
	}
	return nil
}

// removeEqual takes n elements of a list away, from an end on.
func (v *value) removeEqual(element string, n int, front bool) {
	if !front {
		slices.Reverse(v.list)
		defer func() { slices.Reverse(v.list) }() // of what is left
	}
	for ; n > 0; n-- {
		at := slices.Index(v.list, element)
		v.list = slices.Delete(v.list, at, at+1)
	}
}
