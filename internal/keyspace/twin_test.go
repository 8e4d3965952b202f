// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// twin is a keyspace that is right at a glance.
type twin struct {
	nowMs int64
	dbs   [Databases]map[string]twinValue
}

type twinValue struct {
	text       string
	deadlineMs int64
}

func newTwin() *twin {
	t := &twin{}
	for i := range t.dbs {
		t.dbs[i] = map[string]twinValue{}
	}
	return t
}

func (t *twin) get(db int, key string) (twinValue, bool) {
	v, ok := t.dbs[db][key]
	if ok && v.deadlineMs != 0 && v.deadlineMs <= t.nowMs {
		delete(t.dbs[db], key)
		return twinValue{}, false
	}
	return v, ok
}

func newSpace(t testing.TB) *Space {
	t.Helper()
	s, err := New(Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// FuzzAgainstTwin runs random changes on a Space and on its twin and compares all keys.
func FuzzAgainstTwin(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		s, model := newSpace(t), newTwin()
		for step := range 400 {
			what := change(rng, s, model)
			if step%20 == 0 {
				s.check()
				compare(t, fmt.Sprintf("seed %d, step %d, after %s", seed, step, what), s, model)
			}
		}
	})
}

// change makes one random change to both.
func change(rng *rand.Rand, s *Space, model *twin) string {
	model.nowMs += rng.Int64N(20)
	s.Advance(model.nowMs)
	n := rng.IntN(3)
	db, key := s.DB(n), fmt.Sprint("key", rng.IntN(40))
	e := db.Find([]byte(key))
	v, ok := model.get(n, key)
	if e.Exists() != ok {
		panic(fmt.Sprintf("db %d, %s: exists %v, want %v", n, key, e.Exists(), ok))
	}
	switch op := rng.IntN(12); op {
	case 0, 1, 2:
		text, deadlineMs := randomText(rng), randomDeadline(rng, model.nowMs)
		e.Set([]byte(key), []byte(text), deadlineMs)
		if deadlineMs == KeepDeadline {
			deadlineMs = v.deadlineMs
		}
		model.dbs[n][key] = twinValue{text, deadlineMs}
		return "Set"
	case 3, 4:
		offset := rng.IntN(200)
		e.Splice([]byte(key), offset, []byte("x"))
		text := v.text + strings.Repeat("\x00", max(offset+1-len(v.text), 0))
		model.dbs[n][key] = twinValue{text[:offset] + "x" + text[offset+1:], v.deadlineMs}
		return "Splice"
	case 5:
		if ok {
			e.Remove()
			delete(model.dbs[n], key)
		}
		return "Remove"
	case 6:
		if deadlineMs := max(randomDeadline(rng, model.nowMs), 0); ok {
			e.SetDeadline(deadlineMs)
			model.dbs[n][key] = twinValue{v.text, deadlineMs}
		}
		return "SetDeadline"
	case 7:
		s.ExpireStep()
		return "ExpireStep"
	case 8:
		other := rng.IntN(3)
		Swap([]*Space{s}, n, other)
		model.dbs[n], model.dbs[other] = model.dbs[other], model.dbs[n]
		return "Swap"
	case 9:
		return move(s, model, n, rng.IntN(3), key, fmt.Sprint("key", rng.IntN(40)))
	case 10:
		if rng.IntN(20) == 0 {
			Flush([]*Space{s}, n)
			clear(model.dbs[n])
		}
		return "Flush"
	default:
		if rng.IntN(60) == 0 {
			FlushAll([]*Space{s})
			*model = twin{nowMs: model.nowMs, dbs: newTwin().dbs}
		}
		return "FlushAll"
	}
}

func move(s *Space, model *twin, from, to int, key, newKey string) string {
	v, ok := model.get(from, key)
	if !ok || from == to && key == newKey {
		return "no move"
	}
	s.DB(to).Delete([]byte(newKey))
	e := s.DB(from).Find([]byte(key))
	e.MoveTo(s.DB(to), []byte(newKey))
	delete(model.dbs[from], key)
	model.dbs[to][newKey] = v
	return "MoveTo"
}

func randomText(rng *rand.Rand) string {
	switch rng.IntN(3) {
	case 0:
		return fmt.Sprint(rng.Int64() - rng.Int64())
	case 1:
		return strings.Repeat("v", rng.IntN(300))
	}
	return "0" + strings.Repeat("7", rng.IntN(8))
}

func randomDeadline(rng *rand.Rand, nowMs int64) int64 {
	switch rng.IntN(4) {
	case 0:
		return KeepDeadline
	case 1:
		return nowMs + 1 + rng.Int64N(100)
	}
	return 0
}

// compare holds every key of both against each other.
func compare(t *testing.T, when string, s *Space, model *twin) {
	t.Helper()
	for n := range Databases {
		found := map[string]int{}
		s.DB(n).Each(func(e Entry) { found[string(e.Key())]++ })
		live := 0
		for key := range model.dbs[n] {
			v, ok := model.get(n, key)
			if !ok {
				continue
			}
			live++
			e := s.DB(n).Peek([]byte(key))
			if got := string(e.Text()); !e.Exists() || got != v.text || e.DeadlineMs() != v.deadlineMs {
				t.Fatalf("%s: db %d, %s: got %q until %d, want %q until %d",
					when, n, key, got, e.DeadlineMs(), v.text, v.deadlineMs)
			}
		}
		if len(found) != live {
			t.Fatalf("%s: db %d: Each visits %d keys, want %d", when, n, len(found), live)
		}
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	s := newSpace(t)
	db, key, text := s.DB(0), []byte("a key of 16 byte"), []byte(strings.Repeat("v", 64))
	counter := []byte("counter")
	budget := func(name string, f func()) {
		f()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times; the budget of the hot path is 0", name, n)
		}
	}
	budget("Set", func() { e := db.Find(key); e.Set(key, text, 0) })
	budget("Read", func() { e := db.Read(key); _ = e.Text() })
	budget("SetInt", func() {
		e := db.Find(counter)
		n, _ := e.Int()
		e.SetInt(counter, n+1, KeepDeadline)
	})
	budget("Remove", func() {
		e := db.Find(key)
		e.Set(key, text, 1<<40)
		e.Remove()
	})
}
