// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"time"

	"stampede/internal/disk"
)

// writer is the state of whoever has the turn. Bytes stay in the buffer until they are
// durable, because a sync that fails may have thrown away what it was to write: then they
// are written again, into another segment.
//
// # Invariant
//
// A segment is made only when everything before its first position is durable. So a power
// cut leaves no doubt about any segment but the last.
type writer struct {
	file    disk.File // nil: the next write makes a segment
	first   Position  // where it begins
	written mark
	durable mark
	pieces  [][]byte // of the buffer, while they are written

	flight     *flight
	lastSyncAt time.Time
	retryAt    time.Time     // not before this, after a failure
	retryPause time.Duration // that the next failure makes

	spawn   func(f func()) // runs a sync beside the writing
	landing func()         // told, if not nil, that the end of a flight is waited for
}

// flight is a sync that runs beside the writing.
type flight struct {
	upTo mark
	done chan error
}

// step does what is to be done now and returns how soon to come back at the latest.
func (l *Log) step() time.Duration {
	w, now := &l.writer, l.options.Now()
	err := l.landed()
	if err == nil {
		if pause := w.retryAt.Sub(now); l.failure.Load() != nil && pause > 0 {
			return pause
		}
		if err = l.write(); err == nil {
			err = l.syncByMode(now)
		}
	}
	if err != nil {
		l.fail(err)
		return w.retryAt.Sub(now)
	}
	if pause := w.lastSyncAt.Add(syncPause).Sub(now); pause > 0 && w.written != w.durable {
		return pause
	}
	return syncPause
}

// write hands everything that was appended to the operating system.
func (l *Log) write() error {
	w := &l.writer
	l.mu.Lock()
	end := l.buffer.end
	l.mu.Unlock()
	if w.written.at == end.at {
		return nil
	}
	for w.written.at < end.at {
		upTo, err := l.place(end)
		if err != nil {
			return err
		}
		l.mu.Lock()
		w.pieces = l.buffer.pieces(w.pieces[:0], w.written.at, upTo.at)
		l.mu.Unlock()
		offset := headerBytes + int64(w.written.at-w.first)
		for _, p := range w.pieces {
			if _, err := w.file.WriteAt(p, offset); err != nil {
				return err
			}
			offset += int64(len(p))
		}
		clear(w.pieces)
		w.written = upTo
		l.written.Store(uint64(upTo.at))
	}
	l.news.ring()
	return nil
}

// place sees to it that there is a segment for what comes next, and returns up to where it
// belongs there.
func (l *Log) place(end mark) (upTo mark, err error) {
	w := &l.writer
	for {
		if w.file == nil {
			if err := l.beginSegment(); err != nil {
				return mark{}, err
			}
		}
		l.mu.Lock()
		edge, ok := l.buffer.edgeAfter(w.first)
		l.mu.Unlock()
		switch {
		case !ok || edge.at > end.at:
			return end, nil
		case edge.at > w.written.at:
			return edge, nil
		}
		if err := l.endSegment(); err != nil {
			return mark{}, err
		}
	}
}

// beginSegment makes the file of the next segment.
func (l *Log) beginSegment() error {
	w := &l.writer
	s := segment{
		first: w.written.at, id: l.id, previous: w.written.at, previousSum: w.written.sum,
		epoch: l.epoch, createdMs: l.options.Now().UnixMilli(), serial: l.generation.Load() + 1,
	}
	if last, ok := l.lastSegment(); ok && last.first < s.first {
		s.previous = last.first
	} else if ok {
		s.previous = last.previous // its file is replaced: nothing in it was durable
	}
	file, roomless, err := l.folder.create(s, l.options.SegmentBytes)
	if err != nil {
		return err
	}
	if roomless != nil {
		l.options.Log.Warn("journal: no room was set aside for a segment", "error", roomless)
	}
	w.file, w.first = file, s.first
	l.filesMu.Lock()
	kept := l.segments
	if n := len(kept); n > 0 && kept[n-1].first == s.first {
		kept = kept[:n-1]
	}
	l.segments = append(append([]segment(nil), kept...), s)
	l.filesMu.Unlock()
	l.generation.Add(1)
	l.dropWhatIsCovered()
	return nil
}

