// SPDX-License-Identifier: Apache-2.0

package keyspace

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
	e := db.Peek(key)
	if !e.Exists() {
		return Image{}, true
	}
	if e.form == formBig {
		return Image{}, false
	}
	return Image{
		value: append([]byte(nil), e.value()...), shape: e.shape(), meta: e.meta(), there: true,
	}, true
}

// Restore makes the key what it was when image was taken.
func (db *DB) Restore(key []byte, image Image) {
	e := db.Peek(key)
	switch {
	case !image.there:
		if e.Exists() {
			e.Remove()
		}
		return
	case e.Exists():
		e.put(key, image.shape, image.shape.deadlineMs)
	default:
		e.create(key, image.shape)
	}
	copy(e.value(), image.value)
	e.setMeta(image.meta&^phaseFlag | e.meta()&phaseFlag)
	e.tell(key)
	db.changed(key)
}
