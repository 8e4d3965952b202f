// SPDX-License-Identifier: Apache-2.0

package pubsub_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"stampede/internal/pubsub"
)

func publish(h *pubsub.Hub, channel, text string) int {
	return h.Publish(pubsub.Message{Channel: []byte(channel), Text: []byte(text)})
}

// TestOneRing: an outlet is rung once until its thread looks, and not at all while it says
// that it will.
func TestOneRing(t *testing.T) {
	h, rings := pubsub.NewHub(), 0
	o := pubsub.NewOutlet(func() { rings++ })
	var boxes []*pubsub.Mailbox
	for i := range 100 {
		boxes = append(boxes, h.Open(o, i))
		h.Subscribe(boxes[i], pubsub.Channel, []byte("c"))
	}
	if !o.Rest() {
		t.Fatal("there is something before anything was published")
	}
	for range 3 {
		if n := publish(h, "c", "text"); n != 100 {
			t.Fatalf("%d receivers", n)
		}
	}
	if rings != 1 {
		t.Errorf("rung %d times", rings)
	}
	if full := o.Take(nil); !slices.Equal(full, boxes) {
		t.Errorf("%d mailboxes have something", len(full))
	}
	publish(h, "c", "more")
	if o.Rest() {
		t.Error("nothing to take, though something was published")
	}
	publish(h, "c", "more")
	if len(o.Take(nil)) != 100 || !o.Rest() {
		t.Error("not all is taken at once")
	}
	o.Attend()
	publish(h, "c", "attended")
	if rings != 1 {
		t.Errorf("rung %d times, though attended", rings)
	}
	if o.Take(nil); !o.Rest() {
		t.Error("something is left")
	}
	if publish(h, "c", "rested"); rings != 2 {
		t.Errorf("rung %d times, though it rests", rings)
	}
}

// TestOwnersAreWoken: where mailboxes have no thread in common each owner is woken, once until
// it collects.
func TestOwnersAreWoken(t *testing.T) {
	h, woken := pubsub.NewHub(), map[any]int{}
	o := pubsub.NewOutlets(func(owner any) { woken[owner]++ })
	a, b := h.Open(o, "a"), h.Open(o, "b")
	h.Subscribe(a, pubsub.Channel, []byte("c"))
	h.Subscribe(b, pubsub.Channel, []byte("c"))
	publish(h, "c", "1")
	publish(h, "c", "2")
	a.Collect(nil)
	publish(h, "c", "3")
	if woken["a"] != 2 || woken["b"] != 1 {
		t.Errorf("woken %v", woken)
	}
}

// TestOverflow: a mailbox never holds more than its limit; who would get more is cut off.
func TestOverflow(t *testing.T) {
	h := pubsub.NewHub()
	h.SetLimit(1000)
	o := pubsub.NewOutlet(func() {})
	slow, quick := h.Open(o, nil), h.Open(o, nil)
	h.Subscribe(slow, pubsub.Channel, []byte("c"))
	h.Subscribe(quick, pubsub.Channel, []byte("c"))
	for range 50 {
		publish(h, "c", strings.Repeat("x", 100))
		if n := len(quick.Collect(nil)); n == 0 || n > 200 {
			t.Fatalf("collected %d bytes", n)
		}
	}
	if !slow.Overflowed() || quick.Overflowed() {
		t.Errorf("slow %v, quick %v", slow.Overflowed(), quick.Overflowed())
	}
	if len(slow.Collect(nil)) != 0 {
		t.Error("the mailbox keeps something")
	}
	if full := o.Take(nil); !slices.Contains(full, slow) {
		t.Error("nobody is told of it")
	}
}

func TestMonitors(t *testing.T) {
	h := pubsub.NewHub()
	m := h.Open(nil, nil)
	if h.Monitored() || !h.Monitor(m) || h.Monitor(m) || !h.Monitored() || !m.Active() {
		t.Fatal("a monitor is not one")
	}
	h.Show(func(line []byte) []byte { return append(line, "+line\r\n"...) })
	if got := string(m.Collect(nil)); got != "+line\r\n" {
		t.Errorf("got %q", got)
	}
	if h.Leave(m); h.Monitored() || m.Active() {
		t.Error("who has left still monitors")
	}
}

