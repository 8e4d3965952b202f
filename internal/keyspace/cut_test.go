// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"stampede/internal/assert"
	"stampede/internal/container/stream"
	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/object"
	"stampede/internal/rdb"
	"stampede/internal/seedtest"
)

// describe says all that matters of every key, by database and key.
func describe(s *Space) map[string]string {
	all := make(map[string]string)
	for n, db := range s.dbs {
		db.Each(func(e Entry) {
			all[fmt.Sprintf("%d %s", n, e.Key())] = describeEntry(&e)
		})
	}
	return all
}

func describeEntry(e *Entry) string {
	var parts []string
	switch e.kind {
	case object.String:
		parts = append(parts, string(e.Text()))
	case object.Hash:
		h := Hash{e: *e}
		h.eachStamped(func(field, value []byte, deadlineMs int64) bool {
			parts = append(parts, fmt.Sprintf("%q=%q until %d", field, value, deadlineMs))
			return true
		})
	case object.Set:
		s := Set{e: *e}
		s.Each(func(member []byte) bool {
			parts = append(parts, fmt.Sprintf("%q", member))
			return true
		})
	case object.List:
		l := List{e: *e}
		var all []string
		l.Each(0, false, func(element []byte) bool {
			all = append(all, fmt.Sprintf("%q", element))
			return true
		})
		parts = append(parts, strings.Join(all, ", "))
	case object.ZSet:
		z := ZSet{e: *e}
		z.Each(func(member []byte, score float64) bool {
			parts = append(parts, fmt.Sprintf("%q=%v", member, score))
			return true
		})
	}
	if e.kind == object.Stream {
		parts = append(parts, describeStream(e))
	}
	if e.kind == object.JSON {
		j := JSON{e: *e}
		parts = append(parts, string(j.Root().AppendText(nil, nil)))
	}
	sort.Strings(parts)
	return fmt.Sprintf("%v until %d: %s", e.kind, e.DeadlineMs(), strings.Join(parts, " "))
}

// storm makes random changes of all kinds.
type storm struct {
	*rand.Rand
	space *Space
}

func (r *storm) key() []byte { return fmt.Appendf(nil, "key:%d", r.IntN(60)) }

func (r *storm) text() []byte {
	if r.IntN(3) == 0 {
		return fmt.Appendf(nil, "%d", r.IntN(100000)-50000)
	}
	return bytes.Repeat([]byte{byte('a' + r.IntN(26))}, r.IntN(90))
}

func (r *storm) step() {
	s := r.space
	db := s.DB(r.IntN(3))
	key := r.key()
	switch r.IntN(26) {
	case 0, 1:
		e := db.Find(key)
		e.Set(key, r.text(), r.deadline())
	case 2:
		if e, err := db.FindString(key); err == nil {
			e.Splice(key, r.IntN(100), []byte("spliced"))
		}
	case 3:
		if e := db.Peek(key); e.Exists() {
			e.SetDeadline(max(r.deadline(), 0))
		}
	case 4:
		db.Delete(key)
	case 5, 6, 7:
		r.hash(db, append(key, 'h'))
	case 8, 9, 10:
		r.zset(db, append(key, 'z'))
	case 11:
		r.move(db, append(key, "hzjtlx"[r.IntN(6)]))
	case 12:
		if r.IntN(10) == 0 {
			Swap([]*Space{s}, r.IntN(3), r.IntN(3))
		}
	case 13:
		s.ExpireStep()
		s.ExpireFieldsStep()
		s.FreeStep()
	case 14:
		s.Advance(s.NowMs + int64(r.IntN(30)))
	case 20, 21, 22:
		r.list(db, append(key, 'l'))
	case 23, 24, 25:
		r.stream(db, append(key, 'x'))
	case 17, 18, 19:
		r.set(db, append(key, 't'))
	case 16:
		r.document(db, append(key, 'j'))
	case 15:
		if image, ok := db.Image(key); ok {
			db.Delete(key)
			db.Restore(key, image)
		}
	}
}

