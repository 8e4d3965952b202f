// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stampede/internal/disk/faulty"
)

// TestMigrateIsDurable: with appendfsync always nobody is told of a move before the removal is
// durable.
func TestMigrateIsDurable(t *testing.T) {
	disk, shut, open := gatedDisk()
	store, addr := startKept(t, Best, "always", disk)
	there := startElsewhere(t, func(string) string { return taken })
	c := dialPlain(t, addr)
	c.send("SET k v")
	c.want("+OK")
	shut()
	isShut := true
	defer func() {
		if isShut {
			open()
		}
	}()
	c.send(there.migrate(longMs, "", "k"))
	there.want(t, "SELECT 0", "RESTORE k 0 v")
	eventually(t, "it is removed", func() bool {
		return store.Waiting() == 0 && store.Summary().DBs[0].Keys == 0
	})
	if store.Journal().Durable() == store.Journal().End() {
		t.Error("the disk has synced")
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if line, err := c.in.ReadString('\n'); err == nil {
		t.Errorf("%q is told before it is durable", line)
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	open()
	isShut = false
	c.want("+OK")
}

// TestMigrateWhileTheDiskFails: a key that cannot be removed for good stays.
func TestMigrateWhileTheDiskFails(t *testing.T) {
	disk := faulty.New(1)
	var fails atomic.Bool
	disk.Hook(func(op faulty.Op) error {
		if fails.Load() && (op.Kind == faulty.Write || op.Kind == faulty.Sync) {
			return errors.New("the disk is broken")
		}
		return nil
	})
	store, addr := startKept(t, transports()[0], "no", disk)
	c, other := dialPlain(t, addr), dialPlain(t, addr)
	there := startElsewhere(t, func(call string) string {
		if strings.HasPrefix(call, "RESTORE") {
			fails.Store(true)
			other.send("SET other v")
			other.want("+OK")
			eventually(t, "the journal fails", func() bool { return store.Journal().Failed() != nil })
		}
		return taken
	})
	c.send("SET k v")
	c.want("+OK")
	c.send(there.migrate(longMs, "", "k"))
	if got := c.line(); !strings.HasPrefix(got, "-MISCONF Errors writing to the journal") {
		t.Errorf("got %q", got)
	}
	c.send("EXISTS k")
	c.want(":1")
	fails.Store(false)
	eventually(t, "the journal works again", func() bool { return store.Journal().Failed() == nil })
	c.send("EXISTS k")
	c.want(":1")
}

// TestMigrateEndsWithTheServer: a target that says nothing does not hold up the end.
func TestMigrateEndsWithTheServer(t *testing.T) {
	for _, transport := range transports() {
		there := startElsewhere(t, func(string) string { return "" })
		t.Run(string(transport), func(t *testing.T) {
			s := start(t, variant{transport, "tcp", 1}, "")
			c := dialPlain(t, s.address)
			c.send("SET k v")
			c.want("+OK")
			c.send(there.migrate(24*60*60*1000, "", "k"))
			there.want(t, "SELECT 0")
		})
	}
}
