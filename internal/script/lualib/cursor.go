// SPDX-License-Identifier: Apache-2.0

package lualib

import lua "github.com/yuin/gopher-lua"

// cursor walks all entries of a table, first those of its array part by index, then the others in
// the order they were first set. Unlike LTable.Next it makes no key of an index.
//
//	for c := newCursor(table); c.next(); { … }
type cursor struct {
	table    *lua.LTable
	arrayLen int

	index int        // of the entry, in the array part
	key   lua.LValue // of the entry beyond it; nil in the array part
	value lua.LValue
}

func newCursor(table *lua.LTable) cursor {
	return cursor{table: table, arrayLen: table.MaxN()}
}

// next steps to the next entry and returns false if there is none.
func (c *cursor) next() bool {
	for c.index < c.arrayLen {
		c.index++
		if c.value = c.table.RawGetInt(c.index); c.value != lua.LNil {
			return true
		}
	}
	last := c.key
	if last == nil {
		last = lua.LNil
		if c.arrayLen > 0 {
			last = boxInt(c.arrayLen)
		}
	}
	c.key, c.value = c.table.Next(last)
	return c.key != lua.LNil
}

// number returns the key of the entry if that is a number.
func (c *cursor) number() (n float64, ok bool) {
	if c.key == nil {
		return float64(c.index), true
	}
	key, ok := c.key.(lua.LNumber)
	return float64(key), ok
}

// element returns table[index], for an index that may lie beyond the array part.
func element(table *lua.LTable, index int) lua.LValue {
	if index < lua.MaxArrayIndex {
		return table.RawGetInt(index)
	}
	return table.RawGet(lua.LNumber(index))
}
