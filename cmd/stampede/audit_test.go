// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgtest"
)

// damages are what people may do to the tables of a ledger.
var damages = map[string]string{
	"a hold is gone": `delete from stampede.hold where (stock_id, fence) in
		(select stock_id, fence from stampede.hold where state = 'held' limit 1)`,
	"a sale is gone": `delete from stampede.hold where (stock_id, fence) in
		(select stock_id, fence from stampede.hold where state = 'sold' limit 1)`,
	"an order is gone": `delete from stampede.orders where (stock_id, fence) in
		(select stock_id, fence from stampede.orders limit 1)`,
	"a hold of nobody's": `insert into stampede.hold select stock_id, 100000, 'x', 'x', 1, 1, 2, 'held'
		from stampede.stock where dropped_at is null limit 1`,
	"an order of nobody's": `insert into stampede.hold select stock_id, 100001, 'x', 'x', 1, 1, 2, 'sold', 1
		from stampede.stock where dropped_at is null limit 1`,
	"sums are gone": `delete from stampede.balance where stock_id in
		(select max(stock_id) from stampede.stock where dropped_at is null)`,
	"sums of a dropped stock are gone": `delete from stampede.balance where stock_id in
		(select max(stock_id) from stampede.stock where dropped_at is not null)`,
	"sums of nobody's": `insert into stampede.balance values (888888, 1, 1, 0, 9, 0, 0)`,
	"other units": `update stampede.hold set units = units + 1 where (stock_id, fence) in
		(select stock_id, fence from stampede.orders limit 1)`,
	"another buyer": `update stampede.orders set buyer = 'mallory' where (stock_id, fence) in
		(select stock_id, fence from stampede.orders limit 1)`,
	"sold became released": `update stampede.hold set state = 'released' where (stock_id, fence) in
		(select stock_id, fence from stampede.orders limit 1)`,
	"more units": `update stampede.balance set units = units + 1
		where stock_id = (select max(stock_id) from stampede.stock where dropped_at is null)`,
	"a stock is gone": `delete from stampede.stock
		where stock_id = (select max(stock_id) from stampede.stock where dropped_at is null)`,
	"a stock of nobody's": `insert into stampede.stock (stock_id, db, key, born_at, born_line,
		opened_ms, per_buyer) values (777777, 3, 'phantom', 1, 1, 1, 0)`,
	"a stock was dropped": `update stampede.stock set dropped_at = born_at
		where stock_id = (select max(stock_id) from stampede.stock where dropped_at is null)`,
}

// audit runs the command.
func audit(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var text, errs bytes.Buffer
	code = run(t.Context(), append([]string{"audit", "--tries", "1"}, args...), &text, &errs)
	return code, text.String() + errs.String()
}

// repairedSale is a sale whose ledger is damaged.
type repairedSale struct {
	t    *testing.T
	url  string
	c    *child
	n    int
	args []string
}

// sell holds, sells and releases units of two stocks, one of them in another database.
func (s *repairedSale) sell() {
	s.t.Helper()
	ctx := context.Background()
	pipe := s.c.client.Pipeline()
	for db := range 2 {
		pipe.Do(ctx, "SELECT", db)
		pipe.Do(ctx, "STOCK.OPEN", "item", 1000)
		for range 20 {
			s.n++
			pipe.Do(ctx, "STOCK.HOLD", "item", s.n, fmt.Sprintf("buyer%d", s.n), 1+s.n%3, "FOR", 600000)
			switch {
			case s.n%10 == 0:
				pipe.Do(ctx, "STOCK.RELEASE", "item", s.n)
			case s.n%3 > 0:
				pipe.Do(ctx, "STOCK.CONFIRM", "item", s.n)
			}
		}
	}
	pipe.Do(ctx, "SELECT", 0)
	_, _ = pipe.Exec(ctx) // the stocks are there already
	s.c.ledgerSays(s.t, "ledger_lag_bytes:0")
	s.c.ledgerSays(s.t, "ledger_state:connected")
}

func (s *repairedSale) damage(sql string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if tag, err := conn.Exec(s.t.Context(), sql); err != nil || tag.RowsAffected() == 0 {
		s.t.Fatalf("%s: %s, %v", sql, tag, err)
	}
}

// mended demands that an audit finds drift, that a repair ends it, and that there is nothing
// left to repair.
func (s *repairedSale) mended(name string, store ...string) {
	s.t.Helper()
	store = append(store, "--postgres", s.url)
	if code, out := audit(s.t, store...); code != exitFailed || strings.Contains(out, "drift 0\n") {
		s.t.Errorf("%s: nobody noticed: %d\n%s", name, code, out)
	}
	code, out := audit(s.t, append(store, "--repair", "--yes")...)
	if code != exitOK || !strings.Contains(out, "corrected: see stampede.correction") ||
		!strings.HasSuffix(out, "drift 0\n") {
		s.t.Errorf("%s: the repair: %d\n%s", name, code, out)
	}
	code, out = audit(s.t, append(store, "--repair", "--yes")...)
	if code != exitOK || strings.Contains(out, "corrected") {
		s.t.Errorf("%s: again: %d\n%s", name, code, out)
	}
}

// TestAuditRepairs damages the tables by hand, repairs them beside a running server and without
// one, and sells on.
func TestAuditRepairs(t *testing.T) {
	url, dir := pgtest.Start(t).Database(t), t.TempDir()
	s := &repairedSale{t: t, url: url, args: []string{"--dir", dir, "--postgres", url}}
	s.c = startChild(t, s.args...)
	s.sell()
	server := []string{"--server", s.c.client.Options().Addr, "--postgres", url}
	for _, name := range slices.Sorted(maps.Keys(damages)) {
		s.damage(damages[name])
		s.mended(name, "--server", s.c.client.Options().Addr)
		s.sell()
		if code, out := audit(t, server...); code != exitOK {
			t.Fatalf("%s, selling on: %s", name, out)
		}
	}
	cmd := &AuditCmd{
		Server: s.c.client.Options().Addr, Postgres: url, Tries: 1, Repair: true,
		stdin: strings.NewReader("no\n"),
	}
	s.damage(damages["an order is gone"])
	var out bytes.Buffer
	if err := cmd.Run(t.Context(), surroundings{&out, &out}); err == nil ||
		!strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("who said no: %v\n%s", err, &out)
	}

	// A ledger that has ended needs the store to be stopped.
	s.damage(`delete from stampede.hold where state = 'held'`)
	for id := range s.n {
		_ = s.c.client.Do(t.Context(), "STOCK.CONFIRM", "item", id+1).Err()
	}
	s.c.ledgerSays(t, "ledger_state:failed")
	_, told := audit(t, append(server, "--repair", "--yes")...)
	if !strings.Contains(told, "stop the server and give --dir") {
		t.Errorf("beside a server whose ledger has ended: %s", told)
	}
	if _, told = audit(t, "--dir", dir, "--postgres", url); !strings.Contains(told, "is running") {
		t.Errorf("beside a server that has the folder: %s", told)
	}
	s.c.kill()
	s.mended("without a server", "--dir", dir)
	s.damage(`drop schema stampede cascade; create table was_dropped as select 1`)
	if code, out := audit(t, "--dir", dir, "--postgres", url, "--repair", "--yes"); code != exitOK {
		t.Errorf("a ledger from nothing: %s", out)
	}
	s.c = startChild(t, s.args...)
	s.sell()
	server[1] = s.c.client.Options().Addr
	if code, out := audit(t, server...); code != exitOK {
		t.Errorf("after all: %s", out)
	}
}
