// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestStreams calls what go-redis has for streams, with all that it parses of the replies.
func TestStreams(t *testing.T) {
	compare(t, func(s *story) {
		add := func(id string, values ...any) *redis.XAddArgs {
			return &redis.XAddArgs{Stream: "orders", ID: id, Values: values}
		}
		for i := range 5 {
			s.ask(s.db.XAdd(s.ctx, add(fmt.Sprint(i+1, "-0"), "item", i, "price", 1.5)))
		}
		s.ask(s.db.XAdd(s.ctx, add("5-*", "item", 6)), s.db.XAdd(s.ctx, add("1-0", "item", 7)))
		s.ask(s.db.XLen(s.ctx, "orders"), s.db.XRange(s.ctx, "orders", "(1-0", "4"),
			s.db.XRevRangeN(s.ctx, "orders", "+", "-", 2), s.db.XDel(s.ctx, "orders", "2-0", "9-9"))
		s.ask(s.db.XTrimMaxLen(s.ctx, "orders", 4), s.db.XTrimMinIDApprox(s.ctx, "orders", "4", 100))
		s.ask(s.db.XGroupCreate(s.ctx, "orders", "shop", "0"),
			s.db.XGroupCreateMkStream(s.ctx, "orders", "shop", "0"),
			s.db.XGroupCreateConsumer(s.ctx, "orders", "shop", "ann"))
		read := func(consumer, id string) *redis.XStreamSliceCmd {
			return s.db.XReadGroup(s.ctx, &redis.XReadGroupArgs{Group: "shop", Consumer: consumer,
				Streams: []string{"orders", id}, Count: 2, Block: -1})
		}
		s.ask(read("ann", ">"), read("bob", ">"), read("bob", ">"), read("bob", "0"))
		s.ask(s.db.XPending(s.ctx, "orders", "shop"), s.db.XAck(s.ctx, "orders", "shop", "3-0", "9-9"))
		s.ask(s.db.XClaim(s.ctx, &redis.XClaimArgs{Stream: "orders", Group: "shop", Consumer: "bob",
			Messages: []string{"4-0"}}), s.db.XClaimJustID(s.ctx, &redis.XClaimArgs{Stream: "orders",
			Group: "shop", Consumer: "ann", MinIdle: time.Hour, Messages: []string{"5-0"}}))
		s.ask(s.db.XAutoClaim(s.ctx, &redis.XAutoClaimArgs{Stream: "orders", Group: "shop",
			Consumer: "ann", Start: "0", Count: 1}))
		for _, one := range s.db.XPendingExt(s.ctx, &redis.XPendingExtArgs{Stream: "orders",
			Group: "shop", Start: "-", End: "+", Count: 9}).Val() {
			s.saw("%s of %s, %d times", one.ID, one.Consumer, one.RetryCount)
		}
		s.ask(s.db.XInfoStream(s.ctx, "orders"), s.db.XInfoGroups(s.ctx, "orders"))
		full := s.db.XInfoStreamFull(s.ctx, "orders", 10)
		s.must(full.Err())
		for _, one := range full.Val().Groups[0].Consumers {
			s.saw("%s has %d", one.Name, len(one.Pending))
		}
		s.ask(s.db.XRead(s.ctx, &redis.XReadArgs{Streams: []string{"orders", "none", "4", "0"}}),
			s.db.XRead(s.ctx, &redis.XReadArgs{Streams: []string{"orders", "$"},
				Block: time.Millisecond}),
			s.db.XGroupDelConsumer(s.ctx, "orders", "shop", "ann"),
			s.db.XGroupSetID(s.ctx, "orders", "shop", "0"), s.db.XGroupDestroy(s.ctx, "orders", "shop"))
	})
}

// TestConsumerGroup lets workers share a stream; some of them die with what they have taken.
// Whoever has had an entry for too long loses it to another. All are done, and none is lost.
func TestConsumerGroup(t *testing.T) {
	const workers, orders = 8, 400
	compare(t, func(s *story) {
		s.must(s.db.XGroupCreateMkStream(s.ctx, "work", "group", "$").Err())
		options := s.options
		options.PoolSize = workers + 2
		db := s.client(options)
		var done sync.Map
		var count atomic.Int64
		var working sync.WaitGroup
		for i := range workers {
			working.Go(func() { work(s, db, i, &done, &count, orders) })
		}
		for i := range orders {
			s.must(db.XAdd(s.ctx, &redis.XAddArgs{Stream: "work", MaxLen: 10 * orders, Approx: true,
				Values: []any{"order", i}}).Err())
		}
		working.Wait()
		if n := count.Load(); n != orders {
			s.Errorf("%d of %d orders were done", n, orders)
		}
		pending := s.db.XPending(s.ctx, "work", "group")
		s.must(pending.Err())
		if n := pending.Val().Count; n != 0 {
			s.Errorf("%d entries are pending", n)
		}
		groups := s.db.XInfoGroups(s.ctx, "work").Val()
		s.saw("read %d, lag %d", groups[0].EntriesRead, groups[0].Lag)
	})
}

// work takes entries and is done with them, until all are. Odd workers let the first that
// they take lie.
func work(s *story, db *redis.Client, number int, done *sync.Map, count *atomic.Int64, all int64) {
	name := fmt.Sprint("worker", number)
	careless := number%2 == 1
	for count.Load() < all {
		batch, err := db.XReadGroup(s.ctx, &redis.XReadGroupArgs{Group: "group", Consumer: name,
			Streams: []string{"work", ">"}, Count: 5, Block: 20 * time.Millisecond}).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			s.Error(err)
			return
		}
		var taken []redis.XMessage
		for _, one := range batch {
			taken = append(taken, one.Messages...)
		}
		if careless && len(taken) > 0 {
			careless = false
			continue
		}
		if len(taken) == 0 {
			taken, _, err = db.XAutoClaim(s.ctx, &redis.XAutoClaimArgs{Stream: "work", Group: "group",
				Consumer: name, MinIdle: 5 * time.Millisecond, Start: "0", Count: 10}).Result()
			if err != nil {
				s.Error(err)
				return
			}
		}
		for _, message := range taken {
			if _, again := done.LoadOrStore(message.Values["order"], name); !again {
				count.Add(1)
			}
			if err := db.XAck(s.ctx, "work", "group", message.ID).Err(); err != nil {
				s.Error(err)
				return
			}
		}
	}
}
