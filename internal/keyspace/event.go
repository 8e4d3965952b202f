// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"slices"
	"sync/atomic"
)

// Calls tell of what they did to keys by events, as the parameter notify-keyspace-events
// describes them. A Space only collects them, and only those that somebody wants; whoever owns
// the shard takes them before letting go and has them published.

// EventClass is a set of classes of events. The bits stand for the letters of
// notify-keyspace-events in the order in which package config shows them.
type EventClass uint32

// The classes, and their letters.
const (
	EventGeneric EventClass = 1 << iota // g: DEL, EXPIRE, RENAME and so on
	EventString                         // $
	EventList                           // l
	EventSet                            // s
	EventHash                           // h
	EventZSet                           // z
	EventExpired                        // x: a deadline has passed
	EventEvicted                        // e: a key went because memory was short
	EventStream                         // t
	EventModule                         // d: types that Redis has from modules: JSON, stock
	EventByKey                          // K: is published under the key
	EventByName                         // E: is published under the event
	EventMiss                           // m: a read has found nothing
	EventNew                            // n: there is a key that was not
)

// Event is something that happened to a key.
type Event struct {
	Class EventClass // one of them
	DB    int
	Name  string // "set", "expired"
	Key   string
	Order uint64 // among those of all Spaces that share [Options.Order]
}

// EventsWanted says which classes somebody wants. Anyone may change it at any time.
type EventsWanted struct{ classes atomic.Uint32 }

// Set changes the classes.
func (w *EventsWanted) Set(classes EventClass) { w.classes.Store(uint32(classes)) }

// Classes are those that are wanted, with EventByKey and EventByName among them.
func (w *EventsWanted) Classes() EventClass { return EventClass(w.classes.Load()) }

// Notify tells that something happened to a key, if somebody wants to know. name is one that
// stays; key is copied. Call it after the change, in the order in which Redis does.
func (db *DB) Notify(class EventClass, name string, key []byte) {
	if db.space.wanted.Classes()&class != 0 {
		db.collect(class, name, key)
	}
}

// NotifyRemoved is [DB.Notify] for elements that were removed from a collection; stays is whether
// some are left: else its key is gone with them, which is told behind.
func (db *DB) NotifyRemoved(class EventClass, name string, key []byte, stays bool) {
	db.Notify(class, name, key)
	if !stays {
		db.Notify(EventGeneric, "del", key)
	}
}

// collect stands apart so that where nobody wants to know Notify is no more than a look.
//
//go:noinline
func (db *DB) collect(class EventClass, name string, key []byte) {
	if s := db.space; !s.replaying {
		s.events = append(s.events, Event{class, db.index, name, string(key), s.order.Add(1)})
	}
}

// Notifies tells whether somebody wants events of a class: ask before work that only an
// event needs.
func (db *DB) Notifies(class EventClass) bool {
	return db.space.wanted.Classes()&class != 0 && !db.space.replaying
}

// NotNew takes back that key is new, because its value has come in the place of another.
func (db *DB) NotNew(key []byte) {
	if !db.Notifies(EventNew) {
		return
	}
	s := db.space
	for i, e := range slices.Backward(s.events) {
		if e.Class == EventNew && e.DB == db.index && e.Key == string(key) {
			s.events = slices.Delete(s.events, i, i+1)
			return
		}
	}
}

// HasEvents tells whether TakeEvents would give something.
func (s *Space) HasEvents() bool { return len(s.events) > 0 }

// TakeEvents appends what happened to list, in its order, and forgets it.
func (s *Space) TakeEvents(list []Event) []Event {
	list = append(list, s.events...)
	clear(s.events)
	s.events = s.events[:0]
	return list
}

// DropEvents forgets what happened, because it is undone: all but the end of keys that were
// due to end or in the way, which stays.
func (s *Space) DropEvents() {
	s.events = slices.DeleteFunc(s.events, func(e Event) bool {
		return e.Class&(EventExpired|EventEvicted) == 0
	})
}
