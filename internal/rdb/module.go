// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"stampede/internal/assert"
)

// ModuleID names the type of a module's value: nine characters of 6 bits, and in the lowest
// 10 bits the version of the module's own encoding.
type ModuleID uint64

const (
	moduleNameLen     = 9
	moduleVersionBits = 10
	moduleAlphabet    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// Our own types of values, see docs/formats/rdb.md.
const (
	// JSONName is the type of documents; it is that of RedisJSON, whose version 3 is one
	// string: the document as text.
	JSONName    = "ReJSON-RL"
	JSONVersion = 3
	// StockName is the type of stocks.
	StockName    = "stmpstock"
	StockVersion = 1
)

// NewModuleID makes the number of a type; name has nine characters out of A-Za-z0-9-_ and
// version is below 1024.
func NewModuleID(name string, version int) ModuleID {
	assert.That(len(name) == moduleNameLen, "rdb: the name of a module's type has nine characters")
	assert.That(version >= 0 && version < 1<<moduleVersionBits, "rdb: version of a module's type")
	id := uint64(0)
	for i := range len(name) {
		six := strings.IndexByte(moduleAlphabet, name[i])
		assert.That(six >= 0, "rdb: character in the name of a module's type")
		id = id<<6 | uint64(six)
	}
	return ModuleID(id<<moduleVersionBits | uint64(version))
}

// Name gives the nine characters.
func (id ModuleID) Name() string {
	var name [moduleNameLen]byte
	six := uint64(id) >> moduleVersionBits
	for i := moduleNameLen - 1; i >= 0; i-- {
		name[i] = moduleAlphabet[six&63]
		six >>= 6
	}
	return string(name[:])
}

// Version gives the version of the encoding.
func (id ModuleID) Version() int { return int(id & (1<<moduleVersionBits - 1)) }

// FieldKind is what a field of a module's value is.
type FieldKind byte

// The kinds of fields; the numbers are those of the format.
const (
	fieldEnd    FieldKind = 0
	FieldInt    FieldKind = 1
	FieldUint   FieldKind = 2
	FieldFloat  FieldKind = 3
	FieldDouble FieldKind = 4
	FieldString FieldKind = 5
)

// A module's value, TypeModule: AppendModule, the fields, AppendModuleEnd.

// AppendModule begins the value of TypeModule.
func AppendModule(dst []byte, id ModuleID) []byte { return appendUint(dst, uint64(id)) }

// AppendModuleString adds a field that is a string.
func AppendModuleString(dst, s []byte) []byte {
	return AppendText(append(dst, byte(FieldString)), s)
}

// AppendModuleInt adds a field that is a number with a sign.
func AppendModuleInt(dst []byte, v int64) []byte {
	return appendUint(append(dst, byte(FieldInt)), uint64(v))
}

// AppendModuleUint adds a field that is a number without one.
func AppendModuleUint(dst []byte, v uint64) []byte {
	return appendUint(append(dst, byte(FieldUint)), v)
}

// AppendModuleDouble adds a field that is a floating-point number.
func AppendModuleDouble(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, byte(FieldDouble)), math.Float64bits(v))
}

// AppendModuleEnd ends the value.
func AppendModuleEnd(dst []byte) []byte { return append(dst, byte(fieldEnd)) }

// openModule reads the id of a module's value.
func (r *Reader) openModule() error {
	id := ModuleID(r.uint())
	r.item.Module = id
	for _, known := range r.modules {
		if id == known {
			return nil
		}
	}
	if r.err != nil {
		return nil
	}
	return fmt.Errorf("%w: type %s version %d", ErrModule, id.Name(), id.Version())
}

// ModuleField is one field of a module's value.
type ModuleField struct {
	Kind FieldKind
	Int  int64   // of FieldInt
	Uint uint64  // of FieldUint
	Num  float64 // of FieldFloat and FieldDouble
	// Text is that of FieldString: a view, valid until the reader is used again.
	Text []byte
}

// Field reads the next field of a module's value, or says io.EOF behind the last.
func (r *Reader) Field() (ModuleField, error) {
	r.expect(Module)
	if !r.value.open || r.err != nil {
		return ModuleField{}, r.end()
	}
	f := r.field()
	if f.Kind == fieldEnd {
		return ModuleField{}, r.end()
	}
	return f, r.err
}

func (r *Reader) field() ModuleField {
	kind := r.uint()
	f := ModuleField{Kind: FieldKind(kind)}
	switch {
	case r.err != nil || kind > uint64(FieldString):
		r.fail(malformed("field of a module's value"))
		return ModuleField{}
	case f.Kind == FieldInt:
		f.Int = int64(r.uint())
	case f.Kind == FieldUint:
		f.Uint = r.uint()
	case f.Kind == FieldFloat:
		f.Num = float64(math.Float32frombits(binary.LittleEndian.Uint32(r.take(4))))
	case f.Kind == FieldDouble:
		f.Num = math.Float64frombits(r.uint64())
	case f.Kind == FieldString:
		f.Text = r.text(&r.a)
	}
	return f
}

// leaveFields reads the fields of a module's value up to its end.
func (r *Reader) leaveFields() {
	for r.err == nil && r.field().Kind != fieldEnd {
		continue
	}
}

// readModuleAux reads what a module keeps in a file beside its values.
func (r *Reader) readModuleAux() {
	r.item.What, r.item.Module = ItemModuleAux, ModuleID(r.uint())
	if when := r.uint(); when != uint64(FieldUint) {
		r.fail(malformed("aux field of a module"))
		return
	}
	r.uint() // before or behind the keys
	r.leaveFields()
}
