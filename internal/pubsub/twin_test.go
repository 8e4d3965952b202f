// SPDX-License-Identifier: Apache-2.0

package pubsub_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/glob"
	"stampede/internal/journal"
	"stampede/internal/pubsub"
	"stampede/internal/seedtest"
)

// twin does what a hub does with plain maps.
type twin struct {
	boxes    []*twinBox
	patterns []string // in the order in which they came
}

type twinBox struct {
	box    *pubsub.Mailbox
	subs   [3]map[string]bool
	mail   string
	at     journal.Position
	change bool
	resp3  bool
}

// publish returns how many get the message.
func (w *twin) publish(m pubsub.Message) (receivers int) {
	put := func(b *twinBox, words ...string) {
		head := "*"
		if b.resp3 {
			head = ">"
		}
		b.mail += head + fmt.Sprint(len(words)) + "\r\n"
		for _, word := range words {
			b.mail += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
		}
		b.at, b.change = max(b.at, m.At), b.change || m.Change
		receivers++
	}
	verb := [...]string{pubsub.Channel: "message", pubsub.Shard: "smessage"}[m.Kind]
	for _, b := range w.boxes {
		if b.subs[m.Kind][string(m.Channel)] {
			put(b, verb, string(m.Channel), string(m.Text))
		}
	}
	if m.Kind == pubsub.Shard {
		return receivers
	}
	for _, pattern := range w.patterns {
		for _, b := range w.boxes {
			if b.subs[pubsub.Pattern][pattern] && glob.Match([]byte(pattern), m.Channel) {
				put(b, "pmessage", pattern, string(m.Channel), string(m.Text))
			}
		}
	}
	return receivers
}

// forget drops a pattern to which nobody subscribes any more.
func (w *twin) forget() {
	w.patterns = slices.DeleteFunc(w.patterns, func(pattern string) bool {
		return !slices.ContainsFunc(w.boxes, func(b *twinBox) bool {
			return b.subs[pubsub.Pattern][pattern]
		})
	})
}

// world is a hub beside its twin.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	hub     *pubsub.Hub
	twin    twin
	outlets []*pubsub.Outlet
	rings   []int // of the outlets
}

func newWorld(t *testing.T, rng *rand.Rand) *world {
	w := &world{t: t, rng: rng, hub: pubsub.NewHub()}
	for i := range 3 {
		w.rings = append(w.rings, 0)
		w.outlets = append(w.outlets, pubsub.NewOutlet(func() { w.rings[i]++ }))
	}
	return w
}

var names = []string{"a", "b", "ab", "abc", "", "\x00\r\n", "*", "a*", "?", "[ab]", "xy"}

func (w *world) step() {
	kind := pubsub.Kind(w.rng.IntN(3))
	name := []byte(names[w.rng.IntN(len(names))])
	if len(w.twin.boxes) == 0 || w.rng.IntN(30) == 0 {
		w.open()
		return
	}
	b := w.twin.boxes[w.rng.IntN(len(w.twin.boxes))]
	switch w.rng.IntN(12) {
	case 0, 1, 2:
		if got := w.hub.Subscribe(b.box, kind, name); got == b.subs[kind][string(name)] {
			w.t.Fatalf("subscribe %d %q is new: %v", kind, name, got)
		}
		if kind == pubsub.Pattern && !slices.Contains(w.twin.patterns, string(name)) {
			w.twin.patterns = append(w.twin.patterns, string(name))
		}
		b.subs[kind][string(name)] = true
	case 3, 4:
		if got := w.hub.Unsubscribe(b.box, kind, name); got != b.subs[kind][string(name)] {
			w.t.Fatalf("unsubscribe %d %q: %v", kind, name, got)
		}
		delete(b.subs[kind], string(name))
		w.twin.forget()
	case 5, 6, 7, 8:
		w.publish(name)
	case 9:
		w.collect(b)
	case 10:
		b.resp3 = !b.resp3
		b.box.Speak(b.resp3)
	case 11:
		w.leave(b)
	}
}

