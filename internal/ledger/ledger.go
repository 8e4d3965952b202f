// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps in PostgreSQL what was sold: a follower of the journal that writes
// stocks, holds and orders there, each exactly once.
//
// # How
//
// The position up to which the journal has been written stands in the database and moves in
// the transaction that writes the rows: both are there or neither. So nothing is written
// twice and nothing is left out, whatever ends when. Records that came together are one
// transaction; while it commits, the next ones gather.
//
// # When PostgreSQL does not answer
//
// Sales go on. The journal keeps what the ledger has not got, by a claim; the follower tries
// again until it can, and catches up. What it cannot mend by trying again (another engine
// has taken over, the journal has lost the records, the database contradicts it) ends it,
// and [Status] says why.
//
// # Ownership
//
// [Ledger.Run] is the follower; everything else may be called by anyone.
//
// # What is not here
//
// The rules of selling (package stock), and who waits with a reply (package server).
package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
)

// Options say which database follows which journal. URL and Journal are required.
type Options struct {
	URL     string // or key=value words, as libpq has them
	Journal *journal.Log
	Holder  string // who writes, for people who look into the database

	// Snapshot visits the stocks of a snapshot of the store, each as the effects that make it,
	// and returns the position that the journal goes on from: for a ledger that begins when
	// the journal has dropped its first records. nil: there is none.
	Snapshot func(visit func(at journal.Position, effects []byte) error) (journal.Position, error)

	// Limits is how far the ledger may be behind; it is asked again and again. nil: 30 seconds
	// or 1 GiB are an alarm.
	Limits func() Limits

	// RetryMax bounds the pause between two tries when the database fails; 0: 5 seconds.
	RetryMax time.Duration

	// Changed is called when more stands in the database, and when the ledger has ended;
	// Committed after each transaction, with how long it took. Neither must wait. nil: nobody
	// wants to know.
	Changed   func()
	Committed func(took time.Duration)

	Now func() time.Time // nil: the machine's clock
	Log *slog.Logger     // nil: nothing is logged
}

// Limits are how far a ledger may be behind.
type Limits struct {
	Lag    time.Duration // of the oldest change that is not in the database
	Bytes  int64         // of journal that have not been looked at or written
	Refuse bool          // beyond that nothing more is to be held: see [Ledger.Refusal]
}

// Errors that end a ledger. Trying again does not help.
var (
	ErrFenced = errors.New("ledger: another engine has taken over the database")
	ErrOther  = errors.New("ledger: the database holds the ledger of another journal")
	ErrDrift  = errors.New("ledger: the database does not hold what the journal follows from")
	ErrGap    = errors.New("ledger: the journal does not hold the records that come next, so " +
		"the ledger cannot go on from where it is")
)

// Ledger is a follower and what is known of it.
type Ledger struct {
	o      Options
	config *pgx.ConnConfig

	reached  atomic.Uint64 // everything that concerns a ledger, up to here, is committed
	behindMs atomic.Int64  // since when something waits to be written; 0: nothing does
	failure  atomic.Pointer[error]
	refusal  atomic.Pointer[error]

	mu      sync.Mutex
	status  Status
	changed chan struct{} // closed when reached or failure changes
}

// New returns a ledger that does nothing before [Ledger.Run]. An URL that is none is an
// error, which does not tell the password.
func New(o Options) (*Ledger, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limits == nil {
		o.Limits = func() Limits { return Limits{Lag: lagMax, Bytes: lagBytesMax} }
	}
	o.RetryMax = cmp.Or(o.RetryMax, retryPauseMax)
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, connectTimeout)
	prepare(config)
	return &Ledger{o: o, config: config, changed: make(chan struct{})}, nil
}

// Address is where the database is, without names and passwords.
func (l *Ledger) Address() string {
	return fmt.Sprintf("%s:%d/%s", l.config.Host, l.config.Port, l.config.Database)
}

