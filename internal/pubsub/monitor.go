// SPDX-License-Identifier: Apache-2.0

package pubsub

import (
	"slices"
	"sync"
)

// monitors are the mailboxes that get a line for every call. Their limit is that of all.
type monitors struct {
	mu    sync.Mutex
	boxes []*Mailbox
	line  []byte // scratch
}

// Monitor lets m get what is called from now on. It is false if it does already. Only the
// owner of m may call it.
func (h *Hub) Monitor(m *Mailbox) bool {
	if m.monitor {
		return false
	}
	h.monitors.mu.Lock()
	defer h.monitors.mu.Unlock()
	h.monitors.boxes = append(h.monitors.boxes, m)
	m.monitor = true
	h.watching.Add(1)
	return true
}

// Unmonitor ends that.
func (h *Hub) Unmonitor(m *Mailbox) {
	if !m.monitor {
		return
	}
	h.monitors.mu.Lock()
	defer h.monitors.mu.Unlock()
	h.monitors.boxes = slices.DeleteFunc(h.monitors.boxes,
		func(other *Mailbox) bool { return other == m })
	m.monitor = false
	h.watching.Add(-1)
}

// Monitored tells whether anybody wants to see what is called. It costs a load.
func (h *Hub) Monitored() bool { return h.watching.Load() > 0 }

// Show puts a line into the mailboxes of monitors. write appends it, encoded, to what it is
// given; all monitors see the lines in one order.
func (h *Hub) Show(write func(line []byte) []byte) {
	s := &h.monitors
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = write(s.line[:0])
	limit := int(h.bytesMax.Load())
	for _, m := range s.boxes {
		m.outlet.mu.Lock()
		m.put(s.line, limit)
		m.outlet.unlock()
	}
	if cap(s.line) > scratchBytesMax {
		s.line = nil
	}
}
