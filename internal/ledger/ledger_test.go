// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
	"stampede/internal/ledger"
	"stampede/internal/pgtest"
)

func TestLedger(t *testing.T) {
	c := pgtest.Start(t)
	for _, test := range []struct {
		name string
		do   func(*testing.T, *pgtest.Cluster)
	}{
		{"a bustling shop is written as it is", bustlingShop},
		{"connections break in the middle of batches", brokenConnections},
		{"followers come and go", followersComeAndGo},
		{"records that come again change nothing", recordsComeAgain},
		{"a newer engine fences an older one", newerEngine},
		{"somebody holds a lock", heldLock},
		{"the database is another store's", otherStore},
		{"the database was changed by hand", changedByHand},
		{"the journal has dropped what comes next", lostClaim},
		{"the store is older than its ledger", olderStore},
		{"an audit finds what differs", auditFinds},
		{"PostgreSQL stops, crashes and starts", restarts},
	} {
		t.Run(test.name, func(t *testing.T) { test.do(t, c) })
	}
}

func bustlingShop(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	for range 30 {
		l.reach(s.bustle(1 + s.rng.IntN(150)))
		s.audit(url)
		if t.Failed() {
			return
		}
	}
	r := s.audit(url)
	t.Logf("%d stocks, %d holds, %d units sold; %+v", r.Stocks, r.Holds, r.SoldUnits, l.Status())
	if r.Holds < 300 || r.SoldUnits < 500 {
		t.Error("the shop did not bustle")
	}
}

// brokenConnections: whether a commit whose answer was lost has happened is found out.
func brokenConnections(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(1))
	for range 15 {
		end := s.bustle(40)
		query(t, url, `select count(pg_terminate_backend(pid)) from pg_stat_activity
			where application_name = 'stampede ledger' and datname = current_database()`)
		end = max(end, s.bustle(5))
		l.reach(end)
	}
	s.audit(url)
	if l.Status().Retries == 0 {
		t.Error("nothing was broken")
	}
}

func followersComeAndGo(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	var end journal.Position
	for range 10 {
		l := s.follow(url)
		end = s.bustle(1 + s.rng.IntN(200))
		if s.rng.IntN(2) == 0 {
			l.reach(end)
		}
		l.end()
	}
	l := s.follow(url)
	l.reach(end)
	s.audit(url)
	if epoch := l.Status().Epoch; epoch != 11 {
		t.Errorf("epoch %d after 11 starts", epoch)
	}
}

// recordsComeAgain sets the position back, which nobody should.
func recordsComeAgain(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	end := s.bustle(600)
	l.reach(end)
	l.end()
	holds := query(t, url, `select count(*) from stampede.hold`)
	query(t, url, `with w as (update stampede.ledger_position set position = 0 returning 1)
		select count(*) from w`)
	l = s.follow(url)
	l.reach(s.bustle(1))
	if got := query(t, url, `select count(*) from stampede.hold`); got < holds || got > holds+4 {
		t.Errorf("%d holds became %d", holds, got)
	}
	s.audit(url)
}

func newerEngine(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	old := s.follow(url)
	old.reach(s.bustle(20))
	young := s.follow(url)
	s.bustle(50)
	for !errors.Is(old.Failed(), ledger.ErrFenced) {
		end := s.bustle(1)
		_ = waitAWhile(old, end)
		young.reach(end)
	}
	young.reach(s.bustle(50))
	s.audit(url)
	if err := waitAWhile(old, s.bustle(1)); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("a wait for an engine that was fenced: %v", err)
	}
}

func waitAWhile(l *running, p journal.Position) error {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	return l.Wait(ctx, p)
}

func heldLock(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(20))
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	const lock = `begin; lock table stampede.stock in access exclusive mode`
	if _, err := conn.Exec(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	end := s.bustle(200)
	if err := waitAWhile(l, end); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait while the table is locked: %v", err)
	}
	if status := l.Status(); status.LagMs == 0 || status.LagBytes == 0 {
		t.Errorf("no lag: %+v", status)
	}
	if _, err := conn.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	l.reach(end)
	s.audit(url)
	if status := l.Status(); status.LagMs != 0 || status.LagBytes != 0 {
		t.Errorf("a lag is left: %+v", status)
	}
}

