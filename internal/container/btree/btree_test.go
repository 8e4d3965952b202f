// SPDX-License-Identifier: Apache-2.0

package btree

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"stampede/internal/seedtest"
)

// TestTwin runs random edits on the tree and its twin: phases of growth and of decline, with
// few and with many different scores, so that ties, splits, merges and shrinking all occur.
func TestTwin(t *testing.T) {
	for _, scores := range []int{1, 7, 100, 1 << 30} {
		t.Run(fmt.Sprint(scores, " scores"), func(t *testing.T) {
			seed := seedtest.Of(t)
			r := rand.New(rand.NewPCG(seed, 0))
			w := newTwin(t)
			for phase := range 6 {
				for range 4000 {
					w.step(r, scores, phase%2 == 0)
				}
				w.verify()
			}
			w.deleteRange(0, len(w.pairs))
			w.verify()
			if got := w.tree.Bytes(); got > 256 {
				t.Errorf("an empty tree takes %d bytes", got)
			}
		})
	}
}

// step does one random thing.
func (w *twin) step(r *rand.Rand, scores int, grow bool) {
	score := float64(r.IntN(scores) - scores/2)
	n := len(w.pairs)
	what := r.IntN(20)
	switch {
	case n == 0 || what < 13 && grow || what < 4:
		w.insert(score, fmt.Sprint("m", r.IntN(1<<20)))
	case what < 16:
		p := w.pairs[r.IntN(n)]
		w.delete(p.score, p.member)
	case what == 16:
		w.move(r.IntN(n), score)
	case what == 17:
		i := r.IntN(n)
		w.move(i, w.pairs[i].score+float64(r.IntN(3)-1))
	case what == 18:
		w.seek(score, fmt.Sprint("m", r.IntN(1<<20)))
		p := w.pairs[r.IntN(n)]
		w.seek(p.score, p.member)
		w.delete(score, "nobody")
	case r.IntN(100) == 0:
		w.deleteRange(r.IntN(n+2), r.IntN(n/2+2))
	default:
		w.deleteRange(r.IntN(n+2), r.IntN(4))
	}
	if r.IntN(256) == 0 {
		w.verify()
	}
}

// TestOrders builds and empties trees in orders that make all the edges occur.
func TestOrders(t *testing.T) {
	const n = 6000
	score := map[string]func(i int) float64{
		"ascending":  func(i int) float64 { return float64(i) },
		"descending": func(i int) float64 { return float64(-i) },
		"inwards":    func(i int) float64 { return float64((1 - i%2*2) * (n - i)) },
		"outwards":   func(i int) float64 { return float64((1 - i%2*2) * i) },
		"equal":      func(i int) float64 { return 0 },
	}
	for name, score := range score {
		for _, end := range []string{"first", "last", "middle"} {
			t.Run(name+", from the "+end, func(t *testing.T) {
				w := newTwin(t)
				for i := range n {
					w.insert(score(i), fmt.Sprintf("%06d", i))
					if i%97 == 0 {
						w.tree.check()
					}
				}
				w.verify()
				for len(w.pairs) > 0 {
					i := map[string]int{"first": 0, "last": len(w.pairs) - 1, "middle": len(w.pairs) / 2}
					p := w.pairs[i[end]]
					w.delete(p.score, p.member)
					if len(w.pairs)%97 == 0 {
						w.tree.check()
					}
				}
				w.verify()
			})
		}
	}
}

// TestLarge has inner nodes that split and merge on several levels away from the edges.
func TestLarge(t *testing.T) {
	const n = 100_000
	seed := seedtest.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	m := &names{}
	tree := New(m)
	scores := make([]float64, n)
	for i := range scores {
		scores[i] = r.Float64()
		tree.Insert(scores[i], m.add(binary.BigEndian.AppendUint32(nil, uint32(i))))
		if i%20_000 == 0 {
			tree.check()
		}
	}
	tree.check()
	for i, ref := range r.Perm(n) {
		got, ok := tree.Delete(scores[ref], m.text[ref])
		if !ok || got != uint32(ref) {
			t.Fatalf("Delete: %d %v, want %d", got, ok, ref)
		}
		if i%20_000 == 0 {
			tree.check()
		}
	}
	tree.check()
}

func TestSpecialScores(t *testing.T) {
	w := newTwin(t)
	zero := math.Copysign(0, -1)
	for i, score := range []float64{math.Inf(1), 0, zero, math.Inf(-1), 1, -1,
		math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64} {
		for _, c := range "ab" {
			w.insert(score, fmt.Sprint(string(c), i))
		}
	}
	w.verify()
	for _, p := range w.pairs {
		w.seek(p.score, p.member)
		w.seek(-p.score, p.member)
	}
	for i := range w.pairs {
		w.move(i, zero)
		w.move(i, math.Inf(1))
		w.verify()
	}
	defer func() {
		if recover() == nil {
			t.Error("NaN came in")
		}
	}()
	w.tree.Insert(math.NaN(), 0)
}

