// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Run writes and syncs until ctx ends, then everything that was appended before it returns.
// The error is that of the disk, if something could not be made durable.
func (l *Log) Run(ctx context.Context) error {
	l.setRunning(true)
	defer l.setRunning(false)
	timer := time.NewTimer(syncPause)
	defer timer.Stop()
	for ctx.Err() == nil {
		l.turn <- struct{}{}
		due := l.step()
		<-l.turn
		l.rest(ctx, timer, due)
	}
	return l.Flush(context.WithoutCancel(ctx))
}

func (l *Log) setRunning(running bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = running
	l.room.Broadcast()
}

// rest returns when there is something to do: at once if records came in while the last
// ones were written, else when some do, or at the latest when due has passed. Unless
// somebody waits for each record, what comes within a short while is taken together.
func (l *Log) rest(ctx context.Context, timer *time.Timer, due time.Duration) {
	if l.failure.Load() != nil {
		l.pause(ctx, timer, due)
		return
	}
	l.asleep.Store(true)
	if l.wakeAfter(1) {
		l.pause(ctx, timer, due)
	}
	l.asleep.Store(false)
	if !l.hurried() && l.wakeAfter(gatherBytes) {
		l.pause(ctx, timer, gatherPause)
	}
}

// wakeAfter has Append wake the writer when so many bytes wait to be written; false if they do.
func (l *Log) wakeAfter(bytes Position) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.Written() + bytes
	if l.buffer.end.at >= at {
		return false
	}
	if bytes == 1 && l.options.Rounds {
		at = l.Written() + gatherBytes
	}
	l.wakeAt = at
	return true
}

// pause waits to be woken, but not for ever.
func (l *Log) pause(ctx context.Context, timer *time.Timer, longest time.Duration) {
	timer.Reset(longest)
	select {
	case <-l.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Commit ends a round of appends. With [Always], or where [Log.Want] has asked, it does the
// writer's work on the goroutine of the caller, unless somebody is at it, and returns true if
// everything appended so far is durable: that saves a loop which is about to wait for its
// records the way to another thread and back. Otherwise the writer is woken if need be, and
// what was appended becomes durable later.
func (l *Log) Commit() bool {
	end := l.End()
	if l.Durable() >= end {
		return true
	}
	if !l.hurried() || l.failure.Load() != nil {
		l.Nudge()
		return false
	}
	select {
	case l.turn <- struct{}{}:
	default:
		l.rouse()
		return false
	}
	defer func() { <-l.turn }()
	return !l.closed.Load() && l.catchUp() == nil
}

// catchUp writes and syncs everything, with the turn. A sync that went on beside may have
// failed; that is known first, and what it lost is written again with the rest.
func (l *Log) catchUp() error {
	if err := l.land(); err != nil {
		l.fail(err)
	}
	err := l.write()
	if err == nil {
		err = l.sync()
	}
	if err != nil {
		l.fail(err)
	}
	return err
}

// Flush makes everything durable that was appended so far, whatever the mode; it tries at
// once even while the disk fails. The error is that of the disk, or [ErrClosed], or of ctx
// if that ends while somebody else writes.
func (l *Log) Flush(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	if l.closed.Load() {
		return ErrClosed
	}
	if err := l.catchUp(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Close makes everything durable that can be, and lets go of the files and of the folder's
// lock. Run must have returned. The error is that of the disk, if something was lost.
func (l *Log) Close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.closed.Load() {
		return nil
	}
	err := l.catchUp()
	if w := &l.writer; err == nil && w.file != nil {
		if err = l.seal(); err == nil {
			err = w.file.Truncate(headerBytes + int64(w.written.at-w.first))
		}
		if w.file != nil { // the seal may have wanted another segment, in vain
			err = errors.Join(err, w.file.Close())
			w.file = nil
		}
	}
	l.closed.Store(true)
	l.news.ring()
	if err = errors.Join(err, l.lock.Close()); err != nil {
		return fmt.Errorf("journal: closing: %w", err)
	}
	return nil
}

// seal ends the log with a mark that vouches for all before it.
func (l *Log) seal() error {
	l.mu.Lock()
	if durable := l.Durable(); durable > l.buffer.marked {
		l.buffer.mark(durable)
		l.end.Store(uint64(l.buffer.end.at))
	}
	l.mu.Unlock()
	return l.catchUp()
}
