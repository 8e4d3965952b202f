// SPDX-License-Identifier: Apache-2.0

// Package pubsub brings messages from those who publish to those who subscribed: by the name
// of a channel, by a pattern of names, or, as monitors do, everything that is called.
//
// A [Hub] knows who subscribed to what. What is published is encoded once and appended to the
// [Mailbox] of each subscriber; the [Outlet] of the mailbox, which is a thread of connections,
// is rung once however many mailboxes have something new. Whoever sends looks at the mailboxes
// that its outlet names.
//
// # Ownership
//
// Anyone may publish at any time, also while owning shards: the locks here are held for a
// moment, and nothing else is waited for under them. They are taken in this order: that of
// the hub, that of a channel's stripe, that of an outlet. A Mailbox belongs to its connection;
// only the hub puts something in.
//
// # Order
//
// All subscribers see the messages of a channel in one order, and each sees all messages of
// one publisher in the order in which it published them.
//
// # What is not here
//
// Sockets (package server), what SUBSCRIBE answers (package family/pubsub), and what events
// of keys are called (package engine).
package pubsub

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"stampede/internal/glob"
)

// Kind is what a subscription names.
type Kind uint8

// The kinds of subscriptions.
const (
	Channel Kind = iota // a channel
	Pattern             // all channels whose name matches
	Shard               // a channel of its own world: SSUBSCRIBE
	kinds
)

// Hub knows all subscriptions. Make it with [NewHub].
type Hub struct {
	live     atomic.Int64 // subscriptions
	watching atomic.Int64 // monitors
	bytesMax atomic.Int64 // of a mailbox; 0: any number
	seed     maphash.Seed
	mute     *Outlet

	_     [64]byte // what every call reads is apart from what every message changes
	stats stats

	mu       sync.RWMutex // guards who has subscribed to what
	topics   [kinds]map[string]*topic
	patterns topics // in the order in which they came

	stripes [stripeCount]stripe

	monitors monitors
}

// stripeCount is how many channels can be published to at the same time.
const stripeCount = 64

// stripe orders the messages of some channels.
type stripe struct {
	mu      sync.Mutex
	encoded []byte // scratch

	_ [24]byte // keep neighbours off this lock's cache line
}

// topic is what somebody has subscribed to. Its subscribers stand by their outlets, so that
// each outlet's lock is taken once a message.
type topic struct {
	name   string
	count  int
	groups []group

	previous, next *topic // of the patterns
}

// topics are a row of them, which any can leave at no cost.
type topics struct{ first, last *topic }

func (l *topics) add(t *topic) {
	if t.previous = l.last; t.previous == nil {
		l.first = t
	} else {
		t.previous.next = t
	}
	l.last = t
}

func (l *topics) remove(t *topic) {
	if t.previous == nil {
		l.first = t.next
	} else {
		t.previous.next = t.next
	}
	if t.next == nil {
		l.last = t.previous
	} else {
		t.next.previous = t.previous
	}
}

type group struct {
	outlet *Outlet
	boxes  []*Mailbox
}

// NewHub returns a hub without subscriptions.
func NewHub() *Hub {
	h := &Hub{seed: maphash.MakeSeed(), mute: NewOutlet(func() {})}
	for i := range h.topics {
		h.topics[i] = make(map[string]*topic)
	}
	return h
}

// SetLimit bounds how many bytes a mailbox may hold; 0: any number. Who would get more is
// cut off: see [Mailbox.Overflowed].
func (h *Hub) SetLimit(bytes int64) { h.bytesMax.Store(bytes) }

// Subscribe adds a subscription of m, and tells whether it is new. What is published from now
// on is put into the mailbox. Only the owner of m may call it. Cost: O(1).
func (h *Hub) Subscribe(m *Mailbox, kind Kind, name []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, has := m.places[kind][string(name)]; has {
		return false
	}
	t := h.topics[kind][string(name)]
	if t == nil {
		t = &topic{name: string(name)}
		h.topics[kind][t.name] = t
		if kind == Pattern {
			h.patterns.add(t)
		}
	}
	if m.places[kind] == nil {
		m.places[kind] = make(map[string]int)
	}
	m.places[kind][t.name] = t.add(m)
	m.counts[kind]++
	h.live.Add(1)
	return true
}

// add is where the mailbox stands in its group.
func (t *topic) add(m *Mailbox) (place int) {
	g := t.group(m.outlet)
	if g == nil {
		t.groups = append(t.groups, group{outlet: m.outlet})
		g = &t.groups[len(t.groups)-1]
	}
	g.boxes = append(g.boxes, m)
	t.count++
	return len(g.boxes) - 1
}

func (t *topic) group(o *Outlet) *group {
	for i := range t.groups {
		if t.groups[i].outlet == o {
			return &t.groups[i]
		}
	}
	return nil
}

// Unsubscribe ends a subscription of m, and tells whether there was one. What was published
// before is in the mailbox, and nothing comes after. Only the owner of m may call it.
func (h *Hub) Unsubscribe(m *Mailbox, kind Kind, name []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, has := m.places[kind][string(name)]; !has {
		return false
	}
	h.remove(m, kind, string(name))
	return true
}

// remove ends a subscription that there is. mu is held.
func (h *Hub) remove(m *Mailbox, kind Kind, name string) {
	t := h.topics[kind][name]
	g := t.group(m.outlet)
	place, last := m.places[kind][name], len(g.boxes)-1
	moved := g.boxes[last]
	g.boxes[place], moved.places[kind][name] = moved, place
	g.boxes[last], g.boxes = nil, g.boxes[:last]
	delete(m.places[kind], name)
	m.counts[kind]--
	t.count--
	h.live.Add(-1)
	if last == 0 {
		t.groups = slices.DeleteFunc(t.groups, func(g group) bool { return len(g.boxes) == 0 })
	}
	if t.count > 0 {
		return
	}
	delete(h.topics[kind], name)
	if kind == Pattern {
		h.patterns.remove(t)
	}
}

// Leave ends all subscriptions of m, and lets it monitor no more. Only the owner of m may
// call it. Cost: O(its subscriptions).
func (h *Hub) Leave(m *Mailbox) {
	h.Unmonitor(m)
	for m.Subscribed() {
		h.leaveSome(m)
	}
}

// leaveMax is how many subscriptions end before others may go on.
const leaveMax = 256

func (h *Hub) leaveSome(m *Mailbox) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for kind := range kinds {
		for name := range m.places[kind] {
			if h.remove(m, kind, name); n == leaveMax {
				return
			}
			n++
		}
	}
}

// Names are the names of one kind that m has subscribed to, sorted.
func (h *Hub) Names(m *Mailbox, kind Kind) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.places[kind]))
}

// Channels are the names of one kind that anybody has subscribed to and that match the
// pattern, sorted; a nil pattern matches all. Cost: O(names).
func (h *Hub) Channels(kind Kind, pattern []byte) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var names []string
	for name := range h.topics[kind] {
		if pattern == nil || glob.Match(pattern, []byte(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Subscribers is how many mailboxes have subscribed to a name of one kind.
func (h *Hub) Subscribers(kind Kind, name []byte) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if t := h.topics[kind][string(name)]; t != nil {
		return t.count
	}
	return 0
}
