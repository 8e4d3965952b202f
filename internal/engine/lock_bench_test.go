// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"

	"stampede/internal/reply"
)

// lockCalls take locks and release them, 16 calls.
func lockCalls() (calls [][]string) {
	for i := range 8 {
		name := fmt.Sprint("lock:", i)
		calls = append(calls, []string{"LOCK.ACQUIRE", name, "0123456789abcdef", "30000"},
			[]string{"LOCK.RELEASE", name, "0123456789abcdef"})
	}
	return calls
}

// TestLocksAllocateNothing once a shard has made room for as many.
func TestLocksAllocateNothing(t *testing.T) {
	s := newStore(t, 4)
	c, batch := s.client(), batchOf(lockCalls())
	var out reply.Buffer
	run := func() {
		out.Truncate(0)
		c.runner.Do(c.session, batch, &out)
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("16 calls allocate %v times", n)
	}
}

// BenchmarkLocks takes and releases locks, 16 calls a batch. One operation is one call.
func BenchmarkLocks(b *testing.B) {
	for _, shards := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d shards", shards), func(b *testing.B) {
			s := newStore(b, shards)
			c, calls := s.client(), lockCalls()
			batch := batchOf(calls)
			var out reply.Buffer
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(calls) == 0 {
					out.Truncate(0)
					c.runner.Do(c.session, batch, &out)
				}
			}
		})
	}
}
