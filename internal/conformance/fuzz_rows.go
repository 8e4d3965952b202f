// SPDX-License-Identifier: Apache-2.0

package conformance

// fuzzRow is one command as the fuzzer calls it. form reads like a synopsis: words in
// capitals stand for themselves, words in small letters are kinds of arguments (see
// argument), [a|b] is one of them or nothing, {a|b} one of them, and "..." repeats what is
// before it one to four times.
type fuzzRow struct {
	weight int // how often, relative to the other rows
	form   string
	check  string // a call on the same key that must hold what this one drew at random
	gone   bool   // the key of the call has ended before the next call is sent
	quiet  bool   // never inside MULTI
	asIs   bool   // never spoiled: what is nearly such a call is not defined
}

// fuzzRows gives the commands that the fuzzer knows. What would stop a server, block a
// connection or cost more than a moment is left out.
func fuzzRows() []fuzzRow {
	rows := []fuzzRow{}
	for _, family := range [][]fuzzRow{
		stringRows(), genericRows(), hashRows(), setRows(), setStoreRows(), zsetRows(),
		zsetStoreRows(), serverRows(), scriptRows(), listRows(), bitmapRows(),
		hllRows(), geoRows(), streamRows(), groupRows(), sortRows(), functionRows(),
	} {
		rows = append(rows, family...)
	}
	return rows
}

func stringRows() []fuzzRow {
	return []fuzzRow{
		{weight: 30, form: "SET skey val [NX|XX] [GET] [EX sec|PX ms|EXAT at|PXAT atms|KEEPTTL]"},
		{weight: 10, form: "SET skey num"},
		{weight: 15, form: "GET skey"},
		{weight: 6, form: "APPEND skey val"},
		{weight: 6, form: "INCR skey"},
		{weight: 6, form: "DECR skey"},
		{weight: 6, form: "INCRBY skey num"},
		{weight: 6, form: "DECRBY skey num"},
		{weight: 6, form: "INCRBYFLOAT skey float"},
		{weight: 4, form: "GETDEL skey"},
		{weight: 6, form: "GETEX skey [EX sec|PX ms|EXAT at|PXAT atms|PERSIST]"},
		{weight: 6, form: "GETRANGE skey index index"},
		{weight: 2, form: "SUBSTR skey index index"},
		{weight: 4, form: "GETSET skey val"},
		{weight: 4, form: "LCS skey skey [LEN|IDX] [MINMATCHLEN small] [WITHMATCHLEN]"},
		{weight: 6, form: "MGET key..."},
		{weight: 6, form: "MSET {skey val}..."},
		{weight: 4, form: "MSETNX {skey val}..."},
		{weight: 3, form: "PSETEX skey ms val"},
		{weight: 3, form: "SETEX skey sec val"},
		{weight: 4, form: "SETNX skey val"},
		{weight: 5, form: "SETRANGE skey offset val"},
		{weight: 5, form: "STRLEN skey"},
		{weight: 2, form: "SET skey val PX 1", gone: true, quiet: true},
	}
}

func genericRows() []fuzzRow {
	return []fuzzRow{
		{weight: 8, form: "COPY key key [DB db] [REPLACE]"},
		{weight: 8, form: "DEL key..."},
		{weight: 4, form: "UNLINK key..."},
		{weight: 6, form: "EXISTS key..."},
		{weight: 4, form: "TOUCH key..."},
		{weight: 6, form: "EXPIRE key sec [NX|XX|GT|LT|XX GT|XX LT]"},
		{weight: 6, form: "PEXPIRE key ms [NX|XX|GT|LT]"},
		{weight: 6, form: "EXPIREAT key at [NX|XX|GT|LT]"},
		{weight: 6, form: "PEXPIREAT key atms [NX|XX|GT|LT]"},
		{weight: 4, form: "TTL key"},
		{weight: 4, form: "PTTL key"},
		{weight: 4, form: "EXPIRETIME key"},
		{weight: 4, form: "PEXPIRETIME key"},
		{weight: 6, form: "PERSIST key"},
		{weight: 3, form: "KEYS glob"},
		{weight: 6, form: "MOVE key db"},
		{weight: 6, form: "OBJECT ENCODING key"},
		{weight: 1, form: "OBJECT IDLETIME key"},
		{weight: 3, form: "OBJECT FREQ key"},
		{weight: 2, form: "RANDOMKEY", check: "KEYS *"},
		{weight: 7, form: "RENAME key key"},
		{weight: 6, form: "RENAMENX key key"},
		{weight: 4, form: "SCAN 0 [MATCH glob] COUNT 100000 [TYPE type]", asIs: true},
		{weight: 6, form: "TYPE key"},
		{weight: 6, form: "EVAL dumplua", asIs: true},
		{weight: 2, form: "PEXPIRE key 1", gone: true, quiet: true},
	}
}

