// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestClockIsSetBack: the time goes on at half speed until the machine's has caught up.
func TestClockIsSetBack(t *testing.T) {
	var wall, offset int64
	c := &clock{
		wallMs:  func() int64 { return wall + offset },
		elapsed: func() time.Duration { return time.Duration(wall) * time.Millisecond },
	}
	wall = 1_000_000
	for _, step := range []struct{ passed, offset, want int64 }{
		{0, 0, 1_000_000},
		{100, 0, 1_000_100},
		{0, 50_000, 1_050_100}, // set forward
		{0, 0, 1_050_100},      // and back
		{10_000, 0, 1_055_100}, // half speed
		{80_000, 0, 1_090_100}, // the machine has caught up with what was told
		{10_100, 0, 1_100_200}, // full speed
		{100, 0, 1_100_300},
		{0, -30_000, 1_100_300}, // back again
		{1000, -30_000, 1_100_800},
	} {
		wall, offset = wall+step.passed, step.offset
		if got := c.now(); got != step.want {
			t.Fatalf("%+v: got %d", step, got)
		}
	}
}

// TestClockNeverGoesBack, whoever asks and however the machine's clock is set.
func TestClockNeverGoesBack(t *testing.T) {
	c := newClock()
	wall := c.wallMs
	c.wallMs = func() int64 { return wall() + rand.Int64N(2000) }
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			last := int64(0)
			for range 5000 {
				now := c.now()
				if now < last {
					t.Errorf("%d after %d", now, last)
					return
				}
				last = now
			}
		})
	}
	work.Wait()
}

// TestKeysEndUnasked: keys whose deadline has passed go in all databases, a bounded number
// at a time, and those whose deadline has not passed stay.
func TestKeysEndUnasked(t *testing.T) {
	const keys = 3000
	s := newStore(t, 2)
	for _, db := range []int{0, 9} {
		s.do(fmt.Sprint("SELECT ", db), "SET lasting v PX 100000", "SET eternal v")
		for i := range keys {
			s.do(fmt.Sprint("SET k", i, " v PX 10"))
		}
	}
	s.nowMs += 10
	s.engine.shards.Shard(0).Step(s.nowMs, true)
	if sum := s.engine.Summary(); sum.DBs[0].Keys <= 2 || sum.DBs[0].Keys >= keys || sum.DBs[9].Keys >= keys {
		t.Errorf("after a step: %d and %d keys, want some of both gone", sum.DBs[0].Keys, sum.DBs[9].Keys)
	}
	for range 5 {
		s.engine.Step()
	}
	if sum := s.engine.Summary(); sum.DBs[0].Keys != 2 || sum.DBs[9].Keys != 2 {
		t.Errorf("in the end: %d and %d keys, want 2 and 2", sum.DBs[0].Keys, sum.DBs[9].Keys)
	}
}
