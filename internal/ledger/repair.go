// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
	"stampede/internal/stock"
)

// Repair lets the ledger say what the store says, in one transaction. Until it ends the
// follower of the store waits; afterwards it reads the tables anew. Each row that is changed,
// added or removed is kept in the table correction, as it was and as it is.
type Repair struct {
	conn   *pgx.Conn
	tx     pgx.Tx
	number int64            // of the repair
	from   journal.Position // up to where the ledger was
	at     journal.Position // of the store
	db     int
	seen   map[int64]bool
	todo   *pgx.Batch
	count  int64
}

// ErrBehind says that the ledger has not got all that the store says.
var ErrBehind = errors.New("ledger: it is behind the store")

// BeginRepair begins a repair by the state of a store at a position of its journal, at which
// it stays until the end. Where there are no tables they are made. If the ledger must be
// there already and is not, that is [ErrBehind].
func BeginRepair(
	ctx context.Context, url string, id uint64, at journal.Position, there bool,
) (r *Repair, err error) {
	config, err := auditConfig(url)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, config); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	r = &Repair{at: at, seen: map[int64]bool{}, todo: new(pgx.Batch)}
	if r.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if err = r.lock(ctx, fmt.Sprintf("%016x", id), there); err != nil {
		return nil, errors.Join(err, r.Close(context.WithoutCancel(ctx)))
	}
	return r, nil
}

// lock keeps the follower out.
func (r *Repair) lock(ctx context.Context, mine string, there bool) (err error) {
	if r.tx, err = r.conn.Begin(ctx); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	var theirs string
	err = r.tx.QueryRow(ctx, `
		insert into stampede.ledger_position as l (journal, position, epoch, holder)
		values ($1, 0, 1, 'stampede audit --repair')
		on conflict (only_one) do update set repairs = l.repairs + 1
		returning journal, position, repairs`, mine).Scan(&theirs, &r.from, &r.number)
	switch {
	case err != nil:
		return fmt.Errorf("ledger: %w", err)
	case theirs != mine:
		return fmt.Errorf("%w: that of %s, not of %s", ErrOther, theirs, mine)
	case there && r.from != r.at:
		return fmt.Errorf("%w: at %d, not at %d", ErrBehind, r.from, r.at)
	}
	return nil
}

// Close ends a repair; without [Repair.Commit] nothing was changed.
func (r *Repair) Close(ctx context.Context) error { return r.conn.Close(ctx) }

// In says of which database the stocks are that come next.
func (r *Repair) In(db int) { r.db = db }

// Stock lets the ledger have one stock of the store, given as its header and its pieces.
func (r *Repair) Stock(ctx context.Context, key, header []byte, pieces [][]byte) error {
	h, err := stock.ReadHeader(header)
	if err != nil {
		return err
	}
	id, err := r.find(ctx, key, &h)
	if err != nil {
		return err
	}
	r.seen[id] = true
	has, err := holdsOf(ctx, r.tx, id)
	if err != nil {
		return err
	}
	heldUnits := int64(0)
	missing := map[int64]row{}
	for _, piece := range pieces {
		for e, err := range stock.Entries(piece) {
			if err != nil {
				return err
			}
			if e.State.Refused() {
				continue
			}
			want := wanted(&e, h.ChangedMs)
			if want.state == held {
				heldUnits += want.units
			}
			if got := has[e.Fence]; got == nil || !got.is(&want) {
				missing[e.Fence] = want
			}
			if has[e.Fence] != nil {
				has[e.Fence].foundInMem = true
			}
		}
	}
	for fence, got := range has {
		_, differs := missing[fence]
		forgotten := got.state == released || got.state == expired
		if differs || !got.foundInMem && !forgotten {
			r.remove(id, fence)
		}
	}
	if err := r.send(ctx); err != nil { // an id lives once: first those go that are wrong
		return err
	}
	for fence, want := range missing {
		r.add(id, fence, &want)
	}
	r.sums(id, &h, heldUnits)
	return r.send(ctx)
}

// is tells whether a row says what the store says.
func (r *row) is(want *row) bool {
	return r.String() == want.String() && (!want.dated() || r.deadlineMs == want.deadlineMs)
}

