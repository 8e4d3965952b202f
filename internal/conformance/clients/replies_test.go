// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 programs still make the calls that go-redis calls deprecated

package clients

import (
	"math"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestRepliesOfStrings(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		s.ask(
			db.Set(ctx, "k", "v", 0), db.Get(ctx, "k"), db.Get(ctx, "none"),
			db.Set(ctx, "f", 1.5, time.Hour), db.SetNX(ctx, "k", "w", 0),
			db.SetNX(ctx, "new", "w", time.Minute), db.SetXX(ctx, "none", "w", 0),
			db.SetXX(ctx, "k", true, redis.KeepTTL), db.SetEx(ctx, "e", "v", time.Minute),
			db.SetArgs(ctx, "k", "x", redis.SetArgs{Get: true, Mode: "XX"}),
			db.SetArgs(ctx, "none", "x", redis.SetArgs{Get: true, Mode: "XX"}),
			db.SetArgs(ctx, "k", "y", redis.SetArgs{ExpireAt: time.Unix(1<<40, 0), Get: true}),
			db.SetArgs(ctx, "k", "z", redis.SetArgs{KeepTTL: true}),
			db.SetFromBuffer(ctx, "buffer", []byte("held")),
			db.Append(ctx, "k", "more"), db.StrLen(ctx, "k"), db.GetRange(ctx, "k", 1, -2),
			db.SetRange(ctx, "k", 8, "far"), db.Get(ctx, "k"),
			db.GetSet(ctx, "k", "old"), db.GetSet(ctx, "none2", "old"),
			db.GetEx(ctx, "k", time.Minute), db.GetEx(ctx, "k", 0), db.PTTL(ctx, "k"),
			db.GetDel(ctx, "k"), db.GetDel(ctx, "k"),
			db.Incr(ctx, "n"), db.IncrBy(ctx, "n", 41), db.Decr(ctx, "n"), db.DecrBy(ctx, "n", 7),
			db.IncrByFloat(ctx, "n", 0.25), db.Incr(ctx, "n"), db.IncrByFloat(ctx, "x", 3e100),
			db.MSet(ctx, "a", 1, "b", "two"), db.MGet(ctx, "a", "none", "b"),
			db.MSetNX(ctx, "a", 1, "c", 2), db.MSetNX(ctx, "c", 1, "d", 2),
			db.LCS(ctx, &redis.LCSQuery{Key1: "new", Key2: "b"}),
		)
		s.must(db.MSet(ctx, "l1", "ohmytext", "l2", "mynewtext").Err())
		s.ask(
			db.LCS(ctx, &redis.LCSQuery{Key1: "l1", Key2: "l2"}),
			db.LCS(ctx, &redis.LCSQuery{Key1: "l1", Key2: "l2", Len: true}),
			db.LCS(ctx, &redis.LCSQuery{Key1: "l1", Key2: "l2", Idx: true}),
			db.LCS(ctx, &redis.LCSQuery{Key1: "l1", Key2: "l2", Idx: true,
				MinMatchLen: 3, WithMatchLen: true}),
		)
		buffer := make([]byte, 8)
		call := db.GetToBuffer(ctx, "buffer", buffer)
		s.saw("%d of %q, %v", call.Val(), buffer, call.Err())
	})
}

