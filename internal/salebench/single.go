// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lockOffset keeps our advisory locks apart from those of other tables.
const lockOffset = 7_000_000_000

// lockOf is the advisory lock of a product.
func lockOf(p *purchase) int64 { return lockOffset + p.product }

// The statements of sales. One that must tell a busy product from a sold-out one returns how
// many orders it made, and how many units there were when it began.
const (
	conditionalSQL = `with taken as (
			update stock set cnt = cnt - 1 where id = $1 and cnt > 0 returning id)
		insert into orders (id, product, buyer) select $2, id, $3 from taken`

	skipLockedSQL = `with free as (
			select id from stock where id = $1 and cnt > 0 for update skip locked),
		taken as (
			update stock s set cnt = cnt - 1 from free where s.id = free.id returning s.id),
		ordered as (
			insert into orders (id, product, buyer) select $2, id, $3 from taken returning 1)
		select (select count(*) from ordered), (select cnt from stock where id = $1)`

	// The guard stands before the lock: a product that is sold out takes none.
	tryLockSQL = `with taken as (
			update stock set cnt = cnt - 1
			where id = $1 and cnt > 0 and pg_try_advisory_xact_lock($4) returning id),
		ordered as (
			insert into orders (id, product, buyer) select $2, id, $3 from taken returning 1)
		select (select count(*) from ordered), (select cnt from stock where id = $1)`
)

// The statements as they are published: without a guard, without orders.
const (
	plainPublished = `update stock set cnt = cnt - 1, crt_time = now() where id = $1`
	skipPublished  = `update stock set cnt = cnt - 1, crt_time = now() where id = (
			select id from stock where id = $1 for update skip locked)`
	tryPublished = `update stock set cnt = cnt - 1, crt_time = now()
		where id = $1 and pg_try_advisory_xact_lock($1)`
	nowaitPublished = `do $$ begin
			perform 1 from stock where id = %[1]d for update nowait;
			update stock set cnt = cnt - 1, crt_time = now() where id = %[1]d;
		exception when others then return; end $$`
)

// singleForms are those with a transaction for each sale.
func singleForms() []Form {
	return []Form{
		single("conditional", "update … where cnt > 0", conditional,
			published(plainPublished, busy),
			"without the guard cnt > 0 it sells units that never were"),
		single("nowait", "select … for update nowait", nowait, nowaitAsPublished,
			"who finds the row locked is turned away, and exception when others hides it: all are "+
				"told that they have bought"),
		single("skip-locked", "for update skip locked", counted(skipLockedSQL),
			published(skipPublished, busy),
			"who finds the row locked is turned away though units remain"),
		single("advisory-try", "pg_try_advisory_xact_lock", counted(tryLockSQL, lockOf),
			published(tryPublished, busy),
			"who does not get the lock is turned away though units remain; no guard, no orders"),
		single("advisory-wait", "pg_advisory_xact_lock", advisoryWait, advisoryWaitAsPublished,
			"each buyer waits for all before him; without a guard it sells units that never were"),
		single("advisory-session", "pg_advisory_lock, session", advisorySession,
			advisorySessionAsPublished,
			"a lock that is not released stays with the pooled connection: the product is lost"),
	}
}

// single makes a form of how it sells, exactly and as published.
func single(name, title string, exact, published saleSQL, danger string) Form {
	return Form{
		Name: name, Title: title, Kind: SingleRow, HasPublished: true, Danger: danger,
		open: func(ctx context.Context, m *market, s shelf) (shop, error) {
			shop, err := openPostgres(ctx, m, s)
			if err != nil {
				return nil, err
			}
			shop.buy = exact
			if s.published {
				shop.buy = published
			}
			return singleShop{shop}, nil
		},
	}
}

// singleShop is a shop whose clients share the pool and have nothing else.
type singleShop struct{ *postgresShop }

func (s singleShop) client(context.Context) (client, error) {
	return postgresClient(s), nil
}

// buyerOf names the buyer of an order.
func buyerOf(p *purchase) string { return fmt.Sprintf("buyer-%d", p.order) }

// conditional waits in the queue of the row's lock, if there is one.
func conditional(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	tag, err := pool.Exec(ctx, conditionalSQL, p.product, p.order, buyerOf(p))
	if err == nil {
		p.end(soldIf(tag.RowsAffected() == 1))
	}
	return err
}

