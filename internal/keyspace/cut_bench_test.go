// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkCut hands out a million keys whose blocks lie about in memory.
func BenchmarkCut(b *testing.B) {
	const keys = 1 << 20
	s, err := New(Options{ReserveBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	value, key := bytes.Repeat([]byte("v"), 64), []byte(nil)
	for i := range keys {
		key = fmt.Appendf(key[:0], "key:%012d", i)
		e := s.DB(0).Find(key)
		e.Set(key, value, 0)
	}
	out := make([]byte, 0, 1<<20)
	for b.Loop() {
		c := s.BeginCut()
		for more := true; more; {
			out, _, more, _ = c.Step(out[:0], 4<<10)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/keys, "ns/key")
}
