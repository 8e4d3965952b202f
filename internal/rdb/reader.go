// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"stampede/internal/assert"
)

// Options of a [Reader]. The zero value is fine.
type Options struct {
	// StringBytesMax is the length in bytes up to which strings are read; 0 is the
	// constant of that name.
	StringBytesMax int
	// BufferBytes is how much is read from the source at once; 0 leaves it to the package.
	BufferBytes int
	// Modules are the types of modules' values that are read. Any other is [ErrModule].
	Modules []ModuleID
}

// What is an item of a file.
type What byte

// The items.
const (
	ItemAux       What = iota + 1 // Name, Value
	ItemDB                        // DB
	ItemSizes                     // Keys, Deadlines
	ItemFunction                  // Value: the code of a library
	ItemModuleAux                 // Module; what it holds has been left out
	ItemKey                       // Key, Type and so on; the value is to be read
)

// Item is one thing in a file. Its slices are views that are valid until the next Next.
type Item struct {
	What What
	Name []byte // of an aux field
	// Value is that of an aux field, or the code of a library of functions.
	Value []byte

	DB              int // of this key, and of those that follow
	Keys, Deadlines int // a hint, not to be trusted: how many there will be

	Key         []byte
	Type        Type
	Module      ModuleID // of a value of TypeModule
	DeadlineMs  int64    // Unix milliseconds; 0: none
	IdleSeconds int      // since the key was used; -1: not known
	Freq        int      // how often, 0 to 255 on Redis' logarithmic scale; -1: not known
}

// Reader reads a file, or dumps. See the package's comment.
type Reader struct {
	src   source
	item  Item
	value value
	inKey bool
	begun bool
	done  bool
	err   error

	version        int
	stringBytesMax int
	modules        []ModuleID

	// Room for what cannot be seen in the window.
	name, a, b, blob, zipped []byte
}

// NewReader makes a Reader of the file that source gives. It reads ahead, up to the size of
// its buffer. A nil source is for a Reader of dumps only.
func NewReader(from io.Reader, options Options) *Reader {
	r := &Reader{stringBytesMax: options.StringBytesMax, modules: options.Modules}
	if r.stringBytesMax == 0 {
		r.stringBytesMax = StringBytesMax
	}
	if from != nil {
		size := options.BufferBytes
		if size == 0 {
			size = bufferBytes
		}
		r.src = source{from: from, window: make([]byte, 0, max(size, bufferBytesMin))}
	}
	return r
}

// Version is that of the file, once Next has been called.
func (r *Reader) Version() int { return r.version }

// Next gives the next item, or io.EOF behind the end, once the checksum was found right
// (there may be none: it is 0 then). What was not read of the value before is left out. The
// item is valid until the next Next. With an error that is [ErrModule]
// there is an item, whose value cannot be read, and Next goes on behind it; any other error is
// final.
func (r *Reader) Next() (*Item, error) {
	assert.That(r.src.from != nil, "rdb: Next of a reader without a source")
	if !r.begun {
		r.begun = true
		r.readHeader()
	}
	r.leaveValue()
	r.trim()
	if r.err != nil {
		return nil, r.err
	}
	if r.done {
		return nil, io.EOF
	}
	db := r.item.DB
	r.item = Item{DB: db, IdleSeconds: -1, Freq: -1}
	for r.err == nil {
		if item, err := r.step(r.byte()); item {
			return r.outcome(err)
		}
	}
	return nil, r.err
}

// outcome gives the item that was just read.
func (r *Reader) outcome(err error) (*Item, error) {
	switch {
	case r.err != nil:
		return nil, r.err
	case err == io.EOF:
		return nil, err
	case err != nil:
		return &r.item, r.fault(err)
	}
	return &r.item, nil
}

// readHeader reads the first bytes of a file.
func (r *Reader) readHeader() {
	head := string(r.take(headerBytes))
	if r.err != nil {
		if errors.Is(r.err, ErrTruncated) {
			r.err = r.fault(ErrFormat)
		}
		return
	}
	if head[:len(magicValkey)] == magicValkey {
		r.fail(fmt.Errorf("%w: %q, of Valkey 9 or later", ErrVersion, head))
		return
	}
	version, err := strconv.ParseUint(head[len(magic):], 10, 16)
	if head[:len(magic)] != magic || err != nil {
		r.fail(ErrFormat)
		return
	}
	if version < 1 || version > VersionMax {
		r.fail(fmt.Errorf("%w: %d, and 1 to %d are", ErrVersion, version, VersionMax))
		return
	}
	r.version = int(version)
}

