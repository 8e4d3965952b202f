// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"stampede/internal/disk/faulty"
)

// failing is a store whose disk can be broken.
type failing struct {
	*shop
	disk *faulty.FS
}

func newFailing(t *testing.T, shards int) *failing {
	f := &failing{shop: &shop{store: &store{t: t, nowMs: 1_700_000_000_000}}, disk: faulty.New(1)}
	f.restart(f.disk, shards)
	t.Cleanup(func() {
		if err := f.engine.Free(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// flush lets the journal do its work, which must fail or not.
func (f *failing) flush(fails bool) {
	f.t.Helper()
	err := f.engine.Journal().Flush(context.Background())
	if (err != nil) != fails {
		f.t.Fatalf("Flush: %v", err)
	}
}

// breakDisk lets every operation of the disk fail that could keep something, from now on, and
// waits until the journal knows.
func (f *failing) breakDisk() {
	f.t.Helper()
	f.disk.Hook(func(op faulty.Op) error {
		if op.Kind == faulty.Write || op.Kind == faulty.Sync || op.Kind == faulty.Truncate {
			return syscall.EIO
		}
		return nil
	})
	f.want("+OK\r\n", "SET last 1")
	f.flush(true)
}

func (f *failing) repair() {
	f.t.Helper()
	f.disk.Hook(nil)
	f.flush(false)
}

// TestReadsWhileTheDiskFails: keys that have expired are not seen, and yet nothing waits in
// memory to be written; what is written to them afterwards counts, also after a restart.
func TestReadsWhileTheDiskFails(t *testing.T) {
	const keys = 300
	for _, shards := range []int{1, 8} {
		f := newFailing(t, shards)
		for i := range keys {
			f.want("+OK\r\n", fmt.Sprintf("SET k%d v PX 1000", i))
		}
		f.want(":1\r\n", "HSET h f v")
		f.want(":1\r\n", "PEXPIRE h 1000")
		f.breakDisk()
		end := f.engine.Journal().End()
		f.nowMs += 1000
		for i := range keys {
			f.want("$-1\r\n", fmt.Sprintf("GET k%d", i))
			f.want(":0\r\n", fmt.Sprintf("EXISTS k%d", i))
			f.want(":-2\r\n", fmt.Sprintf("PTTL k%d", i))
		}
		f.want("*0\r\n", "HGETALL h")
		f.want("$-1\r\n", "EVAL return(redis.call('GET',KEYS[1])) 1 k1")
		f.want("+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n", "MULTI", "GET k2", "EXEC")
		if reply := f.do("SET k1 v"); !strings.HasPrefix(reply, "-MISCONF") {
			t.Errorf("a write is answered %q", reply)
		}
		f.engine.Step()
		if now := f.engine.Journal().End(); now != end {
			t.Errorf("%d bytes wait to be written", now-end)
		}
		f.repair()
		f.want(":1\r\n", "SETNX k1 new")
		f.want(":1\r\n", "RPUSH h new")
		f.want("-ERR no such key\r\n", "RENAME k3 k2")
		f.engine.Step()
		f.want(":3\r\n", "DBSIZE")
		if err := f.engine.Free(); err != nil {
			t.Fatal(err)
		}
		f.restart(f.disk, 3)
		f.want("$3\r\nnew\r\n", "GET k1")
		f.want("*1\r\n$3\r\nnew\r\n", "LRANGE h 0 -1")
		f.want(":3\r\n", "DBSIZE")
	}
}

// TestNobodyIsServedWhileTheDiskFails: what waiting calls would be given could not be kept.
func TestNobodyIsServedWhileTheDiskFails(t *testing.T) {
	f := newFailing(t, 2)
	f.do("STOCK.OPEN k 1", "STOCK.HOLD k a ann 1 FOR 1000")
	next, last := f.buyer(), f.buyer()
	wantAnswer(t, "next", next.ask("STOCK.HOLD k b bob 1 FOR 1000 WAIT 60000"), "")
	wantAnswer(t, "last", last.ask("STOCK.HOLD k c cid 1 WAIT 2000"), "")
	f.breakDisk()
	end := f.engine.Journal().End()
	f.nowMs += 1000
	wantAnswer(t, "next, units are free", next.look(), "")
	if at := next.waiter.NextMs(); at <= f.nowMs || at > f.nowMs+failedRetryMs {
		t.Errorf("it looks again at %d, now is %d", at, f.nowMs)
	}
	f.nowMs += 1000
	if answer := last.look(); !strings.HasPrefix(answer, "-MISCONF") {
		t.Errorf("last, its time is up: %q", answer)
	}
	if now := f.engine.Journal().End(); now != end {
		t.Errorf("%d bytes wait to be written", now-end)
	}
	f.repair()
	f.nowMs += failedRetryMs
	wantAnswer(t, "next", next.look(), fmt.Sprintf("HELD 2 %d", f.nowMs+1000))
	if n := f.engine.Waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// TestLocksOutliveClocksThatAreSetBack: a lock that is held is held after a restart with other
// shards, though other locks have seen a later time before the clock was set back.
func TestLocksOutliveClocksThatAreSetBack(t *testing.T) {
	f := newFailing(t, 8)
	reopen := func(shards int) {
		if err := f.engine.Free(); err != nil {
			t.Fatal(err)
		}
		f.restart(f.disk, shards)
	}
	const hour = 60 * 60 * 1000
	f.nowMs += hour
	for i := range 3 {
		f.do(fmt.Sprintf("LOCK.ACQUIRE early%d token 5", i))
	}
	f.nowMs -= hour
	reopen(8)
	for i := range 10 {
		f.do(fmt.Sprintf("LOCK.ACQUIRE l%d token 10000", i))
	}
	reopen(1)
	for i := range 10 {
		f.want("$-1\r\n", fmt.Sprintf("LOCK.ACQUIRE l%d other 10000", i))
	}
}