// TestOrder: many publish to one channel at once, and all subscribers see one order, in which
// the messages of each publisher stand as it sent them.
func TestOrder(t *testing.T) {
	const publishers, messages = 4, 300
	h := pubsub.NewHub()
	outlets := []*pubsub.Outlet{pubsub.NewOutlet(func() {}), pubsub.NewOutlet(func() {})}
	var boxes []*pubsub.Mailbox
	for i := range 6 {
		m := h.Open(outlets[i%2], nil)
		h.Subscribe(m, []pubsub.Kind{pubsub.Channel, pubsub.Pattern}[i/4], []byte("c"))
		boxes = append(boxes, m)
	}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for n := range messages {
				publish(h, "c", fmt.Sprintf("%d %d", p, n))
			}
		})
	}
	wg.Wait()
	var first []string
	for i, m := range boxes {
		var texts []string
		lines := strings.Split(string(m.Collect(nil)), "\r\n")
		for at := range lines {
			if strings.Contains(lines[at], " ") {
				texts = append(texts, lines[at])
			}
		}
		if i == 0 {
			first = texts
		}
		if len(texts) != publishers*messages || !slices.Equal(texts, first) {
			t.Fatalf("subscriber %d sees %d messages, another order than the first", i, len(texts))
		}
	}
	var next [publishers]int
	for _, text := range first {
		var p, n int
		if fmt.Sscan(text, &p, &n); next[p] != n {
			t.Fatalf("publisher %d: %d comes where %d is due", p, n, next[p])
		}
		next[p]++
	}
}

// TestAtOnce: everything may be done by anyone at any time. The race detector looks on; at the
// end who stays subscribed has got everything that was published since.
func TestAtOnce(t *testing.T) {
	h := pubsub.NewHub()
	var rung atomic.Int64
	loop := pubsub.NewOutlet(func() { rung.Add(1) })
	links := pubsub.NewOutlets(func(any) {})
	steady := h.Open(loop, nil)
	h.Subscribe(steady, pubsub.Channel, []byte("c0"))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 300 {
				m := h.Open([]*pubsub.Outlet{loop, links}[n%2], nil)
				h.Subscribe(m, pubsub.Channel, fmt.Appendf(nil, "c%d", n%3))
				h.Subscribe(m, pubsub.Pattern, []byte("c*"))
				h.Monitor(m)
				publish(h, fmt.Sprintf("c%d", n%3), "text")
				h.Publish(pubsub.Message{Channel: []byte("c0"), Text: []byte("counted")})
				m.Speak(n%2 == 0)
				h.Show(func(line []byte) []byte { return append(line, "+x\r\n"...) })
				if len(m.Collect(nil)) == 0 {
					t.Errorf("%d: its own message has not come", i)
				}
				h.Stats()
				h.Channels(pubsub.Channel, []byte("c*"))
				h.Close(m)
			}
		})
	}
	wg.Wait()
	if n := bytes.Count(steady.Collect(nil), []byte("counted")); n != 4*300 {
		t.Errorf("who was there all the time got %d messages", n)
	}
	h.Close(steady)
	if stats := h.Stats(); stats.Channels+stats.Patterns+stats.Monitors != 0 || loop.Used() ||
		links.Used() {
		t.Errorf("something is left: %+v", stats)
	}
}

// TestManySubscriptions end at once when their connection does, also those by pattern.
func TestManySubscriptions(t *testing.T) {
	h := pubsub.NewHub()
	m := h.Open(nil, nil)
	const many = 100_000
	for n := range many {
		name := fmt.Appendf(nil, "name %d", n)
		h.Subscribe(m, pubsub.Pattern, name)
		h.Subscribe(m, pubsub.Channel, name)
	}
	if n := publish(h, "name 77", "text"); n != 2 {
		t.Errorf("%d receivers", n)
	}
	if h.Close(m); !h.Idle() || h.Stats() != (pubsub.Stats{Published: 1, Delivered: 2}) {
		t.Errorf("%+v", h.Stats())
	}
}

func TestPublishAllocatesNothing(t *testing.T) {
	h := pubsub.NewHub()
	o := pubsub.NewOutlet(func() {})
	m := h.Open(o, nil)
	h.Subscribe(m, pubsub.Channel, []byte("channel"))
	h.Subscribe(m, pubsub.Pattern, []byte("chan*"))
	channel, text := []byte("channel"), make([]byte, 100)
	var mail []byte
	var full []*pubsub.Mailbox
	if n := testing.AllocsPerRun(100, func() {
		h.Publish(pubsub.Message{Channel: channel, Text: text})
		full = o.Take(full[:0])
		mail = m.Collect(mail[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPublishTo100(b *testing.B) {
	h := pubsub.NewHub()
	o := pubsub.NewOutlet(func() {})
	for range 100 {
		h.Subscribe(h.Open(o, nil), pubsub.Channel, []byte("channel"))
	}
	channel, text := []byte("channel"), make([]byte, 64)
	var mail []byte
	var full []*pubsub.Mailbox
	for i := range b.N {
		h.Publish(pubsub.Message{Channel: channel, Text: text})
		if i%16 == 0 {
			full = o.Take(full[:0])
			for _, m := range full {
				mail = m.Collect(mail[:0])
			}
		}
	}
}