// failure waits until a ledger has ended.
func (r *running) failure() error {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	return r.Wait(ctx, 1<<62)
}

func otherStore(t *testing.T, c *pgtest.Cluster) {
	one, other, url := newShop(t), newShop(t), c.Database(t)
	one.follow(url).reach(one.bustle(20))
	other.bustle(1)
	if err := other.follow(url).failure(); !errors.Is(err, ledger.ErrOther) {
		t.Errorf("got %v", err)
	}
	one.audit(url)
}

func changedByHand(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(100))
	query(t, url, `with w as (delete from stampede.hold where state = 'held' returning 1)
		select count(*) from w`)
	s.bustle(300)
	if err := l.failure(); !errors.Is(err, ledger.ErrDrift) {
		t.Errorf("got %v", err)
	}
}

func lostClaim(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(20))
	l.end()
	if err := s.log.Release("ledger"); err != nil {
		t.Fatal(err)
	}
	for s.log.First() == 0 {
		end := s.bustle(500)
		if err := s.log.Wait(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		if err := s.log.DropBefore(end); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.follow(url).failure(); !errors.Is(err, ledger.ErrGap) {
		t.Errorf("got %v", err)
	}
}

// olderStore has a journal whose beginning is gone when its ledger begins.
func olderStore(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	for s.log.First() == 0 {
		end := s.bustle(500)
		if err := s.log.Wait(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		s.snapshot(end)
		if err := s.log.DropBefore(end); err != nil {
			t.Fatal(err)
		}
	}
	l := s.follow(url)
	l.reach(s.bustle(200))
	s.audit(url)
	if n := query(t, url, `select count(*) from stampede.hold`); n < 200 {
		t.Errorf("only %d holds", n)
	}
}

func auditFinds(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	s.follow(url).reach(s.bustle(300))
	for _, change := range []string{
		`update stampede.hold set buyer = 'somebody else' where (stock_id, fence) in
			(select o.stock_id, o.fence from stampede.orders o join stampede.stock using (stock_id)
			where dropped_at is null limit 1)`,
		`delete from stampede.hold where (stock_id, fence) in
			(select stock_id, fence from stampede.orders limit 1)`,
		`update stampede.balance set units = units + 1
			where stock_id in (select stock_id from stampede.stock where dropped_at is null limit 1)`,
		`update stampede.stock set dropped_at = born_at
			where stock_id in (select max(stock_id) from stampede.stock where dropped_at is null)`,
	} {
		if n := query(t, url, "with w as ("+change+" returning 1) select count(*) from w"); n != 1 {
			t.Fatalf("%s changed %d rows", change, n)
		}
		if s.report(url).Drift == 0 {
			t.Errorf("nobody noticed: %s", change)
		}
	}
	const sold = `update stampede.balance set sold = units + 1`
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sold); err == nil || !strings.Contains(err.Error(), "check") {
		t.Errorf("oversold by hand: %v", err)
	}
}

// restarts comes last: the other tests need the server.
func restarts(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	c.Stop()
	l := s.follow(url)
	end := s.bustle(50)
	if err := waitAWhile(l, end); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait while nobody is there: %v", err)
	}
	c.Start()
	l.reach(end)
	for round := range 2 {
		s.bustle(300)
		if round%2 == 0 {
			c.Stop()
		} else {
			c.Kill()
		}
		end = s.bustle(100)
		c.Start()
		l.reach(end)
		s.audit(url)
	}
	if status := l.Status(); status.Retries == 0 || status.LastError != "" {
		t.Errorf("after restarts: %+v", status)
	}
}

func TestAPasswordIsNotTold(t *testing.T) {
	log, err := journal.Open(journal.Options{Dir: filepath.Join(t.TempDir(), "journal")}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // nothing was written
	_, err = ledger.New(ledger.Options{URL: "postgres://u:secret@host:no/db", Journal: log})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	l, err := ledger.New(ledger.Options{URL: "postgres://u:secret@host:1/db", Journal: log})
	if err != nil || l.Address() != "host:1/db" {
		t.Errorf("got %q, %v", l.Address(), err)
	}
}