func (w *world) open() {
	b := &twinBox{box: w.hub.Open(w.outlets[w.rng.IntN(3)], nil)}
	for i := range b.subs {
		b.subs[i] = map[string]bool{}
	}
	w.twin.boxes = append(w.twin.boxes, b)
}

// leave ends all subscriptions, and now and then the mailbox, too.
func (w *world) leave(b *twinBox) {
	for i := range b.subs {
		clear(b.subs[i])
	}
	w.twin.forget()
	if w.rng.IntN(2) == 0 {
		w.hub.Leave(b.box)
		return
	}
	w.hub.Close(b.box)
	w.twin.boxes = slices.DeleteFunc(w.twin.boxes, func(other *twinBox) bool { return other == b })
}

func (w *world) publish(name []byte) {
	m := pubsub.Message{Kind: pubsub.Channel, Channel: name,
		Text: []byte(strings.Repeat("t", w.rng.IntN(20))), At: journal.Position(w.rng.IntN(99))}
	m.Change = m.At > 50
	if w.rng.IntN(3) == 0 {
		m.Kind = pubsub.Shard
	}
	want := w.twin.publish(m)
	if got := w.hub.Receivers(m.Kind, name); got != want {
		w.t.Fatalf("%q would have %d receivers, want %d", name, got, want)
	}
	if got := w.hub.Publish(m); got != want {
		w.t.Fatalf("%q had %d receivers, want %d", name, got, want)
	}
}

func (w *world) collect(b *twinBox) {
	got := string(b.box.Collect([]byte("before ")))
	if got != "before "+b.mail {
		w.t.Fatalf("collected %q\nwant %q", got, "before "+b.mail)
	}
	if b.box.Seen != b.at || b.box.Changed != b.change {
		w.t.Fatalf("seen %d changed %v, want %d %v", b.box.Seen, b.box.Changed, b.at, b.change)
	}
	b.mail, b.at, b.change = "", 0, false
	b.box.Seen, b.box.Changed = 0, false
}

// check compares what can be asked for.
func (w *world) check() {
	channels := map[string]int{}
	for _, b := range w.twin.boxes {
		for kind := range pubsub.Kind(3) {
			want := slices.Sorted(maps.Keys(b.subs[kind]))
			if got := w.hub.Names(b.box, kind); !slices.Equal(got, want) ||
				b.box.Count(kind) != len(want) {
				w.t.Fatalf("kind %d: subscribed to %q (%d), want %q", kind, got,
					b.box.Count(kind), want)
			}
		}
		for name := range b.subs[pubsub.Channel] {
			channels[name]++
		}
	}
	if got := w.hub.Channels(pubsub.Channel, nil); !slices.Equal(got,
		slices.Sorted(maps.Keys(channels))) {
		w.t.Fatalf("channels %q, want %v", got, channels)
	}
	for _, name := range names {
		if got := w.hub.Subscribers(pubsub.Channel, []byte(name)); got != channels[name] {
			w.t.Fatalf("%q has %d subscribers, want %d", name, got, channels[name])
		}
	}
	stats := w.hub.Stats()
	if stats.Channels != len(channels) || stats.Patterns != len(w.twin.patterns) {
		w.t.Fatalf("%+v, want %d channels and %d patterns", stats, len(channels),
			len(w.twin.patterns))
	}
}

func TestTwin(t *testing.T) {
	for round := range uint64(20) {
		w := newWorld(t, rand.New(rand.NewPCG(seedtest.Of(t), round)))
		for n := range 2000 {
			if w.step(); n%50 == 0 {
				w.check()
			}
		}
		for _, b := range w.twin.boxes {
			w.collect(b)
		}
		if stats := w.hub.Stats(); stats.Delivered == 0 {
			t.Fatal("nothing was delivered")
		}
		for _, b := range slices.Clone(w.twin.boxes) {
			w.hub.Close(b.box)
		}
		if w.twin.boxes = nil; !w.hub.Idle() {
			t.Fatal("subscriptions are left without a mailbox")
		}
		w.twin.patterns = nil
		w.check()
	}
}
