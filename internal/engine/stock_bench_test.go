// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"

	"stampede/internal/reply"
)

// holdBatch is a batch of calls of STOCK.HOLD whose ids, of 64 bytes, can be made new.
type holdBatch struct {
	batch *Batch
	ids   [][]byte
	next  uint64
}

func newHoldBatch(calls int) *holdBatch {
	h := &holdBatch{}
	var list [][]string
	for i := range calls {
		list = append(list, []string{
			"STOCK.HOLD", "item", fmt.Sprintf("%064d", i), fmt.Sprintf("buyer-%020d", i), "1",
		})
	}
	h.batch = batchOf(list)
	for i := range calls {
		h.ids = append(h.ids, h.batch.Argv(i)[2], h.batch.Argv(i)[3])
	}
	return h
}

// renew gives every call another id and another buyer.
func (h *holdBatch) renew() {
	for _, id := range h.ids {
		h.next++
		for at, n := len(id)-1, h.next; n > 0; at, n = at-1, n/10 {
			id[at] = byte('0' + n%10)
		}
	}
}

// BenchmarkHold holds units, 64 calls a batch, one operation a call.
func BenchmarkHold(b *testing.B) {
	for _, terms := range []string{"", " LIMIT 2"} {
		b.Run("terms"+terms, func(b *testing.B) {
			const calls = 64
			s := newStore(b, 1)
			if got := s.do("STOCK.OPEN item 9007199254740991" + terms); got != "+OK\r\n" {
				b.Fatal(got)
			}
			h, out := newHoldBatch(calls), reply.Buffer{}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += calls {
				h.renew()
				out.B = out.B[:0]
				s.runner.Do(s.session, h.batch, &out)
			}
		})
	}
}

// TestHoldsOfABatch: what is warmed for a batch of calls, with a key that holds something else
// or nothing among them, is answered as each call alone.
func TestHoldsOfABatch(t *testing.T) {
	s := newStore(t, 1)
	s.do("STOCK.OPEN k 9000", "SET text v")
	h := newHoldBatch(64)
	s.do("STOCK.OPEN item 9000")
	out := reply.Buffer{}
	for range 8500 / 64 {
		h.renew()
		out.B = out.B[:0]
		s.runner.Do(s.session, h.batch, &out)
	}
	s.want("-ERR no such key\r\n-WRONGTYPE Operation against a key holding the wrong kind of value"+
		"\r\n*1\r\n+UNKNOWN\r\n*1\r\n+UNKNOWN\r\n*1\r\n+UNKNOWN\r\n",
		"STOCK.CONFIRM none a", "STOCK.CONFIRM text a", "STOCK.CONFIRM item a", "STOCK.CONFIRM k a",
		"STOCK.RELEASE item b")
}
