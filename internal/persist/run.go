// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"context"
	"time"

	"stampede/internal/txn"
)

// lookEvery is how often the schedule is looked after.
const lookEvery = time.Second

// Run is the writer of the journal and saves when it is time, until ctx ends. It returns
// when everything that was appended is durable.
func (s *Store) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.schedule(ctx)
	}()
	var err error
	if s.log != nil {
		err = s.log.Run(ctx)
	}
	<-done
	return err
}

func (s *Store) schedule(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	looked := s.nowTime()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := s.nowTime()
			if !s.saving.taken() && (s.due() || s.scheduled(looked, now)) {
				s.SaveSoon(false)
			}
			looked = now
		}
	}
}

func (s *Store) nowTime() time.Time { return time.UnixMilli(s.o.NowMs()) }

// scheduled tells whether a time of the schedule has come since it was looked after last.
func (s *Store) scheduled(looked, now time.Time) bool {
	if s.o.Next == nil {
		return false
	}
	next := s.o.Next(looked)
	return !next.IsZero() && !next.After(now)
}

// failedPause is how long no snapshot is tried again after one has failed.
const failedPause = 5 * time.Second

// due tells whether it is time for a snapshot.
func (s *Store) due() bool {
	status := s.Status()
	nowMs := s.o.NowMs()
	if !status.SaveOK && nowMs-status.TriedMs < failedPause.Milliseconds() {
		return false
	}
	if s.log != nil && s.o.Growth != nil {
		grown := int64(status.Position - max(status.SnapshotPosition, s.head.position))
		if limit := s.o.Growth(status.SnapshotBytes); limit > 0 && grown > limit {
			return true
		}
	}
	if s.o.Points == nil {
		return false
	}
	changes := s.changes() - status.SavedChanges
	for _, point := range s.o.Points() {
		if changes >= point.Changes && nowMs-status.LastSaveMs >= point.Seconds*1000 {
			return true
		}
	}
	return false
}

// changes is how many there were since the start.
func (s *Store) changes() (n int64) {
	var tx txn.Tx
	s.o.Shards.Begin(&tx, s.o.Shards.All(), 0)
	defer tx.End()
	for _, space := range tx.Spaces() {
		n += space.Stats.Changes
	}
	return n
}
