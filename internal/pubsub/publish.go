// SPDX-License-Identifier: Apache-2.0

package pubsub

import (
	"hash/maphash"
	"sync/atomic"

	"stampede/internal/glob"
	"stampede/internal/journal"
	"stampede/internal/resp"
)

// Message is what is published. The hub keeps none of its bytes.
type Message struct {
	Kind    Kind // Channel or Shard
	Channel []byte
	Text    []byte

	// At is up to where the journal must be durable before anyone may see the message where
	// replies wait for that, too; Change tells that it speaks of a change itself.
	At     journal.Position
	Change bool
}

// stats count messages.
type stats struct{ published, delivered, cutOff atomic.Int64 }

// Stats is what has happened in a hub, and what there is.
type Stats struct {
	Published int64 // messages
	Delivered int64 // into mailboxes
	CutOff    int64 // subscribers and monitors that took too little: see NoteCutOff

	Channels, Patterns, ShardChannels int // that somebody has subscribed to
	Monitors                          int
}

// Stats counts.
func (h *Hub) Stats() Stats {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return Stats{
		Published: h.stats.published.Load(), Delivered: h.stats.delivered.Load(),
		CutOff:   h.stats.cutOff.Load(),
		Channels: len(h.topics[Channel]), Patterns: len(h.topics[Pattern]),
		ShardChannels: len(h.topics[Shard]), Monitors: int(h.watching.Load()),
	}
}

// NoteCutOff counts a connection that was ended because it did not take its messages.
func (h *Hub) NoteCutOff() { h.stats.cutOff.Add(1) }

// Idle tells whether nobody has subscribed to anything. It costs a load.
func (h *Hub) Idle() bool { return h.live.Load() == 0 }

// Publish puts the message into the mailboxes of all who want it, and returns how many times
// it did: who has several subscriptions that match gets it several times. Cost: O(receivers +
// patterns).
func (h *Hub) Publish(m Message) (receivers int) {
	h.stats.published.Add(1)
	if h.Idle() {
		return 0
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	t := h.topics[m.Kind][string(m.Channel)]
	if t == nil && (m.Kind == Shard || h.patterns.first == nil) {
		return 0
	}
	s := &h.stripes[maphash.Bytes(h.seed, m.Channel)%stripeCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil {
		s.encode(m.Kind, "", &m)
		h.deliver(t, s.encoded, &m)
		receivers = t.count
	}
	if m.Kind == Channel {
		receivers += h.publishByPattern(s, &m)
	}
	h.stats.delivered.Add(int64(receivers))
	if cap(s.encoded) > scratchBytesMax {
		s.encoded = nil
	}
	return receivers
}

// scratchBytesMax is the size of the scratch memory that a stripe keeps.
const scratchBytesMax = 64 << 10

func (h *Hub) publishByPattern(s *stripe, m *Message) (receivers int) {
	for t := h.patterns.first; t != nil; t = t.next {
		if glob.Match([]byte(t.name), m.Channel) {
			s.encode(Pattern, t.name, m)
			h.deliver(t, s.encoded, m)
			receivers += t.count
		}
	}
	return receivers
}

// Receivers is what Publish would return.
func (h *Hub) Receivers(kind Kind, channel []byte) (n int) {
	if h.Idle() {
		return 0
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if t := h.topics[kind][string(channel)]; t != nil {
		n = t.count
	}
	if kind == Shard {
		return n
	}
	for t := h.patterns.first; t != nil; t = t.next {
		if glob.Match([]byte(t.name), channel) {
			n += t.count
		}
	}
	return n
}

// encode lets s.encoded be the message as RESP2 writes it. RESP3 has another first byte.
func (s *stripe) encode(kind Kind, pattern string, m *Message) {
	b := s.encoded[:0]
	switch kind {
	case Channel:
		b = append(b, "*3\r\n$7\r\nmessage\r\n"...)
	case Shard:
		b = append(b, "*3\r\n$8\r\nsmessage\r\n"...)
	case Pattern:
		b = append(b, "*4\r\n$8\r\npmessage\r\n"...)
		b = resp.AppendBulkString(b, pattern)
	}
	b = resp.AppendBulk(b, m.Channel)
	s.encoded = resp.AppendBulk(b, m.Text)
}

// deliver puts an encoded message into all mailboxes of a topic.
func (h *Hub) deliver(t *topic, encoded []byte, m *Message) {
	limit := int(h.bytesMax.Load())
	for i := range t.groups {
		o, boxes := t.groups[i].outlet, t.groups[i].boxes
		o.mu.Lock()
		for _, box := range boxes {
			at := len(box.mail)
			box.put(encoded, limit)
			if box.resp3 && at < len(box.mail) {
				box.mail[at] = byte(resp.KindPush)
			}
			box.at, box.change = max(box.at, m.At), box.change || m.Change
		}
		o.unlock()
	}
}
