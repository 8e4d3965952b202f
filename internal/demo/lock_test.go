// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// intruder does something once, before a transaction of the client it hooks into is sent.
type intruder struct {
	redis.Hook
	intrude func()
}

func (i *intruder) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (i *intruder) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (i *intruder) ProcessPipelineHook(
	next redis.ProcessPipelineHook,
) redis.ProcessPipelineHook {
	return func(ctx context.Context, calls []redis.Cmder) error {
		if len(calls) > 0 && calls[0].Name() == "multi" && i.intrude != nil {
			i.intrude()
			i.intrude = nil
		}
		return next(ctx, calls)
	}
}

func TestLostLockSellsNothing(t *testing.T) {
	address, other := startWithClient(t)
	ctx := t.Context()
	for name, happen := range map[string]func(lockKey string) error{
		"the lock is another's": func(key string) error { return other.Set(ctx, key, "x", 0).Err() },
		"the lock has expired":  func(key string) error { return other.Del(ctx, key).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			client := connect(address, 10)
			defer func() { _ = client.Close() }()
			sale := Sale{Stock: 5, Item: "K", prefix: t.Name() + ":"}
			if err := (newLock()).Prepare(ctx, client, &sale); err != nil {
				t.Fatal(err)
			}
			hook := &intruder{intrude: func() {
				if err := happen(sale.Key("item_lock")); err != nil {
					t.Error(err)
				}
			}}
			client.AddHook(hook)
			order, err := newLock().knock(ctx, client, &sale, 1)
			if err != nil || order.ID != "" || hook.intrude != nil {
				t.Errorf("order %+v, error %v; intruded: %v", order, err, hook.intrude == nil)
			}
			left := other.Get(ctx, sale.Key("item_on_sale")).Val()
			orders := other.HLen(ctx, sale.ordersKey()).Val()
			if left != "5" || orders != 0 {
				t.Errorf("%s units left, %d orders", left, orders)
			}
		})
	}
}

func TestReleaseLeavesTheLockOfAnother(t *testing.T) {
	_, client := startWithClient(t)
	ctx, sale := t.Context(), Sale{Item: "K", prefix: "release:"}
	key := sale.Key("item_lock")
	if err := client.Set(ctx, key, "theirs", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := newLock().release(ctx, client, &sale, "mine"); err != nil {
		t.Error(err)
	}
	if got := client.Get(ctx, key).Val(); got != "theirs" {
		t.Errorf("the lock holds %q", got)
	}
	if err := newLock().release(ctx, client, &sale, "theirs"); err != nil {
		t.Error(err)
	}
	if n := client.Exists(ctx, key).Val(); n != 0 {
		t.Error("the own lock is not released")
	}
	_, err := newLock().purchase(ctx, client, &sale, 1, "mine")
	if !errors.Is(err, errLockLost) {
		t.Errorf("purchase without the lock: error %v", err)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	for tries := 1; tries < 100; tries++ {
		whole := min(backoffMin<<min(tries-1, 10), backoffMax)
		if d := backoff(tries); d < whole/2 || d >= whole || d > 32*time.Millisecond {
			t.Errorf("try %d waits %v", tries, d)
		}
	}
}
