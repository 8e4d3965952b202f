// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

// heard notes what comes to a subscriber until the text "end" does.
func (s *story) heard(ps *redis.PubSub) {
	s.Helper()
	for {
		got, err := ps.Receive(s.ctx)
		s.must(err)
		s.saw("%s", got)
		if m, ok := got.(*redis.Message); ok && m.Payload == "end" {
			return
		}
	}
}

func TestSubscribers(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		ps := db.Subscribe(ctx, "news", "end")
		defer ps.Close()
		for range 2 {
			_, err := ps.Receive(ctx)
			s.must(err)
		}
		s.ask(db.Publish(ctx, "news", "one"), db.Publish(ctx, "none", "two"),
			db.Publish(ctx, "news", "bin\x00\r\n"), db.Publish(ctx, "end", "end"))
		s.heard(ps)
		s.must(ps.Ping(ctx, "there"))
		got, err := ps.Receive(ctx)
		s.must(err)
		s.saw("%s", got)

		s.must(ps.PSubscribe(ctx, "n?ws"))
		s.must(ps.Unsubscribe(ctx, "news"))
		for range 2 {
			got, err = ps.Receive(ctx)
			s.must(err)
			s.saw("%s", got)
		}
		s.askSorted(db.PubSubChannels(ctx, "*"))
		s.ask(db.PubSubNumSub(ctx, "end", "news"), db.PubSubNumPat(ctx),
			db.Publish(ctx, "news", "by pattern"), db.Publish(ctx, "end", "end"))
		s.heard(ps)

		shard := db.SSubscribe(ctx, "part")
		defer shard.Close()
		_, err = shard.Receive(ctx)
		s.must(err)
		s.ask(db.PubSubShardChannels(ctx, "*"), db.PubSubShardNumSub(ctx, "part"),
			db.SPublish(ctx, "part", "of it"), db.SPublish(ctx, "part", "end"))
		s.heard(shard)
	})
}

// TestMessagesKeepTheirOrder hears what transactions, scripts and pipelines publish.
func TestMessagesKeepTheirOrder(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		ps := db.Subscribe(ctx, "c")
		defer ps.Close()
		_, err := ps.Receive(ctx)
		s.must(err)
		_, err = db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for n := range 500 {
				p.Publish(ctx, "c", fmt.Sprint(n))
			}
			return nil
		})
		s.must(err)
		_, err = db.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "k", "v", 0)
			p.Publish(ctx, "c", "in a transaction")
			p.Publish(ctx, "c", "twice")
			return nil
		})
		s.must(err)
		s.ask(db.Eval(ctx, "return redis.call('PUBLISH', KEYS[1], ARGV[1])", []string{"c"}, "script"))
		s.ask(db.Publish(ctx, "c", "end"))
		s.heard(ps)
	})
}

// TestKeyspaceNotifications hears of changes as programs do that mirror them.
func TestKeyspaceNotifications(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		s.must(db.ConfigSet(ctx, "notify-keyspace-events", "KEA").Err())
		defer db.ConfigSet(ctx, "notify-keyspace-events", "")
		ps := db.PSubscribe(ctx, "__key*__:*", "end")
		defer ps.Close()
		for range 2 {
			_, err := ps.Receive(ctx)
			s.must(err)
		}
		s.must(db.Set(ctx, "order:1", "open", 0).Err())
		s.must(db.Incr(ctx, "count").Err())
		s.must(db.HSet(ctx, "h", "field", "value").Err())
		s.must(db.Expire(ctx, "h", lockTime).Err())
		s.must(db.LPush(ctx, "queue", "a", "b").Err())
		s.must(db.RPop(ctx, "queue").Err())
		s.must(db.ZAdd(ctx, "board", redis.Z{Score: 1, Member: "a"}).Err())
		s.must(db.Rename(ctx, "order:1", "order:2").Err())
		s.must(db.Del(ctx, "order:2", "none").Err())
		s.must(db.Publish(ctx, "end", "end").Err())
		s.heard(ps)
	})
}
