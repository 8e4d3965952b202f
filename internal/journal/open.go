// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"stampede/internal/assert"
	"stampede/internal/disk"
)

// Open finds the segments in a folder, checks and cuts their tail, and takes the folder's
// lock. from is the position of the snapshot that the reader will begin with: records from
// there on must be there (a *[DamageError] if not). A log that ends before it, as a power cut
// may leave one that was not synced, is removed and begins there anew, but only if the
// snapshot names it ([Options].ID). What is found is durable when Open returns. Nothing runs
// before [Log.Run].
func Open(o Options, from Position) (*Log, error) {
	o = o.withDefaults()
	l := &Log{
		options: o, folder: folder{o.FS, o.Dir},
		wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), wakeAt: everything,
	}
	l.room.L = &l.mu
	l.mode.Store(uint32(o.Fsync))
	l.writer.spawn = func(f func()) { go f() }
	if err := o.FS.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err := o.FS.SyncDir(filepath.Dir(o.Dir)); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	lock, err := o.FS.Lock(l.folder.path(lockFile))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	l.lock = lock
	if err := l.recover(from); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return l, nil
}

// recover finds what there is.
func (l *Log) recover(from Position) error {
	if err := l.folder.removeLeftovers(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	segments, err := l.folder.segments()
	if err != nil {
		return err
	}
	l.segments, l.id = segments, l.options.ID
	end := mark{at: from}
	if len(segments) > 0 {
		last := segments[len(segments)-1]
		if o := l.options.ID; o != 0 && o != last.id {
			return ErrOtherLog
		}
		l.id, l.epoch = last.id, last.epoch
		if end, err = l.cutTail(last); err != nil {
			return err
		}
	}
	if err := l.claims.load(l.folder, &l.id); err != nil {
		return err
	}
	if l.id == 0 {
		l.id = drawID()
	}
	if end, err = l.join(end, from); err != nil {
		return err
	}
	l.epoch++
	l.begin(end)
	if len(l.segments) == 0 {
		if err := l.beginSegment(); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return l.endClaims()
}

// begin sets all positions to where the log ends.
func (l *Log) begin(end mark) {
	l.buffer = buffer{
		id: identify(l.id), end: end, segmentFirst: end.at,
		segmentBytes: Position(l.options.SegmentBytes), marked: end.at,
	}
	l.writer.written, l.writer.durable = end, end
	l.end.Store(uint64(end.at))
	l.written.Store(uint64(end.at))
	l.durable.Store(uint64(end.at))
}

// cutTail makes the last segment end with its last whole record, durably.
func (l *Log) cutTail(last segment) (end mark, err error) {
	path := l.folder.path(last.name())
	file, err := l.folder.fs.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return mark{}, fmt.Errorf("journal: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	f := newFrames(file, last, last.first)
	f.next.sum = last.previousSum
	vouched, torn, damage, err := f.end()
	if err != nil {
		return mark{}, fmt.Errorf("journal: %w", err)
	}
	offset := f.offset(f.next.at)
	if damage != nil {
		return mark{}, &DamageError{path, offset, damage.Error()}
	}
	if torn > 0 {
		l.options.Log.Warn("journal: cut off what was not written to its end",
			"file", path, "offset", offset, "bytes", torn)
	}
	if err = rewrite(file, f.offset(vouched), offset); err == nil {
		if err = file.Truncate(offset); err == nil {
			err = file.Sync()
		}
	}
	if err != nil {
		return mark{}, fmt.Errorf("journal: cutting the tail: %w", err)
	}
	return f.next, nil
}

// rewrite writes a part of a file again. What is read may be in memory only, without being
// due to be written: a sync that failed in an earlier process leaves it so.
func rewrite(file disk.File, from, to int64) error {
	block := make([]byte, min(readBytes, max(0, to-from)))
	for from < to {
		b := block[:min(int64(len(block)), to-from)]
		if _, err := file.ReadAt(b, from); err != nil {
			return err
		}
		if _, err := file.WriteAt(b, from); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}

// join compares the log with the snapshot that it follows.
func (l *Log) join(end mark, from Position) (mark, error) {
	if len(l.segments) == 0 {
		return mark{at: from}, nil
	}
	if first := l.segments[0]; from < first.first {
		return end, &DamageError{l.folder.path(first.name()), 24, fmt.Sprintf(
			"the log begins at position %d, but the snapshot before it ends at %d", first.first, from)}
	}
	if end.at >= from {
		return end, nil
	}
	if l.options.ID == 0 {
		return end, fmt.Errorf("journal: the log ends at position %d, before the snapshot at %d, "+
			"which does not say that it belongs to this log", end.at, from)
	}
	l.options.Log.Warn("journal: the log ends before the snapshot, and begins anew after it",
		"end", uint64(end.at), "snapshot", uint64(from))
	for len(l.segments) > 0 {
		if err := l.removeFirst(); err != nil {
			return end, fmt.Errorf("journal: %w", err)
		}
	}
	return mark{at: from}, nil
}

// removeFirst removes the oldest segment, with the lock of the claims. No other is removed
// before that is durable, so that a power cut never leaves a gap.
func (l *Log) removeFirst() error {
	if err := l.settleRemoval(); err != nil {
		return err
	}
	l.filesMu.Lock()
	first := l.segments[0]
	l.filesMu.Unlock()
	if err := l.folder.fs.Remove(l.folder.path(first.name())); err != nil && !missing(err) {
		return err
	}
	l.claims.unsettled = true
	l.filesMu.Lock()
	l.segments = append([]segment(nil), l.segments[1:]...)
	l.filesMu.Unlock()
	return l.settleRemoval()
}

// settleRemoval makes the last removal durable.
func (l *Log) settleRemoval() error {
	if !l.claims.unsettled {
		return nil
	}
	err := l.folder.fs.SyncDir(l.folder.dir)
	l.claims.unsettled = err != nil
	return err
}

func drawID() uint64 {
	var b [8]byte
	_, err := rand.Read(b[:])
	assert.That(err == nil, "journal: no random numbers")
	return binary.LittleEndian.Uint64(b[:]) | 1
}
