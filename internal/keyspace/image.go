// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"math"
)

// Image is a copy of a key at some moment, outside of the arena: for taking back what was
// done to it since. The zero Image is that of an absent key.
type Image struct {
	value []byte
	shape shape
	meta  uint32
	there bool
}

// Image copies the key as it is; ok is false if it holds a large collection. Cost: O(size
// of the value).
func (db *DB) Image(key []byte) (image Image, ok bool) {
	ok = image.Take(db, key, math.MaxInt)
	return image, ok
}

// Take is [DB.Image] into the memory of an image that nobody needs any more; it is false also
// if the value has more than bytesMax bytes.
func (i *Image) Take(db *DB, key []byte, bytesMax int) (ok bool) {
	e := db.Peek(key)
	*i = Image{value: i.value[:0]}
	if !e.Exists() {
		return true
	}
	if e.form == formBig || len(e.value()) > bytesMax {
		return false
	}
	i.value, i.shape, i.meta, i.there = append(i.value, e.value()...), e.shape(), e.meta(), true
	return true
}

// Cap is how many bytes of memory the image keeps for others to use.
func (i *Image) Cap() int { return cap(i.value) }

// Restore makes the key what it was when image was taken. A key that is so already does not
// count as changed: whoever watches it must not be told of a call that was refused.
func (db *DB) Restore(key []byte, image Image) {
	e := db.Peek(key)
	switch {
	case !image.there:
		if e.Exists() {
			e.Remove()
		}
		return
	case e.Exists() && e.shape() == image.shape && bytes.Equal(e.value(), image.value):
		return
	case e.Exists():
		e.put(key, image.shape, image.shape.deadlineMs)
	default:
		e.create(key, image.shape)
	}
	copy(e.value(), image.value)
	e.setMeta(image.meta&^phaseFlag | e.meta()&phaseFlag)
	e.watchFields(key)
	e.tell(key)
	db.changed(key)
}
