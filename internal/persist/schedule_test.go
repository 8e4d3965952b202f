// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"testing"
	"time"
)

// TestScheduled: each time of the schedule is found once, however seldom somebody looks.
func TestScheduled(t *testing.T) {
	hour := func(after time.Time) time.Time { return after.Truncate(time.Hour).Add(time.Hour) }
	s := &Store{o: Options{Next: hour}}
	at := time.Date(2026, 11, 22, 6, 59, 58, 0, time.UTC)
	found := 0
	for range 2 * 3600 {
		now := at.Add(time.Second)
		if s.scheduled(at, now) {
			found++
		}
		at = now
	}
	if found != 2 {
		t.Errorf("two hours have %d full hours", found)
	}
	if !s.scheduled(at, at.Add(5*time.Hour)) {
		t.Error("what came while nobody looked is forgotten")
	}
	s.o.Next = func(time.Time) time.Time { return time.Time{} }
	if s.scheduled(at, at.Add(5*time.Hour)) {
		t.Error("there is no schedule")
	}
}
