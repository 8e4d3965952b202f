// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
	"stampede/internal/stock"
)

// Drift is something that the store and the database say differently.
type Drift struct {
	DB       int
	Key      string // of the stock; empty: it is about the database alone
	Hold     string // its id; empty: it is about the stock
	What     string
	Store    string // what the store says
	Database string
}

// String is one line for a person.
func (d Drift) String() string {
	line := d.What
	if d.Key != "" {
		line = fmt.Sprintf("stock %.80q of database %d: %s", d.Key, d.DB, d.What)
	}
	if d.Hold != "" {
		line = fmt.Sprintf("stock %.80q of database %d, hold %.80q: %s", d.Key, d.DB, d.Hold, d.What)
	}
	return fmt.Sprintf("%s: the store has %s, the ledger %s", line, d.Store, d.Database)
}

// driftsMax bounds how many differences are named.
const driftsMax = 100

// AuditReport is what an audit found.
type AuditReport struct {
	Journal   uint64           // whose ledger it is
	Position  journal.Position // up to where the ledger is
	Stocks    int64            // that were compared
	Holds     int64
	SoldUnits int64   // in the store
	Drifts    []Drift // the first ones
	Drift     int64   // how many there are
}

// Audit compares stocks with the ledger, one by one.
type Audit struct {
	conn   *pgx.Conn
	tx     pgx.Tx
	db     int
	dbs    []int // of the store, that are compared
	report AuditReport
	seen   map[int64]bool
}

// NewAudit opens the ledger of an URL for an audit of the stocks in some databases of the
// store, beginning with the first one.
func NewAudit(ctx context.Context, url string, dbs ...int) (a *Audit, err error) {
	config, err := auditConfig(url)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	a = &Audit{conn: conn, db: dbs[0], dbs: dbs, seen: map[int64]bool{}}
	a.tx, err = conn.BeginTx(ctx, pgx.TxOptions{
		IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadOnly,
	})
	if err == nil {
		var id string
		err = a.tx.QueryRow(ctx, `select journal, position from stampede.ledger_position`).
			Scan(&id, &a.report.Position)
		if err == nil {
			_, err = fmt.Sscanf(id, "%x", &a.report.Journal)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", errors.Join(err, conn.Close(ctx)))
	}
	return a, nil
}

// auditConfig is how an audit is connected: it may take its time.
func auditConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	prepare(config)
	config.RuntimeParams["application_name"] = "stampede audit"
	config.RuntimeParams["statement_timeout"] = "0"
	return config, nil
}

// In says of which database the stocks are that come next.
func (a *Audit) In(db int) { a.db = db }

// Close ends the audit.
func (a *Audit) Close(ctx context.Context) error { return a.conn.Close(ctx) }

// Position is up to where the ledger is.
func (a *Audit) Position() journal.Position { return a.report.Position }

// row is a hold in the database.
type row struct {
	id, buyer          string
	units              int64
	heldMs, deadlineMs int64
	state              string
	endedMs            int64
	foundInMem         bool // the store has it
}

// Stock compares one stock of the store, given as its header and its pieces.
func (a *Audit) Stock(
	ctx context.Context, key, header []byte, pieces [][]byte,
) error {
	h, err := stock.ReadHeader(header)
	if err != nil {
		return err
	}
	a.report.Stocks++
	a.report.SoldUnits += h.Sold
	var id int64
	var has struct{ opened, changed, closed, fence, units, held, sold int64 }
	err = a.tx.QueryRow(ctx, `
		select stock_id, opened_ms, changed_ms, coalesce(closed_ms, 0), fence, units, held, sold
		from stampede.stock join stampede.balance using (stock_id)
		where db = $1 and sha256(key) = sha256($2) and dropped_at is null`, a.db, key).
		Scan(&id, &has.opened, &has.changed, &has.closed, &has.fence, &has.units, &has.held,
			&has.sold)
	d := differ{a: a, db: a.db, key: string(key)}
	if errors.Is(err, pgx.ErrNoRows) {
		d.tell("", "the stock", "it", "nothing")
		return nil
	}
	if err != nil {
		return err
	}
	a.seen[id] = true
	rows, err := holdsOf(ctx, a.tx, id)
	if err != nil {
		return err
	}
	heldUnits := int64(0)
	for _, piece := range pieces {
		for e, err := range stock.Entries(piece) {
			if err != nil {
				return err
			}
			if e.State.Refused() {
				continue
			}
			a.report.Holds++
			if e.State == stock.Held && e.EndMs > h.ChangedMs {
				heldUnits += e.Units
			}
			d.hold(rows[e.Fence], &e, h.ChangedMs)
		}
	}
	d.rest(rows)
	d.number("opened at", h.OpenedMs, has.opened)
	d.number("changed at", h.ChangedMs, has.changed)
	d.number("closed at", h.ClosedMs, has.closed)
	d.number("latest fence", h.Fence, has.fence)
	d.number("units", h.Units, has.units)
	d.number("units held", heldUnits, has.held)
	d.number("units sold", h.Sold, has.sold)
	return nil
}

