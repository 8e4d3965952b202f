// SPDX-License-Identifier: Apache-2.0

package ledger

// The statements of a batch; all go in one message, so that a commit takes one turn of the
// wire. A statement that ends holds changes the sums of their stocks itself, and one that must
// find its rows divides by zero if it does not. It finds them by a subquery with "offset 0",
// which the planner has to run for each row that is given, by an index: of tables that nobody
// has counted yet it would rather go through all rows for each. Columns are unnested side by
// side in a select list, which keeps no copy of the rows as a function in FROM does.
const (
	beginSQL  = `begin`
	commitSQL = `commit`
	replanSQL = `discard plans`

	moveSQL = `with moved as (
			update stampede.ledger_position set position = $1, written_at = now()
			where epoch = $2 and position = $3 and repairs = $4 returning 1)
		select 1 / count(*)::int from moved`

	openSQL = `insert into stampede.stock (stock_id, db, key, born_at, born_line, opened_ms,
			per_buyer, dropped_at, closed_ms)
		select unnest($1::bigint[]), unnest($2::int[]), unnest($3::bytea[]), unnest($4::bigint[]),
			unnest($5::int[]), unnest($6::bigint[]), unnest($7::bigint[]),
			nullif(unnest($8::bigint[]), 0), nullif(unnest($9::bigint[]), 0)`

	alterSQL = `update stampede.stock s set db = n.db, key = n.key,
			dropped_at = nullif(n.dropped_at, 0), closed_ms = nullif(n.closed_ms, 0)
		from (select unnest($1::bigint[]) as stock_id, unnest($2::int[]) as db,
			unnest($3::bytea[]) as key, unnest($4::bigint[]) as dropped_at,
			unnest($5::bigint[]) as closed_ms) n
		where s.stock_id = n.stock_id`

	replaceSQL = `with gone as (
			delete from stampede.hold h
			using (select unnest($1::bigint[]) as stock_id, unnest($2::bigint[]) as fence) n, lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and fence = n.fence offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units, h.state),
		d as (select stock_id,
				coalesce(sum(units) filter (where state = 'held'), 0)::bigint as held,
				coalesce(sum(units) filter (where state = 'sold'), 0)::bigint as sold
			from gone where state in ('held', 'sold') group by stock_id)
		update stampede.balance b set held = b.held - d.held, sold = b.sold - d.sold
		from d where b.stock_id = d.stock_id`

	changeSQL = `with done as (
			update stampede.hold h set state = n.state::stampede.hold_state,
				deadline_ms = coalesce(nullif(n.deadline_ms, 0), h.deadline_ms),
				ended_ms = case n.state when 'held' then null else n.ended_ms end
			from (select unnest($1::bigint[]) as stock_id, unnest($2::bytea[]) as hold_id,
					unnest($3::text[]) as state, unnest($4::bigint[]) as deadline_ms,
					unnest($5::bigint[]) as ended_ms) n, lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and hold_id = n.hold_id
					and state in ('held', 'sold') and state::text = 'held' offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units, h.state),
		d as (select stock_id, sum(units)::bigint as ended,
				coalesce(sum(units) filter (where state = 'sold'), 0)::bigint as sold
			from done where state <> 'held' group by stock_id),
		summed as (
			update stampede.balance b set held = b.held - d.ended, sold = b.sold + d.sold
			from d where b.stock_id = d.stock_id)
		select 1 / (count(*) = $6)::int from done`

	expireSQL = `with done as (
			update stampede.hold h set state = 'expired', ended_ms = h.deadline_ms
			from (select unnest($1::bigint[]) as stock_id, unnest($2::bigint[]) as now_ms) n, lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and state = 'held' and deadline_ms <= n.now_ms
				offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units),
		d as (select stock_id, sum(units)::bigint as ended from done group by stock_id)
		update stampede.balance b set held = b.held - d.ended
		from d where b.stock_id = d.stock_id`

	dropSQL = `with done as (
			update stampede.hold h set state = 'dropped', ended_ms = n.now_ms
			from (select unnest($1::bigint[]) as stock_id, unnest($2::bigint[]) as now_ms) n, lateral (
				select ctid as spot from stampede.hold
				where stock_id = n.stock_id and state = 'held' offset 0) found
			where h.ctid = found.spot
			returning h.stock_id, h.units),
		d as (select stock_id, sum(units)::bigint as ended from done group by stock_id)
		update stampede.balance b set held = b.held - d.ended
		from d where b.stock_id = d.stock_id`

	holdSQL = `insert into stampede.hold (stock_id, fence, hold_id, buyer, units, held_ms,
			deadline_ms, ended_ms, state)
		select unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bytea[]), unnest($4::bytea[]),
			unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]),
			nullif(unnest($8::bigint[]), 0), $9::text::stampede.hold_state`

	firstSumSQL = `insert into stampede.balance (stock_id, applied_at, changed_ms, fence, units, held,
			sold)
		select unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]),
			unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[])`

	sumSQL = `update stampede.balance b set applied_at = n.applied_at, changed_ms = n.changed_ms,
			fence = n.fence, units = n.units, held = b.held + n.held, sold = b.sold + n.sold
		from (select unnest($1::bigint[]) as stock_id, unnest($2::bigint[]) as applied_at,
			unnest($3::bigint[]) as changed_ms, unnest($4::bigint[]) as fence,
			unnest($5::bigint[]) as units, unnest($6::bigint[]) as held,
			unnest($7::bigint[]) as sold) n
		where b.stock_id = n.stock_id`
)
