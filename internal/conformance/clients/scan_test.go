// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// collect reads an iterator to its end: what came, without repetitions, in order.
func (s *story) collect(it *redis.ScanIterator, err error) []string {
	s.must(err)
	var all []string
	for it.Next(s.ctx) {
		all = append(all, it.Val())
	}
	s.must(it.Err())
	slices.Sort(all)
	return slices.Compact(all)
}

// sawAll notes many strings as their number and a sum over them.
func (s *story) sawAll(what string, all []string) {
	sum := fnv.New64a()
	for _, one := range all {
		fmt.Fprintf(sum, "%q", one)
	}
	s.saw("%s: %d with sum %x", what, len(all), sum.Sum64())
}

func TestScan(t *testing.T) {
	const keys = 10_000
	compare(t, func(s *story) {
		pipe := s.db.Pipeline()
		for i := range keys {
			switch {
			case i%1000 == 0:
				pipe.HSet(s.ctx, fmt.Sprint("hash:", i), "f", i)
			case i%100 == 0:
				pipe.ZAdd(s.ctx, fmt.Sprint("zset:", i), redis.Z{Score: 1, Member: i})
			default:
				pipe.Set(s.ctx, fmt.Sprint("string:", i), i, 0)
			}
		}
		_, err := pipe.Exec(s.ctx)
		s.must(err)

		for _, count := range []int64{0, 1000, 100_000} {
			all := s.collect(s.db.Scan(s.ctx, 0, "", count).Iterator(), nil)
			if len(all) != keys {
				s.Errorf("COUNT %d finds %d keys of %d", count, len(all), keys)
			}
			s.sawAll(fmt.Sprint("count ", count), all)
		}
		for _, pattern := range []string{"*", "string:1?", "[hz]*:[0-4]*00", "none*"} {
			s.sawAll(pattern, s.collect(s.db.Scan(s.ctx, 0, pattern, 100).Iterator(), nil))
		}
		for _, kind := range []string{"string", "hash", "zset", "list"} {
			s.sawAll(kind, s.collect(s.db.ScanType(s.ctx, 0, "", 100, kind).Iterator(), nil))
		}
		s.ask(s.db.Do(s.ctx, "SCAN", "none"), s.db.Do(s.ctx, "SCAN", 0, "COUNT", 0))
	})
}

// TestScanWhileKeysComeAndGo wants every key that stays to be found.
func TestScanWhileKeysComeAndGo(t *testing.T) {
	const stay = 2000
	compare(t, func(s *story) {
		pipe := s.db.Pipeline()
		for i := range stay {
			pipe.Set(s.ctx, fmt.Sprint("stay", i), i, 0)
			pipe.Set(s.ctx, fmt.Sprint("go", i), i, 0)
		}
		_, err := pipe.Exec(s.ctx)
		s.must(err)
		it, step := s.db.Scan(s.ctx, 0, "", 50).Iterator(), 0
		found := map[string]bool{}
		for it.Next(s.ctx) {
			found[it.Val()] = true
			if step++; step%10 != 0 {
				continue
			}
			pipe := s.db.Pipeline()
			for i := step; i < step+40; i++ {
				pipe.Del(s.ctx, fmt.Sprint("go", i))
				pipe.Set(s.ctx, fmt.Sprint("come", i), i, 0)
			}
			_, err := pipe.Exec(s.ctx)
			s.must(err)
		}
		s.must(it.Err())
		for i := range stay {
			if !found[fmt.Sprint("stay", i)] {
				s.Errorf("stay%d was there all the time and was not found", i)
			}
		}
	})
}

func TestScanInside(t *testing.T) {
	compare(t, func(s *story) {
		for _, n := range []int{3, 5000} { // one packed, one as a table
			pipe := s.db.Pipeline()
			h, z := fmt.Sprint("h", n), fmt.Sprint("z", n)
			for i := range n {
				pipe.HSet(s.ctx, h, fmt.Sprint("f", i), fmt.Sprint("v", i))
				pipe.ZAdd(s.ctx, z, redis.Z{Score: float64(i) / 3, Member: fmt.Sprint("m", i)})
			}
			_, err := pipe.Exec(s.ctx)
			s.must(err)
			for _, pattern := range []string{"", "?1*", "none"} {
				for _, it := range []*redis.ScanCmd{
					s.db.HScan(s.ctx, h, 0, pattern, 20), s.db.ZScan(s.ctx, z, 0, pattern, 20),
				} {
					what := strings.Join([]string{it.Name(), pattern}, " ")
					all := s.collect(it.Iterator(), it.Err())
					s.sawAll(what, all)
				}
			}
		}
		s.ask(s.db.HScan(s.ctx, "h3", 0, "", 0), s.db.ZScan(s.ctx, "z3", 0, "", 0),
			s.db.HScan(s.ctx, "none", 0, "", 0), s.db.HScan(s.ctx, "z3", 0, "", 0))
	})
}
