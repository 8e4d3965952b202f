// SPDX-License-Identifier: Apache-2.0

// Package lock lets one at a time do something, by a lock of PostgreSQL or of Stampede: the same
// code works with either.
//
//	l, err := locks.Acquire(ctx, "invoice:7")
//	if err != nil { … }
//	defer l.Release(context.WithoutCancel(ctx))
//	work, cancel := l.Context(ctx) // ends when the lock is lost
//	defer cancel()
//	archive(work, l.Fence(), invoice)
//
// A holder that is stopped for long does not know that its lock has gone to somebody else, so
// whoever is written to should compare the fence: it grows with each grant of a name, and a
// smaller one than the greatest seen comes too late.
//
// A [Locker] may be used by anyone, a [Lock] too. Each lock that is held has a goroutine that
// watches it, and in PostgreSQL a connection.
//
// Not here: locks over several independent stores, which github.com/go-redsync/redsync has.
package lock

import (
	"context"
	"errors"
	"sync"
)

// Errors of locks.
var (
	ErrTaken = errors.New("lock: somebody else holds it")
	ErrLost  = errors.New("lock: it was lost before it was released")
)

// Locker gives locks by their names.
type Locker interface {
	// Acquire waits until it has the lock, in the order of arrival, or until ctx ends, whose
	// error it returns then.
	Acquire(ctx context.Context, name string, o ...Option) (*Lock, error)
	// Try takes the lock if it is free, or returns [ErrTaken].
	Try(ctx context.Context, name string, o ...Option) (*Lock, error)
}

// Option says how a lock is taken.
type Option func(*request)

// Shared lets others have the lock, too, who take it shared.
func Shared(r *request) { r.shared = true }

// request is how a lock is to be taken.
type request struct{ shared, waits bool }

func newRequest(waits bool, options []Option) request {
	r := request{waits: waits}
	for _, o := range options {
		o(&r)
	}
	return r
}

// Lock is a lock that is held, until it is released or lost.
type Lock struct {
	name  string
	fence int64
	lost  chan struct{}
	stop  context.CancelFunc // ends the watcher
	ended chan struct{}      // it has ended
	free  func(ctx context.Context) error

	once     sync.Once
	released error
}

// newLock begins to watch a lock: watch returns when the lock is lost, which it tells by true,
// or when its context ends.
func newLock(
	name string, fence int64, watch func(ctx context.Context) (lost bool),
	free func(ctx context.Context) error,
) *Lock {
	ctx, stop := context.WithCancel(context.Background())
	l := &Lock{
		name: name, fence: fence, free: free, stop: stop,
		lost: make(chan struct{}), ended: make(chan struct{}),
	}
	go func() {
		defer close(l.ended)
		if watch(ctx) {
			close(l.lost)
		}
	}()
	return l
}

// Name is what the lock was taken by.
func (l *Lock) Name() string { return l.name }

// Fence is a number that is greater than those of all earlier grants of this name.
func (l *Lock) Fence() int64 { return l.fence }

// Lost is closed when the lock is not held any more, or when nobody can tell; not by a release.
// A holder that is not running does not see it in time: see [Lock.Fence].
func (l *Lock) Lost() <-chan struct{} { return l.lost }

// Context is a context that ends when the lock is lost, with [ErrLost] as its cause.
func (l *Lock) Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-l.lost:
			cancel(ErrLost)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Release lets go of the lock. [ErrLost] if it was lost before; other errors leave it to its
// time, or to the end of its connection. A second call says what the first one said.
func (l *Lock) Release(ctx context.Context) error {
	l.once.Do(func() {
		l.stop()
		<-l.ended
		l.released = l.free(ctx)
		select {
		case <-l.lost:
			l.released = ErrLost
		default:
		}
	})
	return l.released
}
