// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
	"stampede/internal/txn"
)

// callTimes measures some of the calls of scripts. Reading the clock costs a good part of what
// a call costs, so of the rows that are Steady one call in eight is measured, drawn at random,
// and the others count as what the last one of their row took. All other calls are measured.
type callTimes struct {
	last []int32 // by row: nanoseconds of the last call that was measured; 0: none
	left int     // steady calls until one is measured again
	dice uint32
}

// timedEvery is how many steady calls come to one that is measured, on average.
const timedEvery = 8

// untimed is what begin gives for a call that is not measured.
const untimed time.Duration = -1

// begin is the time, counted from base, or untimed.
func (t *callTimes) begin(row *command.Row, base time.Time) time.Duration {
	if row.ID >= len(t.last) {
		t.last = append(t.last, make([]int32, row.ID+1-len(t.last))...)
	}
	if t.left--; row.Flags&command.Steady != 0 && t.left > 0 && t.last[row.ID] > 0 {
		return untimed
	}
	t.dice = t.dice*1664525 + 1013904223
	t.left = 1 + int(t.dice>>16)%(2*timedEvery-1)
	return time.Since(base)
}

// end is how long the call took that began at the given time, in nanoseconds.
func (t *callTimes) end(row *command.Row, base time.Time, began time.Duration) int64 {
	if began == untimed {
		return int64(t.last[row.ID])
	}
	took := max(int64(time.Since(base)-began), 1)
	t.last[row.ID] = int32(min(took, steadyNanosMax))
	return took
}

// steadyNanosMax bounds what one measured call may stand for: if it took longer, the thread was
// not running.
const steadyNanosMax = 100_000

// lastKey knows the shard of a key, because a script asks for the same one again and again.
type lastKey struct {
	key []byte
	at  int
}

// lastKeyMax is the length of the longest key that is known again, in bytes.
const lastKeyMax = 64

// shard is the number of the shard of a key.
func (l *lastKey) shard(shards *txn.Shards, key []byte) int {
	if shards.Len() == 1 {
		return 0
	}
	if len(key) > 0 && string(l.key) == string(key) {
		return l.at
	}
	at := shards.Of(key)
	if len(key) <= lastKeyMax {
		l.key, l.at = append(l.key[:0], key...), at
	}
	return at
}
