// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"encoding/binary"
	"flag"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"stampede/internal/container/arena"
	"stampede/internal/container/table"
)

var entries = flag.Int("entries", 100_000, "entries of the store that the benchmarks fill")

const (
	keyBytes   = 16
	valueBytes = 64
)

// store is keys of 16 bytes and values of 64 in blocks of an arena, found by a table.
type store struct {
	arena *arena.Arena
	table *table.Table
	seed  maphash.Seed
}

func newStore(b testing.TB) *store {
	a, err := arena.New(0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close() })
	if os.Getenv("ARENA_HUGE") == "0" {
		a.HugePages(false)
	}
	s := &store{arena: a, seed: maphash.MakeSeed()}
	s.table = table.NewIn(a, func(ref uint32) uint64 {
		return maphash.Bytes(s.seed, a.Bytes(arena.Ref(ref), 2+keyBytes)[2:])
	})
	return s
}

func (s *store) get(key []byte) []byte {
	for p := s.table.Probe(maphash.Bytes(s.seed, key)); p.Next(); {
		block := s.arena.Bytes(arena.Ref(p.Ref()), 2+keyBytes+valueBytes)
		if string(block[2:2+keyBytes]) == string(key) {
			return block[2+keyBytes:]
		}
	}
	return nil
}

func (s *store) add(key []byte) {
	hash := maphash.Bytes(s.seed, key)
	for p := s.table.Probe(hash); p.Next(); {
		if string(s.arena.Bytes(arena.Ref(p.Ref()), 2+keyBytes)[2:]) == string(key) {
			return
		}
	}
	r := s.arena.Alloc(2 + keyBytes + valueBytes)
	block := s.arena.Bytes(r, 2+keyBytes+valueBytes)
	block[0], block[1] = keyBytes, valueBytes
	copy(block[2:], key)
	s.table.Insert(hash, uint32(r))
}

func key(buffer []byte, i int) []byte {
	binary.BigEndian.PutUint64(buffer, uint64(i)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(buffer[8:], uint64(i))
	return buffer
}

// BenchmarkStore fills a store once, and then looks up keys at random: run it with
// -benchtime 1x for the insertions alone.
func BenchmarkStore(b *testing.B) {
	s, buffer := newStore(b), make([]byte, keyBytes)
	before, start, worst := residentBytes(b), time.Now(), time.Duration(0)
	for i := range *entries {
		one := time.Now()
		s.add(key(buffer, i))
		worst = max(worst, time.Since(one))
	}
	n := float64(*entries)
	insert := float64(time.Since(start).Nanoseconds()) / n
	report := func(b *testing.B) {
		b.ReportMetric(insert, "insert-ns")
		b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
		b.ReportMetric(float64(s.table.Bytes())/n, "table-B/entry")
		b.ReportMetric(float64(s.arena.Used())/n, "used-B/entry")
		b.ReportMetric(float64(residentBytes(b)-before)/n, "rss-B/entry")
	}
	random := rand.New(rand.NewPCG(1, 2))
	b.Run("hit", func(b *testing.B) {
		for b.Loop() {
			if s.get(key(buffer, int(random.Uint32()>>1)%*entries)) == nil {
				b.Fatal("lost")
			}
		}
		report(b)
	})
	b.Run("miss", func(b *testing.B) {
		for b.Loop() {
			if s.get(key(buffer, *entries+int(random.Uint32()>>1)%*entries)) != nil {
				b.Fatal("found")
			}
		}
	})
	b.Run("index", func(b *testing.B) { // the table alone: nothing of the blocks is read
		found := 0
		for b.Loop() {
			for p := s.table.Probe(random.Uint64()); p.Next(); {
				found++
			}
		}
		b.ReportMetric(float64(found)/float64(b.N), "false/op")
	})
}

// BenchmarkMap is the same with what Go offers, for comparison: map[uint64]uint32 into an
// arena, hashes as keys.
func BenchmarkMap(b *testing.B) {
	s, buffer := newStore(b), make([]byte, keyBytes)
	refs := map[uint64]uint32{}
	before, start := residentBytes(b), time.Now()
	for i := range *entries {
		r := s.arena.Alloc(2 + keyBytes + valueBytes)
		copy(s.arena.Bytes(r, 2+keyBytes)[2:], key(buffer, i))
		refs[maphash.Bytes(s.seed, buffer)] = uint32(r)
	}
	n := float64(*entries)
	insert := float64(time.Since(start).Nanoseconds()) / n
	random := rand.New(rand.NewPCG(1, 2))
	b.Run("hit", func(b *testing.B) {
		for b.Loop() {
			k := key(buffer, int(random.Uint32()>>1)%*entries)
			block := s.arena.Bytes(arena.Ref(refs[maphash.Bytes(s.seed, k)]), 2+keyBytes)
			if string(block[2:]) != string(k) {
				b.Fatal("lost")
			}
		}
		b.ReportMetric(insert, "insert-ns")
		b.ReportMetric(float64(residentBytes(b)-before)/n, "rss-B/entry")
	})
}

// residentBytes is what the system says this process occupies; 0 where it does not say.
func residentBytes(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
