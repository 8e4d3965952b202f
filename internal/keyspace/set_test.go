// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/effect"
	"stampede/internal/object"
	"stampede/internal/rdb"
)

var setKey = []byte("t")

// setTwin is a set that is right at a glance.
type setTwin struct {
	members  map[string]bool
	encoding string // by the rules of Redis 7.0
}

type setHarness struct {
	t    *testing.T
	rng  *rand.Rand
	s    *Space
	twin setTwin
	what string
	kind uint64 // which members are drawn
}

// FuzzSetAgainstTwin runs random changes on a set and on its twin, across all limits, and
// compares everything that can be asked.
func FuzzSetAgainstTwin(f *testing.F) {
	for seed := range uint64(48) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		s := newSpace(t)
		s.Limits.SetIntsMax = []int{512, 10, 0, 100, math.MaxInt}[seed%5]
		used := s.Used()
		h := setHarness{
			t: t, rng: rand.New(rand.NewPCG(seed, 0)), s: s, kind: seed % 4,
			twin: setTwin{members: map[string]bool{}},
		}
		var b effect.Buffer
		s.Effects = &b
		for step := range 400 {
			h.change(step)
			if step%20 == 0 {
				h.compare()
				s.check()
			}
		}
		s.Effects = nil
		again := newSpace(t)
		replay(t, again, b.Bytes())
		mustEqual(t, "replay", describe(again), describe(s))
		s.DB(0).Delete(setKey)
		for s.FreeStep() {
		}
		if s.Used() != used {
			t.Fatalf("seed %d: %d bytes are left", seed, s.Used()-used)
		}
	})
}

func (h *setHarness) errorf(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("after %s: %s", h.what, fmt.Sprintf(format, args...))
}

func (h *setHarness) set() Set {
	s, err := h.s.DB(0).FindSet(setKey)
	if err != nil {
		h.errorf("%v", err)
	}
	return s
}

// member is one of some hundreds, of a kind that the seed has chosen.
func (h *setHarness) member() string {
	n := h.rng.IntN(400)
	switch {
	case h.kind == 0 || h.kind == 1 && h.rng.IntN(60) > 0:
		return strconv.FormatInt(int64(n-200)*[]int64{1, 100, 1e6, 3e16}[n%4], 10)
	case n == 7:
		return strings.Repeat("long", 10+h.rng.IntN(10))
	case n < 12:
		return []string{"", "-0", "007", "+1", "9223372036854775808", "-9223372036854775808",
			"9223372036854775807", "-1", "\x00", "-", "1 ", "12345678901234567890123"}[n]
	}
	return fmt.Sprint("m", n%100)
}

func (h *setHarness) change(step int) {
	s, member := h.set(), h.member()
	switch grow := 3 + step/100%2*4; h.rng.IntN(10) {
	case 0:
		h.pop(&s)
	case 1:
		h.what = "Copy and Move"
		db := h.s.DB(0)
		if e := db.Find(setKey); e.Exists() {
			e.CopyTo(db, []byte("copy"))
			e = db.Find(setKey)
			e.Remove()
			e = db.Find([]byte("copy"))
			e.MoveTo(db, setKey)
		}
	default:
		if h.rng.IntN(10) < grow {
			h.what = fmt.Sprintf("Remove(%q)", member)
			if got := s.Remove([]byte(member)); got != h.twin.members[member] {
				h.errorf("it says %v", got)
			}
			h.twin.remove(member)
			return
		}
		h.what = fmt.Sprintf("Add(%q)", member)
		if created := s.Add([]byte(member)); created == h.twin.members[member] {
			h.errorf("it says %v", created)
		}
		h.twin.add(member, h.s.Limits.SetIntsMax)
	}
}

func (h *setHarness) pop(s *Set) {
	if len(h.twin.members) == 0 {
		return
	}
	h.what = "Pop"
	n := 1
	if h.rng.IntN(15) == 0 {
		n = h.rng.IntN(len(h.twin.members))
	}
	for range n {
		member := string(s.Pop(h.rng.Uint64(), []byte("before"))[len("before"):])
		if !h.twin.members[member] {
			h.errorf("it gives %q, which is not there", member)
		}
		h.twin.remove(member)
	}
	if n > 1 {
		h.what = "Refit"
		s.Refit()
		refit := setTwin{members: map[string]bool{}}
		for member := range h.twin.members {
			refit.add(member, h.s.Limits.SetIntsMax)
		}
		h.twin = refit
	}
}

func (t *setTwin) add(member string, intsMax int) {
	n, err := strconv.ParseInt(member, 10, 64)
	isInt := err == nil && strconv.FormatInt(n, 10) == member
	if len(t.members) == 0 {
		t.encoding = "intset"
	}
	if t.members[member] = true; !isInt || len(t.members) > intsMax {
		t.encoding = "hashtable"
	}
}

func (t *setTwin) remove(member string) {
	if delete(t.members, member); len(t.members) == 0 {
		t.encoding = ""
	}
}

