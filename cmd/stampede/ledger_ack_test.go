// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgtest"
)

// answer is what a call was answered, or its error.
func (c *child) answer(call ...any) string {
	text, err := c.client.Do(context.Background(), call...).Slice()
	if err != nil {
		return err.Error()
	}
	return text[0].(string)
}

// set sets a parameter.
func (c *child) set(t *testing.T, name, value string) {
	t.Helper()
	if err := c.client.ConfigSet(t.Context(), name, value).Err(); err != nil {
		t.Fatal(err)
	}
}

// TestAckLedger sells while the database has its tables locked, is away, and as the server ends.
func TestAckLedger(t *testing.T) {
	cluster := pgtest.Start(t)
	url := cluster.Database(t)
	args := []string{"--dir", t.TempDir(), "--postgres", url, "--ledger-ack-timeout", "300"}
	c := startChild(t, args...)
	c.ledgerSays(t, "ledger_state:connected")
	ctx := t.Context()
	if err := c.client.Do(ctx, "STOCK.OPEN", "item", 1000000).Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		if got := c.answer("STOCK.HOLD", "item", id, "ann", 1); got != "HELD" {
			t.Fatal(got)
		}
	}
	confirm := func(id string) string { return c.answer("STOCK.CONFIRM", "item", id, "ACK", "LEDGER") }
	want := func(got, want string) {
		t.Helper()
		if !strings.HasPrefix(got, want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	want(confirm("a"), "SOLD")
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	do := func(sql string) {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	c.set(t, "latency-monitor-threshold", "100")
	do("begin; lock table stampede.hold in access exclusive mode")
	want(confirm("b"), "LEDGERWAIT the sale stands")
	do("rollback")
	c.until(t, func(context.Context) (bool, error) { return confirm("b") == "ALREADY SOLD", nil })
	slow, err := c.client.Do(ctx, "LATENCY", "HISTORY", "ledger-commit").Slice()
	if err != nil || len(slow) == 0 {
		t.Errorf("a commit that waited for a lock is no event: %v, %v", slow, err)
	}
	_ = conn.Close(ctx)
	cluster.Kill()
	want(confirm("c"), "LEDGERWAIT the sale stands")
	c.set(t, "ledger-lag-max-seconds", "1")
	want(c.answer("STOCK.HOLD", "item", "f", "ann", 1), "HELD") // the policy is to tell people
	c.set(t, "ledger-lag-policy", "refuse")
	asked := 0
	hold := func() string {
		asked++
		return c.answer("STOCK.HOLD", "item", fmt.Sprint("more", asked), "ann", 1)
	}
	c.until(t, func(context.Context) (bool, error) {
		return strings.HasPrefix(hold(), "LEDGERLAG no units are held"), nil
	})
	c.ledgerSays(t, "ledger_refusing:1")
	cluster.Start()
	c.until(t, func(context.Context) (bool, error) { return hold() == "HELD", nil })
	c.ledgerSays(t, "ledger_refusing:0")
	c.ledgerSays(t, "ledger_lag_bytes:0")
	want(confirm("c"), "ALREADY SOLD")

	if conn, err = pgx.Connect(ctx, url); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	do("begin; lock table stampede.hold in access exclusive mode")
	c.set(t, "ledger-ack-timeout", "0")
	told := make(chan string)
	go func() { told <- confirm("d") }()
	c.until(t, func(ctx context.Context) (bool, error) {
		info, err := c.client.Info(ctx, "clients").Result()
		return strings.Contains(info, "blocked_clients:1\r\n"), err
	})
	_ = c.client.Shutdown(ctx).Err() // there is no answer
	want(<-told, "LEDGERWAIT the sale stands and is in the journal, but the server ends")
	do("rollback")
	_ = c.cmd.Wait()
	c = startChild(t, args...)
	c.ledgerSays(t, "ledger_lag_bytes:0")
	want(confirm("d"), "ALREADY SOLD")
}

// TestOlderEngineIsRefused: of two stores with one journal, as after a failover, the one that
// started last writes, and the other one says so.
func TestOlderEngineIsRefused(t *testing.T) {
	cluster := pgtest.Start(t)
	url, dir := cluster.Database(t), t.TempDir()
	older := startChild(t, "--dir", dir, "--postgres", url)
	older.ledgerSays(t, "ledger_state:connected")
	if err := older.client.Do(t.Context(), "STOCK.OPEN", "item", 100).Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		if got := older.answer("STOCK.HOLD", "item", id, "ann", 1); got != "HELD" {
			t.Fatal(got)
		}
	}
	if got := older.answer("STOCK.CONFIRM", "item", "a", "ACK", "LEDGER"); got != "SOLD" {
		t.Fatal(got)
	}
	replica := t.TempDir()
	if err := os.CopyFS(replica, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	newer := startChild(t, "--dir", replica, "--postgres", url)
	newer.ledgerSays(t, "ledger_state:connected")
	if got := newer.answer("STOCK.CONFIRM", "item", "b", "ACK", "LEDGER"); got != "SOLD" {
		t.Fatal(got)
	}
	for _, call := range []string{"the ledger has ended", "LEDGERFAILED nothing was sold"} {
		if got := older.answer("STOCK.CONFIRM", "item", "b", "ACK", "LEDGER"); !strings.Contains(got,
			call) {
			t.Errorf("got %s", got)
		}
	}
	older.ledgerSays(t, "ledger_state:failed")
	if got := newer.answer("STOCK.CONFIRM", "item", "c", "ACK", "LEDGER"); got != "SOLD" {
		t.Error(got)
	}
}
