// SPDX-License-Identifier: Apache-2.0

package persist

import "stampede/internal/journal"

// Status is what INFO persistence tells. Times are Unix milliseconds, durations
// milliseconds; -1: there was none.
type Status struct {
	LoadingSinceMs         int64 // 0: everything is loaded
	LoadTotalBytes         int64
	LoadedBytes            int64
	LoadedKeys, LoadTookMs int64 // of the start

	Saving        bool
	SavingSinceMs int64 // 0: nothing is being saved
	SavedKeys     int64 // so far, by what is being saved
	LastSaveMs    int64 // when the last snapshot was whole; the start if none was
	SaveTookMs    int64
	TriedMs       int64 // when writing one ended last, whole or not
	SaveOK        bool
	SaveError     string
	Saves         int64
	SavedChanges  int64 // the count of changes at the last snapshot
	SnapshotBytes int64

	Journal          bool
	JournalID        uint64
	Fsync            journal.Fsync
	Position         journal.Position
	Written, Durable journal.Position
	SnapshotPosition journal.Position
	JournalBytes     int64 // of all segments
	JournalError     string
}

// Status tells how things are.
func (s *Store) Status() Status {
	s.mu.Lock()
	status := s.status
	s.mu.Unlock()
	if l := s.loading.Load(); l != nil {
		status.LoadingSinceMs, status.LoadTotalBytes = l.startMs, l.totalBytes
		status.LoadedBytes = l.loadedBytes.Load()
	}
	status.Saving = s.saving.taken()
	if s.log == nil {
		return status
	}
	status.Journal, status.Fsync, status.JournalID = true, s.log.Fsync(), s.log.ID()
	status.Position, status.Written = s.log.End(), s.log.Written()
	status.Durable, status.JournalBytes = s.log.Durable(), s.log.Size()
	if err := s.log.Failed(); err != nil {
		status.JournalError = err.Error()
	}
	return status
}

// SaveOK tells whether the last snapshot could be written. It is cheap.
func (s *Store) SaveOK() bool { return !s.failed.Load() }

// Loading tells whether the data is still being loaded.
func (s *Store) Loading() bool { return s.loading.Load() != nil }

func (s *Store) note(change func(*Status)) {
	s.mu.Lock()
	change(&s.status)
	s.mu.Unlock()
}
