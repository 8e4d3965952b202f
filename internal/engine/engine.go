// SPDX-License-Identifier: Apache-2.0

// Package engine is the store without a socket: it takes batches of calls and answers them.
//
// # The way of a call
//
// A [Runner] finds the call's row, checks what the row and the session demand (number of
// arguments, password, memory, MULTI), owns the shard or shards of its keys, lets the
// family's handler work, and leaves the reply in the order of the calls. Calls in a row
// that need one shard each run grouped by shard, one ownership a group.
//
// # Ownership
//
// An Engine may be used by anyone at any time. A Runner belongs to one goroutine; a
// [session.Session] to the connection whose calls run. The work of the clock runs in
// [Engine.Run].
//
// # What is not here
//
// Bytes of the wire (packages resp and server) and what commands do (the families).
package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/family/admin"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/metrics"
	"stampede/internal/migrate"
	"stampede/internal/persist"
	"stampede/internal/pubsub"
	"stampede/internal/script"
	"stampede/internal/session"
	"stampede/internal/stock"
	"stampede/internal/txn"
)

// Options configure an Engine. Config and Registry are required.
type Options struct {
	// Facts are what INFO says of the program; Shards and RedisVersion are filled in.
	Facts admin.Facts
	// Log takes what scripts say by redis.log; nil: it is dropped.
	Log func(level script.LogLevel, message string)
	// Shutdown is asked by SHUTDOWN and must not wait; nil: the command is an error.
	Shutdown func(save bool)

	// Durability says where the data is kept; nil: nowhere but in memory.
	Durability *Durability

	Shards       int                   // 0: one
	ReserveBytes int64                 // of addresses for each shard's data; 0: 32 GiB
	Config       *config.Config        // the parameters
	Registry     *session.Registry     // who is connected
	Clock        func() (unixMs int64) // nil: the machine's

	StockFault stock.Fault // of tests: what stocks do wrong
}

// Engine is the store.
type Engine struct {
	table    *command.Table
	shards   *txn.Shards
	config   *config.Config
	registry *session.Registry
	stats    *metrics.Stats
	clock    func() int64
	busy     busy

	hub     *pubsub.Hub
	order   *atomic.Uint64 // of what becomes ready, of events and of posts
	scripts *script.Library
	waits   []queues     // of calls that wait, by shard
	waiting atomic.Int64 // how many there are
	acks    acks         // those whose calls have run
	settles settles      // those that wait for the disk
	errands errands      // those that wait for others than this store
	links   migrate.Links
	ending  caretaker // of connections that have ended

	store   *persist.Store // nil: nothing is kept on disk
	log     *journal.Log   // nil: there is no journal
	loading atomic.Bool
}

// New returns an engine with an empty store.
func New(o Options) (*Engine, error) {
	e := &Engine{
		config: o.Config, registry: o.Registry, clock: o.Clock, stats: metrics.New(nil),
		hub: pubsub.NewHub(), order: new(atomic.Uint64),
	}
	if e.clock == nil {
		e.clock = newClock().now
	}
	e.errands.begin()
	e.scripts = script.NewLibrary(script.Options{
		RedisVersion: RedisVersion, StringMax: e.config.Limits().StringBytesMax, Log: o.Log,
	})
	var err error
	if e.shards, err = txn.New(max(o.Shards, 1), keyspace.Options{
		ReserveBytes: o.ReserveBytes, Limits: o.Config.Limits(), Order: e.order,
		Wanted: e.wantedEvents(), StockFault: o.StockFault,
	}); err != nil {
		return nil, err
	}
	e.shards.Tell(e.tell)
	for range e.shards.Len() {
		e.waits = append(e.waits, make(queues))
	}
	if o.Durability != nil {
		if err = e.openStore(o.Durability); err != nil {
			return nil, errors.Join(err, e.freeShards())
		}
	}
	if e.table, err = command.NewTable(e.families(o)...); err != nil {
		return nil, errors.Join(err, e.Free())
	}
	e.stats.SetNames(names(e.table))
	e.beginLocks()
	return e, nil
}

// names are the names of a table's rows by their numbers.
func names(t *command.Table) []string {
	list := make([]string, len(t.Rows()))
	for _, row := range t.Rows() {
		list[row.ID] = row.Lower
	}
	return list
}

// Table is the table of commands.
func (e *Engine) Table() *command.Table { return e.table }

// Hub is who has subscribed to what.
func (e *Engine) Hub() *pubsub.Hub { return e.hub }

// Stats is what is counted.
func (e *Engine) Stats() *metrics.Stats { return e.stats }

// Summary adds up what the shards hold, at one moment. Cost: O(shards).
func (e *Engine) Summary() keyspace.Summary {
	var tx txn.Tx
	e.shards.Begin(&tx, e.shards.All(), e.clock())
	defer tx.End()
	return keyspace.Summarize(tx.Spaces())
}

// Shards is the number of shards.
func (e *Engine) Shards() int { return e.shards.Len() }

// stepEvery is how often the work of the clock is looked after.
const stepEvery = 100 * time.Millisecond

// Run does the work of the clock (deadlines, memory to free or to be short of) until ctx
// ends.
func (e *Engine) Run(ctx context.Context) error {
	ticker := time.NewTicker(stepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			e.Step()
			e.stats.Tick(e.clock())
		}
	}
}

// Step does the work of the clock once, in bounded portions between which calls run.
func (e *Engine) Step() {
	if e.loading.Load() {
		return
	}
	e.doLater()
	// While the disk fails nothing is changed that need not be: it would wait in memory. Nor do
	// reads remove what has expired (see keyspace.Space.Frozen).
	changes := !e.failed()
	for i := range e.shards.Len() {
		for range stepsPerTick {
			nowMs := e.clock()
			more := e.shards.Shard(i).Step(nowMs, changes && e.config.ActiveExpire())
			if (!changes || !e.relieve(i, nowMs)) && !more {
				break
			}
		}
	}
}

// stepsPerTick bounds the clock's work: some 200 000 keys of a database and shard a tick.
const stepsPerTick = 512

// Free makes durable what is kept and gives the memory back. Nobody may use the engine any
// more.
func (e *Engine) Free() error {
	e.errands.end()
	e.links.Close()
	var err error
	if e.store != nil {
		err = e.store.Close()
	}
	return errors.Join(err, e.freeShards())
}

func (e *Engine) freeShards() error {
	var errs []error
	for i := range e.shards.Len() {
		errs = append(errs, e.shards.Shard(i).Close())
	}
	return errors.Join(errs...)
}
