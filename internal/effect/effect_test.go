// SPDX-License-Identifier: Apache-2.0

package effect

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// every writes one effect of each kind.
func every(b *Buffer) []Effect {
	key, field, value := []byte("key"), []byte("field"), []byte(strings.Repeat("v", 300))
	b.Set(3, key, 1e13, value)
	b.Splice(0, key, 1000, value)
	b.Deadline(15, key, 0)
	b.Remove(1, key)
	b.HashSet(0, key, field, value)
	b.HashDelete(0, key, field)
	b.ZSetAdd(0, key, field, -2.5)
	b.ZSetRemove(0, key, field)
	b.ZSetCut(0, key, 7, 300)
	b.Flush(9)
	b.FlushAll()
	b.Swap(1, 2)
	b.Move(1, key, 2, field)
	b.Copy(1, key, 2, field)
	b.Own(JSONSet, 0, key, value)
	b.Own(Stock, 0, key, value)
	b.Own(Lease, 0, key, value)
	b.FunctionLoad(value)
	b.FunctionDrop("field")
	b.Fence(1 << 60)
	b.Own(JSONEdit, 0, key, value)
	b.HashDeadline(2, key, []byte("field"), 1e12)
	b.SetAdd(2, key, field)
	b.SetRemove(2, key, field)
	b.ListPush(0, key, ListTail, [][]byte{field, nil, value})
	b.ListPop(0, key, ListHead, 1000)
	b.ListSet(0, key, 7, value)
	b.ListInsert(0, key, 300, value)
	b.ListRemove(0, key, ListTail, 2, field)
	streams(b, key, field, value)
	return append([]Effect{
		{Op: Set, DB: 3, Key: key, DeadlineMs: 1e13, Value: value},
		{Op: Splice, Key: key, N: 1000, Value: value},
		{Op: Deadline, DB: 15, Key: key},
		{Op: Remove, DB: 1, Key: key},
		{Op: HashSet, Key: key, Field: field, Value: value},
		{Op: HashDelete, Key: key, Field: field},
		{Op: ZSetAdd, Key: key, Field: field, Score: -2.5},
		{Op: ZSetRemove, Key: key, Field: field},
		{Op: ZSetCut, Key: key, N: 7, M: 300},
		{Op: Flush, DB: 9},
		{Op: FlushAll},
		{Op: Swap, DB: 1, N: 2},
		{Op: Move, DB: 1, Key: key, N: 2, Field: field},
		{Op: Copy, DB: 1, Key: key, N: 2, Field: field},
		{Op: JSONSet, Key: key, Value: value},
		{Op: Stock, Key: key, Value: value},
		{Op: Lease, Key: key, Value: value},
		{Op: FunctionLoad, Value: value},
		{Op: FunctionDrop, Field: field},
		{Op: Fence, N: 1 << 60},
		{Op: JSONEdit, Key: key, Value: value},
		{Op: HashDeadline, DB: 2, Key: key, Field: field, DeadlineMs: 1e12},
		{Op: SetAdd, DB: 2, Key: key, Field: field},
		{Op: SetRemove, DB: 2, Key: key, Field: field},
		{Op: ListPush, Key: key, N: ListTail,
			Value: slices.Concat([]byte("\x05field\x00\xac\x02"), value)},
		{Op: ListPop, Key: key, N: ListHead, M: 1000},
		{Op: ListSet, Key: key, N: 7, Value: value},
		{Op: ListInsert, Key: key, N: 300, Value: value},
		{Op: ListRemove, Key: key, N: ListTail, M: 2, Value: field},
	}, streamEffects(key, field, value)...)
}

// knownOps counts the ops that there are; their numbers have gaps.
func knownOps() (n int) {
	for op := range opEnd {
		if _, ok := partsOf(op); ok {
			n++
		}
	}
	return n
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	var b Buffer
	want := every(&b)
	if len(want) != knownOps() {
		t.Fatalf("the test has %d ops of %d", len(want), knownOps())
	}
	r := NewReader(b.Bytes())
	var e Effect
	for _, w := range want {
		if !r.Next(&e) || !reflect.DeepEqual(e, w) {
			t.Fatalf("got %+v, want %+v (%v)", e, w, r.Err())
		}
	}
	if r.Next(&e) || r.Err() != nil {
		t.Fatalf("something behind the end: %+v, %v", e, r.Err())
	}
}

func TestEveryOpHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{"": true, Op(0).String(): true, opEnd.String(): true}
	for op := Set; op < opEnd; op++ {
		if _, ok := partsOf(op); !ok {
			continue
		}
		if seen[op.String()] {
			t.Errorf("op %d is called %q", op, op)
		}
		seen[op.String()] = true
	}
	if len(seen) != knownOps()+2 {
		t.Errorf("%d names", len(seen))
	}
}

func TestWhatIsCutShortIsAFault(t *testing.T) {
	var b Buffer
	every(&b)
	whole := 0
	for n := range b.Len() {
		r := NewReader(b.Bytes()[:n])
		var e Effect
		for r.Next(&e) {
		}
		if r.Err() == nil {
			whole++
		}
	}
	if whole != knownOps() { // the empty record, and a cut behind each effect but the last
		t.Errorf("%d cuts give a good record, want %d", whole, knownOps())
	}
}

func TestNobodyGathersWhilePaused(t *testing.T) {
	var none *Buffer
	every(none)
	none.Pause()
	none.Resume()
	var b Buffer
	b.Pause()
	every(&b)
	b.Resume()
	if b.Len() != 0 || none.Len() != 0 {
		t.Error("a paused buffer gathers")
	}
	b.Remove(0, []byte("a"))
	mark := b.Len()
	b.Remove(0, []byte("b"))
	b.Truncate(mark)
	if string(b.Bytes()) != "\x04\x00\x01a" {
		t.Errorf("got %q", b.Bytes())
	}
}

func FuzzReader(f *testing.F) {
	var b Buffer
	every(&b)
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, record []byte) {
		r := NewReader(record)
		var e Effect
		for r.Next(&e) {
			if len(e.Key)+len(e.Field)+len(e.Value) > len(record) {
				t.Fatal("more bytes than the record has")
			}
		}
	})
}

func BenchmarkSet(b *testing.B) {
	var buffer Buffer
	key, value := []byte("key:000000001234"), []byte(strings.Repeat("v", 64))
	b.ReportAllocs()
	for b.Loop() {
		buffer.Set(0, key, 0, value)
		if buffer.Len() > 1<<16 {
			buffer.Reset()
		}
	}
}

// TestAGapIsNoOp: a number that no op has is refused as one from the future is.
func TestAGapIsNoOp(t *testing.T) {
	for op := range opEnd + 2 {
		r := NewReader([]byte{byte(op), 0, 1, 'k', 1, 'f'})
		var e Effect
		r.Next(&e)
		_, known := partsOf(op)
		if unknown := r.Err() != nil && strings.Contains(r.Err().Error(), faultUnknown); unknown == known {
			t.Errorf("op %d: known %v, and the reader says %v", op, known, r.Err())
		}
	}
}
