// SPDX-License-Identifier: Apache-2.0

package engine

import "stampede/internal/keyspace"

// undo remembers keys as they were before a script wrote to them. It belongs to the Runner
// that runs the script, and is used while all the shards concerned are owned. Its memory is
// used for one script after the other.
type undo struct {
	on   bool
	keys []remembered
}

type remembered struct {
	db    *keyspace.DB
	key   []byte
	image keyspace.Image
}

// rememberedMax is how many keys are remembered for a script. One that writes to more may as
// well own all shards.
const rememberedMax = 128

// rememberedBytesMax is the size of the largest value that is remembered.
const rememberedBytesMax = 64 << 10

// rememberedKeepBytes is the size up to which the memory of a key is kept for the next script.
const rememberedKeepBytes = 1 << 10

// remember keeps the key as it is, once a script. It tells whether the key could be kept:
// what is large is not copied.
func (u *undo) remember(db *keyspace.DB, key []byte) bool {
	n := len(u.keys)
	for i := range u.keys {
		if u.keys[i].db == db && string(u.keys[i].key) == string(key) {
			return true
		}
	}
	if n >= rememberedMax {
		return false
	}
	if n < cap(u.keys) {
		u.keys = u.keys[:n+1]
	} else {
		u.keys = append(u.keys, remembered{})
	}
	one := &u.keys[n]
	one.db, one.key = db, append(one.key[:0], key...)
	if !one.image.Take(db, key, rememberedBytesMax) {
		u.keys = u.keys[:n]
		return false
	}
	return true
}

// restore makes every key what it was.
func (u *undo) restore() {
	for i := range u.keys {
		one := &u.keys[i]
		one.db.Restore(one.key, one.image)
	}
}

func (u *undo) forget() {
	for i := range u.keys {
		one := &u.keys[i]
		one.db = nil
		if cap(one.key)+one.image.Cap() > rememberedKeepBytes {
			*one = remembered{}
		}
	}
	u.keys, u.on = u.keys[:0], false
}