func TestRepliesOfKeys(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		far := time.UnixMilli(3_000_000_000_123)
		s.must(db.MSet(ctx, "a", 1, "b", "x", "c", "text").Err())
		s.must(db.HSet(ctx, "h", "f", "v").Err())
		s.must(db.ZAdd(ctx, "z", redis.Z{Score: 1, Member: "m"}).Err())
		s.ask(
			db.Exists(ctx, "a", "a", "none"), db.Touch(ctx, "a", "none"), db.DBSize(ctx),
			db.Type(ctx, "a"), db.Type(ctx, "h"), db.Type(ctx, "z"), db.Type(ctx, "none"),
			db.Expire(ctx, "a", time.Hour), db.ExpireNX(ctx, "a", time.Minute),
			db.ExpireXX(ctx, "a", time.Minute), db.ExpireGT(ctx, "a", time.Second),
			db.ExpireLT(ctx, "b", time.Hour), db.PExpire(ctx, "c", 90*time.Minute),
			db.TTL(ctx, "none"), db.TTL(ctx, "h"), db.PTTL(ctx, "none"), db.PTTL(ctx, "h"),
			db.ExpireAt(ctx, "a", far), db.ExpireTime(ctx, "a"), db.PExpireTime(ctx, "a"),
			db.PExpireAt(ctx, "a", far), db.PExpireTime(ctx, "a"), db.ExpireTime(ctx, "none"),
			db.Persist(ctx, "a"), db.Persist(ctx, "a"), db.ExpireTime(ctx, "a"),
			db.Expire(ctx, "b", -time.Second), db.Get(ctx, "b"),
			db.Rename(ctx, "a", "a2"), db.Rename(ctx, "none", "x"), db.RenameNX(ctx, "a2", "c"),
			db.Copy(ctx, "a2", "a3", 0, false), db.Copy(ctx, "a2", "a3", 0, false),
			db.Copy(ctx, "a2", "a3", 0, true), db.Move(ctx, "a3", 1), db.Move(ctx, "none", 1),
			db.ObjectEncoding(ctx, "a2"), db.ObjectEncoding(ctx, "c"),
			db.ObjectEncoding(ctx, "h"), db.ObjectEncoding(ctx, "none"),
			db.ObjectRefCount(ctx, "c"), db.ObjectIdleTime(ctx, "c"), db.ObjectFreq(ctx, "c"),
			db.Del(ctx, "a2", "none"), db.Unlink(ctx, "c", "none"),
		)
		s.askSorted(db.Keys(ctx, "*"), db.Keys(ctx, "none*"))
		s.ask(db.FlushDB(ctx), db.RandomKey(ctx), db.FlushAllAsync(ctx), db.DBSize(ctx))
	})
}

func TestRepliesOfHashes(t *testing.T) {
	type row struct {
		Name  string  `redis:"name"`
		Stock int     `redis:"stock"`
		Price float64 `redis:"price"`
		Open  bool    `redis:"open"`
	}
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		s.ask(
			db.HSet(ctx, "h", "a", 1, "b", "two"), db.HSet(ctx, "h", "a", "again", "c", 3),
			db.HSet(ctx, "row", row{"phone", 100, 499.5, true}), db.HGetAll(ctx, "row"),
			db.HMSet(ctx, "h", map[string]any{"d": 4}), db.HGetAll(ctx, "h"),
			db.HGetAll(ctx, "none"), db.HGet(ctx, "h", "a"), db.HGet(ctx, "h", "none"),
			db.HMGet(ctx, "h", "a", "none", "b"), db.HMGet(ctx, "none", "a"),
			db.HExists(ctx, "h", "a"), db.HExists(ctx, "h", "none"), db.HLen(ctx, "h"),
			db.HSetNX(ctx, "h", "a", 1), db.HSetNX(ctx, "h", "e", 1), db.HStrLen(ctx, "h", "b"),
			db.HIncrBy(ctx, "h", "e", 41), db.HIncrByFloat(ctx, "h", "e", 0.5),
			db.HIncrBy(ctx, "h", "b", 1), db.HIncrByFloat(ctx, "h", "b", 1),
			db.HDel(ctx, "h", "a", "none"), db.HRandField(ctx, "none", 2),
			db.HRandFieldWithValues(ctx, "none", 2),
		)
		s.askSorted(db.HKeys(ctx, "h"), db.HVals(ctx, "h"), db.HRandField(ctx, "h", 10))
		s.must(db.HSet(ctx, "one", "f", "v").Err())
		s.ask(db.HRandField(ctx, "one", 1), db.HRandFieldWithValues(ctx, "one", -3))
		var read row
		s.must(db.HGetAll(ctx, "row").Scan(&read))
		s.saw("%+v", read)
	})
}

