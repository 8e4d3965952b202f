// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestTypes asks without telling the library what comes: the types of RESP show.
func TestTypes(t *testing.T) {
	calls := []string{
		"SET k v", "GET k", "GET none", "SET k w GET", "SET k w NX", "INCR n", "INCRBYFLOAT n 1.5",
		"MGET k none", "LCS k k IDX", "LCS k k IDX WITHMATCHLEN", "HSET h a 1 b 2", "HGETALL h",
		"HGETALL none", "HMGET h a none", "HGET h none", "HSET one f v", "HRANDFIELD one",
		"HRANDFIELD none", "HRANDFIELD none 2", "HRANDFIELD none 2 WITHVALUES", "HINCRBYFLOAT h a 0.5",
		"ZADD z 1 a 2.5 b inf c", "ZADD z INCR 1 a", "ZADD z NX INCR 1 a", "ZSCORE z c",
		"ZSCORE z none", "ZMSCORE z a none", "ZINCRBY z 1 a", "ZRANGE z 0 -1",
		"ZRANGE z 0 -1 WITHSCORES", "ZRANGEBYSCORE z -inf inf WITHSCORES", "ZRANK z none",
		"ZREVRANGE z 0 0 WITHSCORES", "ZUNION 2 z none WITHSCORES", "ZDIFF 1 z WITHSCORES",
		"ZINTER 1 z WITHSCORES", "ZPOPMIN z", "ZPOPMIN z 1", "ZPOPMAX none", "ZMPOP 1 none MIN",
		"ZMPOP 1 z MIN", "ZRANDMEMBER z", "ZRANDMEMBER none", "ZRANDMEMBER none 2",
		"ZRANDMEMBER z 1 WITHSCORES", "ZSCAN z 0", "HSCAN h 0", "TYPE none", "TTL none",
		"OBJECT ENCODING none", "CONFIG GET maxmemory-polic*", "CONFIG GET none",
		"CONFIG SET none 1", "CLIENT GETNAME", "CLIENT TRACKINGINFO", "COMMAND INFO get none",
		"COMMAND DOCS none", "COMMAND COUNT x", "COMMAND GETKEYS mset a 1 b 2",
		"COMMAND GETKEYSANDFLAGS zunionstore to 2 a b", "COMMAND GETKEYS ping",
		"SLOWLOG RESET", "LATENCY LATEST", "LATENCY HISTORY none", "LATENCY HISTOGRAM none",
		"DEBUG PROTOCOL map", "DEBUG PROTOCOL set", "DEBUG PROTOCOL double",
		"DEBUG PROTOCOL true", "DEBUG PROTOCOL null", "DEBUG PROTOCOL bignum",
		"DEBUG PROTOCOL verbatim", "DEBUG PROTOCOL array", "DEBUG PROTOCOL integer",
		"ROLE", "EXEC", "DISCARD", "SELECT 99", "NOSUCH", "GET",
	}
	compare(t, func(s *story) {
		conn := s.db.Conn()
		defer conn.Close()
		for _, call := range calls {
			var args []any
			for word := range strings.FieldsSeq(call) {
				args = append(args, word)
			}
			got, err := conn.Do(s.ctx, args...).Result()
			s.saw("%s: %#v, %v", call, got, err)
		}
	})
}

// TestServer asks what differs from one server to the next: the library must understand it.
func TestServer(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		sections, err := db.InfoMap(ctx).Result()
		s.must(err)
		for _, item := range []string{"Server redis_version", "Server redis_mode",
			"Replication role", "Persistence loading", "Server process_id",
			"Clients connected_clients", "Memory used_memory", "Stats total_commands_processed",
			"CPU used_cpu_sys"} {
			section, name, _ := strings.Cut(item, " ")
			value, ok := sections[section][name]
			s.saw("%s: %t, %t", item, ok, value != "")
		}
		s.must(db.Set(ctx, "k", "v", 0).Err())
		for what, call := range map[string]redis.Cmder{
			"TIME": db.Time(ctx), "LASTSAVE": db.LastSave(ctx), "ID": db.ClientID(ctx),
			"MEMORY": db.MemoryUsage(ctx, "k"), "DEBUG": db.DebugObject(ctx, "k"),
			"LIST": db.ClientList(ctx), "CLIENT": db.ClientInfo(ctx),
		} {
			if call.Err() != nil {
				s.Errorf("%s: %v", what, call.Err())
			}
		}
		s.ask(db.MemoryUsage(ctx, "none"), db.DebugObject(ctx, "none"))
		s.ask(db.ConfigSet(ctx, "maxmemory-policy", "allkeys-lfu"),
			db.ConfigGet(ctx, "maxmemory-polic?"), db.ObjectFreq(ctx, "none"),
			db.ConfigSet(ctx, "maxmemory-policy", "noeviction"), db.ConfigResetStat(ctx),
			db.ConfigGet(ctx, "none"), db.ClientUnblock(ctx, 99999), db.LatencyReset(ctx),
			db.Latency(ctx), db.ConfigSet(ctx, "maxmemory", "many"))
	})
}

