// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/container/listpack"
	"stampede/internal/seedtest"
)

func newArena(t testing.TB) *arena.Arena {
	t.Helper()
	a, err := arena.New(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// slow is a stream as slices and maps.
type slow struct {
	state   State
	entries []slowEntry
	groups  map[string]*slowGroup
}

type slowEntry struct {
	id    ID
	pairs string
}

type slowGroup struct {
	last      ID
	read      int64
	consumers map[string]int64
	pending   map[ID]slowPending
}

type slowPending struct {
	owner       string
	deliveredMs int64
	deliveries  uint64
}

// lines is everything that is handed out of a stream.
func (s *slow) lines() (all []string) {
	first := ID{}
	for _, e := range s.entries {
		all = append(all, fmt.Sprint(e.id, e.pairs))
	}
	if len(s.entries) > 0 {
		first = s.entries[0].id
	}
	all = append(all, fmt.Sprint("head ", len(s.entries), first, s.state, len(s.groups)))
	for _, name := range sorted(s.groups) {
		g := s.groups[name]
		all = append(all, fmt.Sprint("group ", name, g.last, g.read, len(g.pending)))
		ids := []ID{}
		for id := range g.pending {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, ID.Compare)
		for _, id := range ids {
			all = append(all, fmt.Sprint("pending ", id, g.pending[id].deliveredMs,
				g.pending[id].deliveries))
		}
		all = append(all, fmt.Sprint("consumers ", len(g.consumers)))
		for _, one := range sorted(g.consumers) {
			owned := slices.DeleteFunc(slices.Clone(ids),
				func(id ID) bool { return g.pending[id].owner != one })
			all = append(all, fmt.Sprint("consumer ", one, g.consumers[one], len(owned)))
			for _, id := range owned {
				all = append(all, "owned "+id.String())
			}
		}
	}
	return append(all, "end")
}

func sorted[T any](m map[string]T) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// writer makes the lines of what it visits.
type writer struct{ lines []string }

func (w *writer) Node(id ID, pack listpack.Pack) {
	h := readHead(pack)
	var e Entry
	for at := h.entriesAt; at >= 0; {
		e.read(pack, &h, id, at)
		next := e
		if at = e.after(); !e.deleted() {
			w.lines = append(w.lines, fmt.Sprint(e.ID, textOf(&next)))
		}
	}
}

func (w *writer) Head(length int, first ID, s State, groups int) {
	w.lines = append(w.lines, fmt.Sprint("head ", length, first, s, groups))
}

func (w *writer) Group(name string, last ID, read int64, pending int) {
	w.lines = append(w.lines, fmt.Sprint("group ", name, last, read, pending))
}

func (w *writer) Pending(p *Pending) {
	w.lines = append(w.lines, fmt.Sprint("pending ", p.ID, p.DeliveredMs, p.Deliveries))
}

func (w *writer) Consumers(n int) { w.lines = append(w.lines, fmt.Sprint("consumers ", n)) }

func (w *writer) Consumer(name string, seenMs int64, owned int) {
	w.lines = append(w.lines, fmt.Sprint("consumer ", name, seenMs, owned))
}

func (w *writer) Owned(id ID) { w.lines = append(w.lines, "owned "+id.String()) }

func (w *writer) End() { w.lines = append(w.lines, "end") }

func textOf(e *Entry) string {
	var all []string
	for range e.Pairs() {
		field, value := e.Next()
		all = append(all, fmt.Sprintf("%s=%s", field.Append(nil), value.Append(nil)))
	}
	return strings.Join(all, " ")
}

// twin does everything to both.
type twin struct {
	*rand.Rand
	t    *testing.T
	s    *Stream
	want slow
	fill Fill
}

func newTwin(t *testing.T, a *arena.Arena, number uint64, fill Fill) *twin {
	return &twin{rand.New(rand.NewPCG(seedtest.Of(t), number)), t, New(a),
		slow{groups: map[string]*slowGroup{}}, fill}
}

func (w *twin) id() ID {
	if n := len(w.want.entries); n > 0 && w.IntN(8) > 0 {
		return w.want.entries[w.IntN(n)].id
	}
	return ID{uint64(w.IntN(50)), uint64(w.IntN(50))}
}

func (w *twin) add() {
	id := w.want.state.Last
	if w.IntN(3) == 0 {
		id.Ms += uint64(w.IntN(1 << w.IntN(20)))
		id.Seq = uint64(w.IntN(3))
	}
	if !w.want.state.Last.Less(id) {
		id, _ = w.want.state.Last.Next()
	}
	fields := 1 + w.IntN(3)
	var pairs [][]byte
	var text []string
	for i := range fields {
		field, value := fmt.Sprint("f", i+w.IntN(4)/3), w.value()
		pairs = append(pairs, []byte(field), []byte(value))
		text = append(text, field+"="+value)
	}
	w.s.Add(id, pairs, w.fill)
	w.want.entries = append(w.want.entries, slowEntry{id, strings.Join(text, " ")})
	w.want.state.Last = id
	w.want.state.Added++
}

func (w *twin) value() string {
	switch w.IntN(8) {
	case 0:
		return strings.Repeat("v", w.IntN(300))
	case 1, 2, 3:
		return fmt.Sprint(w.IntN(1<<w.IntN(60)+1) - 5)
	}
	return "value"
}

func (w *twin) delete(id ID) {
	at := slices.IndexFunc(w.want.entries, func(e slowEntry) bool { return e.id == id })
	if got := w.s.Delete(id); got != (at >= 0) {
		w.t.Fatalf("deleted %v: %v", id, got)
	}
	if at >= 0 {
		w.want.entries = slices.Delete(w.want.entries, at, at+1)
		if w.want.state.MaxDeleted.Less(id) {
			w.want.state.MaxDeleted = id
		}
	}
}

// trim: what goes by whole nodes is a beginning that leaves enough; how much is Redis'
// business, and the conformance tests'.
func (w *twin) trim() {
	t := Trim{Len: w.IntN(len(w.want.entries) + 2), ByID: w.IntN(2) == 0, MinID: w.id(),
		Approx: w.IntN(2) == 0}
	if t.Approx && w.IntN(3) == 0 {
		t.LimitTo = w.IntN(50)
	}
	most := 0
	for _, e := range w.want.entries {
		if t.ByID && e.id.Less(t.MinID) || !t.ByID && len(w.want.entries)-most > t.Len {
			most++
		}
	}
	got := w.s.Trim(t)
	if got > most || !t.Approx && got != most || t.LimitTo > 0 && got > t.LimitTo {
		w.t.Fatalf("%+v of %d took %d, want %d", t, len(w.want.entries), got, most)
	}
	w.want.entries = w.want.entries[got:]
}

func (w *twin) group() (name string, g *Group, want *slowGroup) {
	name = fmt.Sprint("g", w.IntN(3))
	return name, w.s.Group([]byte(name)), w.want.groups[name]
}

func (w *twin) groupStep() {
	name, g, want := w.group()
	if (g == nil) != (want == nil) {
		w.t.Fatalf("group %s: %v", name, want)
	}
	consumer := fmt.Sprint("c", w.IntN(4))
	switch k := w.IntN(12); {
	case want == nil || k == 0:
		last, read := w.id(), int64(w.IntN(9)-1)
		w.s.SetGroup([]byte(name), last, read)
		if want == nil {
			want = &slowGroup{consumers: map[string]int64{}, pending: map[ID]slowPending{}}
			w.want.groups[name] = want
		}
		want.last, want.read = last, read
	case k == 1 && w.IntN(6) == 0:
		w.s.DropGroup([]byte(name))
		delete(w.want.groups, name)
	case k == 2 && w.IntN(3) == 0:
		w.dropConsumer(g, want, consumer)
	case k < 5:
		if id := w.id(); g.Ack(id) != (want.pending[id].owner != "") {
			w.t.Fatalf("acknowledged %v: %+v", id, want.pending[id])
		} else {
			delete(want.pending, id)
		}
	default:
		c := g.AddConsumer([]byte(consumer), int64(k))
		want.consumers[consumer] = int64(k)
		for range 1 + w.IntN(1+w.IntN(100)) {
			p := Pending{ID: w.id(), DeliveredMs: int64(w.IntN(99)), Deliveries: w.Uint64()}
			g.Put(p, c)
			want.pending[p.ID] = slowPending{consumer, p.DeliveredMs, p.Deliveries}
		}
	}
}

func (w *twin) dropConsumer(g *Group, want *slowGroup, name string) {
	n, ok := g.DropConsumer([]byte(name))
	_, there := want.consumers[name]
	delete(want.consumers, name)
	for id, p := range want.pending {
		if p.owner == name {
			n--
			delete(want.pending, id)
		}
	}
	if ok != there || n != 0 {
		w.t.Fatalf("dropped %s: %v, %d too many", name, ok, n)
	}
}

func (w *twin) step() {
	switch w.IntN(12) {
	case 0:
		for range w.IntN(250) {
			w.add()
		}
	case 1:
		for range w.IntN(20) {
			w.delete(w.id())
		}
	case 2:
		if w.IntN(4) == 0 {
			w.trim()
		}
	case 3:
		state := State{Last: w.s.Top(), MaxDeleted: w.id(), Added: w.Uint64N(500)}
		if w.IntN(2) == 0 {
			state.Last.Ms += 7
		}
		w.s.SetState(state)
		w.want.state = state
	case 4, 5:
		w.add()
	default:
		w.groupStep()
	}
}

func (w *twin) check() {
	w.t.Helper()
	w.s.Check()
	var got writer
	w.s.Visit(&got)
	if want := w.want.lines(); !slices.Equal(got.lines, want) {
		w.t.Fatalf("the stream is not as it should be:\n%.2000q\n%.2000q", got.lines, want)
	}
	w.checkRange()
}

// checkRange looks at entries and pending entries between two IDs, in both directions.
func (w *twin) checkRange() {
	from, to := w.id(), w.id()
	want := []ID{}
	for _, e := range w.want.entries {
		if !e.id.Less(from) && !to.Less(e.id) {
			want = append(want, e.id)
		}
	}
	for _, reverse := range []bool{false, true} {
		got := []ID{}
		w.s.Each(from, to, reverse, func(e *Entry) bool {
			got = append(got, e.ID)
			return true
		})
		if reverse {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			w.t.Fatalf("from %v to %v: %v, want %v", from, to, got, want)
		}
	}
	_, g, pending := w.group()
	if g == nil {
		return
	}
	g.Each(from, func(p *Pending) bool {
		one := pending.pending[p.ID]
		if p.ID.Less(from) || g.Owner(p).Name() != one.owner || p.Deliveries != one.deliveries {
			w.t.Fatalf("pending %+v of %s, want %+v", p, g.Owner(p).Name(), one)
		}
		from, _ = p.ID.Next()
		return true
	})
}

func TestTwin(t *testing.T) {
	for i, fill := range []Fill{{4096, 100}, {0, 0}, {300, 0}, {0, 3}, {1, 1}, {4096, 7}} {
		a := newArena(t)
		w := newTwin(t, a, uint64(i), fill)
		for round := range 150 {
			w.step()
			if round%8 == 0 {
				w.check()
			}
		}
		c := w.s.Copy(a)
		c.Check()
		var got writer
		if c.Visit(&got); !slices.Equal(got.lines, w.want.lines()) {
			t.Fatal("the copy differs")
		}
		for _, s := range []*Stream{w.s, c} {
			for !s.FreeStep(100) {
			}
			if s.mem.arena != 0 {
				t.Errorf("%d bytes by its own count", s.mem.arena)
			}
		}
		if a.Used() != 0 {
			t.Fatalf("%d bytes of the arena are lost", a.Used())
		}
	}
}

// TestSave: what is handed out while everything changes is the stream as it was.
func TestSave(t *testing.T) {
	a := newArena(t)
	w := newTwin(t, a, 9, Fill{500, 10})
	for range 12 {
		for range 60 {
			w.step()
		}
		var got writer
		want := w.want.lines()
		w.s.BeginSave(&got)
		for !w.s.SaveStep(1 + w.IntN(100)) {
			for range w.IntN(12) {
				w.step()
			}
			w.check()
		}
		if !slices.Equal(got.lines, want) {
			t.Fatalf("%.3000q\nwant %.3000q", got.lines, want)
		}
		w.check()
	}
	for !w.s.FreeStep(100) {
	}
	if a.Used() != 0 {
		t.Fatalf("%d bytes of the arena are lost", a.Used())
	}
}

// TestNodes: packs that are handed out make an equal stream, and spoiled ones make none.
func TestNodes(t *testing.T) {
	a := newArena(t)
	w := newTwin(t, a, 5, Fill{300, 20})
	for range 300 {
		w.add()
	}
	for range 100 {
		w.delete(w.id())
	}
	c, spoiled := New(a), 0
	for i := range w.s.nodes.len() {
		n := w.s.nodes.at(i)
		p := w.s.pack(n)
		for range 200 {
			bad := slices.Clone(p)
			bad[w.IntN(len(bad))] ^= 1 << w.IntN(8)
			s := New(a)
			if s.AppendNode(n.id, bad) != nil {
				spoiled++
				continue
			}
			s.Check()
		}
		if err := c.AppendNode(n.id, p); err != nil {
			t.Fatal(err)
		}
		if c.AppendNode(n.id, p) == nil {
			t.Fatal("a node comes twice")
		}
	}
	c.SetState(w.want.state)
	c.Check()
	var got writer
	if c.Visit(&got); !slices.Equal(got.lines, w.want.lines()) {
		t.Fatal("the nodes make another stream")
	}
	if spoiled == 0 {
		t.Error("nothing was refused")
	}
}

// TestAddAllocatesNothing: a stream grows without work for the garbage collector.
func TestAddAllocatesNothing(t *testing.T) {
	s, id := New(newArena(t)), ID{Ms: 1}
	pairs := [][]byte{[]byte("field"), []byte("value"), []byte("other"), []byte("12345")}
	add := func() {
		id.Ms++
		s.Add(id, pairs, Fill{4096, 100})
		if s.Len() > 50_000 {
			s.Trim(Trim{Len: 40_000, Approx: true})
		}
	}
	for range 60_000 {
		add()
	}
	if n := testing.AllocsPerRun(20_000, add); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func TestIDs(t *testing.T) {
	for _, c := range []struct {
		text string
		id   ID
		ok   bool
	}{
		{"1-2", ID{1, 2}, true}, {"1", ID{1, 9}, true}, {"0-0", ID{}, true},
		{"18446744073709551615-18446744073709551615", Max(), true},
		{"18446744073709551616-1", ID{}, false}, {"1-", ID{}, false}, {"-", ID{}, false},
		{"-1", ID{}, false}, {"+", ID{}, false}, {"", ID{}, false}, {"1-2-3", ID{}, false},
		{"01-02", ID{1, 2}, true}, {"+1-+2", ID{1, 2}, true}, {" 1-\t2", ID{1, 2}, true},
		{"1--1", ID{}, false}, {"1--01", ID{1, 1<<64 - 1}, true}, {"1-1x", ID{}, false},
		{"1-2\x00x", ID{1, 2}, true}, {"1-*", ID{}, false},
		{strings.Repeat("0", 127), ID{0, 9}, true}, {strings.Repeat("0", 128), ID{}, false},
	} {
		if id, ok := Parse([]byte(c.text), 9); ok != c.ok || ok && id != c.id {
			t.Errorf("%q: %v, %v", c.text, id, ok)
		}
	}
	if ms, ok := ParseMs([]byte("7-*")); !ok || ms != 7 {
		t.Error("7-* is not read")
	}
	if next, ok := (ID{1, 1<<64 - 1}).Next(); !ok || next != (ID{2, 0}) {
		t.Error(next)
	}
	if prev, ok := (ID{2, 0}).Prev(); !ok || prev != (ID{1, 1<<64 - 1}) {
		t.Error(prev)
	}
	if _, ok := Max().Next(); ok {
		t.Error("there is an ID behind the highest")
	}
	if _, ok := (ID{}).Prev(); ok {
		t.Error("there is an ID before the lowest")
	}
}

// FuzzParse: what is read comes back from its text.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"1-2", "0", " +1--01", "1-*", "18446744073709551615-1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if id, ok := Parse(text, 3); ok {
			if again, ok := Parse(id.Append(nil), 0); !ok || again != id {
				t.Errorf("%q is %v, and that %v", text, id, again)
			}
		}
		ParseMs(text)
	})
}