func (r *storm) document(db *DB, key []byte) {
	j, err := db.FindJSON(key)
	if err != nil {
		return
	}
	if j.Exists() && r.IntN(2) == 0 {
		r.editDocument(&j)
		return
	}
	text := fmt.Appendf(nil, `{"name":"%d","items":[%d,{"deep":1.50}],"%d":null}`,
		r.IntN(100), r.IntN(1<<40), r.IntN(10))
	doc, err := jsondoc.Append(nil, text, r.space.Desk().Names)
	if err != nil {
		panic(err)
	}
	if err := j.Set(doc); err != nil {
		panic(err)
	}
}

// editDocument changes parts of a document, by few edits or by many.
func (r *storm) editDocument(j *JSON) {
	items := j.Root().Member([]byte("items"))
	if !items.Exists() || r.IntN(20) == 0 {
		items = j.Root()
	}
	var edits []jsondoc.Edit
	for range 1 + r.IntN(3)*r.IntN(9) {
		e := jsondoc.Edit{At: items.Offset()}
		e.Value, _ = jsondoc.AppendNumber(nil, fmt.Appendf(nil, "%d", r.IntN(1<<r.IntN(30))))
		if items.Kind() == jsondoc.Array {
			e.Op, e.Index = jsondoc.InsertElements, r.IntN(5)
			if first := items.Element(0); first.Exists() && r.IntN(2) == 0 {
				e = jsondoc.Edit{At: first.Offset(), Value: e.Value}
			}
		}
		edits = append(edits, e)
	}
	if err := j.Apply(edits); err != nil {
		panic(err)
	}
}

func (r *storm) deadline() int64 {
	switch r.IntN(4) {
	case 0:
		return r.space.NowMs + 1 + int64(r.IntN(3000))
	case 1:
		return KeepDeadline
	}
	return 0
}

func (r *storm) hash(db *DB, key []byte) {
	h, err := db.FindHash(key)
	if err != nil {
		return
	}
	for range 1 + r.IntN(20) {
		field := fmt.Appendf(nil, "field:%d", r.IntN(1500))
		switch _, there := h.FieldDeadlineMs(field); r.IntN(6) {
		case 0, 1:
			h.Delete(field)
		case 2:
			if deadlineMs := r.deadline(); there {
				h.SetFieldDeadline(field, max(deadlineMs, 0))
			}
		case 3:
			h.Keep(field, r.text())
		default:
			h.Set(field, r.text())
		}
	}
}

func (r *storm) zset(db *DB, key []byte) {
	z, err := db.FindZSet(key)
	if err != nil {
		return
	}
	for range 1 + r.IntN(20) {
		member := fmt.Appendf(nil, "member:%d", r.IntN(1500))
		switch r.IntN(8) {
		case 0, 1:
			z.Remove(member)
		case 2:
			if n := z.Len(); n > 0 {
				first := r.IntN(n)
				z.RemoveRange(first, min(r.IntN(3), n-first))
			}
		default:
			z.Add(float64(r.IntN(1000))/8, member)
		}
	}
}

func (r *storm) set(db *DB, key []byte) {
	s, err := db.FindSet(key)
	if err != nil {
		return
	}
	texts := bytes.Contains(key, []byte("5"))
	for range 1 + r.IntN(20) {
		member := fmt.Appendf(nil, "%d", r.IntN(1500)*100)
		if texts && r.IntN(2) == 0 {
			member = append(member, r.text()...)
		}
		switch n := s.Len(); {
		case r.IntN(3) == 0:
			s.Remove(member)
		case r.IntN(8) == 0 && n > 0:
			s.Pop(r.Uint64(), nil)
		case r.IntN(40) == 0:
			for range n - n/8 {
				s.Pop(r.Uint64(), nil)
			}
			s.Refit()
		default:
			s.Add(member)
		}
	}
}