func TestCommandTable(t *testing.T) {
	some := []string{"get", "set", "mget", "zadd", "zunionstore", "exec", "config", "hgetall",
		"scan", "object", "client", "info"}
	compare(t, func(s *story) {
		table, err := s.db.Command(s.ctx).Result()
		s.must(err)
		for _, name := range some {
			row, ok := table[name]
			if !ok {
				s.Errorf("COMMAND does not know %s", name)
				continue
			}
			slices.Sort(row.Flags)
			slices.Sort(row.ACLFlags)
			policy := row.CommandPolicy
			row.CommandPolicy = nil
			s.saw("%+v, %+v", *row, policy)
		}
		for _, filter := range []redis.FilterBy{{Pattern: "zrev*"}, {ACLCat: "none"}, {Module: "x"}} {
			s.askSorted(s.db.CommandList(s.ctx, &filter))
		}
		s.ask(s.db.CommandGetKeys(s.ctx, "SET", "k", "v"), s.db.CommandGetKeys(s.ctx, "NOSUCH"),
			s.db.CommandGetKeysAndFlags(s.ctx, "ZUNIONSTORE", "to", "2", "a", "b"))
		docs, err := s.db.Do(s.ctx, "COMMAND", "DOCS", "zrange").Result()
		s.must(err)
		s.saw("%T of COMMAND DOCS", docs)
	})
}

func TestSlowLog(t *testing.T) {
	compare(t, func(s *story) {
		options := s.options
		options.ClientName = "slow"
		db := s.client(options)
		s.must(db.Ping(s.ctx).Err())
		s.must(s.db.ConfigSet(s.ctx, "slowlog-log-slower-than", "0").Err())
		defer s.db.ConfigSet(s.ctx, "slowlog-log-slower-than", "10000")
		s.ask(s.db.SlowLogReset(s.ctx), db.Set(s.ctx, "k", "v", 0))
		entries, err := s.db.SlowLogGet(s.ctx, -1).Result()
		s.must(err)
		for _, one := range entries {
			s.saw("%q by %q", one.Args, one.ClientName)
			if one.ClientAddr == "" || one.Time.Year() < 2020 || one.ID < 0 {
				s.Errorf("odd entry %+v", one)
			}
		}
	})
}

// TestErrors shows what an error of the server becomes for a program.
func TestErrors(t *testing.T) {
	compare(t, func(s *story) {
		ctx, db := s.ctx, s.db
		kinds := func(err error) string {
			return fmt.Sprint("nil:", err == redis.Nil, " memory:", redis.IsOOMError(err),
				" abort:", redis.IsExecAbortError(err), " prefix:",
				redis.HasErrorPrefix(err, "WRONGTYPE"))
		}
		s.must(db.HSet(ctx, "h", "f", "text").Err())
		s.must(db.Set(ctx, "s", "text", 0).Err())
		for _, call := range []redis.Cmder{
			db.Get(ctx, "none"), db.HGet(ctx, "h", "none"), db.ZRank(ctx, "none", "m"),
			db.Get(ctx, "h"), db.HGetAll(ctx, "s"), db.ZAdd(ctx, "s", redis.Z{}),
			db.ZRangeWithScores(ctx, "h", 0, -1), db.Incr(ctx, "s"), db.HIncrBy(ctx, "h", "f", 1),
			db.Do(ctx, "SET", "k"), db.Do(ctx, "NO SUCH", "\r\n"),
			db.Do(ctx, "CLIENT", "NOSUCH"), db.Expire(ctx, "s", 1<<62),
			db.ZUnionStore(ctx, "to", &redis.ZStore{}), db.Do(ctx, "EXEC"),
			db.ZIncrBy(ctx, "z", 1, "m"), db.Do(ctx, "ZINCRBY", "z", "nan", "m"),
			db.Do(ctx, "SET", "k", "v", "EX", 0), db.Do(ctx, "GETEX", "s", "EX", "x"),
		} {
			s.saw("%s [%s]", call, kinds(call.Err()))
		}
		s.must(db.ConfigSet(ctx, "maxmemory", "1").Err())
		full := db.Set(ctx, "k", "v", 0)
		s.saw("%s [%s]", full, kinds(full.Err()))
		s.must(db.ConfigSet(ctx, "maxmemory", "0").Err())
		s.ask(db.Set(ctx, "k", "v", 0))
	})
}
