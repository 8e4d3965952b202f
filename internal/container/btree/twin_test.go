// SPDX-License-Identifier: Apache-2.0

package btree

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

// names is a Members over a slice: the reference is the index. It counts how often it is asked.
type names struct {
	text  [][]byte
	asked int
}

func (m *names) Member(ref uint32) []byte {
	m.asked++
	return m.text[ref]
}

// add makes a member known and gives its reference.
func (m *names) add(text []byte) uint32 {
	m.text = append(m.text, text)
	return uint32(len(m.text) - 1)
}

// twin is a tree and, beside it, the same pairs in a sorted slice: slow and obviously right.
type twin struct {
	t     testing.TB
	names *names
	tree  *Tree
	pairs []pair
}

type pair struct {
	score  float64
	member string
	ref    uint32
}

func newTwin(t testing.TB) *twin {
	m := &names{}
	return &twin{t: t, names: m, tree: New(m)}
}

func comparePairs(a, b pair) int {
	switch {
	case a.score < b.score:
		return -1
	case a.score > b.score:
		return 1
	}
	return bytes.Compare([]byte(a.member), []byte(b.member))
}

// place gives where a pair is, or belongs, in the slice.
func (w *twin) place(score float64, member string) (int, bool) {
	return slices.BinarySearchFunc(w.pairs, pair{score: score, member: member}, comparePairs)
}

func (w *twin) insert(score float64, member string) {
	i, found := w.place(score, member)
	if found {
		return
	}
	ref := w.names.add([]byte(member))
	w.pairs = slices.Insert(w.pairs, i, pair{score, member, ref})
	w.tree.Insert(score, ref)
}

func (w *twin) delete(score float64, member string) {
	i, found := w.place(score, member)
	ref, ok := w.tree.Delete(score, []byte(member))
	if ok != found {
		w.t.Fatalf("Delete(%v, %q): %v, want %v", score, member, ok, found)
	}
	if !found {
		return
	}
	if ref != w.pairs[i].ref {
		w.t.Fatalf("Delete(%v, %q): ref %d, want %d", score, member, ref, w.pairs[i].ref)
	}
	w.pairs = slices.Delete(w.pairs, i, i+1)
}

// move gives pair i another score, unless the pair would then be there twice.
func (w *twin) move(i int, score float64) {
	p := w.pairs[i]
	if j, found := w.place(score, p.member); found && j != i {
		return
	}
	w.tree.Move(p.score, score, []byte(p.member))
	w.pairs = slices.Delete(w.pairs, i, i+1)
	p.score = score
	j, _ := w.place(score, p.member)
	w.pairs = slices.Insert(w.pairs, j, p)
}

func (w *twin) deleteRange(from, n int) {
	var got []pair
	count := w.tree.DeleteRange(from, n, func(score float64, ref uint32) {
		got = append(got, pair{score, string(w.names.text[ref]), ref})
	})
	end := max(from, min(from+n, len(w.pairs)))
	from = min(from, end)
	if from >= len(w.pairs) {
		from, end = 0, 0
	}
	if want := w.pairs[from:end]; !slices.Equal(got, want) || count != len(want) {
		w.t.Fatalf("DeleteRange(%d, %d): %d pairs %v, want %v", from, n, count, got, want)
	}
	w.pairs = slices.Delete(w.pairs, from, end)
}

// seek compares all ways to find a place, and the steps from there.
func (w *twin) seek(score float64, member string) {
	i, found := w.place(score, member)
	rank, ok := w.tree.Rank(score, []byte(member))
	if ok != found || ok && rank != i {
		w.t.Fatalf("Rank(%v, %q): %d %v, want %d %v", score, member, rank, ok, i, found)
	}
	c, rank := w.tree.Seek(score, []byte(member), false)
	w.at("Seek", c, rank, i)
	after := i
	if found {
		after++
	}
	c, rank = w.tree.Seek(score, []byte(member), true)
	w.at("Seek after", c, rank, after)
	first := 0
	for first < len(w.pairs) && w.pairs[first].score < score {
		first++
	}
	c, rank = w.tree.SeekScore(score, false)
	w.at("SeekScore", c, rank, first)
	for first < len(w.pairs) && w.pairs[first].score == score {
		first++
	}
	c, rank = w.tree.SeekScore(score, true)
	w.at("SeekScore after", c, rank, first)
	w.at("At", w.tree.At(first), first, first)
}

// at asserts that a cursor is at pair i, and so are its neighbours.
func (w *twin) at(what string, c Cursor, rank, i int) {
	w.t.Helper()
	if rank != i {
		w.t.Fatalf("%s: rank %d, want %d", what, rank, i)
	}
	w.isPair(what, c, i)
	prev := c
	prev.Prev()
	w.isPair(what+", Prev", prev, i-1)
	prev.Next()
	w.isPair(what+", Prev, Next", prev, i)
	c.Next()
	w.isPair(what+", Next", c, min(i+1, len(w.pairs)))
}

func (w *twin) isPair(what string, c Cursor, i int) {
	w.t.Helper()
	if i < 0 || i >= len(w.pairs) {
		if c.Valid() {
			w.t.Fatalf("%s: a pair at %d of %d", what, i, len(w.pairs))
		}
	} else if !c.Valid() || c.Ref() != w.pairs[i].ref || !same(c.Score(), w.pairs[i].score) {
		w.t.Fatalf("%s: not at pair %d", what, i)
	}
}

// same tells whether two scores are the same number, the sign of zero included.
func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// verify compares all pairs and checks the invariants.
func (w *twin) verify() {
	w.t.Helper()
	w.tree.check()
	if w.tree.Len() != len(w.pairs) {
		w.t.Fatalf("Len: %d, want %d", w.tree.Len(), len(w.pairs))
	}
	i := 0
	w.tree.Each(func(score float64, ref uint32) bool {
		if i >= len(w.pairs) || ref != w.pairs[i].ref || !same(score, w.pairs[i].score) {
			w.t.Fatalf("Each: pair %d is %v %q", i, score, w.names.text[ref])
		}
		i++
		return true
	})
	if i != len(w.pairs) {
		w.t.Fatalf("Each: %d pairs, want %d", i, len(w.pairs))
	}
}