func (r *storm) list(db *DB, key []byte) {
	l, err := db.FindList(key)
	if err != nil {
		return
	}
	for range 1 + r.IntN(30) {
		n, front := l.Len(), r.IntN(2) == 0
		switch r.IntN(9) {
		case 0:
			if k := min(r.IntN(5), n); k > 0 {
				l.Pop(front, k)
			}
		case 1:
			if n > 0 {
				l.Set(r.IntN(n), r.text())
			}
		case 2:
			if n > 0 {
				l.Insert(r.IntN(n+1), r.text())
			}
		case 3:
			l.RemoveEqual(r.text(), 1+r.IntN(3), front)
		case 4:
			if r.IntN(20) == 0 {
				l.Push(front, bytes.Repeat([]byte("long"), 3000))
			}
		default:
			l.Push(front, r.text(), r.text())
		}
	}
}

func (r *storm) move(db *DB, key []byte) {
	to, newKey := r.space.DB(r.IntN(3)), append(r.key(), key[len(key)-1])
	e := db.Find(key)
	if !e.Exists() || db == to && bytes.Equal(key, newKey) {
		return
	}
	to.Delete(newKey)
	if e = db.Find(key); r.IntN(2) == 0 {
		e.MoveTo(to, newKey)
	} else {
		e.CopyTo(to, newKey)
	}
}

