// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"stampede/internal/config"
	"stampede/internal/conformance"
	"stampede/internal/engine"
	"stampede/internal/server"
	"stampede/internal/session"
)

// startOurs runs our store on a free port until the test ends.
func startOurs(t testing.TB) (address string) {
	t.Helper()
	parameters, registry := config.New(), session.NewRegistry(nil)
	store, err := engine.New(engine.Options{Shards: 4, Config: parameters, Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	door, err := server.New(server.Options{Engine: store, Registry: registry, Config: parameters})
	if err != nil {
		t.Fatal(err)
	}
	listening, err := door.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, part := range []func(context.Context) error{store.Run, door.Run} {
		running.Go(func() {
			if err := part(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		end()
		running.Wait()
		if err := store.Free(); err != nil {
			t.Error(err)
		}
	})
	return listening.String()
}

// startRedis runs a redis-server until the test ends.
func startRedis(t testing.TB) (address string) { return conformance.StartRedis(t) }

// startWithClient gives a store of ours and a client of it.
func startWithClient(t testing.TB) (string, *redis.Client) {
	t.Helper()
	address := startOurs(t)
	client := connect(address, 10)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return address, client
}

// small is a sale that is over at once.
func small(address string, recipes ...Recipe) Options {
	return Options{
		Address: address, Buyers: 300, Stock: 20, Connections: 40, Readers: 3,
		Recipes: recipes, Payment: 100 * time.Microsecond, Seed: 1,
	}
}