func hashRows() []fuzzRow {
	return []fuzzRow{
		{weight: 30, form: "HSET hkey {field val}..."},
		{weight: 4, form: "HMSET hkey {field val}..."},
		{weight: 5, form: "HSETNX hkey field val"},
		{weight: 6, form: "HGET hkey field"},
		{weight: 5, form: "HMGET hkey field..."},
		{weight: 5, form: "HGETALL hkey"},
		{weight: 3, form: "HKEYS hkey"},
		{weight: 3, form: "HVALS hkey"},
		{weight: 4, form: "HLEN hkey"},
		{weight: 4, form: "HEXISTS hkey field"},
		{weight: 4, form: "HSTRLEN hkey field"},
		{weight: 12, form: "HDEL hkey field..."},
		{weight: 7, form: "HINCRBY hkey field num"},
		{weight: 7, form: "HINCRBYFLOAT hkey field float"},
		{weight: 4, form: "HRANDFIELD hkey [count|count WITHVALUES]", check: "HGETALL key"},
		{weight: 4, form: "HSCAN hkey 0 [MATCH glob] COUNT 100000", asIs: true},
	}
}

// setRows: what SPOP takes is known only where it takes all. Keys of their own ("okey") have
// one member at most.
func setRows() []fuzzRow {
	return []fuzzRow{
		{weight: 30, form: "SADD tkey member..."},
		{weight: 12, form: "SREM tkey member..."},
		{weight: 5, form: "SISMEMBER tkey member"},
		{weight: 4, form: "SMISMEMBER tkey member..."},
		{weight: 4, form: "SCARD tkey"},
		{weight: 5, form: "SMEMBERS tkey"},
		{weight: 4, form: "SRANDMEMBER tkey [count]", check: "SMEMBERS key"},
		{weight: 2, form: "SPOP tkey 100000", asIs: true},
		{weight: 3, form: "EVAL poplua", asIs: true},
		{weight: 3, form: "SADD okey one", asIs: true},
		{weight: 4, form: "SPOP okey [small]"},
		{weight: 6, form: "SMOVE tkey tkey member"},
		{weight: 4, form: "SSCAN tkey 0 [MATCH glob] COUNT 100000", asIs: true},
	}
}

func setStoreRows() []fuzzRow {
	return []fuzzRow{
		{weight: 5, form: "SINTER tkey..."},
		{weight: 5, form: "SUNION tkey..."},
		{weight: 5, form: "SDIFF tkey..."},
		{weight: 4, form: "SINTERCARD tkeys [LIMIT small]"},
		{weight: 5, form: "SINTERSTORE key tkey..."},
		{weight: 5, form: "SUNIONSTORE key tkey..."},
		{weight: 7, form: "SDIFFSTORE key tkey..."},
	}
}

// zsetRows: ranges by lexical order are defined only where all scores are equal, so they are
// asked of keys of their own ("lkey"), to which nothing else writes.
func zsetRows() []fuzzRow {
	return []fuzzRow{
		{weight: 30, form: "ZADD zkey [NX|XX] [GT|LT] [CH] {score field}..."},
		{weight: 6, form: "ZADD zkey [NX|XX|GT|LT] INCR score field"},
		{weight: 15, form: "ZADD lkey {0 field}...", asIs: true},
		{weight: 1, form: "COPY lkey lkey REPLACE", asIs: true},
		{weight: 1, form: "DEL lkey"},
		{weight: 10, form: "ZINCRBY zkey score field"},
		{weight: 4, form: "ZCARD zkey"},
		{weight: 5, form: "ZCOUNT zkey min min"},
		{weight: 4, form: "ZLEXCOUNT lkey lex lex"},
		{weight: 4, form: "ZSCORE zkey field"},
		{weight: 4, form: "ZMSCORE zkey field..."},
		{weight: 5, form: "ZRANK zkey field"},
		{weight: 5, form: "ZREVRANK zkey field"},
		{weight: 10, form: "ZREM zkey field..."},
		{weight: 5, form: "ZPOPMIN zkey [small]"},
		{weight: 5, form: "ZPOPMAX zkey [small]"},
		{weight: 5, form: "ZMPOP zkeys {MIN|MAX} [COUNT small]"},
		{weight: 4, form: "ZREMRANGEBYRANK zkey index index"},
		{weight: 4, form: "ZREMRANGEBYSCORE zkey min min"},
		{weight: 4, form: "ZREMRANGEBYLEX lkey lex lex"},
		{weight: 6, form: "ZRANGE zkey index index [REV] [WITHSCORES]"},
		{weight: 6, form: "ZRANGE zkey min min BYSCORE [REV] [LIMIT index index] [WITHSCORES]"},
		{weight: 6, form: "ZRANGE lkey lex lex BYLEX [REV] [LIMIT index index]"},
		{weight: 4, form: "ZREVRANGE zkey index index [WITHSCORES]"},
		{weight: 5, form: "ZRANGEBYSCORE zkey min min [WITHSCORES] [LIMIT index index]"},
		{weight: 5, form: "ZREVRANGEBYSCORE zkey min min [WITHSCORES] [LIMIT index index]"},
		{weight: 4, form: "ZRANGEBYLEX lkey lex lex [LIMIT index index]"},
		{weight: 4, form: "ZREVRANGEBYLEX lkey lex lex [LIMIT index index]"},
		{weight: 4, form: "ZRANDMEMBER zkey [count|count WITHSCORES]",
			check: "ZRANGE key 0 -1 WITHSCORES"},
		{weight: 4, form: "ZSCAN zkey 0 [MATCH glob] COUNT 100000", asIs: true},
	}
}

