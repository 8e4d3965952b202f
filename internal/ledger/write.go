// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// sums are what the new rows of a batch change in the sums of a stock.
type sums struct{ held, sold int64 }

// The statements of a batch, in their order; all go in one message, so that a commit takes
// one turn of the wire. A statement that ends holds changes the sums of their stocks itself,
// and one that must find its rows divides by zero if it does not. It finds them by a subquery
// with "offset 0", which the planner has to run for each row that is given, by an index: of
// tables that nobody has counted yet it would rather go through all rows for each.
const (
	beginSQL  = `begin`
	commitSQL = `commit`

	moveSQL = `with moved as (
			update stampede.ledger_position set position = $1, written_at = now()
			where epoch = $2 and position = $3 and repairs = $4 returning 1)
		select 1 / count(*)::int from moved`

	openSQL = `insert into stampede.stock (stock_id, db, key, born_at, born_line, applied_at,
			opened_ms, changed_ms, per_buyer, fence, units, free, held, sold)
		select *, 0, 0 from unnest($1::bigint[], $2::int[], $3::bytea[], $4::bigint[], $5::int[],
			$6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
			$11::bigint[])`

	replaceOrdersSQL = `delete from stampede.orders o
		using unnest($1::bigint[], $2::bigint[]) as n (stock_id, fence)
		where o.stock_id = n.stock_id and o.fence = n.fence`
	replaceSQL = `with gone as (
			delete from stampede.hold h
			using unnest($1::bigint[], $2::bigint[]) as n (stock_id, fence), lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and fence = n.fence offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units, h.state),
		d as (select stock_id,
				coalesce(sum(units) filter (where state = 'held'), 0)::bigint as held,
				coalesce(sum(units) filter (where state = 'sold'), 0)::bigint as sold
			from gone where state in ('held', 'sold') group by stock_id)
		update stampede.stock s set
			held = s.held - d.held, sold = s.sold - d.sold, free = s.free + d.held + d.sold
		from d where s.stock_id = d.stock_id`

	changeSQL = `with done as (
			update stampede.hold h set state = n.state::stampede.hold_state,
				deadline_ms = coalesce(nullif(n.deadline_ms, 0), h.deadline_ms),
				ended_ms = case n.state when 'held' then null else n.ended_ms end
			from unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[])
				as n (stock_id, hold_id, state, deadline_ms, ended_ms), lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and hold_id = n.hold_id
					and state in ('held', 'sold') and state::text = 'held' offset 0) found
			where h.ctid = found.spot
			returning h.*),
		ordered as (
			insert into stampede.orders (stock_id, fence, hold_id, buyer, units, sold_ms)
			select stock_id, fence, hold_id, buyer, units, ended_ms from done where state = 'sold'),
		d as (select stock_id, sum(units)::bigint as ended,
				coalesce(sum(units) filter (where state = 'sold'), 0)::bigint as sold
			from done where state <> 'held' group by stock_id),
		summed as (
			update stampede.stock s set
				held = s.held - d.ended, sold = s.sold + d.sold, free = s.free + d.ended - d.sold
			from d where s.stock_id = d.stock_id)
		select 1 / (count(*) = $6)::int from done`

	expireSQL = `with done as (
			update stampede.hold h set state = 'expired', ended_ms = h.deadline_ms
			from unnest($1::bigint[], $2::bigint[]) as n (stock_id, now_ms), lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and state = 'held' and deadline_ms <= n.now_ms
				offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units),
		d as (select stock_id, sum(units)::bigint as ended from done group by stock_id)
		update stampede.stock s set held = s.held - d.ended, free = s.free + d.ended
		from d where s.stock_id = d.stock_id`

	dropSQL = `with done as (
			update stampede.hold h set state = 'dropped', ended_ms = n.now_ms
			from unnest($1::bigint[], $2::bigint[]) as n (stock_id, now_ms), lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and state = 'held' offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units),
		d as (select stock_id, sum(units)::bigint as ended from done group by stock_id)
		update stampede.stock s set held = s.held - d.ended, free = s.free + d.ended
		from d where s.stock_id = d.stock_id`

	holdSQL = `insert into stampede.hold (stock_id, fence, hold_id, buyer, units, held_ms,
			deadline_ms, state, ended_ms)
		select stock_id, fence, hold_id, buyer, units, held_ms, deadline_ms,
			state::stampede.hold_state, nullif(ended_ms, 0)
		from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[],
			$6::bigint[], $7::bigint[], $8::text[], $9::bigint[])
			as n (stock_id, fence, hold_id, buyer, units, held_ms, deadline_ms, state, ended_ms)`

	orderSQL = `insert into stampede.orders (stock_id, fence, hold_id, buyer, units, sold_ms)
		select * from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[],
			$6::bigint[])`

	sumSQL = `update stampede.stock s set
			applied_at = n.applied_at, dropped_at = nullif(n.dropped_at, 0),
			changed_ms = n.changed_ms, closed_ms = nullif(n.closed_ms, 0), fence = n.fence,
			units = n.units, held = s.held + n.held, sold = s.sold + n.sold,
			free = n.units - s.held - n.held - s.sold - n.sold
		from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
			$6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
			as n (stock_id, applied_at, dropped_at, changed_ms, closed_ms, fence, units, held, sold)
		where s.stock_id = n.stock_id`

	renameSQL = `update stampede.stock s set db = n.db, key = n.key
		from unnest($1::bigint[], $2::int[], $3::bytea[]) as n (stock_id, db, key)
		where s.stock_id = n.stock_id`
)

