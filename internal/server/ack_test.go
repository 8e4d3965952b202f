// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/session"
)

// startKept is a server that keeps its data on a disk.
func startKept(
	t *testing.T, transport Transport, fsync string, fs disk.FS,
) (store *engine.Engine, addr string) {
	t.Helper()
	parameters := config.New()
	for name, value := range map[string]string{"appendonly": "yes", "appendfsync": fsync} {
		if err := parameters.SetAtStart(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var door *Server
	registry := session.NewRegistry(func() { door.Wake() })
	store, err := engine.New(engine.Options{
		Shards: 2, Config: parameters, Registry: registry, ReserveBytes: 1 << 30,
		Durability: &engine.Durability{
			FS: fs, Dir: "data",
			Durable: func(journal.Position) { door.Durable() }, Failed: func() { door.Durable() },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err = New(Options{
		Engine: store, Registry: registry, Config: parameters, Transport: transport, Loops: 1,
		DrainMax: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := door.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		err = store.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{store.Store().Run, door.Run} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		parts.Wait()
		if err := store.Free(); err != nil {
			t.Error(err)
		}
	})
	return store, listener.String()
}

// TestSalesWaitForTheDisk: with a disk that nobody else syncs, STOCK.CONFIRM makes it durable
// before it answers, unless it is told not to.
func TestSalesWaitForTheDisk(t *testing.T) {
	for _, transport := range transports() {
		store, addr := startKept(t, transport, "no", faulty.New(1))
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		ask := func(call string, lines int) (reply string) {
			if _, err := fmt.Fprintf(conn, "%s\r\n", call); err != nil {
				t.Fatal(err)
			}
			for range lines {
				line, err := in.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				reply += strings.TrimSpace(line) + " "
			}
			return reply
		}
		log := store.Journal()
		ask("STOCK.OPEN k 9", 1)
		ask("STOCK.HOLD k a ann 1", 4)
		ask("STOCK.HOLD k b bob 1", 4)
		if got := ask("STOCK.CONFIRM k a ACK MEMORY", 3); got != "*2 +SOLD :1 " {
			t.Errorf("%s: %q", transport, got)
		}
		if log.Durable() == log.End() {
			t.Errorf("%s: something has synced", transport)
		}
		if got := ask("STOCK.CONFIRM k b", 3); got != "*2 +SOLD :2 " {
			t.Errorf("%s: %q", transport, got)
		}
		if log.Durable() < log.End() {
			t.Errorf("%s: told at %d, durable is %d", transport, log.End(), log.Durable())
		}
		ask("STOCK.HOLD k c cid 1", 4)
		ask("STOCK.CONFIRM k c ACK MEMORY", 3)
		if got := ask("STOCK.CONFIRM k c ACK JOURNAL", 3); got != "*2 +ALREADY SOLD :3 " ||
			log.Durable() < log.End() {
			t.Errorf("%s: %q at %d, durable is %d", transport, got, log.End(), log.Durable())
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// transports are all that there are here.
func transports() []Transport {
	if Best == Epoll {
		return []Transport{Net, Epoll}
	}
	return []Transport{Net}
}

// gatedDisk is a disk whose syncs wait while it is shut.
func gatedDisk() (fs *faulty.FS, shut, open func()) {
	fs = faulty.New(1)
	var mu sync.Mutex
	fs.Hook(func(op faulty.Op) error {
		if op.Kind == faulty.Sync {
			mu.Lock()
			defer mu.Unlock()
		}
		return nil
	})
	return fs, mu.Lock, mu.Unlock
}

// TestSalesThatDoNotWait: with appendfsync always and a disk that does not sync for now, ACK
// MEMORY is answered at once; what stands before it on the same connection holds it back.
func TestSalesThatDoNotWait(t *testing.T) {
	for _, transport := range transports() {
		disk, shut, open := gatedDisk()
		store, addr := startKept(t, transport, "always", disk)
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		send := func(calls string) {
			if _, err := conn.Write([]byte(calls)); err != nil {
				t.Fatal(err)
			}
		}
		want := func(lines ...string) {
			t.Helper()
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			for _, line := range lines {
				if got, err := in.ReadString('\n'); got != line+"\r\n" || err != nil {
					t.Fatalf("%s: got %q %v, want %q", transport, got, err, line)
				}
			}
		}
		send("STOCK.OPEN k 9\r\nSET there 1\r\n")
		want("+OK", "+OK")
		for _, id := range []string{"a", "b", "c"} {
			send("STOCK.HOLD k " + id + " ann 1\r\n")
			for range 4 {
				_, _ = in.ReadString('\n') // the deadline is any
			}
		}
		shut()
		ended := false
		defer func() {
			if !ended {
				open()
			}
		}()
		send("STOCK.CONFIRM k a ACK MEMORY\r\n")
		want("*2", "+SOLD", ":1")
		send("STOCK.CONFIRM k b ACK MEMORY\r\nSTOCK.CONFIRM k a ACK MEMORY\r\n")
		want("*2", "+SOLD", ":2", "*2", "+ALREADY SOLD", ":1")
		if store.Journal().Durable() == store.Journal().End() {
			t.Errorf("%s: the disk has synced", transport)
		}
		send("SET other 1\r\nSTOCK.CONFIRM k c ACK MEMORY\r\n")
		eventually(t, "the calls have run", func() bool { return store.Summary().DBs[0].Keys == 3 })
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if line, err := in.ReadString('\n'); err == nil {
			t.Errorf("%s: %q is told before it is durable", transport, line)
		}
		open()
		ended = true
		want("+OK", "*2", "+SOLD", ":3")
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
