// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// allowed notes what a limiter decided. Its times are those of a clock that runs: they only
// have to be of the right size.
func (s *story) allowed(what string, got *redis_rate.Result, err error) {
	s.Helper()
	s.must(err)
	s.saw("%s: %d allowed, %d remain, must wait: %t", what, got.Allowed, got.Remaining,
		got.RetryAfter != -1)
	full := got.Limit.Period * time.Duration(got.Limit.Burst) / time.Duration(got.Limit.Rate)
	if got.ResetAfter < 0 || got.ResetAfter > full || got.RetryAfter > 2*full {
		s.Errorf("%s: odd times %+v", what, *got)
	}
}

// TestRateLimit spends what an hour allows. The scripts ask for the time and store numbers
// with all their digits.
func TestRateLimit(t *testing.T) {
	compare(t, func(s *story) {
		limiter, hour := redis_rate.NewLimiter(s.db), redis_rate.PerHour(10)
		for i := range 12 {
			got, err := limiter.Allow(s.ctx, "customer:7", hour)
			s.allowed(fmt.Sprint("call ", i), got, err)
		}
		for _, n := range []int{0, 4, 4, 4, 1, 1, 1} {
			got, err := limiter.AllowN(s.ctx, "customer:8", hour, n)
			s.allowed(fmt.Sprint("all of ", n), got, err)
		}
		s.must(s.db.ScriptFlush(s.ctx).Err()) // the library sends its scripts again
		for range 3 {
			got, err := limiter.AllowAtMost(s.ctx, "customer:9", hour, 7)
			s.allowed("at most 7", got, err)
		}
		if left := s.db.TTL(s.ctx, "rate:customer:9").Val(); left <= 0 || left > time.Hour {
			s.Errorf("the limit is kept for %v, want at most an hour", left)
		}
		s.must(limiter.Reset(s.ctx, "customer:7"))
		got, err := limiter.Allow(s.ctx, "customer:7", hour)
		s.allowed("reset", got, err)
		got, err = limiter.AllowN(s.ctx, "customer:7", hour, 11)
		s.allowed("more than there can be", got, err)
		s.must(s.db.HSet(s.ctx, "rate:customer:10", "f", "v").Err())
		_, err = limiter.Allow(s.ctx, "customer:10", hour)
		s.saw("of a hash: %v", err)
	})
}

// TestRateLimitUnderLoad lets many ask at once: what is allowed is what the limit says.
func TestRateLimitUnderLoad(t *testing.T) {
	const askers, calls, keys = 20, 25, 4
	compare(t, func(s *story) {
		limiter, day := redis_rate.NewLimiter(s.db), redis_rate.Limit{
			Rate: 30, Burst: 30, Period: 24 * time.Hour,
		}
		var passed [keys]atomic.Int64
		var customers sync.WaitGroup
		for range askers {
			customers.Go(func() {
				for i := range calls {
					got, err := limiter.Allow(s.ctx, fmt.Sprint("key", i%keys), day)
					if err != nil {
						s.Error(err)
						return
					}
					passed[i%keys].Add(int64(got.Allowed))
				}
			})
		}
		customers.Wait()
		for i := range passed {
			if n := passed[i].Load(); n != int64(day.Burst) {
				s.Errorf("%d calls passed limit %d, want %d", n, i, day.Burst)
			}
		}
	})
}
