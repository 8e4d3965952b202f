// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Postgres gives advisory locks of PostgreSQL. A lock of [Postgres.Acquire] belongs to a
// connection of the pool and ends with it, so the pool must be larger than the number of
// locks held at once, and there must be no pooler between that hands connections to others
// after each transaction: then take [Postgres.AcquireTx].
type Postgres struct {
	pool  *pgxpool.Pool
	space string
}

// NewPostgres returns the locks of a namespace: names in another one are other locks, unless
// the keys of two collide, which of a million names has a chance of one in 37 million.
func NewPostgres(pool *pgxpool.Pool, namespace string) *Postgres {
	return &Postgres{pool: pool, space: namespace}
}

// Setup makes the sequence that fences come from, if it is missing.
func (p *Postgres) Setup(ctx context.Context) error {
	if _, err := p.pool.Exec(ctx, `create sequence if not exists lock_fence`); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// Key is the number by which PostgreSQL knows a name, for those who look into pg_locks or
// call pg_advisory_lock themselves.
func (p *Postgres) Key(name string) int64 {
	sum := sha256.Sum256([]byte(p.space + "\x00" + name))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// Acquire waits for a lock.
func (p *Postgres) Acquire(ctx context.Context, name string, o ...Option) (*Lock, error) {
	return p.take(ctx, name, newRequest(true, o))
}

// Try takes a lock if it is free.
func (p *Postgres) Try(ctx context.Context, name string, o ...Option) (*Lock, error) {
	return p.take(ctx, name, newRequest(false, o))
}

// form is the function of PostgreSQL for a request, without "pg_" and "advisory".
func form(r request, level string) string {
	try, shared := "try_", ""
	if r.waits {
		try = ""
	}
	if r.shared {
		shared = "_shared"
	}
	return "pg_" + try + "advisory_" + level + "lock" + shared
}

// granted calls the function of a request, and tells whether it has given the lock.
func granted(
	ctx context.Context, q interface {
		QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	}, r request, level string, key int64,
) (ok bool, err error) {
	sql := `select ` + form(r, level) + `($1)`
	if r.waits {
		sql += ` is not null` // it returns void, and when it returns the lock is there
	}
	err = q.QueryRow(ctx, sql, key).Scan(&ok)
	return ok, err
}

func (p *Postgres) take(ctx context.Context, name string, r request) (*Lock, error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	key, fence := p.Key(name), int64(0)
	ok, err := granted(ctx, conn, r, "", key)
	if err == nil && ok {
		err = conn.QueryRow(ctx, `select nextval('lock_fence')`).Scan(&fence)
	}
	switch {
	case err != nil:
		drop(conn) // whatever it holds ends with it
		return nil, fmt.Errorf("lock: %w", errors.Join(ctx.Err(), err))
	case !ok:
		conn.Release()
		return nil, ErrTaken
	}
	watch := func(ctx context.Context) bool { return watchConn(ctx, conn.Conn()) }
	return newLock(name, fence, watch, func(ctx context.Context) error {
		return p.unlock(ctx, conn, form(request{waits: true, shared: r.shared}, "un"), key)
	}), nil
}

// unlock gives a lock and its connection back.
func (p *Postgres) unlock(
	ctx context.Context, conn *pgxpool.Conn, function string, key int64,
) error {
	var held bool
	if err := conn.QueryRow(ctx, `select `+function+`($1)`, key).Scan(&held); err != nil {
		drop(conn)
		return fmt.Errorf("lock: %w", err)
	}
	conn.Release()
	if !held {
		return ErrLost
	}
	return nil
}

// drop ends a connection of the pool.
func drop(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	ended := conn.Hijack()
	_ = ended.Close(ctx) // it is of no use any more
	select {
	case <-ended.PgConn().CleanupDone(): // what it waited for was called back
	case <-ctx.Done():
	}
}

// askEvery is how often a connection is asked that says nothing, and how long it may take to
// answer: a machine that has vanished says no good-bye.
const askEvery = 5 * time.Second

// watchConn returns when a connection has ended, or ctx has.
func watchConn(ctx context.Context, conn *pgx.Conn) (lost bool) {
	for ctx.Err() == nil {
		quiet, cancel := context.WithTimeout(ctx, askEvery)
		_, err := conn.WaitForNotification(quiet)
		late := quiet.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil && !late:
			return true
		}
		answer, cancel := context.WithTimeout(context.WithoutCancel(ctx), askEvery)
		err = conn.Ping(answer)
		cancel()
		if err != nil {
			return true
		}
	}
	return false
}

// AcquireTx waits for a lock that ends with a transaction, whatever ends it: there is nothing
// to release, to lose or to compare a fence with, if all that it guards is in the transaction.
func (p *Postgres) AcquireTx(ctx context.Context, tx pgx.Tx, name string, o ...Option) error {
	_, err := granted(ctx, tx, newRequest(true, o), "xact_", p.Key(name))
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// TryTx is [Postgres.AcquireTx] without waiting: [ErrTaken] if somebody else has the lock.
func (p *Postgres) TryTx(ctx context.Context, tx pgx.Tx, name string, o ...Option) error {
	ok, err := granted(ctx, tx, newRequest(false, o), "xact_", p.Key(name))
	switch {
	case err != nil:
		return fmt.Errorf("lock: %w", err)
	case !ok:
		return ErrTaken
	}
	return nil
}