// lastSegment is the newest segment; only the writer adds any.
func (l *Log) lastSegment() (s segment, ok bool) {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	if len(l.segments) == 0 {
		return segment{}, false
	}
	return l.segments[len(l.segments)-1], true
}

// endSegment makes a full segment durable and lets go of it.
func (l *Log) endSegment() error {
	w := &l.writer
	if err := l.land(); err != nil {
		return err
	}
	if err := w.file.Truncate(headerBytes + int64(w.written.at-w.first)); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	l.publish(w.written)
	file := w.file
	w.file = nil
	return file.Close()
}

// syncByMode syncs what was written if the mode wants it now.
func (l *Log) syncByMode(now time.Time) error {
	w := &l.writer
	waiting := int64(w.written.at - w.durable.at)
	switch {
	case waiting == 0:
		return nil
	case l.hurried() || l.failure.Load() != nil:
		w.lastSyncAt = now
		return l.sync()
	case w.flight != nil:
		return nil
	case waiting >= min(syncBytes, l.options.BufferBytesMax/4),
		l.Fsync() == EverySecond && now.Sub(w.lastSyncAt) >= syncPause:
		w.lastSyncAt = now
		l.takeOff()
	}
	return nil
}

// sync makes durable what was written.
func (l *Log) sync() error {
	w := &l.writer
	if err := l.land(); err != nil {
		return err
	}
	if w.written == w.durable {
		return nil
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	l.publish(w.written)
	return nil
}

// takeOff begins a sync beside the writing.
func (l *Log) takeOff() {
	w := &l.writer
	f := &flight{upTo: w.written, done: make(chan error, 1)}
	file := w.file
	w.flight = f
	w.spawn(func() {
		f.done <- file.Sync()
		l.rouse()
	})
}

// landed takes in the result of a flight, if there is one.
func (l *Log) landed() error {
	if l.writer.flight == nil {
		return nil
	}
	select {
	case err := <-l.writer.flight.done:
		return l.touchDown(err)
	default:
		return nil
	}
}

// land waits for the end of the flight. Two syncs of a file must not overlap, because an
// error is told to one of them only.
func (l *Log) land() error {
	w := &l.writer
	if w.flight == nil {
		return nil
	}
	if w.landing != nil {
		w.landing()
	}
	return l.touchDown(<-w.flight.done)
}

func (l *Log) touchDown(err error) error {
	f := l.writer.flight
	l.writer.flight = nil
	if err == nil {
		l.publish(f.upTo)
	}
	return err
}

// publish says that everything up to here is durable.
func (l *Log) publish(upTo mark) {
	l.writer.durable = upTo
	l.durable.Store(uint64(upTo.at))
	recovered := l.failure.Load() != nil
	if recovered {
		l.writer.retryPause = 0
		l.failure.Store(nil)
	}
	l.mu.Lock()
	l.buffer.release(upTo.at)
	l.room.Broadcast()
	l.mu.Unlock()
	l.news.ring()
	if recovered {
		l.options.Log.Info("journal: the disk works again", "durable", uint64(upTo.at))
		if l.options.Hooks.Recovered != nil {
			l.options.Hooks.Recovered()
		}
	}
	if l.options.Hooks.Durable != nil {
		l.options.Hooks.Durable(upTo.at)
	}
}

// fail goes back to what is durable after an error of the disk; what follows is written
// again, into another file, from memory.
func (l *Log) fail(err error) {
	w := &l.writer
	err = errors.Join(err, l.land())
	w.retryPause = min(max(retryPause, 2*w.retryPause), retryPauseMax)
	w.retryAt = l.options.Now().Add(w.retryPause)
	w.written = w.durable
	l.written.Store(uint64(w.durable.at))
	l.generation.Add(1)
	if w.file != nil {
		// Tidiness only: what is beyond the beginning of the next segment is not read.
		_ = w.file.Truncate(headerBytes + int64(w.durable.at-w.first))
		_ = w.file.Close()
		w.file = nil
	}
	first := l.failure.Swap(&failure{err}) == nil
	if !first {
		return
	}
	l.mu.Lock()
	l.room.Broadcast()
	l.mu.Unlock()
	l.options.Log.Error("journal: cannot be written; nothing is acknowledged until it can",
		"error", err, "durable", uint64(w.durable.at))
	if l.options.Hooks.Failed != nil {
		l.options.Hooks.Failed(err)
	}
}
