// SPDX-License-Identifier: Apache-2.0

package engine

import "stampede/internal/keyspace"

// undo remembers keys as they were before a script wrote to them. It belongs to the Runner
// that runs the script, and is used while all the shards concerned are owned.
type undo struct {
	on   bool
	keys []remembered
}

type remembered struct {
	db    *keyspace.DB
	key   string
	image keyspace.Image
}

// remember keeps the key as it is, once a script. It tells whether the key could be kept:
// a large collection is not copied.
func (u *undo) remember(db *keyspace.DB, key []byte) bool {
	for i := range u.keys {
		if u.keys[i].db == db && u.keys[i].key == string(key) {
			return true
		}
	}
	image, ok := db.Image(key)
	if ok {
		u.keys = append(u.keys, remembered{db, string(key), image})
	}
	return ok
}

// restore makes every key what it was.
func (u *undo) restore() {
	for _, one := range u.keys {
		one.db.Restore([]byte(one.key), one.image)
	}
}

func (u *undo) forget() {
	clear(u.keys)
	u.keys, u.on = u.keys[:0], false
}
