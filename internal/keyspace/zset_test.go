// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/object"
)

// zsetTwin is a sorted set that is right at a glance.
type zsetTwin map[string]float64

type zsetPair struct {
	member string
	score  float64
}

func (t zsetTwin) sorted() []zsetPair {
	pairs := make([]zsetPair, 0, len(t))
	for member, score := range t {
		pairs = append(pairs, zsetPair{member, score})
	}
	slices.SortFunc(pairs, func(a, b zsetPair) int {
		switch {
		case a.score < b.score:
			return -1
		case a.score > b.score:
			return 1
		}
		return strings.Compare(a.member, b.member)
	})
	return pairs
}

// FuzzZSetAgainstTwin runs random changes on a sorted set and on its twin, across the
// limit between small and large, and compares everything that can be asked.
func FuzzZSetAgainstTwin(f *testing.F) {
	for seed := range uint64(24) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		s := newSpace(t)
		s.Limits.ZSetEntriesMax, s.Limits.ZSetValueMax = []int{0, 10, 40, 1000}[seed%4], 20
		e := s.DB(0).Find(other)
		e.SetText(other, []byte("text"), 0)
		h := zsetHarness{t: t, rng: rng, s: s, twin: zsetTwin{}, equalScores: seed%3 == 0}
		for step := range 300 {
			h.step, h.what = step, ""
			h.change()
			if step%10 == 0 {
				h.compare()
			}
		}
		h.s.DB(0).Delete(zsetKey)
		h.freed(seed)
	})
}

var zsetKey, other = []byte("z"), []byte("other")

type zsetHarness struct {
	t           *testing.T
	rng         *rand.Rand
	s           *Space
	twin        zsetTwin
	equalScores bool
	step        int
	what        string
}

func (h *zsetHarness) errorf(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("step %d, after %s: %s", h.step, h.what, fmt.Sprintf(format, args...))
}

func (h *zsetHarness) zset() ZSet {
	z, err := h.s.DB(0).FindZSet(zsetKey)
	if err != nil {
		h.errorf("%v", err)
	}
	return z
}

// member is a name of few, some of them integers and few of them long.
func (h *zsetHarness) member() string {
	n := h.rng.IntN(80)
	switch {
	case n < 20:
		return fmt.Sprint(n*1000 - 10_000)
	case n == 20 && h.rng.IntN(20) == 0:
		return strings.Repeat("long", 50)
	}
	return fmt.Sprint("member", n)
}

func (h *zsetHarness) score() float64 {
	if h.equalScores {
		return 7
	}
	switch h.rng.IntN(12) {
	case 0:
		return math.Inf(1)
	case 1:
		return math.Inf(-1)
	case 2:
		return h.rng.NormFloat64() * 1e30
	case 3:
		return h.rng.Float64()
	case 4:
		return float64(h.rng.Int64())
	}
	return float64(h.rng.IntN(20) - 10)
}

func (h *zsetHarness) change() {
	z, member := h.zset(), h.member()
	old, there := h.twin[member]
	switch op := h.rng.IntN(10); {
	case op < 5:
		score := h.score()
		h.what = fmt.Sprint("Add ", score, member)
		created, changed := z.Add(score, []byte(member))
		if created == there || changed != (!there || score != old) {
			h.errorf("created %v, changed %v", created, changed)
		}
		h.twin[member] = score
	case op < 6:
		h.addIf(&z, member)
	case op < 8:
		h.what = fmt.Sprint("Remove ", member)
		if z.Remove([]byte(member)) != there {
			h.errorf("removed what was not there, or not what was")
		}
		delete(h.twin, member)
	case op < 9 && h.rng.IntN(4) == 0:
		h.removeRange(&z)
	case h.rng.IntN(40) == 0:
		h.what = "Enlarge"
		z.Enlarge()
		if len(h.twin) == 0 {
			z.e.Remove()
		}
	default:
		h.what = "copy"
		h.copyAndFree()
	}
}

func (h *zsetHarness) addIf(z *ZSet, member string) {
	rule, score := AddRule(h.rng.IntN(32)), h.score()
	if h.equalScores {
		rule &^= Increment
	}
	h.what = fmt.Sprint("AddIf ", rule, score, member)
	old, there := h.twin[member]
	sum := score
	if rule&Increment != 0 {
		sum += old
	}
	want := AddUpdated
	switch {
	case there && rule&OnlyNew != 0, !there && rule&OnlyOld != 0:
		want = AddRefused
	case !there:
		want = AddCreated
	case sum != sum:
		want = AddNaN
	case rule&OnlyGreater != 0 && sum <= old, rule&OnlyLess != 0 && sum >= old:
		want = AddRefused
	case sum == old:
		want = AddSame
	}
	got, now := z.AddIf(rule, score, []byte(member))
	if got != want || got > AddNaN && now != sum {
		h.errorf("outcome %d, score %v; want %d, %v", got, now, want, sum)
	}
	if got >= AddUpdated {
		h.twin[member] = sum
	}
}

