// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
)

// follower is a Ledger at work.
type follower struct {
	*Ledger
	conn    *pgx.Conn // nil: there is none
	epoch   int64     // of this engine; 0: it has not been in the database
	repairs int64     // that were made before the book was read
	book    *book     // nil: to be read from the database
	reader  *journal.Reader
	batch   *batch           // that gathers
	sent    *parcel          // the one before, of which nobody knows yet that it is there; nil: it is
	flight  *flight          // of sent; nil: it is not on its way
	rows    int              // that were written by this connection
	planned int              // how many of them, when plans were made last
	rowsMax int              // of a batch
	claimed journal.Position // what the journal keeps for us
	pause   time.Duration    // before the next try
	took    time.Duration    // of a commit, on average
}

// Run follows the journal until ctx ends; what the journal has then is written if the
// database takes it within two seconds. A fault that only people can mend ends the
// following, not Run: see [Ledger.Failed].
func (l *Ledger) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })()
	alarm := make(chan struct{})
	go func() {
		defer close(alarm)
		l.watchLag(ctx)
	}()
	defer func() { <-alarm }()
	f := &follower{Ledger: l, rowsMax: batchRowsMin * 16}
	defer f.close()
	l.behindMs.Store(l.o.Now().UnixMilli())
	err := f.keep()
	for err == nil && work.Err() == nil {
		if err = f.step(ctx, work); err == nil {
			continue
		}
		if errors.Is(err, errEnded) {
			return nil
		}
		if !hopeless(err) {
			f.rest(ctx, err)
			if err = nil; ctx.Err() != nil {
				return nil // the next start goes on
			}
		}
	}
	if err != nil {
		l.fail(err)
		<-ctx.Done()
	}
	return nil
}

// errEnded says that there is nothing left to do.
var errEnded = errors.New("ledger: ended")

// keep lets the journal keep its records until the database has said what it has.
func (f *follower) keep() error {
	p, has := f.o.Journal.Claims()[claimName]
	if !has {
		p = f.o.Journal.First()
		if err := f.o.Journal.Claim(claimName, p); err != nil {
			return f.explain(err)
		}
	}
	f.claimed = p
	return nil
}

// step gathers a batch while the one before is written, and sends it.
func (f *follower) step(ctx, work context.Context) error {
	if f.conn == nil {
		if err := f.connect(work); err != nil {
			return err
		}
		if f.sent != nil {
			f.launch(work) // once more
		}
	}
	err := f.gather(ctx, work)
	if err = cmp.Or(err, f.land()); err != nil || f.batch.to == f.batch.from {
		return err
	}
	f.sent = f.batch.seal()
	f.batch = newBatch(f.sent.to)
	f.launch(work)
	return nil
}

// connect reaches the database and finds out where it is.
func (f *follower) connect(ctx context.Context) (err error) {
	if f.epoch == 0 {
		if err := migrate(ctx, f.config); err != nil {
			return err
		}
	}
	if f.conn, err = pgx.ConnectConfig(ctx, keepPlans(f.config)); err != nil {
		f.conn = nil
		return err
	}
	var at journal.Position
	if f.epoch == 0 {
		at, err = f.takeOver(ctx)
	} else {
		at, err = f.where(ctx)
	}
	if err != nil {
		return err
	}
	switch {
	case f.book == nil:
		err = f.begin(ctx, at)
	case f.sent != nil && at == f.sent.to:
		f.written(0) // the commit whose answer was lost
	case f.sent != nil && at == f.sent.from, f.sent == nil && at == f.batch.from:
	default:
		f.setBack(at)
		err = f.begin(ctx, at)
	}
	if err != nil {
		return err
	}
	f.pause, f.rows, f.planned = 0, 0, 0
	f.note(func(s *Status) { s.Connected, s.Position, s.Epoch = true, at, f.epoch })
	f.o.Log.Info("ledger: connected", "database", f.Address(), "position", uint64(at),
		"epoch", f.epoch)
	return nil
}

// setBack notes that the database is not where it was left, as a standby that had not got
// everything when it took over. What it lacks is written again.
func (f *follower) setBack(at journal.Position) {
	f.o.Log.Error("ledger: the database has gone back; what it lacks is written again from the "+
		"journal", "database", f.Address(), "from", uint64(f.batch.from), "to", uint64(at))
	f.note(func(s *Status) { s.Setbacks++ })
	f.advance(min(f.Position(), at))
}

// begin follows from a position on.
func (f *follower) begin(ctx context.Context, at journal.Position) (err error) {
	if f.book, err = f.load(ctx, at); err != nil {
		f.book = nil
		return err
	}
	if f.reader != nil {
		if err := f.reader.Close(); err != nil {
			return err
		}
	}
	f.reader, f.batch, f.sent = f.o.Journal.Read(at, true), newBatch(at), nil
	return f.claim(at)
}

// claim lets the journal drop what the database has.
func (f *follower) claim(at journal.Position) error {
	if err := f.o.Journal.Claim(claimName, at); err != nil {
		return f.explain(err)
	}
	f.claimed = at
	return nil
}

// explain says what an error of the journal means here.
func (f *follower) explain(err error) error {
	if errors.Is(err, journal.ErrClaimLost) || errors.Is(err, journal.ErrBeyondEnd) {
		return errors.Join(ErrGap, err)
	}
	return err
}

