// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"hash/crc32"
	"io"
	"sync"
	"sync/atomic"

	"stampede/internal/assert"
)

// Log is an open log. See the package for who may call what.
type Log struct {
	options Options
	folder  folder
	id      uint64
	epoch   uint32
	lock    io.Closer // of the folder

	mode    atomic.Uint32
	end     atomic.Uint64
	written atomic.Uint64
	durable atomic.Uint64
	wanted  atomic.Uint64 // see Want
	failure atomic.Pointer[failure]
	closed  atomic.Bool
	news    bell // rung when a position moved, or the log was closed

	mu      sync.Mutex // the lock of Append
	buffer  buffer
	wakeAt  Position  // Append wakes the writer when it gets here
	running bool      // Run is at work
	room    sync.Cond // of mu: more is durable, or waiting is of no use any more
	wake    chan struct{}
	asleep  atomic.Bool // Run waits for something to do

	turn   chan struct{} // holds one token while somebody does the writer's work
	writer writer        // belongs to who has the turn

	filesMu    sync.Mutex
	segments   []segment    // those that there are, in order; of filesMu
	generation atomic.Int64 // how often a segment was added

	claims claims
}

// failure is why nothing becomes durable.
type failure struct{ err error }

// Append adds a record, given in parts, and returns its position. It copies the parts, does
// not wait for the disk and never refuses: whoever wants to change something asks
// [Log.Failed] first. If more than BufferBytesMax waits to be durable while the writer runs
// and has not failed, it waits until there is room. O(bytes); allocates nothing once warm,
// except for a record of 128 KiB or more.
func (l *Log) Append(parts ...[]byte) Position {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	assert.That(n > 0, "journal: a record of no size")
	var big []piece
	sum := uint32(0)
	if n >= bigBytes || int64(n) > l.options.FrameBytesMax {
		big = piecesOf(parts, n, l.options.FrameBytesMax)
	} else {
		for _, p := range parts {
			sum = crc32.Update(sum, castagnoli, p)
		}
	}
	l.mu.Lock()
	if l.buffer.end.at-Position(l.durable.Load()) > Position(l.options.BufferBytesMax) {
		l.waitForRoom()
	}
	durable := Position(l.durable.Load())
	if big != nil {
		l.buffer.addBig(big, durable)
	} else {
		l.buffer.add(parts, n, sum, durable)
	}
	end := l.buffer.end.at
	l.end.Store(uint64(end))
	wakes := end >= l.wakeAt
	if wakes {
		l.wakeAt = everything
	}
	l.mu.Unlock()
	if wakes {
		l.rouse()
	}
	return end
}

// waitForRoom waits, with mu, until less waits to be durable, or until that is of no use.
func (l *Log) waitForRoom() {
	for l.running && l.failure.Load() == nil &&
		l.buffer.end.at-Position(l.durable.Load()) > Position(l.options.BufferBytesMax) {
		l.rouse()
		l.room.Wait()
	}
}

// rouse wakes the writer.
func (l *Log) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Nudge wakes the writer if it sleeps and there is something to write. It costs next to
// nothing otherwise.
func (l *Log) Nudge() {
	if l.asleep.Load() && l.end.Load() != l.written.Load() {
		l.rouse()
	}
}

// Want asks for everything up to p to be made durable as soon as with [Always], whatever the
// mode. Anyone may call it; it does not wait, and costs next to nothing the second time.
func (l *Log) Want(p Position) {
	for {
		had := l.wanted.Load()
		if had >= uint64(p) {
			return
		}
		if l.wanted.CompareAndSwap(had, uint64(p)) {
			l.rouse()
			return
		}
	}
}

// hurried tells whether what waits must be synced at once.
func (l *Log) hurried() bool {
	return l.Fsync() == Always || l.wanted.Load() > l.durable.Load()
}

// End is the position of the last record that was appended.
func (l *Log) End() Position { return Position(l.end.Load()) }

// Written is up to where the operating system has the records: they survive the end of this
// process. It goes back when a write or a sync fails.
func (l *Log) Written() Position { return Position(l.written.Load()) }

// Durable is up to where the records survive a power cut. It never goes back.
func (l *Log) Durable() Position { return Position(l.durable.Load()) }

// Failed is why nothing becomes durable at the moment, or nil. While it is not nil no new
// change may be made: what is appended all the same waits in memory without a bound.
func (l *Log) Failed() error {
	if f := l.failure.Load(); f != nil {
		return f.err
	}
	return nil
}

// Fsync is the mode.
func (l *Log) Fsync() Fsync { return Fsync(l.mode.Load()) }

// SetFsync changes the mode.
func (l *Log) SetFsync(mode Fsync) {
	l.mode.Store(uint32(mode))
	l.rouse()
}

// ID names this log: positions of one log mean nothing in another.
func (l *Log) ID() uint64 { return l.id }

// First is the position where the oldest segment begins.
func (l *Log) First() Position {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	return l.segments[0].first
}

// Size is how many bytes of log there are on the disk.
func (l *Log) Size() int64 { return int64(l.Written() - min(l.First(), l.Written())) }

// Wait returns when everything up to a position is durable: nil, or the error of ctx, or
// [ErrClosed]. A failure of the disk does not end it. It asks nobody to sync: the mode does,
// and with Rounds a Commit must have come before.
func (l *Log) Wait(ctx context.Context, p Position) error {
	for {
		news := l.news.listen()
		if l.Durable() >= p {
			return nil
		}
		if l.closed.Load() {
			return ErrClosed
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bell wakes all who listen.
type bell struct {
	mu        sync.Mutex
	listening chan struct{} // nil: nobody
}

// listen returns what is closed when the bell rings next.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listening == nil {
		b.listening = make(chan struct{})
	}
	return b.listening
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listening != nil {
		close(b.listening)
		b.listening = nil
	}
}
