// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/redis/go-redis/v9"
)

// lockTime is how long a lock is kept: so long that none of these tests outlives it. Where
// the end of a lock is the matter, its keys are deleted.
const lockTime = 10 * time.Minute

// mutex is the lock of a story, tried once.
func mutex(of *redsync.Redsync, options ...redsync.Option) *redsync.Mutex {
	options = append([]redsync.Option{redsync.WithExpiry(lockTime), redsync.WithTries(1)}, options...)
	return of.NewMutex("stock of {one} thing", options...)
}

// sawLock notes what a call of the library came to. The order of its complaints about
// instances is that of their replies and no matter.
func (s *lockStory) sawLock(what string, ok bool, err error) {
	var taken *redsync.ErrTaken
	reason := "free"
	switch {
	case errors.As(err, &taken):
		slices.Sort(taken.Nodes)
		reason = taken.Error()
	case errors.Is(err, redsync.ErrLockAlreadyExpired):
		reason = "expired"
	case err != nil:
		reason = "some instances did not do it"
	}
	s.saw("%s: %t, %s", what, ok, reason)
}

// wantHeld checks on which instances the lock is held with a value; a killed one holds none.
func (s *lockStory) wantHeld(by *redsync.Mutex, places ...int) {
	s.Helper()
	var held []int
	for i, db := range s.dbs {
		if s.instances[i].addr.Load() == nil {
			continue
		}
		value, err := db.Get(s.ctx, by.Name()).Result()
		if err != nil && err != redis.Nil {
			s.Fatal(err)
		}
		if value != "" && value == by.Value() {
			held = append(held, i)
		}
	}
	if !slices.Equal(held, places) {
		s.Errorf("held on %v, want %v", held, places)
	}
}

func TestLockIsExclusive(t *testing.T) {
	compareLocks(t, func(s *lockStory) {
		one, other := mutex(s.locker()), mutex(s.locker())
		s.must(one.LockContext(s.ctx))
		s.wantHeld(one, 0, 1, 2, 3, 4)
		if err := other.LockContext(s.ctx); err == nil {
			s.Error("two hold the lock")
		} else {
			s.sawLock("second", false, err)
		}
		s.wantHeld(one, 0, 1, 2, 3, 4)

		thief := mutex(s.locker(), redsync.WithValue("not the value"))
		ok, err := thief.UnlockContext(s.ctx)
		s.sawLock("unlocked by another", ok, err)
		ok, err = thief.ExtendContext(s.ctx)
		s.sawLock("extended by another", ok, err)
		s.wantHeld(one, 0, 1, 2, 3, 4)

		ok, err = one.UnlockContext(s.ctx)
		s.sawLock("unlocked", ok, err)
		s.wantHeld(one)
		ok, err = one.UnlockContext(s.ctx)
		s.sawLock("unlocked again", ok, err)
		s.must(other.LockContext(s.ctx))
		s.wantHeld(other, 0, 1, 2, 3, 4)
	})
}

// TestLockNeedsMajority lets somebody else hold two of five, then three.
func TestLockNeedsMajority(t *testing.T) {
	compareLocks(t, func(s *lockStory) {
		one := mutex(s.locker())
		for _, i := range []int{1, 3} {
			s.must(s.dbs[i].Set(s.ctx, one.Name(), "another", lockTime).Err())
		}
		s.must(one.LockContext(s.ctx))
		s.wantHeld(one, 0, 2, 4)
		ok, err := one.ExtendContext(s.ctx)
		s.sawLock("extended", ok, err)
		ok, err = one.UnlockContext(s.ctx)
		s.sawLock("unlocked", ok, err)
		s.wantHeld(one)

		s.must(s.dbs[4].Set(s.ctx, one.Name(), "another", lockTime).Err())
		s.sawLock("locked", false, one.LockContext(s.ctx))
		for i, db := range s.dbs {
			s.saw("%d: %s", i, db.Get(s.ctx, one.Name())) // the two are given back
		}
	})
}

func TestLockExtends(t *testing.T) {
	compareLocks(t, func(s *lockStory) {
		one := mutex(s.locker())
		s.must(one.LockContext(s.ctx))
		for _, db := range s.dbs {
			s.ask(db.PExpire(s.ctx, one.Name(), lockTime/2))
		}
		ok, err := one.ExtendContext(s.ctx)
		s.sawLock("extended", ok, err)
		for i, db := range s.dbs {
			if left := db.PTTL(s.ctx, one.Name()).Val(); left <= lockTime/2 || left > lockTime {
				s.Errorf("instance %d keeps the lock for %v, want nearly %v", i, left, lockTime)
			}
		}
		for _, db := range s.dbs[:3] {
			s.must(db.Del(s.ctx, one.Name()).Err())
		}
		ok, err = one.ExtendContext(s.ctx)
		s.sawLock("extended after it ended on three", ok, err)
		s.wantHeld(one, 3, 4)
		renewing := mutex(s.locker(), redsync.WithValue(one.Value()), redsync.WithSetNXOnExtend())
		ok, err = renewing.ExtendContext(s.ctx)
		s.sawLock("renewed", ok, err)
		s.wantHeld(one, 0, 1, 2, 3, 4)
	})
}