// soldIf is the outcome where nobody is turned away while units remain.
func soldIf(yes bool) outcome { return soldOr(soldOut, yes) }

func soldOr(otherwise outcome, yes bool) outcome {
	if yes {
		return sold
	}
	return otherwise
}

// counted runs a statement that tells orders and units.
func counted(sql string, more ...func(*purchase) int64) saleSQL {
	return func(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
		arguments := []any{p.product, p.order, buyerOf(p)}
		for _, one := range more {
			arguments = append(arguments, one(p))
		}
		var orders, units int64
		if err := pool.QueryRow(ctx, sql, arguments...).Scan(&orders, &units); err != nil {
			return err
		}
		switch {
		case orders == 1:
			p.end(sold)
		case units > 0:
			p.end(busy)
		default:
			p.end(soldOut)
		}
		return nil
	}
}

// published runs a statement whose number of rows is all that is known.
func published(sql string, otherwise outcome) saleSQL {
	return func(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
		tag, err := pool.Exec(ctx, sql, p.product)
		if err != nil {
			return err
		}
		p.end(soldOr(otherwise, tag.RowsAffected() == 1))
		return nil
	}
}

// nowait is a function, so that it can answer: a DO block cannot.
func nowait(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	var answer int
	err := pool.QueryRow(ctx, `select sell_nowait($1, $2, $3)`, p.product, p.order,
		buyerOf(p)).Scan(&answer)
	if err == nil {
		p.end(outcome(answer))
	}
	return err
}

// nowaitAsPublished cannot tell what has happened: without an error it is a sale.
func nowaitAsPublished(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, fmt.Sprintf(nowaitPublished, p.product),
		pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	p.end(sold)
	return nil
}

// advisoryWait takes the lock in a statement before the sale: what the sale sees is then what
// the one before has left. Both are one transaction and one round trip.
func advisoryWait(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	b := new(pgx.Batch)
	b.Queue(`select pg_advisory_xact_lock($1)`, lockOf(p))
	b.Queue(conditionalSQL, p.product, p.order, buyerOf(p))
	return oneTransaction(ctx, pool, b, p, soldOut)
}

func advisoryWaitAsPublished(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	b := new(pgx.Batch)
	b.Queue(`select pg_advisory_xact_lock($1)`, p.product)
	b.Queue(plainPublished, p.product)
	return oneTransaction(ctx, pool, b, p, busy)
}

// oneTransaction sends statements together, of which the second tells whether it was a sale.
func oneTransaction(
	ctx context.Context, pool *pgxpool.Pool, b *pgx.Batch, p *purchase, otherwise outcome,
) error {
	results := pool.SendBatch(ctx, b)
	_, err := results.Exec()
	if err != nil {
		return errors.Join(err, results.Close())
	}
	tag, err := results.Exec()
	if err = errors.Join(err, results.Close()); err != nil {
		return err
	}
	p.end(soldOr(otherwise, tag.RowsAffected() == 1))
	return nil
}

// advisorySession holds the lock over several statements, and in the end gives it back on the
// connection that took it. If that fails the connection must go.
func advisorySession(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, lockOf(p)); err != nil {
		return err
	}
	tag, err := conn.Exec(ctx, conditionalSQL, p.product, p.order, buyerOf(p))
	if err == nil {
		_, err = conn.Exec(ctx, `select pg_advisory_unlock($1)`, lockOf(p))
	}
	if err != nil {
		return errors.Join(err, conn.Conn().Close(context.WithoutCancel(ctx)))
	}
	p.end(soldIf(tag.RowsAffected() == 1))
	return nil
}

// declinedEvery is how many payments there are to one that is declined.
const declinedEvery = 4

// advisorySessionAsPublished returns early when a payment is declined: the lock stays with the
// connection, and the connection goes back to the pool.
func advisorySessionAsPublished(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var granted bool
	err = conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, p.product).Scan(&granted)
	if err != nil {
		return err
	}
	if !granted || p.order%declinedEvery == 0 {
		p.end(busy)
		return nil
	}
	if _, err := conn.Exec(ctx, plainPublished, p.product); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `select pg_advisory_unlock($1)`, p.product); err != nil {
		return err
	}
	p.end(sold)
	return nil
}
