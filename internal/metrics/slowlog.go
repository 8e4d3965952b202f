// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	slowDefaultMicros = 10000
	slowDefaultLen    = 128
	slowArgsMax       = 32  // of a call; the last of them tells how many more there were
	slowArgBytesMax   = 128 // of an argument
)

// SlowLog keeps the last calls that took long. Any goroutine may use it; a call that is
// not slow costs one load.
type SlowLog struct {
	limitNanos atomic.Int64 // negative: nothing is slow

	mu     sync.Mutex
	lenMax int64
	lastID int64 // number of the next entry
	calls  []SlowCall
}

// SlowCall is one call that took long.
type SlowCall struct {
	ID     int64
	Unix   int64 // seconds
	Micros int64
	Args   [][]byte // cut to what the log keeps
	Addr   string
	Name   string // of the connection
}

// SetLimits tells from which duration a call is slow (negative: none is) and how many
// are kept.
func (l *SlowLog) SetLimits(micros, lenMax int64) {
	nanos := int64(-1)
	if micros >= 0 {
		nanos = min(micros, math.MaxInt64/1000) * 1000
	}
	l.limitNanos.Store(nanos)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lenMax = lenMax
	l.trim()
}

// Slow tells whether a call that took nanos belongs into the log.
func (l *SlowLog) Slow(nanos int64) bool {
	limit := l.limitNanos.Load()
	return limit >= 0 && nanos >= limit
}

// Add logs a call. args may be views; what is kept is copied.
func (l *SlowLog) Add(unix, nanos int64, args [][]byte, addr, name string) {
	own := cutArgs(args)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, SlowCall{
		ID: l.lastID, Unix: unix, Micros: nanos / 1000, Args: own, Addr: addr, Name: name,
	})
	l.lastID++
	l.trim()
}

// trim drops the oldest calls that are too many. mu is held.
func (l *SlowLog) trim() {
	if drop := int64(len(l.calls)) - l.lenMax; drop > 0 {
		clear(l.calls[:drop])
		l.calls = l.calls[drop:]
	}
}

// Len is the number of calls in the log.
func (l *SlowLog) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls)
}

// Last returns at most n calls, the newest first; n < 0 means all.
func (l *SlowLog) Last(n int64) []SlowCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := slices.Clone(l.calls)
	slices.Reverse(last)
	if n >= 0 && n < int64(len(last)) {
		last = last[:n]
	}
	return last
}

// Reset empties the log. Numbers go on.
func (l *SlowLog) Reset() {
	l.mu.Lock()
	l.calls = nil
	l.mu.Unlock()
}

// cutArgs copies as much of a call as the log keeps.
func cutArgs(args [][]byte) [][]byte {
	n := min(len(args), slowArgsMax)
	own := make([][]byte, n)
	for i := range own {
		if i == slowArgsMax-1 && len(args) > slowArgsMax {
			own[i] = fmt.Appendf(nil, "... (%d more arguments)", len(args)-slowArgsMax+1)
			break
		}
		if more := len(args[i]) - slowArgBytesMax; more > 0 {
			own[i] = fmt.Appendf(nil, "%s... (%d more bytes)", args[i][:slowArgBytesMax], more)
			continue
		}
		own[i] = append([]byte(nil), args[i]...)
	}
	return own
}
