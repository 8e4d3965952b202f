// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgtest"
	"stampede/internal/seedtest"
)

var ledgerKills = flag.Int("ledger-kills", 6, "rounds of TestLedgerThroughKills")

// killedSale is a sale in which the store and the database are killed again and again.
type killedSale struct {
	t       *testing.T
	rng     *rand.Rand
	cluster *pgtest.Cluster
	url     string
	args    []string

	store  *child
	crowd  sync.WaitGroup
	lives  int // of the store
	killed int // of the database

	mu     sync.Mutex
	told   map[string]bool // ids that are sold, as somebody was told
	acked  []string        // those of this life whose answer said that the ledger has them
	ledger int             // how many there were in all
}

const killItems = 5

// start lets the store live again, with a crowd of its own.
func (s *killedSale) start() {
	s.store = startChild(s.t, s.args...)
	s.lives++
	for i := range killItems {
		s.store.until(s.t, func(ctx context.Context) (bool, error) {
			err := s.store.client.Do(ctx, "STOCK.OPEN", fmt.Sprintf("item%d", i), 1_000_000).Err()
			return err == nil || strings.HasPrefix(err.Error(), "BUSYKEY"), err
		})
	}
	for buyer := range 8 {
		s.crowd.Go(func() { s.buy(s.store, fmt.Sprintf("%d-%d", s.lives, buyer), buyer < 6) })
	}
}

// buy buys until the store is gone.
func (s *killedSale) buy(c *child, name string, acked bool) {
	ctx, pace := context.Background(), time.NewTicker(2*time.Millisecond)
	defer pace.Stop()
	for i := 0; ; i++ {
		if !acked {
			<-pace.C // or the rounds become long by all that these sell meanwhile
		}
		id, item := fmt.Sprintf("%s-%d", name, i), fmt.Sprintf("item%d", i%killItems)
		if c.client.Do(ctx, "STOCK.HOLD", item, id, "b", 1, "FOR", 60000).Err() != nil {
			return
		}
		if i%7 == 0 {
			_ = c.client.Do(ctx, "STOCK.RELEASE", item, id).Err() // or it expires
			continue
		}
		call := []any{"STOCK.CONFIRM", item, id}
		if acked {
			call = append(call, "ACK", "LEDGER")
		}
		err := c.client.Do(ctx, call...).Err()
		late := err != nil && strings.HasPrefix(err.Error(), "LEDGERWAIT ")
		if err != nil && !late {
			return
		}
		s.mu.Lock()
		if s.told[id] = true; acked && !late {
			s.acked = append(s.acked, id)
			s.ledger++
		}
		s.mu.Unlock()
	}
}

// sells waits until so many more were sold, and so many of them to the ledger.
func (s *killedSale) sells(n, acked int) {
	count := func() (int, int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.told), s.ledger
	}
	from, ackedFrom := count()
	pgtest.Until(s.t, "sales", func() bool {
		told, ledger := count()
		return told >= from+n && ledger >= ackedFrom+acked
	})
}

// killStore kills the store, and looks whether the ledger has all that it was said to have.
func (s *killedSale) killStore() {
	s.store.kill()
	s.crowd.Wait()
}

func (s *killedSale) checkAcked() {
	if n := s.number(`select count(*) from stampede.orders where hold_id = any($1)`,
		s.acked); n != int64(len(s.acked)) {
		s.t.Errorf("life %d: %d sales were said to be in the ledger, %d are", s.lives, len(s.acked), n)
	}
	s.acked = s.acked[:0]
}

func (s *killedSale) number(sql string, ids []string) (n int64) {
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	names := make([][]byte, len(ids))
	for i, id := range ids {
		names[i] = []byte(id)
	}
	if err := conn.QueryRow(s.t.Context(), sql, names).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// round kills the store, the database or both, in some order.
func (s *killedSale) round() {
	s.sells(20+s.rng.IntN(100), 1+s.rng.IntN(40))
	dice := s.rng.IntN(4)
	if dice != 0 {
		s.cluster.Kill()
		s.killed++
		if dice != 1 {
			s.sells(s.rng.IntN(40), 0) // without it
		}
	}
	if dice != 2 {
		s.killStore()
	}
	if dice != 0 {
		s.cluster.Start()
	}
	if dice != 2 {
		s.checkAcked()
		s.start()
	}
}

// TestLedgerThroughKills kills the store and the database in a running sale. Afterwards every
// sale that somebody was told of is an order, once, and the audit finds no drift. The store's
// memory is what it has read from its journal then.
func TestLedgerThroughKills(t *testing.T) {
	cluster := pgtest.Start(t)
	s := &killedSale{
		t: t, cluster: cluster, url: cluster.Database(t), told: map[string]bool{},
		rng: rand.New(rand.NewPCG(seedtest.Of(t), 50)),
	}
	s.args = []string{"--dir", t.TempDir(), "--fsync", "always", "--postgres", s.url,
		"--save", "", "--ledger-ack-timeout", "1000"}
	s.start()
	for range *ledgerKills {
		s.round()
	}
	s.sells(100, 20)
	s.killStore()
	s.checkAcked()
	s.store = startChild(t, s.args...)
	s.store.until(t, func(ctx context.Context) (bool, error) {
		err := s.store.client.Do(ctx, "STOCK.INFO", "item0").Err()
		return err == nil, err
	})
	s.store.ledgerSays(t, "ledger_lag_bytes:0")
	s.store.ledgerSays(t, "ledger_state:connected")
	code, out := audit(t, "--server", s.store.client.Options().Addr, "--postgres", s.url)
	if code != exitOK || !strings.HasSuffix(out, "drift 0\n") {
		t.Fatalf("memory and rows: %d\n%s", code, out)
	}
	s.store.kill()
	if code, folder := audit(t, "--dir", s.args[1], "--postgres", s.url); code != exitOK ||
		folder != out {
		t.Fatalf("journal and rows: %d\n%s", code, folder)
	}
	t.Logf("%d rounds: the store was killed %d times, PostgreSQL %d times; %d sales were told, %d of "+
		"them by ACK LEDGER; memory, journal and rows: %s", *ledgerKills, s.lives, s.killed,
		len(s.told), s.ledger, out)
	s.ordersAreWhatWasTold()
}

// ordersAreWhatWasTold looks whether every sale that was told is there, and none twice.
func (s *killedSale) ordersAreWhatWasTold() {
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(s.t.Context(), `select hold_id from stampede.sales`)
	ordered, failed := pgx.CollectRows(rows, pgx.RowTo[string])
	if err = errors.Join(err, failed); err != nil {
		s.t.Fatal(err)
	}
	once := map[string]bool{}
	for _, id := range ordered {
		if once[id] {
			s.t.Errorf("%s was sold twice", id)
		}
		once[id] = true
		delete(s.told, id)
	}
	if len(s.told) > 0 {
		s.t.Errorf("%d sales were told and are no orders", len(s.told))
	}
}