// TestTouchesNoMemberWithoutTies proves that different scores are told apart by themselves.
func TestTouchesNoMemberWithoutTies(t *testing.T) {
	m := &names{}
	tree := New(m)
	for i := range 5000 {
		tree.Insert(float64(i*7919%5000), m.add([]byte{byte(i)}))
	}
	m.asked = 0
	tree.Insert(0.5, m.add([]byte("x")))
	tree.SeekScore(17, true)
	if m.asked > 1 {
		t.Errorf("asked for %d members besides the new one", m.asked-1)
	}
	m.asked = 0
	if _, ok := tree.Delete(0.5, []byte("x")); !ok || m.asked > 2 {
		t.Errorf("Delete: %v, asked for %d members", ok, m.asked)
	}
}

func TestMemory(t *testing.T) {
	build := func(n int, score func(i int) float64) *Tree {
		m := &names{text: make([][]byte, n)}
		tree := New(m)
		for i := range n {
			m.text[i] = binary.BigEndian.AppendUint32(nil, uint32(i))
			tree.Insert(score(i), uint32(i))
		}
		return tree
	}
	random := func(int) float64 { return rand.Float64() }
	ascending := func(i int) float64 { return float64(i) }
	if got := build(129, ascending).Bytes(); got > 3<<10 {
		t.Errorf("129 pairs ascending: %d bytes", got)
	}
	// Three leaves hold them, or four where the first one to split was left half empty.
	if got := build(129, random).Bytes(); got > 4<<10 {
		t.Errorf("129 pairs at random: %d bytes", got)
	}
	const n = 100_000
	for _, c := range []struct {
		name  string
		score func(int) float64
		fill  float64
	}{{"random", random, 0.7}, {"ascending", ascending, 0.9}} {
		tree := build(n, c.score)
		fill := n / float64(tree.leaves.live()*leafSlots)
		perPair := float64(tree.Bytes()) / n
		t.Logf("%s: fill %.3f, %.2f bytes a pair", c.name, fill, perPair)
		if fill < c.fill || perPair > 18 {
			t.Errorf("%s: fill %.3f, %.2f bytes a pair", c.name, fill, perPair)
		}
	}
	tree := build(n, ascending)
	if want := tree.leaves.live()/(innerSlots-1) + 5; tree.inners.live() > want {
		t.Errorf("ascending: %d inner nodes, want %d or fewer", tree.inners.live(), want)
	}
	tree = build(n, random)
	tree.DeleteRange(10, n-1000, nil)
	tree.check()
	if got := tree.Bytes(); got > 120<<10 {
		t.Errorf("1000 pairs of %d left take %d bytes", n, got)
	}
}

// TestAllocatesNothing holds for edits that need no new node, and for all that only reads.
func TestAllocatesNothing(t *testing.T) {
	m := &names{}
	tree := New(m)
	for i := range 10_000 {
		m.add(fmt.Appendf(nil, "m%d", i))
		tree.Insert(float64(i%100), uint32(i))
	}
	i := 0
	allocs := testing.AllocsPerRun(1000, func() {
		i++
		score, member := float64(i%100), m.text[i]
		tree.Move(score, score+0.5, member)
		tree.Move(score+0.5, score, member)
		c, _ := tree.Seek(score, member, true)
		for range 5 {
			c.Prev()
		}
		rank, _ := tree.Rank(score, member)
		c = tree.At(rank)
		c.Next()
		c, _ = tree.SeekScore(score, false)
		tree.Each(func(score float64, ref uint32) bool { return ref == 0 })
	})
	if allocs >= 1 {
		t.Errorf("%v allocations", allocs)
	}
}

func FuzzTwin(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x00\x05\x05\x00\x05\x06\x01\x00\x00\x02\x00\x09\x03\x00\x05"))
	f.Fuzz(func(t *testing.T, script []byte) {
		w := newTwin(t)
		for i := range 200 {
			w.insert(float64(i%5), fmt.Sprintf("%03d", i))
		}
		for ; len(script) >= 3; script = script[3:] {
			w.fuzzStep(script[0], int(script[1]), float64(int8(script[2])/16))
		}
		w.verify()
	})
}

func (w *twin) fuzzStep(what byte, i int, score float64) {
	member := fmt.Sprintf("%03d", i)
	switch n := len(w.pairs); {
	case what < 100:
		w.insert(score, member)
	case what < 120:
		w.deleteRange(i, int(what)-100)
	case what < 140:
		w.seek(score, member)
	case n == 0:
	case what < 200:
		p := w.pairs[i%n]
		w.delete(p.score, p.member)
	default:
		w.move(i%n, score)
	}
}
