// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestGoRedis(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprint("RESP", protocol), func(t *testing.T) {
			everyWay(t, "", func(t *testing.T, s *running) {
				db := redis.NewClient(&redis.Options{
					Network: s.network, Addr: s.address, Protocol: protocol,
				})
				defer db.Close()
				t.Run("Pipeline", func(t *testing.T) { goRedisPipeline(t, db) })
				t.Run("Transaction", func(t *testing.T) { goRedisTransaction(t, db) })
				t.Run("Map", func(t *testing.T) { goRedisMap(t, db) })
			})
		})
	}
}

func goRedisPipeline(t *testing.T, db *redis.Client) {
	pipe := db.Pipeline()
	for i := range 1000 {
		pipe.Set(t.Context(), fmt.Sprint("p", i), i, 0)
		pipe.Get(t.Context(), fmt.Sprint("p", i))
	}
	replies, err := pipe.Exec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if got := replies[2*i+1].(*redis.StringCmd).Val(); got != fmt.Sprint(i) {
			t.Fatalf("p%d is %q", i, got)
		}
	}
}

// goRedisTransaction lets clients count up one key by WATCH, GET and MULTI: no count may
// be lost.
func goRedisTransaction(t *testing.T, db *redis.Client) {
	const clients, rounds = 4, 25
	increment := func(tx *redis.Tx) error {
		n, err := tx.Get(t.Context(), "count").Int()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		_, err = tx.TxPipelined(t.Context(), func(pipe redis.Pipeliner) error {
			pipe.Set(t.Context(), "count", n+1, 0)
			return nil
		})
		return err
	}
	var counting sync.WaitGroup
	for range clients {
		counting.Go(func() {
			for done := 0; done < rounds; {
				switch err := db.Watch(t.Context(), increment, "count"); {
				case err == nil:
					done++
				case !errors.Is(err, redis.TxFailedErr):
					t.Error(err)
					return
				}
			}
		})
	}
	counting.Wait()
	if n, err := db.Get(t.Context(), "count").Int(); n != clients*rounds {
		t.Errorf("counted %d, %v", n, err)
	}
}

func goRedisMap(t *testing.T, db *redis.Client) {
	db.HSet(t.Context(), "h", "a", "1", "b", "2")
	got, err := db.HGetAll(t.Context(), "h").Result()
	if err != nil || len(got) != 2 || got["b"] != "2" {
		t.Errorf("got %v, %v", got, err)
	}
}
