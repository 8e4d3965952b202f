// SPDX-License-Identifier: Apache-2.0

package metrics

import "testing"

func BenchmarkCall(b *testing.B) {
	for _, batch := range []int{1, 16, 64} {
		b.Run(map[int]string{1: "batch=1", 16: "batch=16", 64: "batch=64"}[batch], func(b *testing.B) {
			r := New(make([]string, 256)).NewRecorder()
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				r.Call(i&7, int64(100+i&1023), false)
				if i%batch == 0 {
					r.Flush()
				}
			}
		})
	}
}

func BenchmarkHistogramAdd(b *testing.B) {
	var h Histogram
	for i := 0; b.Loop(); i++ {
		h.Add(int64(i & 0xFFFF))
	}
}