func zsetStoreRows() []fuzzRow {
	return []fuzzRow{
		{weight: 5, form: "ZUNION zkeys [WEIGHTS weights] [AGGREGATE {SUM|MIN|MAX}] [WITHSCORES]"},
		{weight: 5, form: "ZINTER zkeys [WEIGHTS weights] [AGGREGATE {SUM|MIN|MAX}] [WITHSCORES]"},
		{weight: 5, form: "ZDIFF zkeys [WITHSCORES]"},
		{weight: 5, form: "ZUNIONSTORE key zkeys [WEIGHTS weights] [AGGREGATE {SUM|MIN|MAX}]"},
		{weight: 5, form: "ZINTERSTORE key zkeys [WEIGHTS weights] [AGGREGATE {SUM|MIN|MAX}]"},
		{weight: 5, form: "ZDIFFSTORE key zkeys"},
		{weight: 4, form: "ZINTERCARD zkeys [LIMIT small]"},
		{weight: 4, form: "ZRANGESTORE key zkey index index [REV]"},
		{weight: 4, form: "ZRANGESTORE key zkey min min BYSCORE [REV] [LIMIT index index]"},
		{weight: 4, form: "ZRANGESTORE key lkey lex lex BYLEX [REV] [LIMIT index index]"},
	}
}

func serverRows() []fuzzRow {
	return []fuzzRow{
		{weight: 12, form: "WATCH key..."},
		{weight: 2, form: "UNWATCH"},
		{weight: 14, form: "MULTI"},
		{weight: 2, form: "EXEC"},
		{weight: 2, form: "DISCARD"},
		{weight: 2, form: "PING [val]"},
		{weight: 2, form: "ECHO val"},
		{weight: 8, form: "SELECT db"},
		{weight: 1, form: "RESET", quiet: true},
		{weight: 2, form: "HELLO {2|3}", quiet: true},
		{weight: 1, form: "CLIENT SETNAME field"},
		{weight: 1, form: "CLIENT GETNAME"},
		{weight: 1, form: "CLIENT ID"},
		{weight: 3, form: "DBSIZE"},
		{weight: 3, form: "SWAPDB db db"},
		{weight: 1, form: "FLUSHDB [ASYNC|SYNC]"},
		{weight: 1, form: "FLUSHALL [ASYNC|SYNC]"},
		{weight: 1, form: "TIME"},
		{weight: 1, form: "MEMORY USAGE key [SAMPLES small]"},
		{weight: 1, form: "COMMAND GETKEYS {GET key|MSET key val key val|ZUNION zkeys|DEL key...}"},
		{weight: 1, form: "CONFIG GET {databases|maxmemory|nosuch}", asIs: true},
		{weight: 1, form: "PUBLISH field val"},
		{weight: 1, form: "SPUBLISH field val"},
		{weight: 1, form: "PUBSUB CHANNELS [glob]"},
		{weight: 1, form: "PUBSUB NUMPAT"},
		{weight: 1, form: "PUBSUB NUMSUB field..."},
		{weight: 1, form: "PUBSUB SHARDCHANNELS [glob]"},
		{weight: 1, form: "PUBSUB SHARDNUMSUB field..."},
		{weight: 1, form: "NOSUCH [val]"},
	}
}
