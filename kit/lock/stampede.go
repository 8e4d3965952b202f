// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Stampede gives locks of a Stampede server (LOCK.*). A lock is a lease that is extended as
// long as it is held; who crashes leaves it to others after that time.
type Stampede struct {
	client  *redis.Client
	waiting *redis.Client // whose connections wait for an answer as long as it takes
	lease   time.Duration
}

// leaseDefault is long enough for a pause that nobody notices.
const leaseDefault = 10 * time.Second

// NewStampede returns the locks of a server. The lease is how long a lock outlives a holder
// that is gone; 0: 10 seconds.
func NewStampede(client *redis.Client, lease time.Duration) *Stampede {
	if lease <= 0 {
		lease = leaseDefault
	}
	o := *client.Options()
	o.ReadTimeout, o.MaxRetries = -1, -1
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Stampede{client: client, waiting: redis.NewClient(&o), lease: lease}
}

// Close ends the connections that [Stampede.Acquire] has waited with; the client that it was
// made of lives on.
func (s *Stampede) Close() error { return s.waiting.Close() }

// Acquire waits for a lock.
func (s *Stampede) Acquire(ctx context.Context, name string, o ...Option) (*Lock, error) {
	return s.take(ctx, name, newRequest(true, o))
}

// Try takes a lock if it is free.
func (s *Stampede) Try(ctx context.Context, name string, o ...Option) (*Lock, error) {
	return s.take(ctx, name, newRequest(false, o))
}

func (s *Stampede) take(ctx context.Context, name string, r request) (*Lock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	token := rand.Text()
	call := []any{"LOCK.ACQUIRE", name, token, s.lease.Milliseconds()}
	if r.shared {
		call = append(call, "SHARED")
	}
	begun := time.Now()
	fence, err := s.ask(ctx, call, r.waits)
	if err == nil && r.waits {
		// When it was granted is not known, but when it is extended is.
		begun = time.Now()
		fence, err = s.client.Do(ctx, "LOCK.EXTEND", name, token, s.lease.Milliseconds()).Int64()
	}
	switch {
	case errors.Is(err, redis.Nil) && ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, redis.Nil):
		return nil, ErrTaken
	case err != nil || ctx.Err() != nil:
		// It may have been granted all the same.
		_ = s.release(context.WithoutCancel(ctx), name, token)
		return nil, fmt.Errorf("lock: %w", cmp.Or(ctx.Err(), err))
	}
	watch := func(ctx context.Context) bool { return s.extend(ctx, name, token, begun) }
	return newLock(name, fence, watch, func(ctx context.Context) error {
		return s.release(ctx, name, token)
	}), nil
}

// ask sends the call. One that waits has a connection of its own, from which it is called
// back if ctx ends.
func (s *Stampede) ask(ctx context.Context, call []any, waits bool) (fence int64, err error) {
	if !waits {
		return s.client.Do(ctx, call...).Int64()
	}
	conn := s.waiting.Conn()
	defer func() { _ = conn.Close() }() // it goes back to the pool
	id, err := conn.ClientID(ctx).Result()
	if err != nil {
		return 0, err
	}
	type answer struct {
		fence int64
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		fence, err := conn.Do(context.WithoutCancel(ctx), append(call, "WAIT", 0)...).Int64()
		answered <- answer{fence, err}
	}()
	again := time.NewTicker(unblockEvery)
	defer again.Stop()
	for done := ctx.Done(); ; {
		select {
		case a := <-answered:
			return a.fence, a.err
		case <-done:
		case <-again.C:
		}
		if ctx.Err() != nil {
			done = nil
			_ = s.client.ClientUnblock(context.WithoutCancel(ctx), id).Err() // else once more
		}
	}
}

// unblockEvery is how often a call is called back: it may not have been there yet.
const unblockEvery = 100 * time.Millisecond

// release ends a lock.
func (s *Stampede) release(ctx context.Context, name, token string) error {
	n, err := s.client.Do(ctx, "LOCK.RELEASE", name, token).Int64()
	switch {
	case err != nil:
		return fmt.Errorf("lock: %w", err)
	case n == 0:
		return ErrLost
	}
	return nil
}

// extend keeps a lease alive that began at a time, and returns when that fails or ctx ends.
func (s *Stampede) extend(ctx context.Context, name, token string, begun time.Time) (lost bool) {
	for {
		next := time.NewTimer(min(s.lease/3, max(time.Until(begun.Add(s.lease)), 0)))
		select {
		case <-ctx.Done():
			next.Stop()
			return false
		case <-next.C:
		}
		asked := time.Now()
		if asked.Sub(begun) >= s.lease {
			return true
		}
		ask, cancel := context.WithDeadline(ctx, begun.Add(s.lease))
		err := s.client.Do(ask, "LOCK.EXTEND", name, token, s.lease.Milliseconds()).Err()
		cancel()
		switch {
		case err == nil:
			begun = asked
		case errors.Is(err, redis.Nil):
			return true
		}
	}
}