func TestRepliesOfSortedSets(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		s.ask(
			db.ZAdd(ctx, "z", redis.Z{Score: 1, Member: "a"}, redis.Z{Score: 2.5, Member: "b"}),
			db.ZAdd(ctx, "z", redis.Z{Score: math.Inf(1), Member: "inf"},
				redis.Z{Score: math.Inf(-1), Member: "-inf"}, redis.Z{Score: 1e17, Member: "c"}),
			db.ZAddNX(ctx, "z", redis.Z{Score: 9, Member: "a"}),
			db.ZAddXX(ctx, "z", redis.Z{Score: 9, Member: "new"}),
			db.ZAddGT(ctx, "z", redis.Z{Score: 0, Member: "a"}),
			db.ZAddLT(ctx, "z", redis.Z{Score: 0.1, Member: "a"}),
			db.ZAddArgs(ctx, "z", redis.ZAddArgs{Ch: true, GT: true,
				Members: []redis.Z{{Score: 4, Member: "b"}, {Score: 5, Member: "d"}}}),
			db.ZAddArgsIncr(ctx, "z", redis.ZAddArgs{Members: []redis.Z{{Score: 1, Member: "b"}}}),
			db.ZAddArgsIncr(ctx, "z", redis.ZAddArgs{NX: true,
				Members: []redis.Z{{Score: 1, Member: "b"}}}),
			db.ZIncrBy(ctx, "z", 0.1, "a"), db.ZScore(ctx, "z", "a"), db.ZScore(ctx, "z", "inf"),
			db.ZScore(ctx, "z", "none"), db.ZScore(ctx, "none", "a"), db.ZCard(ctx, "z"),
			db.ZCount(ctx, "z", "(0.2", "+inf"), db.ZMScore(ctx, "z", "a", "inf"),
			db.ZRank(ctx, "z", "a"), db.ZRank(ctx, "z", "none"), db.ZRevRank(ctx, "z", "a"),
			db.ZRange(ctx, "z", 0, -1), db.ZRangeWithScores(ctx, "z", 0, -1),
			db.ZRevRange(ctx, "z", 0, 1), db.ZRevRangeWithScores(ctx, "z", 0, 1),
			db.ZRangeWithScores(ctx, "none", 0, -1),
		)
		by := &redis.ZRangeBy{Min: "0", Max: "(5", Offset: 0, Count: 2}
		s.ask(
			db.ZRangeByScore(ctx, "z", by), db.ZRangeByScoreWithScores(ctx, "z", by),
			db.ZRevRangeByScore(ctx, "z", by), db.ZRevRangeByScoreWithScores(ctx, "z", by),
			db.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "z", Start: "1", Stop: "5", ByScore: true}),
			db.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: "z", Start: "1", Stop: "5",
				ByScore: true, Rev: true, Count: 1, Offset: 1}),
			db.ZRangeStore(ctx, "to", redis.ZRangeArgs{Key: "z", Start: 0, Stop: 2}),
			db.ZRandMember(ctx, "none", 2), db.ZRandMemberWithScores(ctx, "none", 2),
			db.ZPopMin(ctx, "z"), db.ZPopMax(ctx, "z", 2), db.ZPopMin(ctx, "none", 2),
			db.ZMPop(ctx, "max", 2, "none", "z"), db.ZMPop(ctx, "min", 1, "none"),
			db.ZRem(ctx, "z", "a", "none"), db.ZCard(ctx, "z"),
		)
		s.askSorted(db.ZRandMember(ctx, "to", 10))
	})
}

func TestRepliesOfSetsOfSortedSets(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		for i, member := range []string{"a", "b", "c", "d"} {
			s.must(db.ZAdd(ctx, "lex", redis.Z{Member: member}).Err())
			s.must(db.ZAdd(ctx, "one", redis.Z{Score: float64(i), Member: member}).Err())
			if i%2 == 0 {
				s.must(db.ZAdd(ctx, "two", redis.Z{Score: 10.5, Member: member}).Err())
			}
		}
		lex := &redis.ZRangeBy{Min: "[b", Max: "(d"}
		store := redis.ZStore{Keys: []string{"one", "two"}, Weights: []float64{2, 0.5},
			Aggregate: "MAX"}
		s.ask(
			db.ZRangeByLex(ctx, "lex", lex), db.ZRevRangeByLex(ctx, "lex", lex),
			db.ZLexCount(ctx, "lex", "-", "(c"), db.ZRangeArgs(ctx,
				redis.ZRangeArgs{Key: "lex", Start: "-", Stop: "[c", ByLex: true, Rev: true}),
			db.ZInter(ctx, &store), db.ZInterWithScores(ctx, &store),
			db.ZInterCard(ctx, 1, "one", "two"), db.ZInterStore(ctx, "inter", &store),
			db.ZUnion(ctx, store), db.ZUnionWithScores(ctx, store),
			db.ZUnionStore(ctx, "union", &store), db.ZRangeWithScores(ctx, "union", 0, -1),
			db.ZDiff(ctx, "one", "two"), db.ZDiffWithScores(ctx, "one", "two"),
			db.ZDiffStore(ctx, "diff", "one", "two"), db.ZRangeWithScores(ctx, "diff", 0, -1),
			db.ZRemRangeByLex(ctx, "lex", "[a", "[b"), db.ZRemRangeByRank(ctx, "union", 0, 0),
			db.ZRemRangeByScore(ctx, "union", "-inf", "(100"), db.ZCard(ctx, "union"),
		)
	})
}
