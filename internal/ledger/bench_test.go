// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
	"stampede/internal/pgtest"
	"stampede/internal/stock"
)

// shelve opens products.
func (s *shop) shelve(products int) (end journal.Position) {
	for i := range products {
		s.open(fmt.Sprintf("item %d", i), 1<<40, stock.Terms{})
		end = s.commit()
	}
	s.log.Want(end)
	return end
}

// sell appends sales of single units, each a hold and a confirmation in records of their own,
// with so many other holds open in between.
func (s *shop) sell(products, sales, open int) (end journal.Position) {
	var queue []func()
	for i := range sales {
		key, id := fmt.Sprintf("item %d", i%products), fmt.Appendf(nil, "order-%020d", i)
		s.quiet(key, func(k *stock.Stock, l *stock.Log) {
			r := stock.Request{ID: id, Buyer: fmt.Appendf(nil, "buyer-%d", i), Units: 1}
			_, _ = k.Hold(s.nowMs, r, l)
		})
		queue = append(queue, func() {
			s.quiet(key, func(k *stock.Stock, l *stock.Log) { k.Confirm(s.nowMs, id, l) })
		})
		if len(queue) > open {
			queue[0]()
			queue = queue[1:]
		}
	}
	for _, confirm := range queue {
		confirm()
	}
	end = s.commit()
	s.log.Want(end)
	return end
}

// quiet is do without what may be taken back, and a record.
func (s *shop) quiet(key string, call func(*stock.Stock, *stock.Log)) {
	log := stock.Log{Effect: s.scratch[:0]}
	call(s.stocks[key], &log)
	s.tell(key, log.Effect)
	s.scratch = log.Effect
	s.commit()
}

// BenchmarkSales writes sales that are in the journal already. A sale is a hold and an order.
// Near: each is confirmed soon; far: behind 50 000 others, when its hold is in the database.
func BenchmarkSales(b *testing.B) {
	c := pgtest.Start(b)
	const sales = 100_000
	for _, form := range []struct {
		name           string
		products, open int
	}{
		{"one product, near", 1, 100}, {"one product, far", 1, 100_000},
		{"100000 products, near", 100_000, 100}, {"100000 products, far", 100_000, 50_000},
	} {
		b.Run(form.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, url := newShop(b), c.Database(b)
				l := s.follow(url)
				l.reach(s.shelve(form.products))
				l.end()
				end := s.sell(form.products, sales, form.open)
				b.StartTimer()
				start := time.Now()
				l = s.follow(url)
				l.reach(end)
				b.ReportMetric(sales/time.Since(start).Seconds(), "sales/s")
				b.ReportMetric(float64(l.Status().Batches), "batches")
				b.StopTimer()
				if n := query(b, url, `select sum(units) from stampede.orders`); n != sales {
					b.Fatalf("%d of %d sales", n, sales)
				}
				l.end()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkClassical is what a shop without a store does: each sale is a transaction of its
// own that takes a unit if there is one, and writes the order. 64 clients, one product.
func BenchmarkClassical(b *testing.B) {
	c := pgtest.Start(b)
	url := c.Database(b)
	ctx := b.Context()
	admin, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = admin.Close(ctx) }()
	if _, err := admin.Exec(ctx, `create table item (id int primary key, cnt bigint);
		create table orders (id bigint generated always as identity primary key, item int, buyer text);
		insert into item select g, 1000000000 from generate_series(1, 1000) g`); err != nil {
		b.Fatal(err)
	}
	for _, form := range []struct {
		name     string
		products int
	}{{"one product", 1}, {"1000 products", 1000}} {
		b.Run(form.name, func(b *testing.B) {
			const clients, took = 64, 4 * time.Second
			for b.Loop() {
				var sold atomic.Int64
				until, cancel := context.WithTimeout(ctx, took)
				var all sync.WaitGroup
				for i := range clients {
					all.Go(func() { classical(b, until, url, i, form.products, &sold) })
				}
				all.Wait()
				cancel()
				b.ReportMetric(float64(sold.Load())/took.Seconds(), "sales/s")
			}
		})
	}
}

// classical sells as one client until it is told to end.
func classical(
	b *testing.B, ctx context.Context, url string, client, products int, sold *atomic.Int64,
) {
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for n := client; ctx.Err() == nil; n += 64 {
		// One round trip: the best that the form can do.
		tag, err := conn.Exec(context.Background(), `with taken as (
			update item set cnt = cnt - 1 where id = $1 and cnt > 0 returning id)
			insert into orders (item, buyer) select id, $2 from taken`,
			1+n%products, fmt.Sprintf("buyer-%d", n))
		if err != nil {
			b.Error(err)
			return
		}
		sold.Add(tag.RowsAffected())
	}
}