// find is the number of a stock, which is made if it is not there.
func (r *Repair) find(ctx context.Context, key []byte, h *stock.Header) (id int64, err error) {
	err = r.tx.QueryRow(ctx, `select stock_id from stampede.stock
		where db = $1 and sha256(key) = sha256($2) and dropped_at is null`, r.db, key).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = r.revive(ctx, key, h).Scan(&id)
		r.count++
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return id, err
	}
	err = r.tx.QueryRow(ctx, `with made as (
			insert into stampede.stock (stock_id, db, key, born_at, born_line, opened_ms, per_buyer)
			select coalesce(max(stock_id), 0) + 1, $1, $2, $3, 1 + coalesce(max(born_line)
				filter (where born_at = $3), 0), $4, $5
			from stampede.stock returning *)
		insert into stampede.correction (repair, position, stock_id, what, after)
		select $6, $3, stock_id, 'a stock that was missing', to_jsonb(made) from made
		returning stock_id`,
		r.db, key, int64(r.at), h.OpenedMs, h.Terms.PerBuyer, r.number).Scan(&id)
	return id, err
}

// revive lets a stock live that was dropped by mistake: the latest that had the key and was
// opened when the store says.
func (r *Repair) revive(ctx context.Context, key []byte, h *stock.Header) pgx.Row {
	return r.tx.QueryRow(ctx, `with old as (
			select * from stampede.stock where db = $1 and key = $2 and opened_ms = $3
			order by dropped_at desc limit 1),
		new as (update stampede.stock s set dropped_at = null from old
			where s.stock_id = old.stock_id returning s.*)
		insert into stampede.correction (repair, position, stock_id, what, before, after)
		select $4, $5, new.stock_id, 'a stock that was dropped', to_jsonb(old), to_jsonb(new)
		from old, new
		returning stock_id`, r.db, key, h.OpenedMs, r.number, int64(r.at))
}

// remove takes a hold out.
func (r *Repair) remove(id, fence int64) {
	r.count++
	r.todo.Queue(`with h as (
			delete from stampede.hold where stock_id = $1 and fence = $2 returning *)
		insert into stampede.correction (repair, position, stock_id, fence, what, before)
		select $3, $4, $1, $2, 'removed', to_jsonb(h) from h`,
		id, fence, r.number, int64(r.at))
}

// add writes a hold.
func (r *Repair) add(id, fence int64, want *row) {
	r.count++
	r.todo.Queue(`with h as (insert into stampede.hold (stock_id, fence, hold_id, buyer, units, held_ms,
				deadline_ms, state, ended_ms)
			values ($1, $2, $3, $4, $5, $6, $7, $8::text::stampede.hold_state, nullif($9::bigint, 0))
			returning *)
		insert into stampede.correction (repair, position, stock_id, fence, what, after)
		select $10, $11, $1, $2, 'added', to_jsonb(h) from h`,
		id, fence, []byte(want.id), []byte(want.buyer), want.units, want.heldMs, want.deadlineMs,
		want.state, want.endedMs, r.number, int64(r.at))
}

// sums lets the rows of a stock say what the store says. Whatever was told of it before the
// position is not told again.
func (r *Repair) sums(id int64, h *stock.Header, heldUnits int64) {
	r.todo.Queue(`with old as (
			select * from stampede.stock where stock_id = $1),
		new as (
			update stampede.stock set opened_ms = $2, closed_ms = nullif($3::bigint, 0),
				per_buyer = $4, born_at = least(born_at, $5)
			where stock_id = $1
			returning *)
		insert into stampede.correction (repair, position, stock_id, what, before, after)
		select $6, $5, $1, 'the stock', to_jsonb(old), to_jsonb(new) from old, new
		where to_jsonb(old) <> to_jsonb(new)`,
		id, h.OpenedMs, h.ClosedMs, h.Terms.PerBuyer, int64(r.at), r.number)
	r.todo.Queue(`with old as (
			select * from stampede.balance where stock_id = $1),
		new as (
			insert into stampede.balance as b (stock_id, applied_at, changed_ms, fence, units, held, sold)
			values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (stock_id) do update set applied_at = excluded.applied_at,
				changed_ms = excluded.changed_ms, fence = excluded.fence, units = excluded.units,
				held = excluded.held, sold = excluded.sold
			returning *)
		insert into stampede.correction (repair, position, stock_id, what, before, after)
		select $8, $2, $1, 'the sums', to_jsonb(old), to_jsonb(new) from new left join old on true
		where old is null or to_jsonb(old) - 'applied_at' <> to_jsonb(new) - 'applied_at'`,
		id, int64(r.at), h.ChangedMs, h.Fence, h.Units, heldUnits, h.Sold, r.number)
}

