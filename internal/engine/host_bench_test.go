// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/reply"
)

// inventoryScript sells a quantity from a hash if there are enough.
const inventoryScript = `
local quantity = tonumber(ARGV[1])
if quantity <= 0 then return nil end
local sold = redis.call("HMGET", KEYS[1], "inventory", "purchased")
local inventory, purchased = tonumber(sold[1]), tonumber(sold[2])
if purchased + quantity <= inventory then
  redis.call("HINCRBY", KEYS[1], "purchased", quantity)
  return quantity
end
return nil`

// BenchmarkInventory sells by EVALSHA, 16 calls a batch, from one hash or from many. One
// operation is one call.
func BenchmarkInventory(b *testing.B) {
	for _, hashes := range []int{1, 10000} {
		for _, shards := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d hashes, %d shards", hashes, shards), func(b *testing.B) {
				benchmarkInventory(b, hashes, shards)
			})
		}
	}
}

func benchmarkInventory(b *testing.B, hashes, shards int) {
	const batchCalls = 16
	s := newStore(b, shards)
	c := s.client()
	for i := range hashes {
		c.do([]string{"HSET", fmt.Sprint("item:", i), "inventory", "1000000000000", "purchased", "0"})
	}
	_, sha, _ := strings.Cut(c.do([]string{"SCRIPT", "LOAD", inventoryScript}), "\r\n")
	sha = strings.TrimSpace(sha)
	var batches []*Batch
	for at := 0; at < max(hashes, batchCalls); at += batchCalls {
		var calls [][]string
		for i := range batchCalls {
			item := fmt.Sprint("item:", (at+i)*7919%hashes)
			calls = append(calls, []string{"EVALSHA", sha, "1", item, "1"})
		}
		batches = append(batches, batchOf(calls))
	}
	var out reply.Buffer
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += batchCalls {
		out.B = out.B[:0]
		c.runner.Do(c.session, batches[i/batchCalls%len(batches)], &out)
	}
	if !strings.HasPrefix(string(out.B), ":1\r\n:1") {
		b.Errorf("%.80q", out.B)
	}
}
