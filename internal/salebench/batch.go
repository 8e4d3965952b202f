// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"sync"
)

// batchMax is how many sales a transaction of the batch makes.
const batchMax = 256

// The statements of a batch. Requests are numbered within each product; who has a number up
// to the units that are there gets one.
const (
	batchSQL = `with wanted as (
			select product, id, buyer, row_number() over (partition by product order by place) as turn
			from unnest($1::bigint[], $2::bigint[], $3::text[]) with ordinality
				as w (product, id, buyer, place)),
		there as materialized (
			select id, cnt from stock where id = any($1) order by id for update),
		granted as materialized (
			select w.* from wanted w join there t on t.id = w.product where w.turn <= t.cnt),
		taken as (
			update stock s set cnt = cnt - g.n
			from (select product, count(*) as n from granted group by product) g
			where s.id = g.product)
		insert into orders (id, product, buyer) select id, product, buyer from granted
		returning id`

	// Nobody looks at what is there.
	batchPublished = `with wanted as (
			select * from unnest($1::bigint[], $2::bigint[], $3::text[]) as w (product, id, buyer)),
		taken as (
			update stock s set cnt = cnt - g.n
			from (select product, count(*) as n from wanted group by product) g
			where s.id = g.product)
		insert into orders (id, product, buyer) select id, product, buyer from wanted returning id`

	// Who sells to nobody has no requests to read and no answers to give.
	rowsSQL = `with there as (
			select id, least(cnt, $4) as n from stock where id = $1 and cnt > 0 for update),
		taken as (
			update stock s set cnt = s.cnt - t.n from there t where s.id = t.id)
		insert into orders (id, product, buyer)
		select $2 + g, t.id, $3 from there t, generate_series(0, t.n - 1) g`
)

// batchForms are those with a transaction for many sales.
func batchForms() []Form {
	return []Form{
		{
			Name: "batch", Title: "256 requests, one transaction", Kind: Grouped, Pipelined: true,
			HasPublished: true,
			Danger:       "without a guard it sells units that never were, 256 at a time",
			open:         openBatch,
		},
		{
			Name: "batch-rows", Title: "256 made-up rows each", Kind: Grouped,
			clients: 1, pipeline: batchMax,
			Danger: "a yardstick of the database only: it has no buyers",
			open:   openRows,
		},
	}
}

// batchShop is one connection that sells for all.
type batchShop struct {
	*postgresShop
	sql      string
	requests chan request
	stop     context.CancelFunc
	ended    sync.WaitGroup
}

// request is a purchase that waits for its batch.
type request struct {
	*purchase
	told func(error)
}

func openBatch(ctx context.Context, m *market, s shelf) (shop, error) {
	one := s
	one.clients = 1
	shop, err := openPostgres(ctx, m, one)
	if err != nil {
		return nil, err
	}
	b := &batchShop{postgresShop: shop, sql: batchSQL, requests: make(chan request, batchMax)}
	b.orders = true // also of what is published
	if s.published {
		b.sql = batchPublished
	}
	ctx, b.stop = context.WithCancel(ctx)
	b.ended.Go(func() { b.collect(ctx) })
	return b, nil
}

func (b *batchShop) close() error {
	b.stop()
	b.ended.Wait()
	return b.postgresShop.close()
}

// collect sells to those who have come while the batch before was on its way.
func (b *batchShop) collect(ctx context.Context) {
	batch := make([]request, 0, batchMax)
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-b.requests:
			batch = append(batch[:0], r)
		}
		for len(batch) < batchMax && len(b.requests) > 0 {
			batch = append(batch, <-b.requests)
		}
		err := b.sell(ctx, batch)
		for _, r := range batch {
			r.told(err)
		}
	}
}

// sell is one transaction.
func (b *batchShop) sell(ctx context.Context, batch []request) error {
	products, orders := make([]int64, len(batch)), make([]int64, len(batch))
	buyers := make([]string, len(batch))
	granted := make(map[int64]bool, len(batch))
	for i, r := range batch {
		products[i], orders[i], buyers[i] = r.product, r.order, buyerOf(r.purchase)
	}
	rows, err := b.pool.Query(ctx, b.sql, products, orders, buyers)
	if err != nil {
		return err
	}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			rows.Close()
			return err
		}
		granted[id] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, r := range batch {
		r.end(soldIf(granted[r.order]))
	}
	return nil
}

func (b *batchShop) client(context.Context) (client, error) { return batchClient{b}, nil }

// batchClient brings buyers to the one who sells.
type batchClient struct{ *batchShop }

func (c batchClient) close() error { return nil }

func (c batchClient) buy(ctx context.Context, buyers []purchase) error {
	var mu sync.Mutex
	var failure error
	var waiting sync.WaitGroup
	told := func(err error) {
		mu.Lock()
		failure = errors.Join(failure, err)
		mu.Unlock()
		waiting.Done()
	}
	for i := range buyers {
		waiting.Add(1)
		select {
		case c.requests <- request{&buyers[i], told}:
		case <-ctx.Done():
			told(ctx.Err())
		}
	}
	waiting.Wait()
	return failure
}

// openRows opens what makes rows for nobody.
func openRows(ctx context.Context, m *market, s shelf) (shop, error) {
	if s.products > 1 && !s.few {
		return nil, &Missing{"it is made for one product"}
	}
	s.products = 1
	shop, err := openPostgres(ctx, m, s)
	if err != nil {
		return nil, err
	}
	return rowsShop{shop}, nil
}

// rowsShop takes all the buyers of a call for one, who buys them all.
type rowsShop struct{ *postgresShop }

func (s rowsShop) client(context.Context) (client, error) { return rowsClient(s), nil }

type rowsClient struct{ *postgresShop }

func (c rowsClient) close() error { return nil }

func (c rowsClient) buy(ctx context.Context, buyers []purchase) error {
	first := &buyers[0]
	tag, err := c.pool.Exec(ctx, rowsSQL, first.product, first.order, buyerOf(first),
		int64(len(buyers)))
	if err != nil {
		return err
	}
	for i := range buyers {
		buyers[i].end(soldIf(int64(i) < tag.RowsAffected()))
	}
	return nil
}