// gather takes the records that there are, up to the size of a batch. It waits while there is
// nothing to be sent, or something on its way.
func (f *follower) gather(ctx, work context.Context) error {
	b := f.batch
	var until time.Time // of the wait for more
	for b.weight() < f.rowsMax {
		if f.hasLanded() {
			if err := f.land(); err != nil {
				return err
			}
		}
		record, at, err := f.reader.Next()
		switch {
		case err == nil:
			if err := f.book.fold(b, record, at); err != nil {
				return errors.Join(ErrDrift, err)
			}
			if b.firstMs != 0 {
				f.behindMs.CompareAndSwap(0, b.firstMs)
			}
		case err != io.EOF:
			return f.explain(err)
		case f.flight != nil:
			if f.reader.Wait(f.flight.flying) == nil {
				continue
			}
			if err := f.land(); err != nil {
				return err
			}
		case b.weight() >= lingerRowsMin && b.weight() < lingerRowsMax && f.linger(ctx, &until):
		case !b.empty(), b.to-b.from >= emptyBytesMax:
			return nil
		default:
			if err := f.idle(ctx, work); err != nil {
				return err
			}
		}
	}
	return nil
}

// linger waits a little for more records, half as long as a commit takes at most: a commit of
// all who are about to come costs less than two of half of them. It tells whether there are.
func (f *follower) linger(ctx context.Context, until *time.Time) bool {
	if until.IsZero() {
		*until = time.Now().Add(min(f.took/2, lingerMax))
	}
	ctx, cancel := context.WithDeadline(ctx, *until)
	defer cancel()
	return f.reader.Wait(ctx) == nil
}

// idle waits for records. Nothing that concerns the ledger is left.
func (f *follower) idle(ctx, work context.Context) error {
	f.behindMs.Store(0)
	// Behind the last record there may be frames that are none.
	if at := f.reader.Position(); f.Position() != at {
		f.advance(at)
	}
	log := f.o.Journal
	switch err := f.reader.Wait(ctx); {
	case err == nil:
		return nil
	case errors.Is(err, journal.ErrClosed), work.Err() != nil:
		return errEnded
	}
	// It is the end: what was told to nobody yet may still be on its way to the disk.
	end := log.End()
	if f.reader.Position() >= end {
		return errEnded
	}
	log.Want(end)
	if err := f.reader.Wait(work); err != nil {
		return errEnded
	}
	return nil
}

// written says that what was sent is committed.
func (f *follower) written(took time.Duration) {
	p := f.sent
	f.sent = nil
	f.took = (3*f.took + took) / 4
	f.behindMs.Store(f.batch.firstMs)
	switch {
	case took > batchTarget:
		f.rowsMax = max(f.rowsMax/2, batchRowsMin)
	case took < batchTarget/2 && p.weight >= f.rowsMax:
		f.rowsMax = min(f.rowsMax*2, batchRowsMax)
	}
	f.note(func(s *Status) {
		s.Position = p.to
		s.Batches++
		s.Records += int64(p.records)
		s.Rows += int64(p.weight)
		s.BatchRows, s.BatchMax, s.BatchMs = int64(p.weight), int64(f.rowsMax), took.Milliseconds()
		s.LastError = ""
	})
	f.advance(p.to)
	if f.o.Committed != nil {
		f.o.Committed(took)
	}
	if p.to-f.claimed >= claimBytes {
		if err := f.claim(p.to); err != nil {
			f.o.Log.Warn("ledger: the journal keeps more than is needed", "error", err)
		}
	}
}

// rest waits after a failure of the database, longer from time to time.
func (f *follower) rest(ctx context.Context, failure error) {
	f.closeConn()
	f.behindMs.CompareAndSwap(0, f.o.Now().UnixMilli())
	f.note(func(s *Status) {
		s.Connected, s.LastError = false, failure.Error()
		s.Retries++
	})
	if f.pause == 0 {
		f.o.Log.Warn("ledger: the database does not take what was sold; trying again",
			"error", failure)
	}
	f.pause = min(max(2*f.pause, retryPause), f.o.RetryMax)
	timer := time.NewTimer(f.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// close ends what is open.
func (f *follower) close() {
	_ = f.land() // who starts next finds out whether it is there
	f.closeConn()
	if f.reader != nil {
		_ = f.reader.Close() // it was only read
	}
	f.note(func(s *Status) { s.Connected = false })
}

// watchLag says so when the ledger is too far behind, and when it is not any more.
func (l *Ledger) watchLag(ctx context.Context) {
	ticker := time.NewTicker(lagLookEvery)
	defer ticker.Stop()
	var told time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s := l.Status()
		l.refuse(&s)
		switch now := l.o.Now(); {
		case s.Late && now.Sub(told) >= alarmEvery:
			told = now
			l.o.Log.Error("ledger: too far behind", "seconds", s.LagMs/1000, "bytes", s.LagBytes,
				"error", s.LastError)
		case !s.Late && !told.IsZero():
			told = time.Time{}
			l.o.Log.Info("ledger: caught up")
		}
	}
}

// refuse lets nothing more be held while the ledger is too far behind, if that is the policy.
// A ledger that has ended never catches up: to end the sale then is for people to decide, by
// the same policy.
func (l *Ledger) refuse(s *Status) {
	if !s.Late || !l.o.Limits().Refuse {
		l.refusal.Store(nil)
		return
	}
	err := fmt.Errorf("it is %.1f s and %d bytes of journal behind, more than "+
		"ledger-lag-max-seconds or ledger-lag-max-bytes allow (ledger-lag-policy is refuse)",
		float64(s.LagMs)/1000, s.LagBytes)
	l.refusal.Store(&err)
}
