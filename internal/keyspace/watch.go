// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"slices"
	"sync/atomic"
)

// Watch is what one client watches: the keys, and whether one of them has changed. It is
// marked by the owner of whichever shard holds the changed key, hence the atomic; the
// list of keys belongs to the client's connection.
type Watch struct {
	changed atomic.Bool
	keys    []WatchedKey
	known   map[WatchedKey]struct{} // the same keys
}

// WatchedKey is one key of a Watch.
type WatchedKey struct {
	DB  int
	Key string
}

// Changed tells whether a watched key has changed since it was watched.
func (w *Watch) Changed() bool { return w.changed.Load() }

// Keys are the watched keys.
func (w *Watch) Keys() []WatchedKey { return w.keys }

// Clear forgets the keys. The databases must have let go of w before ([DB.Unwatch]).
func (w *Watch) Clear() {
	w.keys, w.known = nil, nil
	w.changed.Store(false)
}

// Watch lets w know when key changes from now on.
func (db *DB) Watch(w *Watch, key []byte) {
	watched := WatchedKey{db.index, string(key)}
	if _, again := w.known[watched]; again {
		return
	}
	db.Settle(key) // a key whose deadline has passed counts as absent now
	if db.watchers == nil {
		db.watchers = make(map[string][]*Watch)
	}
	db.watchers[watched.Key] = append(db.watchers[watched.Key], w)
	if w.known == nil {
		w.known = make(map[WatchedKey]struct{})
	}
	w.known[watched] = struct{}{}
	w.keys = append(w.keys, watched)
}

// Unwatch lets w not know of key any more. w keeps it in its list; see [Watch.Clear].
func (db *DB) Unwatch(w *Watch, key string) {
	list := slices.DeleteFunc(db.watchers[key], func(other *Watch) bool { return other == w })
	if len(list) == 0 {
		delete(db.watchers, key)
	} else {
		db.watchers[key] = list
	}
}

// TellWatchers lets those who watch key know of a call that might have changed it and did
// not, where Redis does so.
func (db *DB) TellWatchers(key []byte) { db.touchWatchers(key) }

func (db *DB) touchWatchers(key []byte) {
	for _, w := range db.watchers[string(key)] {
		w.changed.Store(true)
	}
}

// touchExisting marks the watchers of keys that exist in db, or in other, which is about
// to take its place.
func (db *DB) touchExisting(other *DB) {
	for key, list := range db.watchers {
		var here Entry
		db.lookup(&here, []byte(key))
		if !here.Exists() && other != nil {
			other.lookup(&here, []byte(key))
		}
		if here.Exists() {
			for _, w := range list {
				w.changed.Store(true)
			}
		}
	}
}
