// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/reply"
)

// BenchmarkQueue pushes to one end of a list and takes from the other, 16 calls a batch: the
// list is long, or there is none between the two calls. One operation is one call.
func BenchmarkQueue(b *testing.B) {
	for _, long := range []int{0, 10_000} {
		for _, pair := range [][2]string{{"LPUSH", "RPOP"}, {"RPUSH", "LPOP"}} {
			b.Run(fmt.Sprintf("%s/%d", pair[0], long), func(b *testing.B) {
				benchmarkQueue(b, pair[0], pair[1], long)
			})
		}
	}
}

func benchmarkQueue(b *testing.B, push, pop string, long int) {
	s := newStore(b, 2)
	element := strings.Repeat("v", 64)
	var fill, calls [][]string
	for range long {
		fill = append(fill, []string{push, "queue", element})
	}
	for range 8 {
		calls = append(calls, []string{push, "queue", element}, []string{pop, "queue"})
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
}
