// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/redis/go-redis/v9"
)

// everyByte has each byte, zero and the ends of lines among them.
func everyByte() []byte {
	b := []byte("\r\n$-1\r\n\x00*1\r\n")
	for i := range 256 {
		b = append(b, byte(i))
	}
	return b
}

func TestBinary(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db, b := s.ctx, s.db, everyByte()
		key := string(b)
		s.ask(
			db.Set(ctx, key, b, 0), db.Get(ctx, key), db.StrLen(ctx, key), db.Type(ctx, key),
			db.Append(ctx, key, "\x00"), db.GetRange(ctx, key, -2, -1),
			db.HSet(ctx, key+"h", key, b, "", "", "\x00", "\x00\x00"), db.HGetAll(ctx, key+"h"),
			db.HGet(ctx, key+"h", ""), db.HGet(ctx, key+"h", "\x00"), db.HGet(ctx, key+"h", key),
			db.ZAdd(ctx, key+"z", redis.Z{Score: 1, Member: b}, redis.Z{Score: 2, Member: ""}),
			db.ZScore(ctx, key+"z", key), db.ZRangeWithScores(ctx, key+"z", 0, -1),
			db.Set(ctx, "", "", 0), db.Get(ctx, ""), db.MGet(ctx, "", key), db.Echo(ctx, key),
			db.Rename(ctx, key, "\x00"), db.Exists(ctx, key, "\x00"),
		)
		s.askSorted(db.Keys(ctx, "*"))
	})
}

func TestLarge(t *testing.T) {
	const size = 10 << 20
	large := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(large)
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		same := func(what string, got string, err error, want []byte) {
			if err != nil || !bytes.Equal([]byte(got), want) {
				s.Errorf("%s: %d bytes, %v; want the %d that were stored", what, len(got), err,
					len(want))
			}
		}
		s.must(db.Set(ctx, "k", large, 0).Err())
		got, err := db.Get(ctx, "k").Result()
		same("GET", got, err, large)
		s.ask(db.StrLen(ctx, "k"), db.Append(ctx, "k", "tail"),
			db.GetRange(ctx, "k", -6, -1), db.SetRange(ctx, "k", size-1, "middle"))
		got, err = db.GetRange(ctx, "k", 5, size-2).Result()
		same("GETRANGE", got, err, large[5:size-1])

		s.must(db.HSet(ctx, "h", "f", large, "small", 1).Err())
		fields, err := db.HGetAll(ctx, "h").Result()
		same("HGETALL", fields["f"], err, large)
		s.ask(db.HStrLen(ctx, "h", "f"), db.HGet(ctx, "h", "small"))

		pipe := db.TxPipeline()
		pipe.Set(ctx, "a", large, 0)
		pipe.MGet(ctx, "a", "none", "a")
		pipe.Incr(ctx, "n")
		pipe.GetSet(ctx, "a", "small")
		calls, err := pipe.Exec(ctx)
		s.must(err)
		for _, one := range calls[1].(*redis.SliceCmd).Val() {
			text, _ := one.(string)
			s.saw("%d bytes of MGET", len(text))
		}
		same("GETSET", calls[3].(*redis.StringCmd).Val(), calls[3].Err(), large)
		s.ask(calls[2], db.Get(ctx, "a"), db.Del(ctx, "k", "h", "a"), db.DBSize(ctx))
	})
}
