// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tables are what the classical forms sell from. The fill factor leaves room for new versions
// of a row beside the old one, which is good for all of them.
const tables = `
	create table stock (
		id bigint primary key, cnt bigint not null, crt_time timestamptz
	) with (fillfactor = 70);
	create table orders (
		id bigint primary key, product bigint not null, buyer text not null
	);
	create function sell_nowait(the_product bigint, the_order bigint, the_buyer text)
	returns int language plpgsql as $$
	declare
		there bigint;
	begin
		select cnt into there from stock where id = the_product for update nowait;
		if there <= 0 then
			return 2;
		end if;
		update stock set cnt = cnt - 1 where id = the_product;
		insert into orders (id, product, buyer) values (the_order, the_product, the_buyer);
		return 1;
	exception when lock_not_available then
		return 3;
	end $$;`

// productsKept is from how many products on a stock is used again by the next form.
const productsKept = 100_000

// applicationName is how our connections are known to the server.
const applicationName = "stampede bench sale"

// saleSQL serves one buyer. The published ones write no order.
type saleSQL func(ctx context.Context, pool *pgxpool.Pool, p *purchase) error

// postgresShop is a form of PostgreSQL that is open.
type postgresShop struct {
	shelf
	pool    *pgxpool.Pool
	buy     saleSQL
	left    int64 // units at the beginning, of all products
	orders  bool  // are recorded
	durable string
	started []*process // the server, if it is ours
}

func (s *postgresShop) servers() []*process { return s.started }

// openPostgres puts stock into tables and connects all clients.
func openPostgres(ctx context.Context, m *market, s shelf) (*postgresShop, error) {
	url, err := m.postgres(ctx)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	schema := schemaOf(s)
	config.ConnConfig.RuntimeParams["search_path"] = schema
	config.ConnConfig.RuntimeParams["application_name"] = applicationName
	config.MaxConns = int32(s.clients)
	if err := fill(ctx, config.ConnConfig, schema, s); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	shop := &postgresShop{shelf: s, pool: pool, orders: !s.published, started: m.databaseServer()}
	version, err := shop.connect(ctx)
	if err != nil {
		return nil, errors.Join(err, shop.close())
	}
	m.met("PostgreSQL " + version)
	return shop, nil
}

// schemaOf is where the tables of a run are.
func schemaOf(s shelf) string {
	if s.few {
		return "sale_to_the_end"
	}
	return "sale_for_some_time"
}

// fill makes the tables of a run, or takes what the run before has left if that is much.
func fill(ctx context.Context, config *pgx.ConnConfig, schema string, s shelf) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // all is committed
	if s.products >= productsKept && !s.few {
		var there int64
		err := conn.QueryRow(ctx, `select count(*) from stock where cnt > 0`).Scan(&there)
		if err == nil && there == s.products {
			_, err = conn.Exec(ctx, `truncate orders`)
			return err
		}
	}
	// Statements that are sent together are one transaction.
	if _, err = conn.Exec(ctx, fmt.Sprintf(`drop schema if exists %[1]s cascade;
		create schema %[1]s; %[2]s
		insert into stock select n, %[3]d from generate_series(0, %[4]d) n;`,
		schema, tables, s.units, s.products-1)); err == nil && s.products >= productsKept {
		_, err = conn.Exec(ctx, "vacuum analyze stock")
	}
	return err
}

// connect opens all connections, so that no buyer waits for that, and reads how it begins.
func (s *postgresShop) connect(ctx context.Context) (version string, err error) {
	var conns []*pgxpool.Conn
	defer func() {
		for _, conn := range conns {
			conn.Release()
		}
	}()
	for range s.clients {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return "", err
		}
		conns = append(conns, conn)
	}
	var fsync, commit string
	err = conns[0].QueryRow(ctx, `select sum(cnt)::bigint, current_setting('server_version'),
		current_setting('fsync'), current_setting('synchronous_commit') from stock`).Scan(
		&s.left, &version, &fsync, &commit)
	s.durable = "PostgreSQL, commit on disk"
	if fsync != "on" || commit == "off" {
		s.durable = fmt.Sprintf("PostgreSQL, fsync %s, synchronous_commit %s", fsync, commit)
	}
	return version, err
}

func (s *postgresShop) durability() string { return s.durable }

func (s *postgresShop) close() error {
	s.pool.Close()
	return nil
}

// postgresClient is that of a shop whose buyers need nothing of their own.
type postgresClient struct{ *postgresShop }

func (c postgresClient) close() error { return nil }

func (c postgresClient) buy(ctx context.Context, buyers []purchase) error {
	for i := range buyers {
		if err := c.postgresShop.buy(ctx, c.pool, &buyers[i]); err != nil {
			return err
		}
	}
	return nil
}

// books counts rows. What a product is below zero was never there.
func (s *postgresShop) books(ctx context.Context) (books, error) {
	b := books{units: s.left, recorded: s.orders}
	if err := s.quiet(ctx); err != nil {
		return b, err
	}
	err := s.pool.QueryRow(ctx, `select $1 - sum(greatest(cnt, 0))::bigint,
		sum(greatest(-cnt, 0))::bigint, (select count(*) from orders) from stock`, s.left).Scan(
		&b.gone, &b.over, &b.orders)
	if err != nil {
		return b, err
	}
	var locks int64
	err = s.pool.QueryRow(ctx, `select count(distinct pid) from pg_locks
		where locktype = 'advisory' and granted
		and database = (select oid from pg_database where datname = current_database())`,
	).Scan(&locks)
	if locks > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d connections of the pool still hold a lock", locks))
	}
	return b, err
}

// quiet waits until what clients were cut off from has ended, too.
func (s *postgresShop) quiet(ctx context.Context) error {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		var busy int64
		err := s.pool.QueryRow(ctx, `select count(*) from pg_stat_activity
			where application_name = $1 and datname = current_database()
			and state <> 'idle' and pid <> pg_backend_pid()`, applicationName).Scan(&busy)
		if err != nil || busy == 0 {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