func (h *setHarness) compare() {
	s := h.set()
	if s.Len() != len(h.twin.members) || s.Exists() != (s.Len() > 0) {
		h.errorf("Len is %d, want %d", s.Len(), len(h.twin.members))
	}
	each, scanned := map[string]bool{}, map[string]bool{}
	last := int64(math.MinInt64)
	s.Each(func(member []byte) bool {
		if each[string(member)] {
			h.errorf("Each visits %q twice", member)
		}
		if each[string(member)] = true; h.twin.encoding == "intset" {
			n, err := strconv.ParseInt(string(member), 10, 64)
			if err != nil || n < last {
				h.errorf("Each visits %q behind %d", member, last)
			}
			last = n
		}
		return true
	})
	scan := func(member []byte) { scanned[string(member)] = true }
	for cursor := s.Scan(0, scan); cursor != 0; {
		cursor = s.Scan(cursor, scan)
	}
	if !maps.Equal(each, h.twin.members) || !maps.Equal(scanned, h.twin.members) {
		h.errorf("Each sees %d and Scan %d members of %d", len(each), len(scanned), s.Len())
	}
	for range 20 {
		if member := h.member(); s.Has([]byte(member)) != h.twin.members[member] {
			h.errorf("Has(%q) is %v", member, !h.twin.members[member])
		}
	}
	if !s.Exists() {
		return
	}
	if got := s.e.Encoding(); got != h.twin.encoding {
		h.errorf("the encoding is %s, want %s", got, h.twin.encoding)
	}
	if member := s.Random(h.rng.Uint64()); !h.twin.members[string(member)] {
		h.errorf("Random gives %q", member)
	}
	h.compareDump(&s)
}

// compareDump wants what DUMP gives to make the same set elsewhere.
func (h *setHarness) compareDump(s *Set) {
	r := rdb.NewReader(nil, ReaderOptions())
	item, err := r.Dump(rdb.AppendDumpEnd(s.e.AppendDump(nil), 0))
	if err != nil {
		h.errorf("dump: %v", err)
	}
	var b effect.Buffer
	if err := Tell(&b, r, item, 0, setKey, true); err != nil {
		h.errorf("dump: %v", err)
	}
	again := newSpace(h.t)
	again.Limits = h.s.Limits
	replay(h.t, again, b.Bytes())
	mustEqual(h.t, "dump", describe(again), describe(h.s))
}

func TestSetMemoryIsExact(t *testing.T) {
	s := newSpace(t)
	start := s.Used()
	big := object.NewSet(s.Arena(), s.Seed())
	check := func(when string) {
		t.Helper()
		if beside := big.Bytes() - (s.Used() - start); beside < 0 || beside > 10_000 {
			t.Fatalf("%s: Bytes is %d more than what the arena knows of", when, beside)
		}
	}
	for i := range 5000 {
		big.Add(bytes.Repeat([]byte{'m'}, i%300+i/300))
		big.Add(fmt.Append(nil, i))
	}
	check("full")
	for i := range 4000 {
		if !big.Remove(fmt.Append(nil, i)) || big.Has(fmt.Append(nil, i)) {
			t.Fatalf("%d is still there", i)
		}
	}
	check("sparse")
	steps := 1
	for !big.FreeStep(100) {
		steps++
	}
	if left := s.Used() - start; left != 0 || steps < 4 {
		t.Fatalf("%d bytes are left after %d steps", left, steps)
	}
}

func TestSetHotPathAllocatesNothing(t *testing.T) {
	for _, format := range []string{"%d", "member:%d"} {
		for _, n := range []int{40, 10_000} {
			db := newSpace(t).DB(0)
			s, _ := db.FindSet(setKey)
			for i := range n {
				s.Add(fmt.Appendf(nil, format, i))
			}
			member, scratch := fmt.Appendf(nil, format, n), make([]byte, 0, 64)
			if got := testing.AllocsPerRun(200, func() {
				s, _ := db.FindSet(setKey)
				if !s.Add(member) || !s.Has(member) || !s.Remove(member) {
					t.Error("it does not take what it gets")
				}
				scratch = s.Pop(7, scratch[:0])
				s.Add(scratch)
				s.Random(9)
			}); got != 0 {
				t.Errorf("%d members like %s: %v allocations, want 0", n, format, got)
			}
		}
	}
}

// TestSmallSetsAreSmall: a few texts do not pay for a hash table.
func TestSmallSetsAreSmall(t *testing.T) {
	s := newSpace(t)
	for i := range 1000 {
		set, _ := s.DB(0).FindSet(fmt.Append(nil, "tags:", i))
		for _, tag := range []string{"red", "cotton", "sale", "summer-2026", "men"} {
			set.Add([]byte(tag))
		}
	}
	e := s.DB(0).Find([]byte("tags:1"))
	if n := e.MemoryBytes(); n > 80 || e.Encoding() != "hashtable" {
		t.Errorf("%d bytes as %s", n, e.Encoding())
	}
}
