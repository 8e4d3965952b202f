// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of the histograms, in microseconds.
const (
	latencyMaxUs   = int64(10 * time.Minute / time.Microsecond)
	latencyFigures = 3
	microsPerMilli = 1000.0
)

// sellOutMax bounds the time of a sale that waits for the last buyer.
const sellOutMax = time.Minute

// crowd is the buyers of one run.
type crowd struct {
	shelf
	buyers      int64     // who come; 0: as many as can be served in the time
	from, until time.Time // what ends between them is counted
	seed        uint64

	came atomic.Int64 // buyers so far
	sold atomic.Int64 // units so far
}

// tally is what one client has seen.
type tally struct {
	attempts, sold, refused int64 // in the time that is counted
	told                    int64 // sales at any time
	waits                   *hdrhistogram.Histogram
	last                    time.Time // of the last sale
}

func newTally() *tally {
	return &tally{waits: hdrhistogram.New(1, latencyMaxUs, latencyFigures)}
}

// sell opens the doors of a shop and compares the books when everyone has gone.
func (m *market) sell(ctx context.Context, s shop, stock shelf, what string) (Sale, error) {
	c := &crowd{shelf: stock, seed: m.Seed}
	clients := make([]client, 0, stock.clients)
	defer func() {
		for _, one := range clients {
			_ = one.close() // all that it was asked has been answered, or was cut off
		}
	}()
	for range stock.clients {
		one, err := s.client(ctx)
		if err != nil {
			return Sale{}, err
		}
		clients = append(clients, one)
	}
	lasts := m.Duration
	c.from = time.Now()
	if stock.few {
		c.buyers, lasts = 2*stock.units*stock.products, sellOutMax
	} else {
		c.from = c.from.Add(min(time.Duration(warmUp*float64(lasts)), warmUpMax))
	}
	c.until = c.from.Add(lasts)
	stop, took := m.show(what, c), cpuTime(s.servers())
	sum, err := c.serve(ctx, clients)
	took = cpuTime(s.servers()) - took
	stop()
	if err != nil {
		return Sale{}, err
	}
	b, err := s.books(ctx)
	if err != nil {
		return Sale{}, err
	}
	result := c.result(sum, b)
	result.CPUMicros = float64(took.Microseconds()) / float64(max(b.gone+b.over, 1))
	return result, nil
}

// show lets people watch a crowd until stop is called.
func (m *market) show(what string, c *crowd) (stop func()) {
	if m.Watch == nil {
		return func() {}
	}
	ended, shown := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(shown)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			m.Watch(what, c.share())
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() {
		close(ended)
		<-shown
	}
}

// share is how far a crowd has come, from 0 to 1.
func (c *crowd) share() float64 {
	if c.few {
		return min(float64(c.came.Load())/float64(c.buyers), 1)
	}
	return max(0, min(1, float64(time.Since(c.from))/float64(c.until.Sub(c.from))))
}

// serve lets all clients serve buyers until none is left.
func (c *crowd) serve(ctx context.Context, clients []client) (*tally, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// What was published has no end: the shop's processes are killed in the middle of it.
	buying, cut := ctx, context.CancelFunc(func() {})
	if c.published && !c.few {
		buying, cut = context.WithDeadline(ctx, c.until)
	}
	defer cut()
	tallies := make([]*tally, len(clients))
	var all sync.WaitGroup
	for i, one := range clients {
		tallies[i] = newTally()
		all.Go(func() {
			err := c.queue(buying, one, i, tallies[i])
			if err != nil && (buying.Err() == nil || ctx.Err() != nil) {
				fail(err)
			}
		})
	}
	all.Wait()
	sum := newTally()
	for _, t := range tallies {
		sum.attempts, sum.sold = sum.attempts+t.attempts, sum.sold+t.sold
		sum.refused, sum.told = sum.refused+t.refused, sum.told+t.told
		sum.waits.Merge(t.waits)
		if t.last.After(sum.last) {
			sum.last = t.last
		}
	}
	return sum, context.Cause(ctx)
}

// orderBits is where the number of a client begins in the number of an order.
const orderBits = 40

// errEndless is the error of a sale that does not sell out.
var errEndless = errors.New("the last buyers were not served in a minute")

// queue serves buyers by one client. Who was in another's way comes again, but where the form
// is as published.
func (c *crowd) queue(ctx context.Context, one client, number int, t *tally) error {
	random := rand.New(rand.NewPCG(c.seed, uint64(number)))
	order := int64(number+1) << orderBits
	buyers := make([]purchase, 0, c.pipeline)
	for {
		if time.Now().After(c.until) {
			if c.few {
				return errEndless
			}
			return nil
		}
		for len(buyers) < c.pipeline {
			n, product := c.came.Add(1), random.Int64N(c.products)
			if c.few {
				product = n % c.products // twice as many as there are units come for each
			}
			if c.buyers > 0 && n > c.buyers {
				break
			}
			buyers = append(buyers, purchase{product: product, came: time.Now()})
		}
		if len(buyers) == 0 {
			return nil
		}
		for i := range buyers {
			order++
			buyers[i].order, buyers[i].outcome = order, untold
		}
		err := one.buy(ctx, buyers)
		again := buyers[:0]
		for _, p := range buyers {
			c.count(t, &p)
			if p.outcome == busy && !c.published {
				again = append(again, p)
			}
		}
		buyers = again
		if err != nil {
			return err
		}
	}
}

// count takes down what a buyer was told.
func (c *crowd) count(t *tally, p *purchase) {
	if p.outcome == untold {
		return
	}
	if p.outcome == sold {
		t.told++
		c.sold.Add(1)
		t.last = p.done
	}
	if p.done.Before(c.from) || p.done.After(c.until) {
		return
	}
	t.attempts++
	if p.outcome != sold {
		t.refused++
		return
	}
	t.sold++
	_ = t.waits.RecordValue(min(p.done.Sub(p.came).Microseconds(), latencyMaxUs))
}
