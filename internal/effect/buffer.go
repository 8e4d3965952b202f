// SPDX-License-Identifier: Apache-2.0

package effect

import (
	"encoding/binary"
	"math"
)

// Buffer gathers effects. All methods of a nil Buffer do nothing: that is a store that keeps
// nothing on disk.
type Buffer struct {
	bytes   []byte
	scratch []byte // memory for a value that is about to be appended
	off     int    // how many Pauses are open
}

// Add appends an effect that was read, as it stood in its record.
func (b *Buffer) Add(raw []byte) { b.bytes = append(b.bytes, raw...) }

// Bytes are the effects so far, a view that is good until the next one.
func (b *Buffer) Bytes() []byte {
	if b == nil {
		return nil
	}
	return b.bytes
}

// Len is the length of Bytes.
func (b *Buffer) Len() int {
	if b == nil {
		return 0
	}
	return len(b.bytes)
}

// keepBytesMax is the largest memory that a buffer keeps for its next use.
const keepBytesMax = 1 << 20

// Reset forgets all effects.
func (b *Buffer) Reset() {
	if cap(b.bytes) > keepBytesMax {
		b.bytes = nil
	}
	b.bytes = b.bytes[:0]
}

// Truncate forgets what came after the first n bytes: it was undone.
func (b *Buffer) Truncate(n int) {
	if b != nil {
		b.bytes = b.bytes[:n]
	}
}

// Pause lets nothing be gathered until Resume: what happens now is told in another way.
func (b *Buffer) Pause() {
	if b != nil {
		b.off++
	}
}

// Resume ends a Pause.
func (b *Buffer) Resume() {
	if b != nil {
		b.off--
	}
}

func (b *Buffer) silent() bool { return b == nil || b.off > 0 }

func (b *Buffer) begin(op Op, db int, key []byte) {
	b.bytes = append(b.bytes, byte(op), byte(db))
	b.text(key)
}

func (b *Buffer) text(s []byte) {
	b.number(uint64(len(s)))
	b.bytes = append(b.bytes, s...)
}

func (b *Buffer) number(n uint64) {
	if n < 0x80 {
		b.bytes = append(b.bytes, byte(n))
		return
	}
	b.bytes = binary.AppendUvarint(b.bytes, n)
}

// Set tells that key is a string now.
func (b *Buffer) Set(db int, key []byte, deadlineMs int64, text []byte) {
	if b.silent() {
		return
	}
	b.begin(Set, db, key)
	b.number(uint64(deadlineMs))
	b.text(text)
}

// Splice tells that the string under key has these bytes from offset on.
func (b *Buffer) Splice(db int, key []byte, offset int, part []byte) {
	if b.silent() {
		return
	}
	b.begin(Splice, db, key)
	b.number(uint64(offset))
	b.text(part)
}

// Deadline tells when key ends; 0: never.
func (b *Buffer) Deadline(db int, key []byte, deadlineMs int64) {
	if b.silent() {
		return
	}
	b.begin(Deadline, db, key)
	b.number(uint64(deadlineMs))
}

// Remove tells that key is gone.
func (b *Buffer) Remove(db int, key []byte) {
	if !b.silent() {
		b.begin(Remove, db, key)
	}
}

// HashSet tells the value of a field.
func (b *Buffer) HashSet(db int, key, field, value []byte) {
	if b.silent() {
		return
	}
	b.begin(HashSet, db, key)
	b.text(field)
	b.text(value)
}

// HashDelete tells that a field is gone.
func (b *Buffer) HashDelete(db int, key, field []byte) { b.member(HashDelete, db, key, field) }

// HashDeadline tells when a field ends; 0: never.
func (b *Buffer) HashDeadline(db int, key, field []byte, deadlineMs int64) {
	if b.silent() {
		return
	}
	b.begin(HashDeadline, db, key)
	b.number(uint64(deadlineMs))
	b.text(field)
}

// ZSetAdd tells the score of a member.
func (b *Buffer) ZSetAdd(db int, key, member []byte, score float64) {
	if b.silent() {
		return
	}
	b.begin(ZSetAdd, db, key)
	b.text(member)
	b.bytes = binary.LittleEndian.AppendUint64(b.bytes, math.Float64bits(score))
}

// ZSetRemove tells that a member is gone.
func (b *Buffer) ZSetRemove(db int, key, member []byte) { b.member(ZSetRemove, db, key, member) }

func (b *Buffer) member(op Op, db int, key, member []byte) {
	if b.silent() {
		return
	}
	b.begin(op, db, key)
	b.text(member)
}

// ZSetCut tells that n members went from rank first on.
func (b *Buffer) ZSetCut(db int, key []byte, first, n int) {
	if b.silent() {
		return
	}
	b.begin(ZSetCut, db, key)
	b.number(uint64(first))
	b.number(uint64(n))
}

// SetAdd tells that a set has a member.
func (b *Buffer) SetAdd(db int, key, member []byte) { b.member(SetAdd, db, key, member) }

// SetRemove tells that a set does not have a member any more.
func (b *Buffer) SetRemove(db int, key, member []byte) { b.member(SetRemove, db, key, member) }

// Flush tells that a database is empty.
func (b *Buffer) Flush(db int) {
	if !b.silent() {
		b.bytes = append(b.bytes, byte(Flush), byte(db))
	}
}

// FlushAll tells that all databases are empty.
func (b *Buffer) FlushAll() {
	if !b.silent() {
		b.bytes = append(b.bytes, byte(FlushAll), 0)
	}
}

// Swap tells that two databases exchanged their contents.
func (b *Buffer) Swap(db, other int) {
	if b.silent() {
		return
	}
	b.bytes = append(b.bytes, byte(Swap), byte(db))
	b.number(uint64(other))
}

// Move tells that key has become newKey of database newDB.
func (b *Buffer) Move(db int, key []byte, newDB int, newKey []byte) {
	b.pair(Move, db, key, newDB, newKey)
}

// Copy tells that newKey of database newDB equals key.
func (b *Buffer) Copy(db int, key []byte, newDB int, newKey []byte) {
	b.pair(Copy, db, key, newDB, newKey)
}

func (b *Buffer) pair(op Op, db int, key []byte, newDB int, newKey []byte) {
	if b.silent() {
		return
	}
	b.begin(op, db, key)
	b.number(uint64(newDB))
	b.text(newKey)
}

// Own tells what happened to a value that has effects of its own: [JSONSet], [JSONEdit],
// [Stock] or [Lease].
func (b *Buffer) Own(op Op, db int, key, value []byte) { b.member(op, db, key, value) }

// Fence tells that locks give fences greater than n from now on.
func (b *Buffer) Fence(n int64) {
	if b.silent() {
		return
	}
	b.bytes = append(b.bytes, byte(Fence), 0)
	b.number(uint64(n))
}

// FunctionLoad tells that a library of functions is there.
func (b *Buffer) FunctionLoad(code []byte) {
	if b.silent() {
		return
	}
	b.bytes = append(b.bytes, byte(FunctionLoad), 0)
	b.text(code)
}

// FunctionDrop tells that a library is gone; all of them if name is empty.
func (b *Buffer) FunctionDrop(name string) {
	if b.silent() {
		return
	}
	b.bytes = append(b.bytes, byte(FunctionDrop), 0)
	b.text([]byte(name))
}
