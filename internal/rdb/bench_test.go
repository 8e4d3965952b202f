// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"stampede/internal/rdb"
)

// BenchmarkWriter writes strings of 64 bytes, with their checksum.
func BenchmarkWriter(b *testing.B) {
	value := bytes.Repeat([]byte("v"), 64)
	w := rdb.NewWriter(io.Discard)
	buffer := make([]byte, 0, 64<<10)
	key := []byte("key:000000000000")
	b.ReportAllocs()
	for b.Loop() {
		buffer = rdb.AppendString(rdb.AppendKey(buffer, rdb.TypeString, key, 0), value)
		if len(buffer) > 60<<10 {
			_, _ = w.Write(buffer)
			buffer = buffer[:0]
		}
	}
	b.SetBytes(1 + 17 + 66)
}

// BenchmarkScored writes members of a sorted set.
func BenchmarkScored(b *testing.B) {
	buffer := make([]byte, 0, 64<<10)
	member := []byte("member:00000000")
	b.ReportAllocs()
	for b.Loop() {
		if buffer = rdb.AppendScored(buffer, member, 1.5); len(buffer) > 60<<10 {
			buffer = buffer[:0]
		}
	}
	b.SetBytes(16 + 8)
}

// BenchmarkReader reads 100,000 keys of each of a few sizes.
func BenchmarkReader(b *testing.B) {
	const keys = 100_000
	for _, size := range []int{8, 64, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			file := rdb.AppendHeader(nil)
			value := bytes.Repeat([]byte("v"), size)
			for i := range keys {
				file = rdb.AppendKey(file, rdb.TypeString, fmt.Appendf(nil, "key:%012d", i), 0)
				file = rdb.AppendString(file, value)
			}
			file = rdb.AppendEnd(file, rdb.CRC64(0, file))
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				readBench(b, file)
			}
			b.ReportMetric(float64(b.N)*keys/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

func readBench(b *testing.B, file []byte) {
	r := rdb.NewReader(bytes.NewReader(file), rdb.Options{})
	for {
		item, err := r.Next()
		if err == io.EOF {
			return
		}
		if err == nil && item.What == rdb.ItemKey {
			_, err = r.String()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
