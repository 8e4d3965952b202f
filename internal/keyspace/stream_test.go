// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/container/listpack"
	"stampede/internal/container/stream"
	"stampede/internal/effect"
	"stampede/internal/object"
	"stampede/internal/rdb"
	"stampede/internal/seedtest"
)

// streamText is all that a stream holds, when its consumers have called left out: that alone
// is not told to the effects.
type streamText struct{ strings.Builder }

func (t *streamText) Node(id stream.ID, pack listpack.Pack) {
	fmt.Fprintf(t, "%v %d %x\n", id, len(pack), crc32.ChecksumIEEE(pack))
}

func (t *streamText) Head(length int, first stream.ID, s stream.State, groups int) {
	fmt.Fprintln(t, length, first, s, groups)
}

func (t *streamText) Group(name string, last stream.ID, read int64, pending int) {
	fmt.Fprintln(t, "group", name, last, read, pending)
}

func (t *streamText) Pending(p *stream.Pending) {
	fmt.Fprintln(t, p.ID, p.DeliveredMs, p.Deliveries)
}

func (t *streamText) Consumers(n int) { fmt.Fprintln(t, n, "consumers") }

func (t *streamText) Consumer(name string, _ int64, owned int) { fmt.Fprintln(t, name, owned) }

func (t *streamText) Owned(id stream.ID) { fmt.Fprintln(t, id) }

func (t *streamText) End() {}

func describeStream(e *Entry) string {
	var t streamText
	e.big().(object.BigStream).Visit(&t)
	return t.String()
}

func (r *storm) stream(db *DB, key []byte) {
	s, err := db.FindStream(key)
	if err != nil {
		return
	}
	for range 1 + r.IntN(15) {
		switch r.IntN(12) {
		case 0:
			s.Create()
		case 1:
			if s.Exists() {
				s.Delete([]stream.ID{r.id(), r.id(), r.id()})
			}
		case 2:
			if s.Exists() && r.IntN(3) == 0 {
				s.Trim(stream.Trim{Len: r.IntN(100), ByID: r.IntN(2) == 0, MinID: r.id(),
					Approx: r.IntN(2) == 0, LimitTo: r.IntN(2) * 100})
			}
		case 3:
			if s.Exists() && r.IntN(10) == 0 {
				s.SetState(stream.State{Last: s.Look().Top(), Added: r.Uint64N(300)})
			}
		case 4, 5, 6:
			if s.Exists() {
				r.group(&s)
			}
		default:
			if id, ok := s.Last().Next(); ok {
				id.Ms += uint64(r.IntN(2))
				s.Add(id, [][]byte{r.text(), r.text(), []byte("same"), r.text()})
			}
		}
	}
}

func (r *storm) id() stream.ID { return stream.ID{Ms: r.Uint64N(30), Seq: r.Uint64N(40)} }

func (r *storm) group(s *Stream) {
	name := fmt.Appendf(nil, "group:%d", r.IntN(3))
	g, ok := s.Group(name)
	if !ok || r.IntN(20) == 0 {
		s.SetGroup(name, r.id(), int64(r.IntN(5)-1))
		return
	}
	consumer := fmt.Appendf(nil, "consumer:%d", r.IntN(4))
	switch r.IntN(20) {
	case 0:
		s.DropGroup(name)
	case 1:
		g.DropConsumer(consumer)
	case 2, 3, 4:
		g.Ack([]stream.ID{r.id(), r.id()})
	case 5:
		g.Advance([]stream.ID{r.id(), r.id()})
	default:
		one, _ := g.Call(consumer)
		g.Put(one, int64(r.IntN(1000)), r.Uint64N(9), r.id(), r.id(), r.id())
	}
}