// step reads what an opcode announces. item tells that Next is done; err is io.EOF at the
// end, or one that lets the reader go on.
func (r *Reader) step(op byte) (item bool, err error) {
	switch op {
	case opSlotInfo:
		r.uint()
		r.uint()
		r.uint()
	case opFunction:
		r.item.What, r.item.Value = ItemFunction, r.text(&r.a)
		return true, nil
	case opFunctionRC:
		r.fail(fmt.Errorf("%w: functions of a release candidate of Redis 7", ErrType))
	case opModuleAux:
		r.readModuleAux()
		return true, nil
	case opIdle:
		r.item.IdleSeconds = int(min(r.uint(), countMax))
	case opFreq:
		r.item.Freq = int(r.byte())
	case opAux:
		r.item.What, r.item.Name = ItemAux, r.text(&r.name)
		r.item.Value = r.text(&r.a)
		return true, nil
	case opResize:
		r.item.What, r.item.Keys, r.item.Deadlines = ItemSizes, r.count(), r.count()
		return true, nil
	case opDeadlineMs:
		r.setDeadline(int64(r.uint64()))
	case opDeadlineS:
		b := r.take(4)
		r.setDeadline(int64(int32(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24)) * 1000)
	case opSelectDB:
		r.selectDB()
		return true, nil
	case opEnd:
		return true, r.readEnd()
	default:
		return true, r.readKey(Type(op))
	}
	return false, nil
}

// setDeadline keeps the deadline of the next key. -1 is none, as in Redis; no other number
// is, even if it is our own for none.
func (r *Reader) setDeadline(ms int64) {
	switch ms {
	case -1:
		ms = 0
	case 0:
		ms = 1
	}
	r.item.DeadlineMs = ms
}

func (r *Reader) selectDB() {
	db := r.uint()
	if db > DBMax {
		r.fail(malformed("number of a database"))
		return
	}
	r.item.What, r.item.DB = ItemDB, int(db)
}

// readEnd reads the checksum and gives io.EOF.
func (r *Reader) readEnd() error {
	crc := CRC64(r.src.crc, r.src.window[:r.src.at])
	r.done = true
	if r.version < versionChecksum {
		return io.EOF
	}
	// The window may move: what was just summed up must not be summed up again.
	if want := r.uint64(); want != 0 && want != crc {
		r.fail(fmt.Errorf("%w: %016x, and the file says %016x", ErrChecksum, crc, want))
	}
	return io.EOF
}

// readKey reads a key and the beginning of its value.
func (r *Reader) readKey(t Type) error {
	if t >= typeEnd {
		r.fail(fmt.Errorf("%w: number %d", ErrType, t))
		return nil
	}
	r.item.What, r.item.Type, r.item.Key = ItemKey, t, r.text(&r.name)
	r.inKey = r.err == nil
	return r.openValue()
}

// trim gives back room that a long string took.
func (r *Reader) trim() {
	for _, b := range []*[]byte{&r.name, &r.a, &r.b, &r.blob, &r.zipped} {
		if cap(*b) > keepBytesMax {
			*b = nil
		}
	}
}

// Dump makes the reader one of the value in a payload of DUMP that [CheckDump] has found
// right. The item has its type and no key. It may be called any number of times, on a
// Reader that was made without a source. Views of what is read are views of the payload.
// As in Redis, nothing is said about bytes between the value and the trailer.
func (r *Reader) Dump(payload []byte) (*Item, error) {
	assert.That(r.src.from == nil, "rdb: Dump of a reader of a file")
	assert.That(len(payload) >= dumpTrailerBytes, "rdb: Dump without CheckDump")
	r.trim()
	r.src = source{window: payload[:len(payload)-dumpTrailerBytes]}
	r.err, r.inKey = nil, false
	r.item = Item{What: ItemKey, IdleSeconds: -1, Freq: -1}
	r.item.Type = Type(r.byte())
	if r.err == nil && r.item.Type >= typeEnd {
		r.fail(fmt.Errorf("%w: number %d", ErrType, r.item.Type))
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.outcome(r.openValue())
}
