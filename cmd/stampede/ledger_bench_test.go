// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgtest"
)

// What the benchmarks of a sale have in common: 64 clients, one product, for some seconds.
const (
	saleClients = 64
	saleTime    = 5 * time.Second
)

// BenchmarkSaleToTheLedger sells single units, each by a hold and a confirmation that are sent
// together, and is told when PostgreSQL has committed the sale. A client has one sale under
// way, or 16, as a program has that serves several buyers by one connection.
func BenchmarkSaleToTheLedger(b *testing.B) {
	cluster := pgtest.Start(b)
	for _, ack := range []string{"JOURNAL", "LEDGER"} {
		for _, depth := range []int{1, 16} {
			b.Run(fmt.Sprintf("ack %s, %d under way", ack, depth), func(b *testing.B) {
				url := cluster.Database(b)
				c := startChild(b, "--dir", b.TempDir(), "--fsync", "always", "--postgres", url)
				c.ledgerSays(b, "ledger_state:connected")
				ctx := context.Background()
				if err := c.client.Do(ctx, "STOCK.OPEN", "item", 1<<40).Err(); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					measureSale(b, c, ack, depth)
				}
				info := c.client.Info(ctx, "ledger").Val()
				for line := range strings.Lines(info) {
					var n float64
					for _, name := range []string{"batches", "rows", "batch_milliseconds"} {
						if _, err := fmt.Sscanf(line, "ledger_"+name+":%g", &n); err == nil {
							b.ReportMetric(n, name)
						}
					}
				}
			})
		}
	}
}

// measureSale lets all clients buy for a while.
func measureSale(b *testing.B, c *child, ack string, depth int) {
	var sold atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for i := range saleClients {
		all.Go(func() { buy(b, c.client.Options().Addr, i, ack, depth, start, &sold) })
	}
	all.Wait()
	b.ReportMetric(float64(sold.Load())/time.Since(start).Seconds(), "sold/s")
}

// buy buys so many units at a time, again and again.
func buy(
	b *testing.B, addr string, client int, ack string, depth int, start time.Time, sold *atomic.Int64,
) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	var calls []byte
	for n := 0; time.Since(start) < saleTime; {
		for calls = calls[:0]; n%depth != 0 || len(calls) == 0; n++ {
			id := fmt.Sprintf("%d-%d-%d", start.UnixNano(), client, n)
			calls = fmt.Appendf(calls, "STOCK.HOLD item %s buyer-%d 1\r\n"+
				"STOCK.CONFIRM item %s ACK %s\r\n", id, client, id, ack)
		}
		_, err := conn.Write(calls)
		for range 7 * depth { // the lines of HELD and of SOLD
			line, failed := in.ReadString('\n')
			if err = cmp.Or(err, failed); strings.HasPrefix(line, "-") {
				err = errors.New(line)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
		sold.Add(int64(depth))
	}
}

// BenchmarkSaleByHand is the best that a shop without a store does: one connection that
// takes 256 units and writes 256 orders in one transaction, again and again.
func BenchmarkSaleByHand(b *testing.B) {
	url := pgtest.Start(b).Database(b)
	ctx := b.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `create table item (id int primary key, cnt bigint);
		create table orders (id bigint generated always as identity primary key, item int, buyer text);
		insert into item values (1, 1000000000)`); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		start, sold := time.Now(), int64(0)
		for time.Since(start) < saleTime {
			tag, err := conn.Exec(ctx, `with taken as (
				update item set cnt = cnt - 256 where id = 1 and cnt >= 256 returning id)
				insert into orders (item, buyer)
				select id, 'buyer-' || n from taken, generate_series(1, 256) n`)
			if err != nil {
				b.Fatal(err)
			}
			sold += tag.RowsAffected()
		}
		b.ReportMetric(float64(sold)/time.Since(start).Seconds(), "sold/s")
	}
}