func (h *zsetHarness) removeRange(z *ZSet) {
	if len(h.twin) == 0 {
		return
	}
	first := h.rng.IntN(len(h.twin))
	n := h.rng.IntN(min(len(h.twin)-first, 30) + 1)
	h.what = fmt.Sprint("RemoveRange ", first, n)
	for _, p := range h.twin.sorted()[first : first+n] {
		delete(h.twin, p.member)
	}
	z.RemoveRange(first, n)
}

// copyAndFree copies the sorted set under another key, then frees the old one in steps.
func (h *zsetHarness) copyAndFree() {
	z := h.zset()
	if !z.Exists() || h.rng.IntN(4) != 0 {
		return
	}
	z.e.CopyTo(h.s.DB(1), zsetKey)
	e := h.s.DB(0).Find(zsetKey)
	e.Remove()
	for h.s.FreeStep() {
	}
	e = h.s.DB(1).Find(zsetKey)
	e.MoveTo(h.s.DB(0), zsetKey)
}

func (h *zsetHarness) compare() {
	h.s.check()
	want := h.twin.sorted()
	z, err := h.s.DB(0).ReadZSet(zsetKey)
	if err != nil || z.Exists() != (len(want) > 0) || z.Len() != len(want) {
		h.errorf("%d members, %v; want %d", z.Len(), err, len(want))
	}
	if big := z.big(); big != nil {
		big.Check()
	}
	c, back := z.At(0), z.At(len(want)-1)
	for rank, p := range want {
		if !c.Valid() || string(c.Member()) != p.member || c.Score() != p.score {
			h.errorf("rank %d: not %v", rank, p)
		}
		c.Next()
		q := want[len(want)-1-rank]
		if !back.Valid() || string(back.Member()) != q.member || back.Score() != q.score {
			h.errorf("rank %d from the end: not %v", rank, q)
		}
		back.Prev()
		if at := z.At(rank); string(at.Member()) != p.member {
			h.errorf("At(%d) is not %v", rank, p)
		}
		h.compareMember(&z, rank, p)
	}
	if c.Valid() || back.Valid() || z.At(len(want)).ok() || z.At(-1).ok() {
		h.errorf("a cursor is valid beyond the end")
	}
	h.compareRanges(&z, want)
	h.compareWalks(&z)
}

func (c ZCursor) ok() bool { return c.Valid() }

func (h *zsetHarness) compareMember(z *ZSet, rank int, p zsetPair) {
	if score, ok := z.Score([]byte(p.member)); !ok || score != p.score {
		h.errorf("Score(%s) = %v, %v; want %v", p.member, score, ok, p.score)
	}
	got, ok := z.Rank([]byte(p.member), false)
	reverse, _ := z.Rank([]byte(p.member), true)
	if !ok || got != rank || reverse != len(h.twin)-1-rank {
		h.errorf("Rank(%s) = %d and %d, want %d of %d", p.member, got, reverse, rank, len(h.twin))
	}
}

func (h *zsetHarness) compareRanges(z *ZSet, want []zsetPair) {
	for range 10 {
		r := ScoreRange{h.score(), h.score(), h.rng.IntN(2) == 0, h.rng.IntN(2) == 0}
		first, n := 0, 0
		for _, p := range want {
			switch {
			case p.score < r.Min || r.MinOpen && p.score == r.Min:
				first++
			case p.score < r.Max || !r.MaxOpen && p.score == r.Max:
				n++
			}
		}
		if gotFirst, got := z.RangeByScore(r); got != n || n > 0 && gotFirst != first {
			h.errorf("RangeByScore(%v) = %d, %d; want %d, %d", r, gotFirst, got, first, n)
		}
	}
	for range 10 {
		if h.equalScores {
			h.compareLex(z, want)
		}
	}
}

func (h *zsetHarness) bound() LexBound {
	return LexBound{
		Infinite: []int{0, 0, 0, 0, -1, 1}[h.rng.IntN(6)],
		Text:     []byte(h.member()), Open: h.rng.IntN(2) == 0,
	}
}