// write commits a batch: its rows and the position behind it. An error does not tell that
// nothing was committed.
func (f *follower) write(ctx context.Context, b *batch) (err error) {
	b.settle()
	p := new(pgx.Batch)
	p.Queue(beginSQL)
	p.Queue(moveSQL, int64(b.to), f.epoch, int64(b.from), f.repairs)
	b.queueOpen(p)
	if len(b.replaced) > 0 {
		stocks, fences := columnsOf(b.replaced)
		p.Queue(replaceOrdersSQL, stocks, fences)
		p.Queue(replaceSQL, stocks, fences)
	}
	b.queueChanges(p)
	b.queueFates(p)
	deltas := make(map[int64]sums, len(b.accounts))
	b.queueHolds(p, deltas)
	b.queueSums(p, deltas)
	p.Queue(commitSQL)

	results := f.conn.SendBatch(ctx, p)
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed // else it is the same one
		}
	}()
	for _, query := range p.QueuedQueries {
		tag, err := results.Exec()
		if err != nil {
			return b.explain(query.SQL, err)
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
func (to *batch) explain(statement string, err error) error {
	var server *pgconn.PgError
	if !errors.As(err, &server) || server.Code != divisionByZero {
		return err
	}
	switch statement {
	case moveSQL:
		return errMoved
	case changeSQL:
		return fmt.Errorf("%w: it does not hold all of the %d holds that ended or were extended "+
			"before position %d", ErrDrift, len(to.changes), to.to)
	}
	return err
}

func columnsOf(places []place) (stocks, fences []int64) {
	for _, at := range places {
		stocks, fences = append(stocks, at.stock), append(fences, at.fence)
	}
	return stocks, fences
}

func (to *batch) queueOpen(p *pgx.Batch) {
	var ids, born, applied, opened, changed, perBuyer, fences, units []int64
	var dbs, lines []int32
	var keys [][]byte
	for _, a := range to.accounts {
		if !a.fresh {
			continue
		}
		ids, dbs, keys = append(ids, a.id), append(dbs, int32(a.db)), append(keys, []byte(a.key))
		born, lines = append(born, int64(a.birth.at)), append(lines, int32(a.birth.line))
		applied, opened = append(applied, int64(a.reached)), append(opened, a.openedMs)
		changed, perBuyer = append(changed, a.changedMs), append(perBuyer, a.perBuyer)
		fences, units = append(fences, a.fence), append(units, a.units)
	}
	if len(ids) > 0 {
		p.Queue(openSQL, ids, dbs, keys, born, lines, applied, opened, changed, perBuyer, fences,
			units)
	}
}

func (to *batch) queueChanges(p *pgx.Batch) {
	var stocks, deadlines, ended []int64
	var ids [][]byte
	var states []string
	for _, n := range to.order {
		c := to.changes[n]
		if c == nil {
			continue // what came later replaced it
		}
		stocks, ids = append(stocks, n.stock), append(ids, []byte(n.id))
		states, deadlines = append(states, c.state), append(deadlines, c.deadlineMs)
		ended = append(ended, c.endedMs)
	}
	if len(stocks) > 0 {
		p.Queue(changeSQL, stocks, ids, states, deadlines, ended, len(stocks))
	}
}

// queueFates ends the holds that ended because of the time, or with their stock.
func (to *batch) queueFates(p *pgx.Batch) {
	var stocks, nows, droppedStocks, droppedNows []int64
	for _, a := range to.accounts {
		if a.fresh {
			continue
		}
		stocks, nows = append(stocks, a.id), append(nows, a.changedMs)
		if a.dropped > 0 {
			droppedStocks, droppedNows = append(droppedStocks, a.id), append(droppedNows, a.changedMs)
		}
	}
	if len(stocks) > 0 {
		p.Queue(expireSQL, stocks, nows)
	}
	if len(droppedStocks) > 0 {
		p.Queue(dropSQL, droppedStocks, droppedNows)
	}
}

// rows are the columns of new holds, or of their orders.
type rows struct {
	stocks, fences, units, held, deadlines, ended []int64
	ids, buyers                                   [][]byte
	states                                        []string
}

func (r *rows) add(h *hold) {
	r.stocks, r.fences = append(r.stocks, h.account.id), append(r.fences, h.fence)
	r.ids, r.buyers = append(r.ids, []byte(h.id)), append(r.buyers, []byte(h.buyer))
	r.units, r.ended = append(r.units, h.units), append(r.ended, h.endedMs)
	r.held, r.deadlines = append(r.held, h.heldMs), append(r.deadlines, h.deadlineMs)
	r.states = append(r.states, h.state)
}

func (to *batch) queueHolds(p *pgx.Batch, deltas map[int64]sums) {
	var all, orders rows
	for i := range to.rows {
		h := &to.rows[i]
		if h.forgotten {
			continue
		}
		all.add(h)
		d := deltas[h.account.id]
		switch h.state {
		case held:
			d.held += h.units
		case sold:
			d.sold += h.units
			orders.add(h)
		}
		deltas[h.account.id] = d
	}
	if len(all.stocks) > 0 {
		p.Queue(holdSQL, all.stocks, all.fences, all.ids, all.buyers, all.units, all.held,
			all.deadlines, all.states, all.ended)
	}
	if len(orders.stocks) > 0 {
		p.Queue(orderSQL, orders.stocks, orders.fences, orders.ids, orders.buyers, orders.units,
			orders.ended)
	}
}

func (to *batch) queueSums(p *pgx.Batch, deltas map[int64]sums) {
	var ids, applied, gone, changed, closed, fences, units, heldUnits, soldUnits []int64
	var moved []int64
	var dbs []int32
	var keys [][]byte
	for _, a := range to.accounts {
		d := deltas[a.id]
		ids, applied = append(ids, a.id), append(applied, int64(a.reached))
		gone, changed = append(gone, int64(a.dropped)), append(changed, a.changedMs)
		closed, fences = append(closed, a.closedMs), append(fences, a.fence)
		units, heldUnits = append(units, a.units), append(heldUnits, d.held)
		soldUnits = append(soldUnits, d.sold)
		if a.moved && !a.fresh {
			moved, dbs = append(moved, a.id), append(dbs, int32(a.db))
			keys = append(keys, []byte(a.key))
		}
	}
	if len(ids) > 0 {
		p.Queue(sumSQL, ids, applied, gone, changed, closed, fences, units, heldUnits, soldUnits)
	}
	if len(moved) > 0 {
		p.Queue(renameSQL, moved, dbs, keys)
	}
}
