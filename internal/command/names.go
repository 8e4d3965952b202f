// SPDX-License-Identifier: Apache-2.0

package command

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// nameMax is the longest name of a command or a subcommand, in bytes.
const nameMax = 24

// nameIndex finds rows by name in any case of ASCII letters: an open hash table whose
// keys are the names in capitals, packed into three words. It never changes once built.
type nameIndex struct {
	slots []nameSlot // a power of two, at most a quarter of them taken; nil: no names
	shift uint8      // 64 minus the number of bits of a slot's index
}

type nameSlot struct {
	name packed
	size int // bytes of the name
	row  *Row
}

// packed is a name of at most nameMax bytes in capitals, filled up with zeros. It is no
// array because the compiler keeps the fields of a struct in registers.
type packed struct{ a, b, c uint64 }

// build fills the index with the last words of the names of rows.
func (x *nameIndex) build(rows []*Row) error {
	if len(rows) == 0 {
		return nil
	}
	bits := uint8(3)
	for 1<<bits < 4*len(rows) {
		bits++
	}
	x.slots, x.shift = make([]nameSlot, 1<<bits), 64-bits
	for _, row := range rows {
		name := []byte(row.Name[strings.LastIndexByte(row.Name, '|')+1:])
		if len(name) == 0 || len(name) > nameMax {
			return fmt.Errorf("command %s: names have 1 to %d bytes", row.Name, nameMax)
		}
		key := fold(name)
		i := x.home(key)
		for x.slots[i].row != nil {
			i = (i + 1) % uint64(len(x.slots))
		}
		x.slots[i] = nameSlot{name: key, size: len(name), row: row}
	}
	return nil
}

// find is the row of the given name, or nil.
func (x *nameIndex) find(name []byte) *Row {
	if len(name) == 0 || len(name) > nameMax || x.slots == nil {
		return nil
	}
	key := fold(name)
	for i := x.home(key); ; i++ {
		slot := &x.slots[i&uint64(len(x.slots)-1)]
		if slot.name == key && slot.size == len(name) {
			return slot.row
		}
		if slot.row == nil {
			return nil
		}
	}
}

// home is the index of the slot where a name is looked for first.
func (x *nameIndex) home(p packed) uint64 {
	h := p.a ^ p.b*0xff51afd7ed558ccd ^ p.c*0xc4ceb9fe1a85ec53
	return h * 0x9e3779b97f4a7c15 >> x.shift
}

// fold packs a name of 1 to nameMax bytes.
func fold(name []byte) (p packed) {
	switch {
	case len(name) <= 8:
		p.a = upper(short(name))
	case len(name) <= 16:
		p.a = upper(binary.LittleEndian.Uint64(name))
		p.b = upper(short(name[8:]))
	default:
		p.a = upper(binary.LittleEndian.Uint64(name))
		p.b = upper(binary.LittleEndian.Uint64(name[8:]))
		p.c = upper(short(name[16:]))
	}
	return p
}

// short packs 1 to 8 bytes into a word. It reads some of them twice, to the same place.
func short(b []byte) uint64 {
	n := len(b)
	if n >= 4 {
		head := uint64(binary.LittleEndian.Uint32(b))
		tail := uint64(binary.LittleEndian.Uint32(b[n-4:]))
		return head | tail<<(8*(n-4))
	}
	return uint64(b[0]) | uint64(b[n/2])<<(8*(n/2)) | uint64(b[n-1])<<(8*(n-1))
}

// upper makes capitals of the small ASCII letters among the eight bytes of a word, all
// at once: the high bit of each byte tells, after two additions, what lies from 'a' to 'z'.
// Bytes beyond ASCII may change too, but stay beyond, where no name is.
func upper(word uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	low := word &^ highs
	fromA := low + (0x80-'a')*ones
	beyondZ := low + (0x7f-'z')*ones
	small := fromA &^ beyondZ & highs
	return word - small>>2
}
