// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// clock is the time that deadlines are measured by: that of the machine, but it never goes
// back, because what has ended cannot come back. Where the machine's clock was set back it
// does not stand still either, or no deadline would pass until then: it goes at half speed
// until the other has caught up. Anyone may ask it.
type clock struct {
	wallMs  func() int64         // the machine's Unix time
	elapsed func() time.Duration // never goes back, but begins anywhere

	latestMs atomic.Int64 // the latest time told

	mu     sync.Mutex
	since  time.Duration // when the machine's clock was found behind
	fromMs int64         // what had been told by then
}

func newClock() *clock {
	base := time.Now()
	return &clock{
		wallMs:  func() int64 { return time.Now().UnixMilli() },
		elapsed: func() time.Duration { return time.Since(base) },
	}
}

// now is the Unix time in milliseconds.
func (c *clock) now() int64 {
	ms := c.wallMs()
	for {
		latest := c.latestMs.Load()
		if ms == latest {
			return ms
		}
		if ms < latest {
			ms = c.slow(latest)
		}
		if c.latestMs.CompareAndSwap(latest, ms) {
			return ms
		}
	}
}

// slow is the time while the machine's clock is behind the latest time told.
func (c *clock) slow(latest int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	elapsed := c.elapsed()
	ms := c.fromMs + (elapsed-c.since).Milliseconds()/2
	if ms < latest {
		c.since, c.fromMs = elapsed, latest // it has caught up before and was set back again
		return latest
	}
	return ms
}