// TestStreamEffects: effects that do not fit the stream are refused, and change nothing.
func TestStreamEffects(t *testing.T) {
	s := newSpace(t)
	db, key, group := s.DB(0), []byte("key"), []byte("group")
	id, big := stream.ID{Ms: 5}, stream.ID{Ms: 9}
	pairs := [][]byte{[]byte("f"), []byte("v")}
	var good effect.Buffer
	good.StreamAdd(0, key, id, pairs)
	good.StreamGroup(0, key, group, id, 1)
	good.StreamConsumer(0, key, group, []byte("me"), 1)
	good.StreamPending(0, key, group, &effect.Pending{Consumer: []byte("me"), IDs: []stream.ID{id}})
	applyAll(t, s, &good, true)
	e := db.Peek(key)
	want := describeStream(&e)
	for name, tell := range map[string]func(b *effect.Buffer){
		"add below":      func(b *effect.Buffer) { b.StreamAdd(0, key, id, pairs) },
		"add half":       func(b *effect.Buffer) { b.StreamAdd(0, key, big, pairs[:1]) },
		"add none":       func(b *effect.Buffer) { b.StreamAdd(0, key, big, nil) },
		"node":           func(b *effect.Buffer) { b.StreamNode(0, key, big, []byte("no node")) },
		"state below":    func(b *effect.Buffer) { b.StreamState(0, key, stream.State{}) },
		"delete":         func(b *effect.Buffer) { b.StreamDelete(0, key, []stream.ID{big}) },
		"trim":           func(b *effect.Buffer) { b.StreamTrim(0, key, 2) },
		"trim nothing":   func(b *effect.Buffer) { b.StreamTrim(0, key, 0) },
		"trim no stream": func(b *effect.Buffer) { b.StreamTrim(0, []byte("none"), 1) },
		"group":          func(b *effect.Buffer) { b.StreamUngroup(0, key, []byte("other")) },
		"consumer":       func(b *effect.Buffer) { b.StreamUnconsumer(0, key, group, group) },
		"whose": func(b *effect.Buffer) {
			b.StreamPending(0, key, group, &effect.Pending{Consumer: group, IDs: []stream.ID{id}})
		},
		"ack": func(b *effect.Buffer) { b.StreamAck(0, key, group, []stream.ID{big}) },
	} {
		var bad effect.Buffer
		tell(&bad)
		applyAll(t, s, &bad, false)
		e := db.Peek(key)
		if got := describeStream(&e); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// applyAll applies effects, which must be accepted, or refused.
func applyAll(t *testing.T, s *Space, b *effect.Buffer, accept bool) {
	t.Helper()
	var e effect.Effect
	for r := effect.NewReader(b.Bytes()); r.Next(&e); {
		if err := s.Apply(&e); (err == nil) != accept {
			t.Errorf("%v: %v", e.Op, err)
		}
	}
}

// hostileStream is a value of a stream, right but for what a test changes.
type hostileStream struct {
	nodes   []stream.ID // a node with one entry for each
	length  int
	last    stream.ID
	groups  []string
	pending []stream.ID
	owners  []string
	owned   []stream.ID // of each of the owners
}

func (h *hostileStream) dump() []byte {
	b := rdb.AppendLen([]byte{byte(rdb.TypeStream2)}, len(h.nodes))
	for _, id := range h.nodes {
		p := listpack.New(make([]byte, 200))
		p = p.AppendInt(1).AppendInt(0).AppendInt(1).Append([]byte("f")).AppendInt(0)
		p = p.AppendInt(2).AppendInt(0).AppendInt(0).Append([]byte("v")).AppendInt(4)
		b = rdb.AppendStreamNode(b, rdb.StreamID(id), p)
	}
	b = rdb.AppendStreamMeta(b, rdb.StreamMeta{Length: uint64(h.length), Last: rdb.StreamID(h.last),
		EntriesAdded: 9, Groups: len(h.groups)})
	for _, name := range h.groups {
		b = rdb.AppendStreamGroup(b, rdb.StreamGroup{Name: []byte(name)}, len(h.pending))
		for _, id := range h.pending {
			b = rdb.AppendStreamPending(b, rdb.StreamPending{ID: rdb.StreamID(id)})
		}
		b = rdb.AppendLen(b, len(h.owners))
		for _, owner := range h.owners {
			b = rdb.AppendStreamConsumer(b, rdb.StreamConsumer{Name: []byte(owner)}, len(h.owned))
			for _, id := range h.owned {
				b = rdb.AppendStreamOwned(b, rdb.StreamID(id))
			}
		}
	}
	return rdb.AppendDumpEnd(b, 0)
}

// TestHostileStreams: what is well-formed and cannot be is refused before anything is made.
func TestHostileStreams(t *testing.T) {
	a, b := stream.ID{Ms: 1}, stream.ID{Ms: 2}
	for name, c := range map[string]struct {
		spoil func(h *hostileStream)
		want  error
	}{
		"good":       {func(*hostileStream) {}, nil},
		"no entries": {func(h *hostileStream) { h.nodes, h.length = nil, 0 }, nil},
		"length":     {func(h *hostileStream) { h.length++ }, rdb.ErrMalformed},
		"last":       {func(h *hostileStream) { h.last = a }, errStreamLast},
		"order":      {func(h *hostileStream) { h.nodes = []stream.ID{b, a} }, rdb.ErrMalformed},
		"zero":       {func(h *hostileStream) { h.nodes[0] = stream.ID{} }, rdb.ErrMalformed},
		"group":      {func(h *hostileStream) { h.groups = append(h.groups, "g") }, errStreamTwice},
		"consumer": {func(h *hostileStream) { h.owners, h.owned = []string{"x", "x"}, nil; h.pending = nil },
			errStreamTwice},
		"two owners": {func(h *hostileStream) { h.owners = append(h.owners, "d") }, errStreamOwner},
		"no owner":   {func(h *hostileStream) { h.owners = nil }, errStreamOwner},
		"not there":  {func(h *hostileStream) { h.pending = h.pending[:1] }, errStreamOwner},
		"twice":      {func(h *hostileStream) { h.pending = []stream.ID{a, a} }, errStreamOwner},
	} {
		h := hostileStream{nodes: []stream.ID{a, b}, length: 2, last: b, groups: []string{"g"},
			pending: []stream.ID{a, b}, owners: []string{"c"}, owned: []stream.ID{b, a}}
		c.spoil(&h)
		r := rdb.NewReader(nil, ReaderOptions())
		item, err := r.Dump(h.dump())
		if err != nil {
			t.Fatal(err)
		}
		s, told := newSpace(t), effect.Buffer{}
		if err = Tell(&told, r, item, 0, []byte("key"), true); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil {
			applyAll(t, s, &told, true)
		}
	}
}

// TestSpoiledStreams: a dump in which some bytes are wrong is refused, or makes a stream that
// is one; what is accepted can be made.
func TestSpoiledStreams(t *testing.T) {
	from := newSpace(t)
	from.Limits.StreamNode = stream.Fill{Bytes: 300, Entries: 10}
	r := &storm{rand.New(rand.NewPCG(seedtest.Of(t), 4)), from}
	for range 40 {
		r.stream(from.DB(0), []byte("key"))
	}
	e := from.DB(0).Peek([]byte("key"))
	whole := e.AppendDump(nil)
	accepted, s := 0, newSpace(t)
	for range 4000 {
		spoiled := bytes.Clone(whole)
		for range 1 + r.IntN(3) {
			if at := 1 + r.IntN(len(spoiled)-1); r.IntN(2) == 0 {
				spoiled[at] ^= 1 << r.IntN(8)
			} else {
				spoiled = slices.Insert(spoiled, at, byte(r.IntN(256)))
			}
		}
		reader := rdb.NewReader(nil, ReaderOptions())
		item, err := reader.Dump(rdb.AppendDumpEnd(spoiled, 0))
		var told effect.Buffer
		if err != nil || Tell(&told, reader, item, 0, []byte("key"), true) != nil {
			continue
		}
		accepted++
		applyAll(t, s, &told, true)
		e := s.DB(0).Peek([]byte("key"))
		e.big().(object.BigStream).Check()
		e.Remove()
		for s.FreeStep() {
		}
	}
	if accepted == 0 || accepted == 4000 {
		t.Errorf("%d were accepted", accepted)
	}
}

// TestOtherStreams reads streams as Redis 5 and 7.2 write them.
func TestOtherStreams(t *testing.T) {
	h := hostileStream{nodes: []stream.ID{{Ms: 1}, {Ms: 2}}, length: 2, last: stream.ID{Ms: 3},
		groups: []string{"g"}, pending: []stream.ID{{Ms: 2}}, owners: []string{"c"},
		owned: []stream.ID{{Ms: 2}}}
	dump := h.dump()
	nodes := dump[1 : bytes.LastIndex(dump, []byte("\x81v\x02\x04\x01\xff"))+6]
	numbers := func(b []byte, all ...int) []byte {
		for _, n := range all {
			b = rdb.AppendLen(b, n)
		}
		return b
	}
	pending := rdb.AppendStreamOwned([]byte{1}, rdb.StreamID{Ms: 2})
	pending = numbers(append(pending, make([]byte, 8)...), 5, 1) // at a time, five times, a consumer
	one := append(rdb.AppendText(pending, []byte("c")), make([]byte, 8)...)
	owned := rdb.AppendStreamOwned([]byte{1}, rdb.StreamID{Ms: 2})

	old := numbers(append([]byte{byte(rdb.TypeStream1)}, nodes...), 2, 3, 0, 1)
	old = numbers(rdb.AppendText(old, []byte("g")), 2, 0)
	old = slices.Concat(old, one, owned)
	later := numbers(append([]byte{byte(rdb.TypeStream3)}, nodes...), 2, 3, 0, 1, 0, 0, 0, 7, 1)
	later = numbers(rdb.AppendText(later, []byte("g")), 2, 0, 6)
	later = slices.Concat(later, one, make([]byte, 8), owned)
	for name, c := range map[string]struct {
		value       []byte
		added, read int64
	}{
		"Redis 5": {old, 2, stream.ReadUnknown}, "Redis 7.2": {later, 7, 6},
	} {
		r := rdb.NewReader(nil, ReaderOptions())
		item, err := r.Dump(rdb.AppendDumpEnd(c.value, 0))
		if err != nil {
			t.Fatal(name, err)
		}
		s, told := newSpace(t), effect.Buffer{}
		if err := Tell(&told, r, item, 0, []byte("key"), true); err != nil {
			t.Fatal(name, err)
		}
		applyAll(t, s, &told, true)
		got, _ := s.DB(0).ReadStream([]byte("key"))
		g, ok := got.Group([]byte("g"))
		if !ok || got.Len() != 2 || got.Look().State().Added != uint64(c.added) ||
			g.Read != c.read || g.Find(stream.ID{Ms: 2}).Deliveries != 5 {
			t.Errorf("%s: %+v %+v", name, got.Look().State(), g.Group)
		}
	}
}