func (h *zsetHarness) compareLex(z *ZSet, want []zsetPair) {
	r := LexRange{h.bound(), h.bound()}
	first, n := -1, 0
	for rank, p := range want {
		low := strings.Compare(p.member, string(r.Min.Text))
		high := strings.Compare(p.member, string(r.Max.Text))
		okLow := r.Min.Infinite < 0 || r.Min.Infinite == 0 && (low > 0 || low == 0 && !r.Min.Open)
		okHigh := r.Max.Infinite > 0 || r.Max.Infinite == 0 && (high < 0 || high == 0 && !r.Max.Open)
		if okLow && okHigh {
			if first < 0 {
				first = rank
			}
			n++
		}
	}
	for _, reverse := range []bool{false, true} {
		if gotFirst, got := z.RangeByLex(r, reverse); got != n || n > 0 && gotFirst != first {
			h.errorf("RangeByLex(%+v, %v) = %d, %d; want %d, %d", r, reverse, gotFirst, got, first, n)
		}
	}
}

// compareWalks tries the walks without order.
func (h *zsetHarness) compareWalks(z *ZSet) {
	if len(h.twin) == 0 {
		return
	}
	seen := zsetTwin{}
	note := func(member, text []byte) {
		score, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			h.errorf("Scan gives the score %q", text)
		}
		seen[string(member)] = score
	}
	for cursor := z.Scan(0, note); cursor != 0; {
		cursor = z.Scan(cursor, note)
	}
	if !slices.Equal(seen.sorted(), h.twin.sorted()) {
		h.errorf("Scan sees %d members of %d", len(seen), len(h.twin))
	}
	member, score := z.Random(h.rng.Uint64())
	if want, ok := h.twin[string(member)]; !ok || want != score {
		h.errorf("Random gives %s %v", member, score)
	}
}

// freed wants that nothing is left of the sorted set.
func (h *zsetHarness) freed(seed uint64) {
	for h.s.FreeStep() {
	}
	z := h.zset()
	if z.Exists() {
		h.t.Fatalf("seed %d: the key is there after its removal", seed)
	}
	h.s.DB(0).Delete(other)
	if used := h.s.Used(); used != newSpace(h.t).Used() {
		h.t.Fatalf("seed %d: %d bytes are left", seed, used)
	}
}

func TestBigZSetMemoryIsExact(t *testing.T) {
	s := newSpace(t)
	start := s.Used()
	big := object.NewZSet(s.Arena(), s.Seed())
	rng := rand.New(rand.NewPCG(1, 1))
	check := func(when string) {
		t.Helper()
		if inside := big.Bytes() - big.OutsideBytes(); inside != s.Used()-start {
			t.Fatalf("%s: %d bytes in the arena, want %d", when, inside, s.Used()-start)
		}
	}
	check("empty")
	for i := range 5000 {
		big.Insert(rng.Float64(), fmt.Appendf(nil, "member:%d%s", i, strings.Repeat("x", i%200)))
	}
	check("full")
	big.DeleteRange(100, 2500)
	for range 2000 {
		big.Delete(big.Random(rng.Uint64()))
	}
	check("sparse")
	steps := 1
	for !big.FreeStep(100) {
		check("freeing")
		steps++
	}
	if left := s.Used() - start; left != 0 || steps < 4 {
		t.Fatalf("%d bytes are left after %d steps", left, steps)
	}
	check("freed")
}

func TestZSetHotPathAllocatesNothing(t *testing.T) {
	for _, n := range []int{100, 10_000} {
		db := newSpace(t).DB(0)
		z, _ := db.FindZSet(zsetKey)
		for i := range n {
			z.Add(float64(i), fmt.Appendf(nil, "member:%08d", i))
		}
		member, score := []byte("member:00000050"), 0.0
		budget := func(name string, f func()) {
			if got := testing.AllocsPerRun(200, f); got != 0 {
				t.Errorf("%d members: %s allocates %v times, want 0", n, name, got)
			}
		}
		budget("Add", func() {
			z, _ := db.FindZSet(zsetKey)
			score += 0.25
			z.Add(score, member)
		})
		budget("AddIf", func() {
			z, _ := db.FindZSet(zsetKey)
			z.AddIf(Increment, 1, member)
		})
		budget("Score and Rank", func() {
			z, _ := db.ReadZSet(zsetKey)
			z.Score(member)
			z.Rank(member, true)
		})
		budget("the last five", func() {
			z, _ := db.ReadZSet(zsetKey)
			for i, c := 0, z.At(z.Len()-1); i < 5; i++ {
				score += c.Score() + float64(len(c.Member()))
				c.Prev()
			}
		})
	}
}
