// SPDX-License-Identifier: Apache-2.0

package pubsub

import (
	"sync"
	"sync/atomic"

	"stampede/internal/journal"
)

// Outlet is where mailboxes are emptied: an event loop, which looks after many, or, by
// [NewOutlets], goroutines that look after one each.
type Outlet struct {
	ring func()          // nil: wake does it
	wake func(owner any) // nil: ring does it
	open atomic.Int64    // mailboxes

	mu       sync.Mutex // guards what follows, and what is in the mailboxes
	full     []*Mailbox // have something that has not been taken
	attended bool       // somebody will look without being rung
	spare    [][]byte   // buffers of mailboxes that have been emptied
	spared   int        // their capacities together
}

// NewOutlet returns an outlet whose thread looks after all its mailboxes. ring lets it look;
// it is called from any goroutine, with locks held, and must not wait.
func NewOutlet(ring func()) *Outlet { return &Outlet{ring: ring} }

// NewOutlets returns an outlet whose mailboxes are each looked after by their owner. wake lets
// one look, under the terms of [NewOutlet].
func NewOutlets(wake func(owner any)) *Outlet { return &Outlet{wake: wake} }

// Mailbox is what was published for one connection and has not been sent. Make it with
// [Hub.Open]. Its methods are for its owner, that is its connection.
type Mailbox struct {
	Owner  any // whose it is, as Open was told
	outlet *Outlet

	places  [kinds]map[string]int // in the groups of topics; guarded by the hub's lock
	counts  [kinds]int            // of subscriptions; only the owner changes them
	monitor bool                  // the same
	proto3  bool                  // what resp3 is; the owner's copy

	// Seen is up to where the journal must be durable before anyone may see what was collected,
	// and Changed tells whether that speaks of changes. Whoever asks sets them back.
	Seen    journal.Position
	Changed bool

	// Guarded by the outlet's lock.
	mail     []byte
	at       journal.Position // the same as Seen, of what is in mail
	change   bool
	resp3    bool
	listed   bool // among those that are full
	overflow bool // it is full for ever
}

// Open returns an empty mailbox, to be ended by [Hub.Close]. outlet nil is one that nobody
// looks after.
func (h *Hub) Open(outlet *Outlet, owner any) *Mailbox {
	if outlet == nil {
		outlet = h.mute
	}
	outlet.open.Add(1)
	return &Mailbox{Owner: owner, outlet: outlet}
}

// Close ends all subscriptions of m and forgets what is in it.
func (h *Hub) Close(m *Mailbox) {
	h.Leave(m)
	o := m.outlet
	o.open.Add(-1)
	o.mu.Lock()
	m.mail, m.overflow = nil, true
	o.mu.Unlock()
}

// Subscribed tells whether the mailbox has a subscription.
func (m *Mailbox) Subscribed() bool {
	return m.counts[Channel]+m.counts[Pattern]+m.counts[Shard] > 0
}

// Active tells whether anything may come: a subscription, or what monitors see.
func (m *Mailbox) Active() bool { return m.monitor || m.Subscribed() }

// Monitors tells whether it gets what monitors see.
func (m *Mailbox) Monitors() bool { return m.monitor }

// Count is the number of subscriptions of one kind.
func (m *Mailbox) Count(kind Kind) int { return m.counts[kind] }

// Speak says in which protocol messages are put into it from now on.
func (m *Mailbox) Speak(resp3 bool) {
	if m.proto3 == resp3 {
		return
	}
	m.proto3 = resp3
	m.outlet.mu.Lock()
	m.resp3 = resp3
	m.outlet.mu.Unlock()
}

// Limits of the buffers that an outlet keeps for mailboxes. An empty mailbox holds none.
const (
	spareBytesMax  = 256 << 10 // of one
	sparesBytesMax = 8 << 20   // of all
)

// Collect appends what is in the mailbox to dst and empties it.
func (m *Mailbox) Collect(dst []byte) []byte {
	o := m.outlet
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wake != nil {
		m.listed = false
	}
	if len(m.mail) == 0 {
		return dst
	}
	m.Seen, m.Changed = max(m.Seen, m.at), m.Changed || m.change
	m.at, m.change = 0, false
	dst = append(dst, m.mail...)
	o.give(m.mail)
	m.mail = nil
	return dst
}

// Overflowed tells whether more was published than a mailbox may hold: what came last is
// lost, and so the connection must end.
func (m *Mailbox) Overflowed() bool {
	m.outlet.mu.Lock()
	defer m.outlet.mu.Unlock()
	return m.overflow
}

// put appends a message unless there would be more than limit bytes (0: any number): then the
// mailbox overflows. The outlet's lock is held; see [Outlet.unlock].
func (m *Mailbox) put(encoded []byte, limit int) {
	if m.overflow {
		return
	}
	if limit == 0 || len(m.mail)+len(encoded) <= limit {
		if m.mail == nil {
			m.mail = m.outlet.take()
		}
		m.mail = append(m.mail, encoded...)
	} else {
		m.mail, m.overflow = nil, true
	}
	if !m.listed {
		m.listed = true
		m.outlet.full = append(m.outlet.full, m)
	}
}

// take is an empty buffer; mu is held.
func (o *Outlet) take() []byte {
	last := len(o.spare) - 1
	if last < 0 {
		return nil
	}
	buffer := o.spare[last]
	o.spare[last], o.spare = nil, o.spare[:last]
	o.spared -= cap(buffer)
	return buffer
}

// give takes a buffer back; mu is held.
func (o *Outlet) give(buffer []byte) {
	if n := cap(buffer); n <= spareBytesMax && o.spared+n <= sparesBytesMax {
		o.spare = append(o.spare, buffer[:0])
		o.spared += n
	}
}

// unlock lets go of mu, and lets those look who have to.
func (o *Outlet) unlock() {
	if o.wake != nil {
		for i, m := range o.full {
			o.wake(m.Owner)
			o.full[i] = nil
		}
		o.full = o.full[:0]
		o.mu.Unlock()
		return
	}
	ring := len(o.full) > 0 && !o.attended
	o.attended = o.attended || ring
	o.mu.Unlock()
	if ring {
		o.ring()
	}
}

// Used tells whether the outlet has a mailbox. It costs a load.
func (o *Outlet) Used() bool { return o.open.Load() > 0 }

// Attend says that the outlet's thread will look before it rests: nobody need ring.
func (o *Outlet) Attend() {
	o.mu.Lock()
	o.attended = true
	o.mu.Unlock()
}

// Rest says that the outlet's thread is about to wait, and wants to be rung. It is false if
// there is something to take.
func (o *Outlet) Rest() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attended = len(o.full) > 0
	return !o.attended
}

// Take appends the mailboxes that have something to list. What is put into them later is in
// what Collect gives, or they are taken again.
func (o *Outlet) Take(list []*Mailbox) []*Mailbox {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, m := range o.full {
		m.listed = false
		list = append(list, m)
		o.full[i] = nil
	}
	o.full = o.full[:0]
	return list
}

// Again lets a mailbox that was taken be taken once more, without ringing.
func (o *Outlet) Again(m *Mailbox) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !m.listed {
		m.listed = true
		o.full = append(o.full, m)
	}
}
