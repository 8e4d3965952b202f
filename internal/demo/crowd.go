// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/redis/go-redis/v9"
)

// Bounds of the histograms, in microseconds.
const (
	latencyMaxUs    = int64(10 * time.Minute / time.Microsecond)
	latencyFigures  = 3
	microsPerMilli  = 1000.0
	percentileOfP50 = 50
	percentileOfP99 = 99
)

// newHistogram makes an empty histogram of microseconds.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, latencyMaxUs, latencyFigures)
}

// crowd is the buyers of one sale.
type crowd struct {
	client      *redis.Client
	recipe      Recipe
	sale        Sale
	buyers      int64
	connections int

	sold, refused, tries atomic.Int64
	openedNs, closedNs   atomic.Int64 // Unix time; 0: not yet

	mu       sync.Mutex
	orders   []Order // what buyers were told
	waited   *hdrhistogram.Histogram
	lastSale time.Time
}

// newCrowd makes the crowd of a sale that is not open yet.
func newCrowd(client *redis.Client, r Recipe, sale Sale, buyers, connections int) *crowd {
	return &crowd{
		client: client, recipe: r, sale: sale, buyers: int64(buyers),
		connections: min(connections, buyers), waited: newHistogram(),
	}
}

// buy opens the sale and returns when every buyer was served, or after the first error.
func (c *crowd) buy(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	c.openedNs.Store(time.Now().UnixNano())
	var next atomic.Int64
	var queues sync.WaitGroup
	for range c.connections {
		queues.Go(func() {
			for buyer := next.Add(1); buyer <= c.buyers && ctx.Err() == nil; buyer = next.Add(1) {
				if err := c.serve(ctx, int(buyer)); err != nil {
					fail(fmt.Errorf("demo: recipe %s, buyer %d: %w", c.recipe.Name(), buyer, err))
				}
			}
		})
	}
	queues.Wait()
	c.closedNs.Store(time.Now().UnixNano())
	return context.Cause(ctx)
}

// serve lets one buyer buy and keeps the books.
func (c *crowd) serve(ctx context.Context, buyer int) error {
	came := time.Now()
	purchase, err := c.recipe.Buy(ctx, c.client, &c.sale, buyer)
	if err != nil {
		return err
	}
	c.tries.Add(int64(purchase.Tries))
	if purchase.Order.ID == "" {
		c.refused.Add(1)
		return nil
	}
	c.sold.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastSale = time.Now()
	c.orders = append(c.orders, purchase.Order)
	_ = c.waited.RecordValue(min(c.lastSale.Sub(came).Microseconds(), latencyMaxUs))
	return nil
}

// elapsed is how long the sale has been open, or was.
func (c *crowd) elapsed() time.Duration {
	opened, closed := c.openedNs.Load(), c.closedNs.Load()
	if opened == 0 {
		return 0
	}
	if closed == 0 {
		closed = time.Now().UnixNano()
	}
	return time.Duration(closed - opened)
}

// result compares the books of a sale that is over. Only then may it be called.
func (c *crowd) result(ctx context.Context) (Result, error) {
	recorded, err := c.client.HGetAll(ctx, c.sale.ordersKey()).Result()
	if err != nil {
		return Result{}, fmt.Errorf("demo: orders of recipe %s: %w", c.recipe.Name(), err)
	}
	count, err := c.recipe.Count(ctx, c.client, &c.sale)
	if err != nil {
		return Result{}, fmt.Errorf("demo: count of recipe %s: %w", c.recipe.Name(), err)
	}
	r := Result{
		Name: c.recipe.Name(), Title: c.recipe.Title(), Buyers: c.buyers,
		Refused: c.refused.Load(), Tries: c.tries.Load(), Left: count.Left,
		PaymentMs: float64(c.sale.Payment) / float64(time.Millisecond),
		Seconds:   c.elapsed().Seconds(),
		P50Ms:     float64(c.waited.ValueAtPercentile(percentileOfP50)) / microsPerMilli,
		P99Ms:     float64(c.waited.ValueAtPercentile(percentileOfP99)) / microsPerMilli,
	}
	r.TriesPerSecond = perSecond(r.Tries, c.elapsed())
	if len(c.orders) > 0 {
		soldOut := c.lastSale.Sub(time.Unix(0, c.openedNs.Load()))
		r.SoldPerSecond = perSecond(int64(len(c.orders)), soldOut)
	}
	r.audit(books{stock: c.sale.Stock, told: c.orders, recorded: recorded, count: count})
	r.Lessons = c.recipe.Lessons(r)
	return r, nil
}

// perSecond is a rate; of no time it is zero.
func perSecond(n int64, elapsed time.Duration) float64 {
	if elapsed <= 0 {
		return 0
	}
	return float64(n) / elapsed.Seconds()
}
