// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/pgtest"
	"stampede/internal/stock"
)

// childArgs is the environment of a process of this test that is the program.
const childArgs = "STAMPEDE_TEST_CHILD"

// TestChild is no test: it is the program, in a process of its own that can be killed.
func TestChild(t *testing.T) {
	args := os.Getenv(childArgs)
	if args == "" {
		t.Skip("only for TestLedgerThroughKills")
	}
	os.Exit(run(context.Background(), strings.Split(args, "\n"), os.Stdout, os.Stderr))
}

// child is a server in a process of its own.
type child struct {
	cmd    *exec.Cmd
	client *redis.Client
}

func startChild(t testing.TB, args ...string) *child {
	t.Helper()
	args = append([]string{"serve", "--port", "0"}, args...)
	c := &child{cmd: exec.Command(os.Args[0], "-test.run=^TestChild$")}
	c.cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(args, "\n"))
	c.cmd.Stderr = t.Output()
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	c.client = redis.NewClient(&redis.Options{
		Addr: strings.TrimSpace(address), DisableIdentity: true, MaxRetries: -1,
	})
	return c
}

// kill ends the process at once, if it runs.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may have ended
	_ = c.cmd.Wait()         // likewise
	if c.client != nil {
		_ = c.client.Close()
	}
}

// until asks until the answer is as wanted.
func (c *child) until(t testing.TB, good func(ctx context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		done, err := good(ctx)
		if done {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("it does not come: %v", err)
		}
	}
}

// ledgerSays waits until INFO has a line.
func (c *child) ledgerSays(t testing.TB, line string) {
	t.Helper()
	c.until(t, func(ctx context.Context) (bool, error) {
		info, err := c.client.Info(ctx, "ledger").Result()
		if err == nil && !strings.Contains(info, "\r\n"+line+"\r\n") {
			err = errors.New(info)
		}
		return err == nil, err
	})
}

// crowd buys until the server is gone, and says which ids were told that they are sold.
func (c *child) crowd(round, buyers int, enough chan<- struct{}) (sold []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for buyer := range buyers {
		all.Go(func() {
			for i := 0; ; i++ {
				id, ctx := fmt.Sprintf("%d-%d-%d", round, buyer, i), context.Background()
				item := fmt.Sprintf("item%d", i%5)
				if c.client.Do(ctx, "STOCK.HOLD", item, id, "b", 1).Err() != nil {
					return
				}
				if i%7 == 0 {
					_ = c.client.Do(ctx, "STOCK.RELEASE", item, id).Err() // or it expires
					continue
				}
				if c.client.Do(ctx, "STOCK.CONFIRM", item, id).Err() != nil {
					return
				}
				mu.Lock()
				if sold = append(sold, id); len(sold) == 300 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return sold
}

// TestLedgerThroughKills kills the store and the database in a running sale. Afterwards every
// sale that somebody was told of is an order, once, and the audit finds no drift.
func TestLedgerThroughKills(t *testing.T) {
	cluster := pgtest.Start(t)
	url, dir := cluster.Database(t), t.TempDir()
	args := []string{"--dir", dir, "--fsync", "always", "--postgres", url}
	sold := map[string]bool{}
	for round := range 4 {
		c := startChild(t, args...)
		for i := range 5 {
			c.until(t, func(ctx context.Context) (bool, error) {
				err := c.client.Do(ctx, "STOCK.OPEN", fmt.Sprintf("item%d", i), 1_000_000).Err()
				return err == nil || round > 0 && !strings.HasPrefix(err.Error(), "LOADING"), err
			})
		}
		enough, told := make(chan struct{}), make(chan []string)
		go func() { told <- c.crowd(round, 8, enough) }()
		<-enough
		if round%2 == 1 {
			cluster.Kill()
		}
		c.kill()
		for _, id := range <-told {
			sold[id] = true
		}
		if round%2 == 1 {
			cluster.Start()
		}
	}
	c := startChild(t, args...)
	c.ledgerSays(t, "ledger_lag_bytes:0")
	c.ledgerSays(t, "ledger_state:connected")
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"audit", "--server", c.client.Options().Addr, "--postgres", url},
		&out, &errs)
	if code != exitOK || !strings.Contains(out.String(), "drift 0\n") {
		t.Fatalf("audit: %d\n%s%s", code, &out, &errs)
	}
	t.Logf("%d sales were told; %s", len(sold), &out)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), `select hold_id from stampede.sales`)
	if err != nil {
		t.Fatal(err)
	}
	ordered, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	once := map[string]bool{}
	for _, id := range ordered {
		if once[id] {
			t.Errorf("%s was sold twice", id)
		}
		once[id] = true
		delete(sold, id)
	}
	if len(sold) > 0 {
		t.Errorf("%d sales were told and are no orders", len(sold))
	}
}

func TestLedgerNeedsAJournal(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"serve", "--port", "0", "--memory-only",
		"--postgres", "postgres://u:secret@127.0.0.1:1/x"}, &out, &errs)
	if code != exitFailed || !strings.Contains(errs.String(), "needs the journal") ||
		strings.Contains(errs.String(), "secret") {
		t.Errorf("%d: %s", code, &errs)
	}
}

// TestStocksOfASnapshot: a ledger that begins late begins with these.
func TestStocksOfASnapshot(t *testing.T) {
	dir := t.TempDir()
	p := startProgram(t, "--dir", dir)
	for _, line := range []string{
		"SET page x", "STOCK.OPEN item 9", "STOCK.HOLD item a ann 2", "STOCK.CONFIRM item a", "SAVE",
		"STOCK.HOLD item b bob 3",
	} {
		if answer := askLoaded(t, p, line); strings.HasPrefix(answer, "-") {
			t.Fatalf("%s: %s", line, answer)
		}
	}
	p.stop()
	store, err := openOffline(dir, "dump.rdb", 1, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Free() }()
	visited := 0
	at, err := store.Store().Stocks(func(_ journal.Position, effects []byte) error {
		visited++
		var e effect.Effect
		if r := effect.NewReader(effects); !r.Next(&e) || e.Value[0] != stock.WholeBegins {
			t.Fatalf("got %q", effects)
		}
		h, err := stock.ReadHeader(e.Value[1:])
		if h.Units != 9 || h.Sold != 2 || h.Records != 1 || string(e.Key) != "item" {
			t.Errorf("got %+v", h)
		}
		return err
	})
	if err != nil || visited != 1 || at == 0 || at >= store.Journal().End() {
		t.Errorf("%d stocks, position %d of %d, %v", visited, at, store.Journal().End(), err)
	}
}
