// SPDX-License-Identifier: Apache-2.0

package lock_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/pgtest"
	"stampede/internal/server"
	"stampede/internal/session"
	"stampede/kit/lock"
)

// patience bounds how long a test waits for what must come.
const patience = 30 * time.Second

// side is a kind of locks, and how its holders are made to lose them.
type side struct {
	lock.Locker
	lose    func(name string)
	waiting func(n int) // returns when so many wait
}

// startStampede is a server in this process.
func startStampede(t *testing.T) *redis.Client {
	t.Helper()
	parameters := config.New()
	for name, value := range map[string]string{"appendonly": "no", "save": ""} {
		if err := parameters.SetAtStart(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var door *server.Server
	registry := session.NewRegistry(func() { door.Wake() })
	store, err := engine.New(engine.Options{
		Shards: 2, Config: parameters, Registry: registry, ReserveBytes: 1 << 30,
	})
	if err == nil {
		door, err = server.New(server.Options{
			Engine: store, Registry: registry, Config: parameters, Loops: 1,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	address, err := door.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{store.Run, door.Run} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	client := redis.NewClient(&redis.Options{Addr: address.String(), DisableIdentity: true})
	t.Cleanup(func() {
		_ = client.Close()
		cancel()
		parts.Wait()
		if err := store.Free(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func stampedeSide(t *testing.T) side {
	client, ctx := startStampede(t), context.Background()
	locks := lock.NewStampede(client, 1500*time.Millisecond)
	t.Cleanup(func() { _ = locks.Close() })
	return side{
		Locker: locks,
		lose: func(name string) {
			holders, err := client.Do(ctx, "LOCK.INFO", name).Result()
			if err != nil {
				t.Fatal(err, holders)
			}
			if err := client.FlushAll(ctx).Err(); err != nil {
				t.Fatal(err)
			}
		},
		waiting: func(n int) {
			pgtest.Until(t, "waiters", func() bool {
				info := client.InfoMap(ctx, "clients").Val()
				return info["Clients"]["blocked_clients"] == fmt.Sprint(n)
			})
		},
	}
}

func postgresSide(t *testing.T) (side, *lock.Postgres, *pgxpool.Pool) {
	url, ctx := pgtest.Start(t).Database(t), context.Background()
	pool, err := pgxpool.New(ctx, url+"&pool_max_conns=20")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() { // it would wait for locks that a test has left behind
			pool.Close()
		}
	})
	p := lock.NewPostgres(pool, "test")
	for range 2 {
		if err := p.Setup(ctx); err != nil {
			t.Fatal(err)
		}
	}
	count := func(sql string, args ...any) (n int) {
		if err := pool.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	return side{
		Locker: p,
		lose: func(name string) {
			key := uint64(p.Key(name))
			if n := count(`select count(pg_terminate_backend(pid)) from pg_locks
				where locktype = 'advisory' and granted and classid = $1 and objid = $2`,
				uint32(key>>32), uint32(key)); n != 1 {
				t.Fatalf("%d holders", n)
			}
		},
		waiting: func(n int) {
			pgtest.Until(t, "waiters", func() bool {
				return count(`select count(*) from pg_locks where locktype = 'advisory'
					and not granted`) == n
			})
		},
	}, p, pool
}

func TestLocks(t *testing.T) {
	postgres, _, _ := postgresSide(t)
	for name, s := range map[string]side{"Stampede": stampedeSide(t), "PostgreSQL": postgres} {
		for what, test := range map[string]func(*testing.T, side){
			"one at a time": oneAtATime, "shared": sharedLocks, "in order": inOrder,
			"given up": givenUp, "lost": lostLock, "a counter": counter,
		} {
			t.Run(name+", "+what, func(t *testing.T) { test(t, s) })
		}
	}
}

func try(t *testing.T, s side, name string, o ...lock.Option) *lock.Lock {
	t.Helper()
	l, err := s.Try(t.Context(), name, o...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, l *lock.Lock) {
	t.Helper()
	for range 2 { // the second time it says the same
		if err := l.Release(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func oneAtATime(t *testing.T, s side) {
	a := try(t, s, "a")
	if l, err := s.Try(t.Context(), "a"); !errors.Is(err, lock.ErrTaken) {
		t.Fatalf("twice: %v, %v", l, err)
	}
	other := try(t, s, "b")
	release(t, a)
	again := try(t, s, "a")
	if again.Fence() <= a.Fence() || again.Name() != "a" {
		t.Errorf("fence %d after %d", again.Fence(), a.Fence())
	}
	// It lives for longer than a lease, and a release is no loss.
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-again.Lost():
		t.Error("lost")
	case <-timer.C:
	}
	if _, err := s.Try(t.Context(), "a"); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("after a lease: %v", err)
	}
	release(t, again)
	release(t, other)
	select {
	case <-again.Lost():
		t.Error("a release is told as a loss")
	default:
	}
}

func sharedLocks(t *testing.T, s side) {
	a, b := try(t, s, "s", lock.Shared), try(t, s, "s", lock.Shared)
	if _, err := s.Try(t.Context(), "s"); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("got %v", err)
	}
	release(t, a)
	release(t, b)
	alone := try(t, s, "s")
	if _, err := s.Try(t.Context(), "s", lock.Shared); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("got %v", err)
	}
	release(t, alone)
}

func inOrder(t *testing.T, s side) {
	first := try(t, s, "o")
	order := make(chan int, 3)
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			l, err := s.Acquire(t.Context(), "o")
			if err != nil {
				t.Error(err)
				return
			}
			order <- i
			release(t, l)
		})
		s.waiting(i + 1)
	}
	release(t, first)
	all.Wait()
	for i := range 3 {
		if got := <-order; got != i {
			t.Errorf("place %d: %d", i, got)
		}
	}
}

func givenUp(t *testing.T, s side) {
	held := try(t, s, "g")
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() {
		_, err := s.Acquire(ctx, "g")
		got <- err
	}()
	s.waiting(1)
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.waiting(0)
	if _, err := s.Acquire(ctx, "h"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := s.Acquire(short, "g"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	s.waiting(0)
	release(t, held)
	release(t, try(t, s, "g"))
}

func lostLock(t *testing.T, s side) {
	l := try(t, s, "l")
	ctx, cancel := l.Context(t.Context())
	defer cancel()
	s.lose("l")
	select {
	case <-ctx.Done():
	case <-time.After(patience):
		t.Fatal("nobody noticed")
	}
	if !errors.Is(context.Cause(ctx), lock.ErrLost) {
		t.Errorf("got %v", context.Cause(ctx))
	}
	<-l.Lost()
	// A backend that is ended says so before it lets its locks go, so the next one may wait.
	next, err := s.Acquire(t.Context(), "l")
	if err != nil {
		t.Fatal(err)
	}
	if next.Fence() <= l.Fence() {
		t.Errorf("fence %d after %d", next.Fence(), l.Fence())
	}
	if err := l.Release(t.Context()); !errors.Is(err, lock.ErrLost) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Try(t.Context(), "l"); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("the loser has released the next one's lock: %v", err)
	}
	release(t, next)
}

// counter is what goes wrong without a lock, and what the race detector looks at.
func counter(t *testing.T, s side) {
	n, last := 0, int64(0)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 20 {
				l, err := s.Acquire(t.Context(), "c")
				if err != nil {
					t.Error(err)
					return
				}
				if l.Fence() <= last {
					t.Errorf("fence %d after %d", l.Fence(), last)
				}
				n, last = n+1, l.Fence()
				release(t, l)
			}
		})
	}
	all.Wait()
	if n != 120 {
		t.Errorf("%d of 120", n)
	}
}

// TestLocksOfTransactions end with them.
func TestLocksOfTransactions(t *testing.T) {
	_, p, pool := postgresSide(t)
	ctx := t.Context()
	begin := func() pgx.Tx {
		tx, err := pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	a, b := begin(), begin()
	if err := p.AcquireTx(ctx, a, "x"); err != nil {
		t.Fatal(err)
	}
	if err := p.TryTx(ctx, b, "x"); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("got %v", err)
	}
	if _, err := p.Try(ctx, "x", lock.Shared); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("got %v", err)
	}
	if err := a.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.TryTx(ctx, b, "x", lock.Shared); err != nil {
		t.Error(err)
	}
	if err := b.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if lock.NewPostgres(pool, "another").Key("x") == p.Key("x") {
		t.Error("a namespace makes no difference")
	}
}

// TestServerGone: a holder that cannot reach the server has lost the lock when the lease is
// over, without being told.
func TestServerGone(t *testing.T) {
	client := startStampede(t)
	other := redis.NewClient(client.Options())
	locks := lock.NewStampede(other, 300*time.Millisecond)
	defer func() { _ = locks.Close() }()
	l, err := locks.Acquire(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	_ = other.Close() // its calls fail from now on
	select {
	case <-l.Lost():
	case <-time.After(patience):
		t.Fatal("nobody noticed")
	}
	if err := l.Release(t.Context()); !errors.Is(err, lock.ErrLost) {
		t.Errorf("got %v", err)
	}
}
