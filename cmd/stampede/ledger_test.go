// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"stampede/internal/effect"
	"stampede/internal/journal"
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
