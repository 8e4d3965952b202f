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
	report AuditReport
	seen   map[int64]bool
}

// NewAudit opens the ledger of an URL for an audit of the stocks in one database of the store.
func NewAudit(ctx context.Context, url string, db int) (a *Audit, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	prepare(config)
	config.RuntimeParams["statement_timeout"] = "0"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	a = &Audit{conn: conn, db: db, seen: map[int64]bool{}}
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

// Close ends the audit.
func (a *Audit) Close(ctx context.Context) error { return a.conn.Close(ctx) }

// Position is up to where the ledger is.
func (a *Audit) Position() journal.Position { return a.report.Position }

// row is a hold in the database.
type row struct {
	id, buyer           string
	units               int64
	heldMs, deadlineMs  int64
	state               string
	endedMs             int64
	ordered, foundInMem bool
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
		from stampede.stock
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
	rows, err := a.rows(ctx, id)
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

// rows are the holds of a stock in the database, by fence.
func (a *Audit) rows(ctx context.Context, id int64) (map[int64]*row, error) {
	found, err := a.tx.Query(ctx, `
		select h.fence, h.hold_id, h.buyer, h.units, h.held_ms, h.deadline_ms, h.state::text,
			coalesce(h.ended_ms, 0), coalesce(o.hold_id = h.hold_id and o.buyer = h.buyer and
			o.units = h.units and o.sold_ms = h.ended_ms, false)
		from stampede.hold h left join stampede.orders o using (stock_id, fence)
		where h.stock_id = $1`, id)
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
			&r.endedMs, &r.ordered); err != nil {
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
		`select stock_id, db, key from stampede.stock where dropped_at is null and db = $1`, a.db)
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

// within compares the tables with each other: sums with holds, and holds with orders.
func (a *Audit) within(ctx context.Context) error {
	var sums, orders int64
	err := a.tx.QueryRow(ctx, `
		select count(*) from stampede.stock s left join (
			select stock_id, sum(units) filter (where state = 'held') as held,
				sum(units) filter (where state = 'sold') as sold
			from stampede.hold group by stock_id) h using (stock_id)
		where s.held <> coalesce(h.held, 0) or s.sold <> coalesce(h.sold, 0)`).Scan(&sums)
	if err != nil {
		return err
	}
	err = a.tx.QueryRow(ctx, `
		select count(*) from (select * from stampede.hold where state = 'sold') h
		full join stampede.orders o using (stock_id, fence)
		where h.units is distinct from o.units`).Scan(&orders)
	d := differ{a: a}
	if sums != 0 {
		d.tell("", "stocks of the ledger whose sums are not those of their holds", "0",
			fmt.Sprint(sums))
	}
	if orders != 0 {
		d.tell("", "holds and orders of the ledger without one another", "0", fmt.Sprint(orders))
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

// hold compares one hold that the store remembers.
func (d *differ) hold(r *row, e *stock.Event, nowMs int64) {
	state, endedMs := "", e.EndMs
	switch {
	case e.State == stock.Sold:
		state = sold
	case e.State == stock.Released:
		state = released
	case e.EndMs <= nowMs:
		state = expired
	default:
		state, endedMs = held, 0
	}
	say := func(id, buyer string, units, heldMs int64, state string, endedMs int64) string {
		return fmt.Sprintf("%s %d units of %q for %q since %d until %d", state, units, id, buyer,
			heldMs, endedMs)
	}
	want := say(string(e.ID), string(e.Buyer), e.Units, e.HeldMs, state, endedMs)
	if r == nil {
		d.tell(string(e.ID), "the hold", want, "nothing")
		return
	}
	r.foundInMem = true
	if got := say(r.id, r.buyer, r.units, r.heldMs, r.state, r.endedMs); got != want {
		d.tell(string(e.ID), "the hold", want, got)
	}
	if e.State == stock.Held && r.deadlineMs != e.EndMs {
		d.tell(string(e.ID), "its deadline", fmt.Sprint(e.EndMs), fmt.Sprint(r.deadlineMs))
	}
	if r.ordered != (r.state == sold) {
		d.tell(string(e.ID), "an order as the hold says", fmt.Sprint(state == sold),
			fmt.Sprint(r.ordered))
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
