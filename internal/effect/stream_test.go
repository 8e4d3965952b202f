// SPDX-License-Identifier: Apache-2.0

package effect

import (
	"slices"
	"testing"

	"stampede/internal/container/stream"
)

// streams writes one effect of each kind that streams have.
func streams(b *Buffer, key, field, value []byte) {
	id, ids := stream.ID{Ms: 300, Seq: 1}, []stream.ID{{Ms: 1}, {Ms: 300, Seq: 2}}
	b.StreamAdd(0, key, id, [][]byte{field, value})
	b.StreamNode(0, key, id, value)
	b.StreamState(0, key, stream.State{Last: id, MaxDeleted: stream.ID{Ms: 5}, Added: 7})
	b.StreamDelete(0, key, ids)
	b.StreamTrim(0, key, 300)
	b.StreamTrimTo(0, key, id)
	b.StreamGroup(0, key, field, id, stream.ReadUnknown)
	b.StreamUngroup(0, key, field)
	b.StreamConsumer(0, key, field, []byte("me"), 64)
	b.StreamUnconsumer(0, key, field, []byte("me"))
	b.StreamPending(0, key, field, &Pending{[]byte("me"), 64, 3, ids})
	b.StreamAck(0, key, field, ids)
}

func streamEffects(key, field, value []byte) []Effect {
	const ids = "\x01\x00\xac\x02\x02"
	return []Effect{
		{Op: StreamAdd, Key: key, N: 300, M: 1,
			Value: slices.Concat([]byte("\x05field\xac\x02"), value)},
		{Op: StreamNode, Key: key, N: 300, M: 1, Value: value},
		{Op: StreamState, Key: key, Value: []byte("\xac\x02\x01\x05\x00\x07")},
		{Op: StreamDelete, Key: key, Value: []byte(ids)},
		{Op: StreamTrim, Key: key, N: 300},
		{Op: StreamTrimTo, Key: key, N: 300, M: 1},
		{Op: StreamGroup, Key: key, Field: field, Value: []byte("\xac\x02\x01\x01")},
		{Op: StreamUngroup, Key: key, Field: field},
		{Op: StreamConsumer, Key: key, Field: field, Value: []byte("\x02me\x80\x01")},
		{Op: StreamUnconsumer, Key: key, Field: field, Value: []byte("me")},
		{Op: StreamPending, Key: key, Field: field, Value: []byte("\x02me\x80\x01\x03" + ids)},
		{Op: StreamAck, Key: key, Field: field, Value: []byte(ids)},
	}
}

// TestStreamValues: what is written into the values of streams comes back, and what is cut
// short or too long is refused.
func TestStreamValues(t *testing.T) {
	var b Buffer
	key, group := []byte("key"), []byte("group")
	streams(&b, key, group, []byte("value"))
	ids := 0
	count := func(stream.ID) { ids++ }
	read := func(e *Effect) (ok, of bool) {
		switch e.Op {
		case StreamState:
			s, ok := e.StreamState()
			return ok && s.Added == 7 && s.MaxDeleted.Ms == 5 && s.Last.Seq == 1, true
		case StreamGroup:
			last, read, ok := e.StreamGroup()
			return ok && last.Ms == 300 && read == stream.ReadUnknown, true
		case StreamConsumer:
			name, seen, ok := e.StreamConsumer()
			return ok && string(name) == "me" && seen == 64, true
		}
		return true, false
	}
	var e Effect
	for r := NewReader(b.Bytes()); r.Next(&e); {
		ok, of := read(&e)
		if !ok {
			t.Errorf("%v does not come back", e.Op)
		}
		whole := e.Value
		for n := range whole {
			if e.Value = whole[:n]; of {
				if ok, _ := read(&e); ok {
					t.Errorf("%v cut at %d is accepted", e.Op, n)
				}
			}
		}
		e.Value = append(slices.Clone(whole), 0x80)
		if e.Op == StreamAck && e.StreamIDs(count) {
			t.Error("IDs that end in the middle are accepted")
		}
		if e.Op == StreamPending && e.StreamPending(func(p *Pending, id stream.ID) {
			if ids++; string(p.Consumer) != "me" || p.DeliveredMs != 64 || p.Deliveries != 3 {
				t.Errorf("%+v", p)
			}
		}) {
			t.Error("pending entries that end in the middle are accepted")
		}
	}
	if ids != 4 {
		t.Errorf("%d IDs", ids)
	}
}