// load makes a Space of what a cut has handed out.
func load(t *testing.T, records []byte, nowMs int64) *Space {
	t.Helper()
	s := newSpace(t)
	file := append(rdb.AppendHeader(nil), records...)
	file = rdb.AppendEnd(file, rdb.CRC64(0, file))
	r := rdb.NewReader(bytes.NewReader(file), ReaderOptions())
	var b effect.Buffer
	for {
		item, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil && item.What == rdb.ItemKey {
			err = Tell(&b, r, item, item.DB, append([]byte(nil), item.Key...), true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	replay(t, s, b.Bytes())
	s.Advance(nowMs)
	return s
}

func replay(t *testing.T, s *Space, record []byte) {
	t.Helper()
	s.Replay(true)
	defer s.Replay(false)
	r := effect.NewReader(record)
	var e effect.Effect
	for r.Next(&e) {
		var err error
		if e.Op.HasKey() {
			err = s.Apply(&e)
		} else {
			err = ApplyAll([]*Space{s}, func([]byte) int { return 0 }, &e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
}

func mustEqual(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s: key %q\n got: %.300s\nwant: %.300s", what, key, got[key], want[key])
		}
	}
	for key := range got {
		if want[key] == "" {
			t.Errorf("%s: key %q should not be: %.300s", what, key, got[key])
		}
	}
	t.FailNow()
}

// TestCutAndEffects: what a cut hands out while everything changes is what was there when it
// began, and with the effects since then it becomes what is there at the end.
func TestCutAndEffects(t *testing.T) {
	seed := seedtest.Of(t)
	for round := range 12 {
		s := newSpace(t)
		s.Limits.HashEntriesMax, s.Limits.ZSetEntriesMax, s.Limits.SetIntsMax = 20, 20, 30
		s.Limits.ListFill = 7
		s.Limits.StreamNode = stream.Fill{Bytes: 500, Entries: 10}
		s.Advance(1000)
		r := &storm{rand.New(rand.NewPCG(seed, uint64(round))), s}
		for range 1500 {
			r.step()
		}
		for range 3 { // phases turn round each time
			checkCut(t, r)
		}
	}
}

func checkCut(t *testing.T, r *storm) {
	t.Helper()
	s := r.space
	var b effect.Buffer
	want := describe(s)
	keys, beganMs := s.Len(), s.NowMs // also those whose deadline has passed
	c := s.BeginCut()
	s.Effects = &b
	var records []byte
	for more := true; more; {
		var err error
		if records, _, more, err = c.Step(records, 1+r.IntN(2000)); err != nil {
			t.Fatal(err)
		}
		for range r.IntN(20) {
			r.step()
		}
	}
	s.Effects = nil
	loaded := load(t, records, beganMs)
	loaded.Limits.StreamNode = s.Limits.StreamNode
	if int64(keys) != c.Keys {
		t.Errorf("%d keys handed out of %d", c.Keys, keys)
	}
	mustEqual(t, "cut", describe(loaded), want)
	replay(t, loaded, b.Bytes())
	loaded.Advance(s.NowMs)
	mustEqual(t, "effects", describe(loaded), describe(s))
	s.check()
}

// TestCutOfFlushedKeysIsLost: it says so, and the next one is right.
func TestCutOfFlushedKeysIsLost(t *testing.T) {
	for _, flush := range []func(s *Space){
		func(s *Space) { Flush([]*Space{s}, 1) },
		func(s *Space) { FlushAll([]*Space{s}) },
	} {
		s := newSpace(t)
		s.Limits.HashEntriesMax, s.Limits.ZSetEntriesMax, s.Limits.SetIntsMax = 20, 20, 30
		s.Limits.ListFill = 7
		s.Limits.StreamNode = stream.Fill{Bytes: 500, Entries: 10}
		s.Advance(1000)
		r := &storm{rand.New(rand.NewPCG(seedtest.Of(t), 0)), s}
		for range 3000 {
			r.step()
		}
		c := s.BeginCut()
		for range 10 {
			_, _, _, _ = c.Step(nil, 100)
		}
		flush(s)
		lost := false
		for more := true; more; {
			var err error
			var out []byte
			out, _, more, err = c.Step(nil, 100)
			lost = lost || errors.Is(err, ErrCutLost)
			if len(out) > 0 {
				t.Fatal("a lost cut hands something out")
			}
			r.step()
		}
		if !lost {
			t.Fatal("the cut does not know that it is lost")
		}
		checkCut(t, r)
	}
}

// TestStepsOfLargeCollectionsAreBounded: by the bytes that elements take, while much waits
// behind the collection, and when nobody wants them.
func TestStepsOfLargeCollectionsAreBounded(t *testing.T) {
	if assert.Slow {
		t.Skip("so many elements are not checked at every step")
	}
	const elements, longBytes, stepBytes = 20_000, 16 << 10, 4 << 10
	const togetherMax = 32 // elements that a table hands out in one go
	text := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	hash := func(s *Space, valueBytes int) {
		h, err := s.DB(0).FindHash([]byte("hash"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range elements {
			h.Set(fmt.Appendf(nil, "field:%d", i), text(valueBytes))
		}
	}
	step := func(c *Cut, most int) (inside, more bool) {
		t.Helper()
		out, inside, more, err := c.Step(nil, stepBytes)
		if err != nil || len(out) > most {
			t.Fatalf("a step hands out %d bytes, %v", len(out), err)
		}
		return inside, more
	}

	s := newSpace(t)
	hash(s, longBytes)
	c := s.BeginCut()
	for inside := false; !inside; {
		inside, _ = step(c, stepBytes+togetherMax*longBytes)
	}
	for range 100 {
		step(c, stepBytes+togetherMax*longBytes)
	}
	c.Discard()
	steps := 0
	for more := true; more; steps++ {
		_, more = step(c, 0)
	}
	if steps < elements*cutElementSeen/stepBytes/2 {
		t.Errorf("what nobody wants was gone over in %d steps", steps)
	}

	s = newSpace(t)
	hash(s, 1)
	for i := range 2 * cutOutMax / longBytes {
		key := fmt.Appendf(nil, "key:%d", i)
		e := s.DB(0).Find(key)
		e.Set(key, text(longBytes), 0)
	}
	c = s.BeginCut()
	h, _ := s.DB(0).FindHash([]byte("hash"))
	h.Set([]byte("field:0"), text(1)) // it is the first to be handed out
	for i := 0; c.Waiting() <= cutOutMax; i++ {
		s.DB(0).Delete(fmt.Appendf(nil, "key:%d", i))
	}
	if inside, _ := step(c, 2*cutHurry*stepBytes); !inside {
		t.Error("all of it was handed out in one step")
	}
	for inside := true; inside; {
		inside, _ = step(c, 2*cutHurry*stepBytes)
	}
}
