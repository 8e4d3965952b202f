// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// flight is a parcel on its way to the database.
type flight struct {
	landed chan struct{}   // closed when the rest is there
	flying context.Context // ends when it has landed
	took   time.Duration
	err    error
}

// launch sends what has to be written, while the follower goes on.
func (f *follower) launch(work context.Context) {
	flying, over := context.WithCancel(context.WithoutCancel(work))
	one := &flight{landed: make(chan struct{}), flying: flying}
	f.flight = one
	go func() {
		start := time.Now()
		one.err = f.write(work, f.sent)
		one.took = time.Since(start)
		close(one.landed)
		over()
	}()
}

// hasLanded tells whether a parcel was on its way and is not any more.
func (f *follower) hasLanded() bool {
	if f.flight == nil {
		return false
	}
	select {
	case <-f.flight.landed:
		return true
	default:
		return false
	}
}

// land waits for the end of the flight, if there is one. After an error the parcel may be in
// the database or not.
func (f *follower) land() error {
	one := f.flight
	if one == nil {
		return nil
	}
	<-one.landed
	f.flight = nil
	if one.err == nil {
		f.written(one.took)
	}
	return one.err
}

// outgrown tells whether the tables have doubled since plans were made, and counts the rows of
// one more batch. A plan for tables that are empty may use an index that has a row for each
// hold of a stock, where there is one for those that are held.
func (f *follower) outgrown(rows int) bool {
	f.rows += rows
	if f.rows < max(2*f.planned, replanRowsMin) {
		return false
	}
	f.planned = f.rows
	return true
}

// write commits a parcel: its rows and the position behind it. An error does not tell that
// nothing was committed.
func (f *follower) write(ctx context.Context, p *parcel) (err error) {
	batch := new(pgx.Batch)
	if f.outgrown(p.weight) {
		batch.Queue(replanSQL)
	}
	batch.Queue(beginSQL)
	batch.Queue(moveSQL, int64(p.to), f.epoch, int64(p.from), f.repairs)
	for _, s := range p.statements {
		batch.Queue(s.sql, s.args...)
	}
	batch.Queue(commitSQL)

	results := f.conn.SendBatch(ctx, batch)
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed // else it is the same one
		}
	}()
	for _, query := range batch.QueuedQueries {
		tag, err := results.Exec()
		if err != nil {
			return p.explain(query.SQL, err)
		}
		if query.SQL == commitSQL && tag.String() != "COMMIT" {
			return fmt.Errorf("ledger: a commit became %s", tag)
		}
	}
	return nil
}

// errMoved says that the database is not where this engine has left it: another engine has
// taken over, or somebody has repaired the tables.
var errMoved = errors.New("ledger: somebody else has written to the database")

// explain says what the error of a statement means.
func (p *parcel) explain(statement string, err error) error {
	var server *pgconn.PgError
	if !errors.As(err, &server) || server.Code != divisionByZero {
		return err
	}
	switch statement {
	case moveSQL:
		return errMoved
	case changeSQL:
		return fmt.Errorf("%w: it does not hold all of the %d holds that ended or were extended "+
			"before position %d", ErrDrift, p.ends, p.to)
	}
	return err
}
