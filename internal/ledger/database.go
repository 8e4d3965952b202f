// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"stampede/internal/journal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// prepare sets what the ledger needs of a session. All statements find their rows by an
// index, and are planned by how large the tables are now, not as they were when they were
// empty; a commit is a commit; and an engine that hangs in the middle of a batch loses its locks.
func prepare(config *pgx.ConnConfig) {
	for name, value := range map[string]string{
		"application_name": "stampede ledger",
		"enable_seqscan":   "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
		"jit": "off", "lock_timeout": "10s", "statement_timeout": "60s",
		"idle_in_transaction_session_timeout": "30s",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // each time by what is there
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return conn.Exec(ctx, `select set_config('synchronous_commit', 'on', false)
			where current_setting('synchronous_commit') = 'off'`).Close()
	}
}

// keepPlans lets a session keep the plans of what it says with each batch: to make them costs
// more than a small batch itself. They are made anew as the tables grow: see
// [follower.outgrown].
func keepPlans(config *pgx.ConnConfig) *pgx.ConnConfig {
	config = config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	if _, set := config.RuntimeParams["plan_cache_mode"]; !set {
		config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	}
	return config
}

// migrate brings the tables to what this version writes. Several engines may do it at once.
func migrate(ctx context.Context, config *pgx.ConnConfig) (err error) {
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := makeSchema(ctx, db); err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker),
		goose.WithTableName("stampede.migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// makeSchema makes the schema, which who may not make one may find there.
func makeSchema(ctx context.Context, db *sql.DB) error {
	var there bool
	const look = `select exists (select from pg_namespace where nspname = 'stampede')`
	if err := db.QueryRowContext(ctx, look).Scan(&there); err != nil || there {
		return err
	}
	_, err := db.ExecContext(ctx, `create schema if not exists stampede`)
	return err
}

// takeOver makes this engine the one that may write, and returns up to where the database is.
func (f *follower) takeOver(ctx context.Context) (from journal.Position, err error) {
	mine := fmt.Sprintf("%016x", f.o.Journal.ID())
	var theirs string
	err = f.conn.QueryRow(ctx, `
		insert into stampede.ledger_position as l (journal, position, epoch, holder)
		values ($1, 0, $3::bigint + 1, $2)
		on conflict (only_one) do update set
			epoch = case when l.journal = $1 then greatest(l.epoch, $3) + 1 else l.epoch end,
			holder = case when l.journal = $1 then $2 else l.holder end
		returning journal, position, epoch, repairs`,
		mine, f.o.Holder, f.epoch).Scan(&theirs, &from, &f.epoch, &f.repairs)
	switch {
	case err != nil:
		return 0, err
	case theirs != mine:
		return 0, fmt.Errorf("%w: that of %s, not of %s", ErrOther, theirs, mine)
	case from >= f.o.Journal.First():
		return from, nil
	}
	return f.seed(ctx, from)
}

// seed lets a ledger that is empty begin with a snapshot of the store.
func (f *follower) seed(ctx context.Context, from journal.Position) (journal.Position, error) {
	var empty bool
	const look = `select not exists (select from stampede.stock)`
	if err := f.conn.QueryRow(ctx, look).Scan(&empty); err != nil {
		return 0, err
	}
	if from > 0 || !empty || f.o.Snapshot == nil {
		return 0, fmt.Errorf("%w: it is at position %d, and the journal begins at %d", ErrGap,
			from, f.o.Journal.First())
	}
	b, to := newBook(), newBatch(from)
	at, err := f.o.Snapshot(func(at journal.Position, effects []byte) error {
		return b.fold(to, effects, at)
	})
	if err != nil {
		return 0, err
	}
	to.to = at
	f.o.Log.Info("ledger: begins with a snapshot", "position", uint64(at),
		"stocks", len(to.accounts))
	return at, f.write(ctx, to.seal())
}

// where is up to where the database is, for an engine that has lost its connection. A
// database that does not know of this engine yet is an older one, or a new one.
func (f *follower) where(ctx context.Context) (from journal.Position, err error) {
	var epoch, repairs int64
	err = f.conn.QueryRow(ctx, `select position, epoch, repairs from stampede.ledger_position`).
		Scan(&from, &epoch, &repairs)
	var server *pgconn.PgError
	switch {
	case err == nil && epoch == f.epoch:
		if repairs != f.repairs {
			f.repairs, f.book = repairs, nil // what it knows of the stocks may be wrong
		}
		return from, nil
	case err == nil && epoch > f.epoch:
		return 0, ErrFenced
	case err == nil, errors.Is(err, pgx.ErrNoRows):
		return f.takeOver(ctx)
	case errors.As(err, &server) && server.Code == undefinedTable:
		if err := migrate(ctx, f.config); err != nil {
			return 0, err
		}
		return f.takeOver(ctx)
	}
	return 0, err
}

// SQLSTATEs.
const (
	undefinedTable = "42P01"
	divisionByZero = "22012"
)

// load reads the stocks that live, and those that were dropped behind the position: if it was
// set back, their records come again.
func (f *follower) load(ctx context.Context, from journal.Position) (*book, error) {
	b := newBook()
	rows, err := f.conn.Query(ctx, `
		select stock_id, db, key, born_at, born_line, applied_at, coalesce(dropped_at, 0),
			opened_ms, changed_ms, coalesce(closed_ms, 0), per_buyer, fence, units
		from stampede.stock join stampede.balance using (stock_id)
		where dropped_at is null or dropped_at > $1`, int64(from))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		a := new(account)
		var key []byte
		if err := rows.Scan(&a.id, &a.db, &key, &a.birth.at, &a.birth.line, &a.applied,
			&a.dropped, &a.openedMs, &a.changedMs, &a.closedMs, &a.perBuyer, &a.fence,
			&a.units); err != nil {
			return nil, err
		}
		a.key = string(key)
		b.seen = max(b.seen, a.applied)
		if a.birth.at > from {
			b.born[a.birth] = a
		}
		if a.dropped == 0 && a.db < databases {
			b.living[a.db][a.key] = a
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	err = f.conn.QueryRow(ctx, `select coalesce(max(stock_id), 0) + 1 from stampede.stock`).
		Scan(&b.nextID)
	return b, err
}

// hopeless tells whether trying again would end as before.
func hopeless(err error) bool {
	var damage *journal.DamageError
	var server *pgconn.PgError
	switch {
	case errors.Is(err, ErrFenced), errors.Is(err, ErrOther), errors.Is(err, ErrDrift),
		errors.Is(err, ErrGap), errors.As(err, &damage):
		return true
	case errors.As(err, &server):
		// The rows contradict the tables (class 23), or are none that tables can take (22).
		class := server.Code[:min(2, len(server.Code))]
		return class == "23" || class == "22"
	}
	return false
}

// closeConn lets go of the connection, whatever state it is in.
func (f *follower) closeConn() {
	if f.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = f.conn.Close(ctx) // it is of no use any more
	f.conn = nil
}
