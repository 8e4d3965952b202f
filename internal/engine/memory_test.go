// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"
)

// configure sets parameters, given as "name value".
func (s *store) configure(settings ...string) {
	s.t.Helper()
	for _, setting := range settings {
		s.want("+OK\r\n", "CONFIG SET "+setting)
	}
}

// keyOn is a key that lies on a shard.
func (s *store) keyOn(shard, i int) string {
	for ; ; i += 1_000_000 {
		if key := fmt.Sprint("key", i); s.engine.shards.Of([]byte(key)) == shard {
			return key
		}
	}
}

// fill sets n keys of a shard, from number first on, and counts the refusals.
func (s *store) fill(shard, first, n, bytes int) (refused int) {
	s.t.Helper()
	value := strings.Repeat("v", bytes)
	for i := range n {
		if strings.HasPrefix(s.do("SET "+s.keyOn(shard, first+i)+" "+value), "-OOM") {
			refused++
		}
	}
	return refused
}

func (s *store) keys() string { return s.do("DBSIZE") }

// TestMemoryThatWasFreed: what other shards have given back is free for all at once.
func TestMemoryThatWasFreed(t *testing.T) {
	for _, call := range []string{"FLUSHALL", "DEL big"} {
		s := newStore(t, 2)
		s.configure("maxmemory 2mb")
		big := s.engine.shards.Of([]byte("big"))
		if call == "FLUSHALL" {
			s.fill(big, 0, 1700, 1000)
		} else {
			s.do("APPEND big " + strings.Repeat("v", 1_700_000))
		}
		s.do(call)
		if refused := s.fill(1-big, 5000, 1000, 1000); refused > 0 {
			t.Errorf("%s: then %d of 1000 calls refused, want none", call, refused)
		}
	}
}

// TestEvictionOnTheFullShard: a shard with little does not pay for one with much.
func TestEvictionOnTheFullShard(t *testing.T) {
	s := newStore(t, 4)
	s.configure("maxmemory 2mb", "maxmemory-policy allkeys-lru")
	s.fill(0, 0, 2500, 1000) // all memory belongs to shard 0
	if refused := s.fill(1, 10_000, 200, 1000); refused > 0 {
		t.Errorf("%d of 200 calls refused, want none", refused)
	}
	for i := range 200 {
		if key := s.keyOn(1, 10_000+i); s.do("EXISTS "+key) != ":1\r\n" {
			t.Fatalf("key %d of 200 of the small shard was evicted", i)
		}
	}
	if used := s.used(); used > 2<<20+1<<12 {
		t.Errorf("%d bytes used, want hardly more than 2 MiB", used)
	}
}

// TestEvictionKeepsPace: large values that push out many small ones do not outrun it.
func TestEvictionKeepsPace(t *testing.T) {
	s := newStore(t, 1)
	s.configure("maxmemory 8mb", "maxmemory-policy allkeys-random")
	s.fill(0, 0, 60_000, 64)
	value := strings.Repeat("v", 100_000)
	for i := range 40 {
		s.want("+OK\r\n", fmt.Sprint("SET large", i, " ", value))
		if used := s.used(); used > 8<<20+200_000 {
			t.Fatalf("%d bytes used after %d large values, want about 8 MiB at most", used, i+1)
		}
	}
}

// TestEvictionWithoutCalls: a lower limit is reached by the work of the clock alone.
func TestEvictionWithoutCalls(t *testing.T) {
	s := newStore(t, 2)
	s.fill(0, 0, 2000, 1000)
	s.configure("maxmemory-policy allkeys-lru", "maxmemory 1mb")
	for range 10 {
		s.engine.Step()
	}
	if used := s.used(); used > 1<<20 {
		t.Errorf("%d bytes used, want 1 MiB at most", used)
	}
	if keys := s.keys(); keys == ":0\r\n" {
		t.Error("all keys were evicted")
	}
}

// TestVolatileEviction: keys without a deadline stay, and then there is no room.
func TestVolatileEviction(t *testing.T) {
	s := newStore(t, 2)
	s.configure("maxmemory 1mb", "maxmemory-policy volatile-lru")
	if refused := s.fill(0, 0, 2000, 1000); refused < 900 {
		t.Errorf("%d of 2000 calls refused, want about half", refused)
	}
	before := s.keys()
	for range 10 {
		s.engine.Step()
	}
	if after := s.keys(); after != before {
		t.Errorf("%q keys of %q are left", after, before)
	}
}

// TestAddressesEnd: where a shard's addresses end, calls are refused, in MULTI as well, and
// nothing panics.
func TestAddressesEnd(t *testing.T) {
	const mib = 1 << 20
	for _, shards := range []int{1, 3} {
		var many, alone []string
		many = append(many, "MULTI")
		for i := range 200 {
			many = append(many, fmt.Sprintf("SETRANGE k%d %d x", i, mib-1))
			alone = append(alone, fmt.Sprintf("SETRANGE k%d %d x", i, mib-1))
		}
		s := newStoreOf(t, shards, 64*mib)
		s.configure("proto-max-bulk-len 1mb")
		refused := strings.Count(s.do(append(many, "EXEC")...), "-OOM")
		if refused == 0 || s.keys() == ":0\r\n" {
			t.Errorf("%d shards: %d of 200 calls of a transaction refused, %s keys", shards, refused, s.keys())
		}
		if refused := strings.Count(s.do(alone...), "-OOM"); refused == 0 {
			t.Errorf("%d shards: none of 200 calls refused", shards)
		}

		s = newStoreOf(t, shards, 64*mib)
		s.configure("proto-max-bulk-len 1mb")
		fields := []string{"HSET", "h"}
		for i := range 20_000 {
			fields = append(fields, fmt.Sprint("field", i), strings.Repeat("v", 150))
		}
		s.doWords(fields)
		refused = 0
		for i := range 100 {
			refused += strings.Count(s.do(fmt.Sprint("COPY h copy", i), fmt.Sprint("RENAME h h", i),
				fmt.Sprint("RENAME h", i, " h")), "-OOM")
		}
		if refused == 0 {
			t.Errorf("%d shards: 100 copies of 4 MB fit into 64 MiB", shards)
		}
	}
}

// TestLongestString: no parameter lets a value become longer than a block can be.
func TestLongestString(t *testing.T) {
	s := newStore(t, 1)
	s.configure("proto-max-bulk-len 1gb")
	s.want("-ERR CONFIG SET failed (possibly related to argument 'proto-max-bulk-len') - "+
		"argument must be between 1048576 and 1073741824 inclusive\r\n", "CONFIG SET proto-max-bulk-len 8gb")
	s.want("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", "SETRANGE k 5000000000 x")
}
