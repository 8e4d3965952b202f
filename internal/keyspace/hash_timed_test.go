// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/seedtest"
)

// timedField is a field as the twin knows it.
type timedField struct {
	value      string
	deadlineMs int64
}

// timedTwin is hashes whose fields end, right at a glance.
type timedTwin struct {
	*rand.Rand
	t      *testing.T
	space  *Space
	hashes map[string]map[string]timedField
}

func newTimedTwin(t *testing.T, seed uint64) *timedTwin {
	s := newSpace(t)
	s.Limits.HashEntriesMax, s.Limits.HashValueMax = 8, 20
	s.Advance(1000)
	return &timedTwin{
		Rand: rand.New(rand.NewPCG(seed, 0)), t: t, space: s,
		hashes: map[string]map[string]timedField{},
	}
}

// live is the fields of a hash that are not due.
func (w *timedTwin) live(key string) map[string]timedField {
	for field, f := range w.hashes[key] {
		if f.deadlineMs != 0 && f.deadlineMs <= w.space.NowMs {
			delete(w.hashes[key], field)
		}
	}
	return w.hashes[key]
}

func (w *timedTwin) key() string { return fmt.Sprint("key", w.IntN(4)) }

func (w *timedTwin) value() string {
	if w.IntN(3) == 0 {
		return fmt.Sprint(w.IntN(1000000))
	}
	return "value of some length"[:w.IntN(19)] + fmt.Sprint(w.IntN(3))
}

// deadline draws a time that is past, soon, or far; 0: none.
func (w *timedTwin) deadline() int64 {
	return [...]int64{0, w.space.NowMs - 5, w.space.NowMs + 1 + w.Int64N(40),
		FieldDeadlineMax}[w.IntN(4)]
}

// change makes one random change to both.
func (w *timedTwin) change() string {
	key, db := w.key(), w.space.DB(0)
	field := fmt.Sprint("f", w.IntN(12))
	model := w.live(key)
	if model == nil {
		model = map[string]timedField{}
		w.hashes[key] = model
	}
	h, err := db.FindHash([]byte(key))
	if err != nil {
		w.t.Fatal(err)
	}
	f, there := model[field]
	switch w.IntN(12) {
	case 0, 1, 2:
		f = timedField{value: w.value()}
		if created := h.Set([]byte(field), []byte(f.value)); created == there {
			w.t.Fatalf("Set says created %v", created)
		}
		model[field] = f
		return "Set " + field
	case 3:
		f.value = w.value()
		h.Keep([]byte(field), []byte(f.value))
		model[field] = f
		return "Keep " + field
	case 4, 5, 6:
		if f.deadlineMs = w.deadline(); there {
			h.SetFieldDeadline([]byte(field), f.deadlineMs)
			model[field] = f
		}
		return fmt.Sprint("SetFieldDeadline ", field, f.deadlineMs)
	case 7:
		if gone := h.Delete([]byte(field)); gone != there {
			w.t.Fatalf("Delete says %v", gone)
		}
		delete(model, field)
		return "Delete " + field
	case 8:
		w.space.Advance(w.space.NowMs + w.Int64N(20))
		return "time"
	case 9:
		w.space.ExpireFieldsStep()
		return "ExpireFieldsStep"
	case 10:
		return w.move(key, w.key())
	}
	return w.image(key, field)
}

// move copies a hash, or gives it another name.
func (w *timedTwin) move(key, other string) string {
	db := w.space.DB(0)
	if key == other || len(w.live(key)) == 0 {
		return "no move"
	}
	db.Delete([]byte(other))
	e := db.Peek([]byte(key))
	w.hashes[other] = maps.Clone(w.hashes[key])
	if w.IntN(2) == 0 {
		e.CopyTo(db, []byte(other))
		return "copy"
	}
	e.MoveTo(db, []byte(other))
	delete(w.hashes, key)
	return "move"
}

// image takes a change back.
func (w *timedTwin) image(key, field string) string {
	db := w.space.DB(0)
	image, ok := db.Image([]byte(key))
	if !ok {
		return "no image"
	}
	h, err := db.FindHash([]byte(key))
	if err != nil {
		w.t.Fatal(err)
	}
	h.Set([]byte(field), []byte("undone"))
	h.SetFieldDeadline([]byte(field), w.space.NowMs+10)
	if w.IntN(2) == 0 {
		db.Delete([]byte(key))
	}
	db.Restore([]byte(key), image)
	return "image"
}