// sendMax bounds the statements that are sent together.
const sendMax = 1000

// send lets the database have what is to be done.
func (r *Repair) send(ctx context.Context) error {
	for queued := r.todo.QueuedQueries; len(queued) > 0; {
		n := min(len(queued), sendMax)
		part := &pgx.Batch{QueuedQueries: queued[:n]}
		if err := r.tx.SendBatch(ctx, part).Close(); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		queued = queued[n:]
	}
	r.todo = new(pgx.Batch)
	return nil
}

// What is in the database and not in the store, and what a stock lacks that is in neither.
const (
	strayStocksSQL = `
	with old as (select s.*, b.changed_ms from stampede.stock s
			left join stampede.balance b using (stock_id)
			where s.dropped_at is null and not s.stock_id = any($1)),
		ended as (update stampede.hold h set state = 'dropped',
				ended_ms = greatest(h.held_ms, old.changed_ms)
			from old where h.stock_id = old.stock_id and h.state = 'held'),
		freed as (update stampede.balance b set held = 0
			from old where b.stock_id = old.stock_id),
		new as (update stampede.stock s set dropped_at = greatest($3, s.born_at)
			from old where s.stock_id = old.stock_id returning s.*)
	insert into stampede.correction (repair, position, stock_id, what, before, after)
	select $2, $3, stock_id, 'a stock that the store does not have', to_jsonb(old), to_jsonb(new)
	from old join new using (stock_id)`
	strayHoldsSQL = `
	with lost as (delete from stampede.hold h where not stock_id = any($1) and not exists (
			select from stampede.stock s where s.stock_id = h.stock_id offset 0) returning *)
	insert into stampede.correction (repair, position, stock_id, fence, what, before)
	select $2, $3, stock_id, fence, 'a hold without a stock', to_jsonb(lost) from lost`
	straySumsSQL = `
	with lost as (delete from stampede.balance b where not stock_id = any($1) and not exists (
			select from stampede.stock s where s.stock_id = b.stock_id offset 0) returning *)
	insert into stampede.correction (repair, position, stock_id, what, before)
	select $2, $3, stock_id, 'sums without a stock', to_jsonb(lost) from lost`
	noSumsSQL = `
	with made as (insert into stampede.balance (stock_id, applied_at, changed_ms, fence, units,
				held, sold)
			select s.stock_id, $3, s.opened_ms, coalesce(max(h.fence), 0),
				coalesce(sum(h.units) filter (where h.state in ('held', 'sold')), 0),
				coalesce(sum(h.units) filter (where h.state = 'held'), 0),
				coalesce(sum(h.units) filter (where h.state = 'sold'), 0)
			from stampede.stock s left join stampede.hold h using (stock_id)
			where not s.stock_id = any($1) and not exists (
				select from stampede.balance b where b.stock_id = s.stock_id offset 0)
			group by s.stock_id returning *)
	insert into stampede.correction (repair, position, stock_id, what, after)
	select $2, $3, stock_id, 'a stock without sums', to_jsonb(made) from made`
)

// Commit removes what the store does not have, and ends the repair. It returns how many rows
// were corrected, sums apart.
func (r *Repair) Commit(ctx context.Context) (corrected int64, err error) {
	ids := slices.Collect(maps.Keys(r.seen))
	for _, sql := range []string{strayStocksSQL, strayHoldsSQL, straySumsSQL, noSumsSQL} {
		tag, err := r.tx.Exec(ctx, sql, ids, r.number, int64(r.at))
		if err != nil {
			return 0, fmt.Errorf("ledger: %w", err)
		}
		r.count += tag.RowsAffected()
	}
	_, err = r.tx.Exec(ctx, `update stampede.ledger_position
		set position = $1, written_at = now()`, int64(r.at))
	if err == nil {
		err = r.tx.Commit(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	return r.count, nil
}
