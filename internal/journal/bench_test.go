// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"stampede/internal/disk/faulty"
)

// BenchmarkAppend is what an appender pays, without the disk: the bytes go to memory.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{16, 100, 1000, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l, err := Open(Options{FS: faulty.New(1), Dir: "log", BufferBytesMax: 1 << 40}, 0)
			if err != nil {
				b.Fatal(err)
			}
			head, body := make([]byte, 8), make([]byte, size-8)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				l.Append(head, body)
				if i%1000 == 0 { // as if it were durable
					l.mu.Lock()
					l.writer.written = l.buffer.end
					l.mu.Unlock()
					l.publish(l.writer.written)
				}
			}
		})
	}
}

// BenchmarkEverySecond is the log at work on the real disk, appenders and writer together.
func BenchmarkEverySecond(b *testing.B) {
	for _, appenders := range []int{1, 4} {
		b.Run(fmt.Sprint(appenders), func(b *testing.B) {
			l := start(b, Options{Dir: filepath.Join(b.TempDir(), "log"), Fsync: EverySecond}, 0)
			b.SetParallelism(appenders)
			record := make([]byte, 100)
			b.SetBytes(100)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l.Append(record)
				}
			})
		})
	}
}

// BenchmarkAlways is a record made durable by each of many callers: through the writer's
// goroutine, and by Commit. syncs/op is how many of them shared a sync.
func BenchmarkAlways(b *testing.B) {
	for _, callers := range []int{1, 10, 50} {
		for _, commits := range []bool{false, true} {
			b.Run(fmt.Sprintf("callers=%d/commit=%v", callers, commits), func(b *testing.B) {
				always(b, callers, commits)
			})
		}
	}
}

func always(b *testing.B, callers int, commits bool) {
	var syncs atomic.Int64
	l := start(b, Options{
		Dir: filepath.Join(b.TempDir(), "log"), Fsync: Always, Rounds: commits,
		Hooks: Hooks{Durable: func(Position) { syncs.Add(1) }},
	}, 0)
	b.SetParallelism(callers)
	record := make([]byte, 100)
	begin := time.Now()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			end := l.Append(record)
			if commits && l.Commit() {
				continue
			}
			if err := l.Wait(b.Context(), end); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(syncs.Load())/float64(b.N), "syncs/op")
	b.ReportMetric(float64(syncs.Load())/time.Since(begin).Seconds(), "syncs/s")
}
