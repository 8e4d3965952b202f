// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// mixture puts 1000 calls of all families, with errors among them, into a pipeline.
func mixture(s *story, pipe redis.Pipeliner) {
	for i := range 100 {
		text, hash, zset := fmt.Sprint("s", i), fmt.Sprint("h", i%7), fmt.Sprint("z", i%7)
		pipe.Set(s.ctx, text, i, time.Hour)
		pipe.Incr(s.ctx, text)
		pipe.HSet(s.ctx, hash, text, i, "f", text)
		pipe.HGetAll(s.ctx, fmt.Sprint("h", i%3))
		pipe.ZAdd(s.ctx, zset, redis.Z{Score: float64(i) / 8, Member: text})
		pipe.ZRangeWithScores(s.ctx, zset, -2, -1)
		pipe.Incr(s.ctx, hash) // of the wrong type
		pipe.MGet(s.ctx, "s0", text, "none", hash)
		pipe.Get(s.ctx, "none")
		pipe.Do(s.ctx, "nosuchcommand", i)
	}
}

func TestPipeline(t *testing.T) {
	compare(t, func(s *story) {
		pipe := s.db.Pipeline()
		mixture(s, pipe)
		calls, err := pipe.Exec(s.ctx)
		s.saw("%d replies, first error %v", len(calls), err)
		s.ask(calls...)
		s.ask(s.db.DBSize(s.ctx))
	})
}

func TestTransaction(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		pipe := db.TxPipeline()
		for i := range 1000 {
			pipe.Incr(ctx, "n")
			pipe.ZIncrBy(ctx, "z", 0.5, fmt.Sprint(i%10))
		}
		pipe.ZRangeWithScores(ctx, "z", 0, -1)
		pipe.HGetAll(ctx, "none")
		pipe.Get(ctx, "none")
		pipe.HIncrBy(ctx, "n", "f", 1) // fails alone, in the middle
		pipe.ZMPop(ctx, "max", 1, "z")
		pipe.ConfigGet(ctx, "maxmemory-policy")
		pipe.Get(ctx, "n")
		calls, err := pipe.Exec(ctx)
		s.saw("%d replies, first error %v", len(calls), err)
		s.ask(calls...)

		aborted := db.TxPipeline()
		aborted.Incr(ctx, "n")
		aborted.Do(ctx, "nosuchcommand")
		calls, err = aborted.Exec(ctx)
		s.saw("aborted: %t, %v", redis.IsExecAbortError(err), err)
		s.ask(calls...)
		s.ask(db.Get(ctx, "n"))

		all := db.TxPipeline()
		mixture(s, all.(*redis.Pipeline))
		_, err = all.Exec(ctx)
		s.saw("aborted: %t, %v", redis.IsExecAbortError(err), err)
		_, err = db.TxPipeline().Exec(ctx)
		s.saw("nothing to do: %v", err)
	})
}

func TestWatch(t *testing.T) {
	other := map[string]func(s *story) error{
		"nobody":             func(*story) error { return nil },
		"write":              func(s *story) error { return s.db.Set(s.ctx, "seen", 2, 0).Err() },
		"write of the same":  func(s *story) error { return s.db.Set(s.ctx, "seen", 1, 0).Err() },
		"write of another":   func(s *story) error { return s.db.Set(s.ctx, "unseen", 2, 0).Err() },
		"birth":              func(s *story) error { return s.db.Set(s.ctx, "missing", 2, 0).Err() },
		"death":              func(s *story) error { return s.db.Del(s.ctx, "seen").Err() },
		"death of a missing": func(s *story) error { return s.db.Del(s.ctx, "missing").Err() },
		"touch":              func(s *story) error { return s.db.Touch(s.ctx, "seen").Err() },
		"deadline":           func(s *story) error { return s.db.Expire(s.ctx, "seen", time.Hour).Err() },
		"rename":             func(s *story) error { return s.db.Rename(s.ctx, "unseen", "seen").Err() },
		"flush":              func(s *story) error { return s.db.FlushDB(s.ctx).Err() },
		"swap":               func(s *story) error { return s.db.Do(s.ctx, "SWAPDB", 0, 9).Err() },
		"read":               func(s *story) error { return s.db.MGet(s.ctx, "seen", "missing").Err() },
	}
	compare(t, func(s *story) {
		for _, name := range slices.Sorted(maps.Keys(other)) {
			s.must(s.db.FlushDB(s.ctx).Err())
			s.must(s.db.MSet(s.ctx, "seen", 1, "unseen", 1).Err())
			err := s.db.Watch(s.ctx, func(tx *redis.Tx) error {
				s.must(other[name](s))
				return setSeen(s, tx)
			}, "seen", "missing")
			s.saw("%s: failed %t, %v", name, errors.Is(err, redis.TxFailedErr), err)
			s.ask(s.db.Get(s.ctx, "seen"))
		}
		err := s.db.Watch(s.ctx, func(tx *redis.Tx) error {
			s.must(s.db.Set(s.ctx, "unseen", 3, 0).Err())
			s.ask(tx.Unwatch(s.ctx))
			return setSeen(s, tx)
		}, "unseen")
		s.saw("after UNWATCH: %v", err)
	})
}

func setSeen(s *story, tx *redis.Tx) error {
	_, err := tx.TxPipelined(s.ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(s.ctx, "seen", 3, 0)
		return nil
	})
	return err
}

// TestWatchUnderContention moves money between accounts by optimistic locking: none is lost
// or made, and each transfer happens once.
func TestWatchUnderContention(t *testing.T) {
	const goroutines, transfers, accounts, each = 8, 25, 4, 1000
	compare(t, func(s *story) {
		name := func(i int) string { return fmt.Sprint("account", i) }
		for i := range accounts {
			s.must(s.db.Set(s.ctx, name(i), each, 0).Err())
		}
		var tellers sync.WaitGroup
		for g := range goroutines {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			tellers.Go(func() {
				for range transfers {
					from := rng.IntN(accounts)
					to := (from + 1 + rng.IntN(accounts-1)) % accounts
					if err := transfer(s, name(from), name(to), rng.IntN(10)); err != nil {
						s.Error(err)
						return
					}
				}
			})
		}
		tellers.Wait()
		sum := 0
		for i := range accounts {
			n, err := s.db.Get(s.ctx, name(i)).Int()
			s.must(err)
			sum += n
		}
		s.saw("%d in all", sum)
		s.ask(s.db.Get(s.ctx, "transfers"))
	})
}

// transfer tries until nobody disturbs it.
func transfer(s *story, from, to string, amount int) error {
	for {
		err := s.db.Watch(s.ctx, func(tx *redis.Tx) error {
			had, err := tx.Get(s.ctx, from).Int()
			if err != nil {
				return err
			}
			has, err := tx.Get(s.ctx, to).Int()
			if err != nil {
				return err
			}
			_, err = tx.TxPipelined(s.ctx, func(pipe redis.Pipeliner) error {
				pipe.Set(s.ctx, from, had-amount, 0)
				pipe.Set(s.ctx, to, has+amount, 0)
				pipe.Incr(s.ctx, "transfers")
				return nil
			})
			return err
		}, from, to)
		if !errors.Is(err, redis.TxFailedErr) {
			return err
		}
	}
}