// holdsOf are the holds of a stock in the database, by fence.
func holdsOf(ctx context.Context, tx pgx.Tx, id int64) (map[int64]*row, error) {
	found, err := tx.Query(ctx, `
		select fence, hold_id, buyer, units, held_ms, deadline_ms, state::text,
			coalesce(ended_ms, 0)
		from stampede.hold where stock_id = $1`, id)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	all := map[int64]*row{}
	for found.Next() {
		var fence int64
		var hold, buyer []byte
		r := new(row)
		if err := found.Scan(&fence, &hold, &buyer, &r.units, &r.heldMs, &r.deadlineMs, &r.state,
			&r.endedMs); err != nil {
			return nil, err
		}
		r.id, r.buyer = string(hold), string(buyer)
		all[fence] = r
	}
	return all, found.Err()
}

// Done compares what is not of one stock, and returns what was found.
func (a *Audit) Done(ctx context.Context) (AuditReport, error) {
	living, err := a.tx.Query(ctx,
		`select stock_id, db, key from stampede.stock where dropped_at is null and db = any($1)`, a.dbs)
	if err != nil {
		return a.report, err
	}
	for living.Next() {
		var id int64
		var key []byte
		d := differ{a: a}
		if err := living.Scan(&id, &d.db, &key); err != nil {
			return a.report, err
		}
		if d.key = string(key); !a.seen[id] {
			d.tell("", "the stock", "nothing", "it")
		}
	}
	if err := living.Err(); err != nil {
		return a.report, err
	}
	return a.report, a.within(ctx)
}

// within compares the tables with each other: sums with holds, and both with stocks.
func (a *Audit) within(ctx context.Context) error {
	var sums, orphans, alone int64
	err := a.tx.QueryRow(ctx, `
		select count(*) from stampede.balance b left join (
			select stock_id, sum(units) filter (where state = 'held') as held,
				sum(units) filter (where state = 'sold') as sold
			from stampede.hold group by stock_id) h using (stock_id)
		where b.held <> coalesce(h.held, 0) or b.sold <> coalesce(h.sold, 0)`).Scan(&sums)
	if err != nil {
		return err
	}
	err = a.tx.QueryRow(ctx, `
		select count(*) from stampede.hold h
		where not exists (select from stampede.stock s where s.stock_id = h.stock_id offset 0)`).
		Scan(&orphans)
	if err != nil {
		return err
	}
	err = a.tx.QueryRow(ctx, `
		select count(*) from stampede.stock s full join stampede.balance b using (stock_id)
		where s.stock_id is null or b.stock_id is null`).Scan(&alone)
	d := differ{a: a}
	if orphans != 0 {
		d.tell("", "holds of stocks that the ledger does not have", "0", fmt.Sprint(orphans))
	}
	if sums != 0 {
		d.tell("", "stocks of the ledger whose sums are not those of their holds", "0",
			fmt.Sprint(sums))
	}
	if alone != 0 {
		d.tell("", "stocks and sums of the ledger without one another", "0", fmt.Sprint(alone))
	}
	return err
}

// differ notes the differences of one stock.
type differ struct {
	a   *Audit
	db  int
	key string
}

func (d *differ) tell(hold, what, store, database string) {
	d.a.report.Drift++
	if len(d.a.report.Drifts) < driftsMax {
		d.a.report.Drifts = append(d.a.report.Drifts, Drift{d.db, d.key, hold, what, store, database})
	}
}

func (d *differ) number(what string, store, database int64) {
	if store != database {
		d.tell("", what, fmt.Sprint(store), fmt.Sprint(database))
	}
}

// wanted is the row of a hold that the store remembers, nowMs being the time of the last event
// of its stock.
func wanted(e *stock.Event, nowMs int64) row {
	r := row{
		id: string(e.ID), buyer: string(e.Buyer), units: e.Units, heldMs: e.HeldMs,
		deadlineMs: max(e.HeldMs+e.ForMs, e.EndMs), endedMs: e.EndMs,
	}
	switch {
	case e.State == stock.Sold:
		r.state, r.deadlineMs = sold, max(r.deadlineMs, e.EndMs+1)
	case e.State == stock.Released:
		r.state = released
	case e.EndMs <= nowMs:
		r.state, r.deadlineMs = expired, e.EndMs
	default:
		r.state, r.endedMs, r.deadlineMs = held, 0, e.EndMs
	}
	return r
}

// String is a row for a person.
func (r *row) String() string {
	return fmt.Sprintf("%s %d units of %q for %q since %d until %d", r.state, r.units, r.id,
		r.buyer, r.heldMs, r.endedMs)
}

// dated tells whether the store knows the deadline of a hold in this state for sure.
func (r *row) dated() bool { return r.state == held || r.state == expired }

// hold compares one hold that the store remembers.
func (d *differ) hold(r *row, e *stock.Event, nowMs int64) {
	want := wanted(e, nowMs)
	if r == nil {
		d.tell(want.id, "the hold", want.String(), "nothing")
		return
	}
	r.foundInMem = true
	if got := r.String(); got != want.String() {
		d.tell(want.id, "the hold", want.String(), got)
	}
	if want.dated() && r.deadlineMs != want.deadlineMs {
		d.tell(want.id, "its deadline", fmt.Sprint(want.deadlineMs), fmt.Sprint(r.deadlineMs))
	}
}

// rest looks at holds that the store does not remember: it may forget only what ended
// without a sale.
func (d *differ) rest(rows map[int64]*row) {
	for _, r := range rows {
		if !r.foundInMem && r.state != released && r.state != expired {
			d.tell(r.id, "the hold", "nothing", r.state)
		}
	}
}