// compare asks everything that a call can ask.
func (w *timedTwin) compare() {
	for key := range w.hashes {
		model := w.live(key)
		h, err := w.space.DB(0).ReadHash([]byte(key))
		if err != nil {
			w.t.Fatal(err)
		}
		if h.Exists() != (len(model) > 0) || h.Len() != len(model) {
			w.t.Fatalf("%s: exists %v, %d fields; want %d", key, h.Exists(), h.Len(), len(model))
		}
		for field, f := range model {
			value, ok := h.Get([]byte(field))
			if got := (timedField{value: string(value)}); !ok || got.value != f.value {
				w.t.Fatalf("%s %s: %q, %v; want %q", key, field, value, ok, f.value)
			}
			deadlineMs, ok := h.FieldDeadlineMs([]byte(field))
			if !ok || deadlineMs != f.deadlineMs {
				w.t.Fatalf("%s %s: until %d, %v; want %d", key, field, deadlineMs, ok, f.deadlineMs)
			}
		}
		w.compareWalks(key, &h, model)
	}
}

func (w *timedTwin) compareWalks(key string, h *Hash, model map[string]timedField) {
	want := slices.Sorted(maps.Keys(model))
	var each, scanned []string
	h.Each(func(field, value []byte) bool {
		if model[string(field)].value != string(value) {
			w.t.Fatalf("%s %s: Each gives %q", key, field, value)
		}
		each = append(each, string(field))
		return true
	})
	if h.Exists() {
		for cursor, more := uint64(0), true; more; more = cursor != 0 {
			cursor = h.Scan(cursor, func(field, _ []byte) { scanned = append(scanned, string(field)) })
		}
		field, value := h.Random(w.Uint64())
		if f, ok := model[string(field)]; !ok || f.value != string(value) {
			w.t.Fatalf("%s: Random gives %q %q", key, field, value)
		}
	}
	slices.Sort(each)
	slices.Sort(scanned)
	if !slices.Equal(each, want) || !slices.Equal(slices.Compact(scanned), want) {
		w.t.Fatalf("%s: Each %q, Scan %q; want %q", key, each, scanned, want)
	}
}

// TestFieldsEndAsInTheTwin: no call sees a field whose deadline has passed, whether or not it
// was removed.
func TestFieldsEndAsInTheTwin(t *testing.T) {
	seed := seedtest.Of(t)
	for round := range uint64(20) {
		w := newTimedTwin(t, seed+round)
		for step := range 1500 {
			what := w.change()
			if step%10 == 0 {
				if w.compare(); t.Failed() {
					t.Fatal(what)
				}
			}
		}
		w.space.check()
		w.end()
	}
}

// end lets all that can end do so: nothing is left that waits for its time.
func (w *timedTwin) end() {
	w.space.Advance(FieldDeadlineMax)
	for w.space.ExpireFieldsStep() {
	}
	if db := w.space.DB(0); db.timed != nil && db.timed.Len() != 0 {
		w.t.Errorf("%d hashes are still watched", db.timed.Len())
	}
	for key := range w.hashes {
		if h, err := w.space.DB(0).peekHash([]byte(key)); err != nil || h.Exists() && h.dueFields() > 0 {
			w.t.Errorf("%s: fields whose time is over are still there (%v)", key, err)
		}
	}
	w.compare()
}

// TestManyFieldsEndInPortions: a step removes no more than it may, and nobody sees the others.
func TestManyFieldsEndInPortions(t *testing.T) {
	s := newSpace(t)
	s.Advance(1000)
	h, err := s.DB(0).FindHash([]byte("h"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 * fieldsPerStep {
		field := fmt.Appendf(nil, "f%d", i)
		h.Set(field, []byte("v"))
		h.SetFieldDeadline(field, 2000)
	}
	h.Set([]byte("stays"), []byte("v"))
	s.Advance(2000)
	if h.Len() != 1 {
		t.Errorf("%d fields are seen", h.Len())
	}
	steps := 1
	for s.ExpireFieldsStep() {
		steps++
	}
	if h, err = s.DB(0).FindHash([]byte("h")); err != nil || h.size() != 1 {
		t.Errorf("%d fields are left, %v", h.size(), err)
	}
	if steps < 5 {
		t.Errorf("it took %d steps only", steps)
	}
}
