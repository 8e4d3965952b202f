// SPDX-License-Identifier: Apache-2.0

// Package demo is a flash sale on stage: a crowd of buyers asks for the few units of one
// product by the recipes that shops use, while readers browse the shop on the same store.
// It talks to any server that speaks Redis' protocol through an ordinary client, and its
// verdict compares three books kept apart: what buyers were told, what they recorded in
// the store, and the store's counter.
//
// # Ownership
//
// [Run] starts all goroutines and has waited for them when it returns. Recipes keep no
// state of their own: buyers call them concurrently, and everything is in the store.
//
// # What is not here
//
// The store itself (the caller starts one and gives its address), and load for
// measurements (package loadgen): figures shown here include the clients of the demo.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Limits of the options.
const (
	BuyersMax      = 10_000_000
	StockMax       = 1_000_000
	ConnectionsMax = 10_000
	ReadersMax     = 1_000
	PaymentMax     = lockTTL / 3 // a payment must be over long before its lock expires
)

// Options are the size of the sale and where it takes place. There are no defaults:
// everything but Watch is given.
type Options struct {
	Address     string // of the store, host:port
	Buyers      int    // come to each sale
	Stock       int    // units of each sale
	Connections int    // buyers served at a time, each with a call under way
	Readers     int    // people browsing at a time
	Recipes     []Recipe
	Payment     time.Duration // takes so long, where a recipe pays before it sells
	Prelude     time.Duration // readers are alone so long before the first sale
	Seed        uint64        // of what readers look at

	// Watch, which may be nil, is shown how it goes about ten times a second and whenever
	// a sale ends. It is called by one goroutine at a time.
	Watch func(Snapshot)
}

// check tells what is wrong with the options.
func (o *Options) check() error {
	within := func(name string, value, least, most int) error {
		if value < least || value > most {
			return fmt.Errorf("demo: %s must be from %d to %d, not %d", name, least, most, value)
		}
		return nil
	}
	err := errors.Join(
		within("buyers", o.Buyers, 1, BuyersMax),
		within("stock", o.Stock, 1, StockMax),
		within("connections", o.Connections, 1, ConnectionsMax),
		within("readers", o.Readers, 0, ReadersMax),
	)
	if o.Payment < 0 || o.Payment > PaymentMax {
		err = errors.Join(err, fmt.Errorf("demo: a payment may take %v at most", PaymentMax))
	}
	if o.Buyers < o.Stock {
		err = errors.Join(err, errors.New("demo: there must be a buyer for each unit at least"))
	}
	if len(o.Recipes) == 0 {
		err = errors.Join(err, errors.New("demo: no recipe is named"))
	}
	return err
}

// Run plays the demo and returns what came of it. An error says that it could not be
// played to its end; whether the sales were exact is in the report. All keys of the demo
// begin with a prefix of its own and are deleted in any case.
func Run(ctx context.Context, o Options) (report Report, err error) {
	if err := o.check(); err != nil {
		return Report{}, err
	}
	client := connect(o.Address, o.Connections+o.Readers+1)
	defer func() { err = errors.Join(err, client.Close()) }()
	if err := dial(ctx, client, o.Connections+o.Readers); err != nil {
		return Report{}, fmt.Errorf("demo: no store at %s: %w", o.Address, err)
	}
	prefix := "demo:" + strings.ToLower(rand.Text()[:8]) + ":"
	defer func() { err = errors.Join(err, sweep(ctx, client, prefix)) }()
	s := &stage{Options: o, client: client, audience: newAudience(client, prefix)}
	for _, r := range o.Recipes {
		s.crowds = append(s.crowds, newCrowd(client, r, Sale{
			Stock: int64(o.Stock), Payment: o.Payment, Item: r.Name(), prefix: prefix,
		}, o.Buyers, o.Connections))
	}
	return s.play(ctx)
}

