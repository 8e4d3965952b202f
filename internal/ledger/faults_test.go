// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"stampede/internal/ledger"
	"stampede/internal/pgtest"
	"stampede/internal/stock"
)

// TestLedgerOutlives is what may happen to a database while a shop sells. Sales go on, and
// afterwards everything is there, once.
func TestLedgerOutlives(t *testing.T) {
	c := pgtest.Start(t)
	for _, test := range []struct {
		name string
		do   func(*testing.T, *pgtest.Cluster)
	}{
		{"a full disk, as the database says it", saidToBeFull},
		{"a lock that is held for long", longLock},
		{"a database that is slow", slowDatabase},
		{"a row that stands in the way", rowInTheWay},
		{"the tables are dropped", tablesDropped},
		{"a failover to a standby that lacks the last commits", failover},
		{"a disk that is full", fullDisk},
	} {
		t.Run(test.name, func(t *testing.T) { test.do(t, c) })
	}
}

// admin is a connection of somebody else.
func admin(t *testing.T, url string) (do func(sql string) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func(sql string) error {
		_, err := conn.Exec(t.Context(), sql)
		return err
	}
}

// must does what has to succeed.
func must(t *testing.T, do func(string) error, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if err := do(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// stuck waits until the database has refused something for a reason.
func (r *running) stuck(reason string) {
	r.t.Helper()
	pgtest.Until(r.t, reason, func() bool {
		return strings.Contains(r.Status().LastError, reason)
	})
}

func saidToBeFull(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(50))
	do := admin(t, url)
	must(t, do, `create function full_disk() returns trigger language plpgsql as $$ begin
			raise exception 'could not extend file: No space left on device' using errcode = '53100';
		end $$`,
		`create trigger full_disk before insert on stampede.hold execute function full_disk()`)
	end := s.bustle(300)
	l.stuck("No space left")
	if err := waitAWhile(l, end); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait for a full disk: %v", err)
	}
	end = s.bustle(100)
	must(t, do, `drop trigger full_disk on stampede.hold`)
	l.reach(end)
	s.audit(url)
	if l.Status().LastError != "" {
		t.Errorf("%+v", l.Status())
	}
}

func longLock(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url + "&lock_timeout=100")
	l.reach(s.bustle(20))
	do := admin(t, url)
	for _, lock := range []string{
		`select * from stampede.ledger_position for update`,
		`lock table stampede.hold in access exclusive mode`,
		`lock table stampede.balance in share mode`,
	} {
		must(t, do, `begin`, lock)
		end := s.bustle(100)
		l.stuck("lock timeout")
		end = max(end, s.bustle(20))
		must(t, do, `rollback`)
		l.reach(end)
	}
	s.audit(url)
}

func slowDatabase(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(20))
	most := l.Status().BatchMax
	do := admin(t, url)
	must(t, do, `create function slow() returns trigger language plpgsql as $$ begin
			perform pg_sleep(0.3); return null; end $$`,
		`create trigger slow after insert on stampede.hold execute function slow()`)
	for l.Status().BatchMax >= most {
		l.reach(s.bustle(20))
	}
	if batches := l.Status().Batches; batches == 0 {
		t.Error("no batches")
	}
	end := s.bustle(600)
	must(t, do, `drop trigger slow on stampede.hold`)
	l.reach(end)
	s.audit(url)
}

// rowInTheWay: a commit that fails at its very end, by a constraint that is checked there, is
// not taken for one that has succeeded.
func rowInTheWay(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(20))
	must(t, admin(t, url), `insert into stampede.stock (stock_id, db, key, born_at, born_line,
		opened_ms, per_buyer) values (1000000, 0, 'trap', 0, 0, 1, 0)`,
		`insert into stampede.balance values (1000000, 0, 1, 0, 9, 0, 0)`)
	s.open("trap", 9, stock.Terms{})
	s.bustle(10)
	if err := l.failure(); !strings.Contains(err.Error(), "one_stock_a_key") {
		t.Errorf("got %v", err)
	}
	if at := l.Position(); query(t, url, `select position from stampede.ledger_position`) != int64(at) {
		t.Errorf("it is told to be at %d", at)
	}
}

// tablesDropped: a database that knows nothing is filled from the journal's beginning.
func tablesDropped(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.Database(t)
	l := s.follow(url)
	l.reach(s.bustle(200))
	must(t, admin(t, url), `drop schema stampede cascade`)
	l.reach(s.bustle(10))
	pgtest.Until(t, "the tables", func() bool { return l.Status().Setbacks == 1 })
	l.reach(s.bustle(100))
	s.audit(url)
}

// failover: an asynchronous standby takes over without the last commits, and without the
// start of the engine that is connected.
func failover(t *testing.T, _ *pgtest.Cluster) {
	first := pgtest.Start(t)
	s := newShop(t)
	url := first.Database(t)
	name := url[strings.LastIndex(url, "/")+1 : strings.LastIndex(url, "?")]
	l := s.follow(url)
	l.reach(s.bustle(200))
	l.end()
	second := first.Standby()
	either := first.Either(second, name)
	l = s.follow(either)
	l.reach(s.bustle(300))
	told := l.Position()
	first.Kill()
	end := s.bustle(100)
	second.Start()
	l.stuck("connect")
	second.Promote()
	l.reach(end)
	pgtest.Until(t, "the setback", func() bool { return l.Status().Setbacks == 1 })
	l.reach(s.bustle(100))
	if l.Position() < told {
		t.Errorf("it was at %d and is at %d", told, l.Position())
	}
	s.audit(either)
	if epoch := l.Status().Epoch; epoch != 3 {
		t.Errorf("epoch %d", epoch)
	}
	old := s.follow(either) // and the rule that the one that starts last writes holds on
	old.reach(s.bustle(10))
	s.bustle(10)
	if err := l.failure(); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("got %v", err)
	}
}

// fullDisk fills a real disk, which holds the tables.
func fullDisk(t *testing.T, c *pgtest.Cluster) {
	s, url := newShop(t), c.SmallDatabase(t, 24<<20)
	l := s.follow(url)
	l.reach(s.bustle(50))
	do := admin(t, url)
	must(t, do, `create table filler (t text)`)
	for _, bytes := range []string{"100000", "2000"} { // to the last page
		for do(`insert into filler select string_agg(md5(n::text), '') from generate_series(1, `+
			bytes+`) n`) == nil {
			continue
		}
	}
	end := s.bustle(2000)
	l.stuck("No space left")
	end = max(end, s.bustle(100))
	must(t, do, `drop table filler`, `checkpoint`)
	l.reach(end)
	s.audit(url)
}
