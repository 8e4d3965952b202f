// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"

	"stampede/internal/reply"
)

// BenchmarkQueue pushes to one end of a long list and takes from the other, 16 calls a batch.
// One operation is one call.
func BenchmarkQueue(b *testing.B) {
	for _, pair := range [][2]string{{"LPUSH", "RPOP"}, {"RPUSH", "LPOP"}} {
		b.Run(pair[0], func(b *testing.B) {
			s := newStore(b, 2)
			element := strings.Repeat("v", 64)
			var fill, calls [][]string
			for range 10_000 {
				fill = append(fill, []string{pair[0], "queue", element})
			}
			for range 8 {
				calls = append(calls, []string{pair[0], "queue", element}, []string{pair[1], "queue"})
			}
			var out reply.Buffer
			c, batch := s.client(), batchOf(calls)
			c.runner.Do(c.session, batchOf(fill), &out)
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