// Times. A batch that takes longer than batchTarget makes the next ones smaller.
const (
	lagMax         = 30 * time.Second
	lagBytesMax    = 1 << 30
	lagLookEvery   = 200 * time.Millisecond
	connectTimeout = 5 * time.Second
	batchTarget    = 250 * time.Millisecond
	retryPause     = 100 * time.Millisecond // after a failure; twice that after the next
	retryPauseMax  = 5 * time.Second
	drainTime      = 2 * time.Second // for what is left at the end
	lingerMax      = 5 * time.Millisecond
	alarmEvery     = time.Minute
)

// Sizes of a batch, in rows that it changes about; after how many plans are made anew for the
// first time; and when the position is written although no row is.
const (
	batchRowsMin  = 256
	batchRowsMax  = 32768
	lingerRowsMin = 8 // fewer are not worth waiting for more, and these are enough
	lingerRowsMax = 1024
	replanRowsMin = 1000
	emptyBytesMax = 4 << 20
	claimBytes    = 8 << 20 // the claim follows the position in steps of these
	claimName     = "ledger"
)

// Status is how a ledger is.
type Status struct {
	Position  journal.Position // committed in the database
	Reached   journal.Position // nothing up to here is missing there
	Epoch     int64            // of this engine; 0: it has not been there yet
	Connected bool
	LagMs     int64 // how long the oldest change has been waiting that is not there
	LagBytes  int64 // of journal that have not been looked at or written
	Late      bool  // the lag is an alarm
	Refusing  bool  // nothing more is to be held until it has caught up
	Setbacks  int64 // how often the database has gone back, as an older standby does
	Batches   int64 // transactions since the start
	Records   int64 // of the journal in them
	Rows      int64 // in them
	BatchRows int64 // in the last one
	BatchMax  int64 // rows of a batch at present
	BatchMs   int64 // that the last one took
	Retries   int64 // failures of the database since the start
	LastError string
	Failure   string // why it has ended; empty: it has not
}

// Status is how the ledger is at the moment.
func (l *Ledger) Status() Status {
	l.mu.Lock()
	s := l.status
	l.mu.Unlock()
	s.Reached = l.Position()
	s.LagMs = l.lagMs()
	s.LagBytes = int64(max(l.o.Journal.End(), s.Reached) - s.Reached)
	limits := l.o.Limits()
	s.Late = s.LagMs > limits.Lag.Milliseconds() || s.LagBytes > limits.Bytes
	s.Refusing = l.Refusal() != nil
	if err := l.Failed(); err != nil {
		s.Failure = err.Error()
	}
	return s
}

func (l *Ledger) lagMs() int64 {
	since := l.behindMs.Load()
	if since == 0 {
		return 0
	}
	return max(l.o.Now().UnixMilli()-since, 0)
}

// Position is up to where nothing is missing in the database that a ledger keeps.
func (l *Ledger) Position() journal.Position { return journal.Position(l.reached.Load()) }

// Failed is why the ledger has ended, or nil.
func (l *Ledger) Failed() error {
	if err := l.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Wait returns when everything up to a position is committed in the database: nil, the error
// of ctx, or why that will not happen. It makes the journal durable up to there.
func (l *Ledger) Wait(ctx context.Context, p journal.Position) error {
	l.o.Journal.Want(p)
	for {
		l.mu.Lock()
		changed := l.changed
		l.mu.Unlock()
		if l.Position() >= p {
			return nil
		}
		if err := l.Failed(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// note changes the status.
func (l *Ledger) note(change func(*Status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.status)
}

// advance says that nothing up to p is missing.
func (l *Ledger) advance(p journal.Position) {
	l.reached.Store(uint64(p))
	l.ring()
}

// Refusal is why nothing more is to be held as long as the ledger is so far behind, or nil.
func (l *Ledger) Refusal() error {
	if err := l.refusal.Load(); err != nil {
		return *err
	}
	return nil
}

// ring wakes all who wait.
func (l *Ledger) ring() {
	l.mu.Lock()
	close(l.changed)
	l.changed = make(chan struct{})
	l.mu.Unlock()
	if l.o.Changed != nil {
		l.o.Changed()
	}
}

// fail ends the ledger for good.
func (l *Ledger) fail(err error) {
	l.failure.Store(&err)
	l.o.Log.Error("ledger: ended; sales go on without it", "error", err)
	l.ring()
}