// TestLockOutlivesInstances kills one instance after the other: a lock is held, extended,
// released and taken while three are there.
func TestLockOutlivesInstances(t *testing.T) {
	compareLocks(t, func(s *lockStory) {
		one, other := mutex(s.locker()), mutex(s.locker())
		s.must(one.LockContext(s.ctx))
		for dead, alive := range [][]int{{1, 2, 3, 4}, {2, 3, 4}} {
			s.kill(dead)
			ok, err := one.ExtendContext(s.ctx)
			s.sawLock("extended", ok, err)
			s.sawLock("second", false, other.LockContext(s.ctx))
			s.wantHeld(one, alive...)
			ok, err = one.UnlockContext(s.ctx)
			s.sawLock("unlocked", ok, err)
			s.wantHeld(one)
			s.must(other.LockContext(s.ctx))
			s.wantHeld(other, alive...)
			one, other = other, one
		}
		s.kill(2)
		ok, err := one.ExtendContext(s.ctx)
		s.sawLock("extended by two", ok, err)
		ok, err = one.UnlockContext(s.ctx)
		s.sawLock("unlocked by two", ok, err)
		s.wantHeld(one)
		s.sawLock("locked by two", false, other.LockContext(s.ctx))
		s.restart()
		s.must(other.LockContext(s.ctx))
		s.wantHeld(other, 0, 1, 2, 3, 4)
	})
}

// TestLockAndRestart shows what is true of every lock in memory: an instance that comes back
// has forgotten. Two of them do no harm, and an extension may teach them again; of three,
// somebody else gets the lock while it is held.
func TestLockAndRestart(t *testing.T) {
	compareLocks(t, func(s *lockStory) {
		one, other := mutex(s.locker(), redsync.WithSetNXOnExtend()), mutex(s.locker())
		s.must(one.LockContext(s.ctx))
		s.kill(0, 1)
		s.restart()
		s.wantHeld(one, 2, 3, 4)
		s.sawLock("second", false, other.LockContext(s.ctx))
		s.wantHeld(one, 2, 3, 4)
		ok, err := one.ExtendContext(s.ctx)
		s.sawLock("extended", ok, err)
		s.wantHeld(one, 0, 1, 2, 3, 4)

		s.kill(0, 2, 4)
		s.restart()
		s.must(other.LockContext(s.ctx))
		s.wantHeld(one, 1, 3)
		s.wantHeld(other, 0, 2, 4)
		ok, err = one.ExtendContext(s.ctx)
		s.sawLock("extended by who lost it", ok, err)
	})
}

// TestLockUnderContention lets programs add to a number that only the lock protects.
func TestLockUnderContention(t *testing.T) {
	const programs, rounds = 5, 6
	compareLocks(t, func(s *lockStory) {
		var lockers sync.WaitGroup
		for range programs {
			of := s.locker()
			lockers.Go(func() {
				for range rounds {
					if err := s.addLocked(of); err != nil {
						s.Error(err)
						return
					}
				}
			})
		}
		lockers.Wait()
		if n := s.db.Get(s.ctx, "number").Val(); n != fmt.Sprint(programs*rounds) {
			s.Errorf("%d additions under the lock made %s", programs*rounds, n)
		}
	})
}

// addLocked adds one as nobody may without a lock.
func (s *lockStory) addLocked(of *redsync.Redsync) error {
	soon := func(int) time.Duration { return rand.N(10 * time.Millisecond) }
	lock := mutex(of, redsync.WithTries(2000), redsync.WithRetryDelayFunc(soon))
	if err := lock.LockContext(s.ctx); err != nil {
		return err
	}
	n, err := s.db.Get(s.ctx, "number").Int()
	if err != nil && err != redis.Nil {
		return err
	}
	if err := s.db.Set(s.ctx, "number", n+1, 0).Err(); err != nil {
		return err
	}
	if ok, err := lock.UnlockContext(s.ctx); !ok {
		return fmt.Errorf("a lock that is held is not released: %w", err)
	}
	return nil
}