// connect makes a client with room for so many calls at a time.
func connect(address string, calls int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:           address,
		PoolSize:       calls,
		MaxActiveConns: calls,
		DialerRetries:  1,
		// A call whose reply is lost may have been done: asking again would buy twice.
		MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	})
}

// dial opens so many connections and leaves them in the pool, so that nobody who buys has
// to wait for his.
func dial(ctx context.Context, client *redis.Client, connections int) (err error) {
	for range connections {
		c := client.Conn()
		defer func() { err = errors.Join(err, c.Close()) }()
		if err := c.Ping(ctx).Err(); err != nil {
			return err
		}
	}
	return nil
}

// sweepTimeout bounds the time of tidying up.
const sweepTimeout = 10 * time.Second

// sweep deletes the keys of the demo, also when ctx has ended. A store that is gone has
// nothing left to delete.
func sweep(ctx context.Context, client *redis.Client, prefix string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	for cursor := uint64(0); ; {
		keys, next, err := client.Scan(ctx, cursor, prefix+"*", 1000).Result()
		if err == nil {
			err = closeStocks(ctx, client, keys)
		}
		if err == nil && len(keys) > 0 {
			err = client.Del(ctx, keys...).Err()
		}
		if refused := (*net.OpError)(nil); errors.As(err, &refused) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("demo: keys %s* are left over: %w", prefix, err)
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// stage is one run under way.
type stage struct {
	Options
	client   *redis.Client
	audience *audience
	crowds   []*crowd
	started  time.Time
}

// play opens one sale after the other while readers browse.
func (s *stage) play(ctx context.Context) (Report, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	leave := make(chan struct{})
	var readers, watcher sync.WaitGroup
	s.started = time.Now()
	readers.Go(func() {
		if err := s.audience.browse(ctx, s.Readers, s.Seed, leave); err != nil {
			fail(err)
		}
	})
	turns := make(chan struct{})
	watcher.Go(func() { s.watch(turns) })
	err := s.sell(ctx, turns)
	close(leave)
	readers.Wait()
	browsed := time.Since(s.started)
	close(turns)
	watcher.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return Report{}, cause
	}
	if err != nil {
		return Report{}, err
	}
	return s.report(ctx, browsed)
}

// sell opens one sale after the other and says so to turns.
func (s *stage) sell(ctx context.Context, turns chan<- struct{}) error {
	if err := pause(ctx, s.Prelude); err != nil {
		return err
	}
	for _, c := range s.crowds {
		if err := c.recipe.Prepare(ctx, s.client, &c.sale); err != nil {
			return fmt.Errorf("demo: recipe %s cannot open its sale: %w", c.recipe.Name(), err)
		}
		err := c.buy(ctx)
		turns <- struct{}{}
		if err != nil {
			return err
		}
	}
	return nil
}

// watchEvery is the time from one snapshot to the next.
const watchEvery = 100 * time.Millisecond

// watch shows snapshots until turns is closed.
func (s *stage) watch(turns <-chan struct{}) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for open := true; open; {
		if s.Watch != nil {
			s.Watch(s.snapshot())
		}
		select {
		case <-ticker.C:
		case _, open = <-turns:
		}
	}
}

// report gathers the results and compares the books.
func (s *stage) report(ctx context.Context, browsed time.Duration) (Report, error) {
	report := Report{
		Address: s.Address, Buyers: s.Buyers, Stock: s.Stock, Connections: s.Connections,
		PaymentMs: float64(s.Payment) / float64(time.Millisecond),
	}
	for _, c := range s.crowds {
		result, err := c.result(ctx)
		if err != nil {
			return Report{}, err
		}
		report.Sales = append(report.Sales, result)
	}
	audience, err := s.audience.result(ctx, browsed)
	if err != nil {
		return Report{}, err
	}
	report.Audience = audience
	report.Exact = report.Verdict() == nil
	return report, nil
}

// pause waits, but no longer than ctx lasts.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
