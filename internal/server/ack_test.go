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

	"stampede/internal/config"
	"stampede/internal/disk/faulty"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/session"
)

// startKept is a server that keeps its data on a disk and never syncs by itself.
func startKept(t *testing.T, transport Transport) (store *engine.Engine, addr string) {
	t.Helper()
	parameters := config.New()
	for name, value := range map[string]string{"appendonly": "yes", "appendfsync": "no"} {
		if err := parameters.SetAtStart(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var door *Server
	registry := session.NewRegistry(func() { door.Wake() })
	store, err := engine.New(engine.Options{
		Shards: 2, Config: parameters, Registry: registry, ReserveBytes: 1 << 30,
		Durability: &engine.Durability{
			FS: faulty.New(1), Dir: "data",
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
	transports := []Transport{Net}
	if Best == Epoll {
		transports = append(transports, Epoll)
	}
	for _, transport := range transports {
		store, addr := startKept(t, transport)
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
