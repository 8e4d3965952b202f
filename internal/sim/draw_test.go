// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Databases of a simulation: random calls work in the first ones, the books are in another.
const (
	randomDBs = 3
	booksDB   = 3
)

// drawer draws random calls.
type drawer struct {
	rng   *rand.Rand
	forms []string
}

// forms of the calls, by how often they are wanted. A capital letter alone stands for
// something drawn; see word.
const (
	oftenForms = `
SET K V; SET K V PX P; SET K V KEEPTTL; SET K V XX GET; SETNX K V; SETEX K N V; GETSET K V; GETDEL K
GETEX K PX P; GETEX K PERSIST; APPEND K V; APPEND K V; SETRANGE K N V; INCR K; DECRBY K N
INCRBYFLOAT K S; MSET K V K V K V; MSETNX K V K V; SET K N; GET K; MGET K K K
DEL K K; UNLINK K; RENAME K K; RENAMENX K K; COPY K K; COPY K K REPLACE; COPY K K DB D REPLACE
MOVE K D; EXPIRE K N; PEXPIRE K P; PEXPIREAT K T; PERSIST K; PEXPIRE K P GT; TOUCH K K; SELECT D
HSET K F V F V; HSET K F V F V F V F V F V F V F V; HSETNX K F V; HDEL K F F; HINCRBY K F N
HINCRBYFLOAT K F S; HDEL K F F F F F F; HMSET K F V f1 V f2 V; HDEL K f1
ZADD K S F S F S F; ZADD K S F S F S F S F S F S F S F; ZADD K GT CH S F; ZADD K INCR S F
ZADD K XX S F; ZINCRBY K S F; ZREM K F F; ZREM K F F F F F F F F; ZADD K 1 f1 2 f2 3 f3
ZREM K f2; ZPOPMIN K N; ZPOPMAX K; ZREMRANGEBYRANK K N N
ZREMRANGEBYRANK K 0 1; ZREMRANGEBYSCORE K S S; ZREMRANGEBYLEX K [a [m; ZRANGESTORE K K 0 N
ZUNIONSTORE K 2 K K; ZINTERSTORE K 2 K K; ZDIFFSTORE K 2 K K; ZMPOP 2 K K MIN COUNT N
SADD K N N N; SADD K N N N N; SADD K F F F N; SADD K F F F F F F; SADD K T F V; SREM K N F N
SREM K F F F F F; SPOP K; SPOP K N; SMOVE K K N; SMOVE K K F; SINTERSTORE K K K
SUNIONSTORE K K K; SDIFFSTORE K K K; SMEMBERS K
RPUSH K F V F; RPUSH K F F F F F; LPUSH K F F; LPUSHX K F; RPUSHX K V; LPOP K; RPOP K N
LMOVE K K LEFT RIGHT; LMPOP 2 K K LEFT COUNT N; RPOPLPUSH K K; LSET K N V
RPUSH l f1 f2 f3; LSET l 0 F; LINSERT l BEFORE f2 F; LREM l N f2; LREM l -1 f3; RENAME l K
LTRIM K 1 N; LPOS K F; LRANGE K 0 -1; SORT K ALPHA STORE K
SETBIT K N 1; SETBIT K N 0; BITOP XOR K K K; BITFIELD K SET u8 #N N INCRBY i5 N N; BITCOUNT K
PFADD K F F; PFMERGE K K K; PFCOUNT K; GEOADD K S S F; GEOSEARCHSTORE K K FROMLONLAT S S BYRADIUS 9 km
XADD X * f V; XADD X * f V g F; XTRIM X MAXLEN N; XTRIM X MINID T; XGROUP CREATE X g 0 MKSTREAM
XGROUP CREATE stream0 g 0 MKSTREAM; XGROUP CREATECONSUMER X g c; XADD stream0 MINID T * f V
XREADGROUP GROUP g c STREAMS stream0 >; XREADGROUP GROUP g c COUNT N STREAMS X >
XAUTOCLAIM X g d 0 0; XGROUP DELCONSUMER X g c
JSON.SET K $ J; JSON.SET K $ J; JSON.SET K $.a J; JSON.NUMINCRBY K $.n N; JSON.ARRAPPEND K $.l J J
JSON.DEL K $.a; JSON.CLEAR K; JSON.TOGGLE K $.b; JSON.ARRPOP K $.l; JSON.MSET K $ J K $ J
JSON.MERGE K $ J; JSON.STRAPPEND K $.s "more"; JSON.GET K; HGETALL K; ZRANGE K 0 -1
STOCK.OPEN G N; STOCK.OPEN G N LIMIT 5; STOCK.ADD G N; STOCK.HOLD G I F N FOR P
STOCK.HOLD G I F 1 FOR P
STOCK.CONFIRM G I; STOCK.RELEASE G I; STOCK.EXTEND G I P; STOCK.TAKE G 1
BASKET.HOLD I F 2 G 1 G 1; BASKET.CONFIRM I 2 G G
LOCK.ACQUIRE G F P; LOCK.ACQUIRE G F P SHARED; LOCK.RELEASE G F; LOCK.EXTEND G F P`
	rareForms = `
STOCK.CLOSE G; STOCK.DROP G; DEL G
FUNCTION LOAD REPLACE L; FUNCTION LOAD L; FUNCTION DELETE M; FUNCTION FLUSH; FCALL C 1 K V
FCALL C 1 K V
XGROUP DESTROY X g; XSETID X T-0; SWAPDB D D; FLUSHDB; DBSIZE; SCAN 0; RANDOMKEY`
	emptying = `FLUSHALL`
)

func newDrawer(rng *rand.Rand, flushes bool) *drawer {
	d := &drawer{rng: rng}
	list := func(text string) []string {
		return strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "), "; ")
	}
	for range 4 {
		d.forms = append(d.forms, list(oftenForms)...)
	}
	d.forms = append(d.forms, list(rareForms)...)
	if flushes {
		d.forms = append(d.forms, list(emptying)...)
	}
	return d
}

// calls are what a client sends at once: a call, some of them, a transaction or a script.
func (d *drawer) calls() (calls [][]string) {
	switch n := d.rng.IntN(20); {
	case n < 12:
		return [][]string{d.call()}
	case n < 15:
		for range 2 + d.rng.IntN(6) {
			calls = append(calls, d.call())
		}
		return calls
	case n < 18:
		calls = append(calls, []string{"MULTI"})
		for range 1 + d.rng.IntN(5) {
			calls = append(calls, d.call())
		}
		return append(calls, []string{"EXEC"})
	}
	return [][]string{d.script()}
}

// call is a call of one of the forms.
func (d *drawer) call() []string {
	words := strings.Fields(d.forms[d.rng.IntN(len(d.forms))])
	for i := 1; i < len(words); i++ {
		words[i] = d.word(words[i])
	}
	return words
}

// word is what a word of a form stands for.
func (d *drawer) word(w string) string {
	switch w {
	case "K":
		return d.key()
	case "V":
		return d.value()
	case "N":
		return strconv.Itoa(d.rng.IntN(12))
	case "S":
		return strconv.FormatFloat(float64(d.rng.IntN(80)-20)/4, 'g', -1, 64)
	case "F":
		return "f" + strconv.Itoa(d.rng.IntN(20))
	case "P":
		return strconv.Itoa(1 + d.rng.IntN(20_000))
	case "T":
		return strconv.FormatInt(beginMs+d.rng.Int64N(100_000), 10)
	case "D":
		return strconv.Itoa(d.rng.IntN(randomDBs))
	case "X":
		return stream(d.rng.IntN(streamsMax))
	case "T-0":
		return d.word("T") + "-0"
	case "G":
		return goods(d.rng.IntN(goodsMax))
	case "I":
		return holdID(d.rng.IntN(idsMax))
	case "J":
		return d.document()
	case "L":
		return d.library()
	case "M":
		return "lib" + strconv.Itoa(d.rng.IntN(3))
	case "C":
		return "write" + strconv.Itoa(d.rng.IntN(3))
	}
	return w
}

// How many keys there are for stocks, locks and streams, which the twin does not look into, and
// how many holds have a name.
const (
	streamsMax = 2
	goodsMax   = 3
	idsMax     = 12
)

func holdID(i int) string { return "id" + strconv.Itoa(i) }

func stream(i int) string { return "stream" + strconv.Itoa(i) }

func goods(i int) string { return "goods" + strconv.Itoa(i) }

// key is one of few, so that calls meet each other's values; some have a hash tag.
func (d *drawer) key() string {
	return []string{"a", "b", "c", "d", "{a}1", "{a}2", "e", "{b}1", "f", "g"}[d.rng.IntN(10)]
}

func (d *drawer) value() string {
	switch n := d.rng.IntN(300); {
	case n < 1:
		return strings.Repeat("huge", 16<<10+d.rng.IntN(4<<10))
	case n < 20:
		return strings.Repeat("large", d.rng.IntN(400))
	case n < 100:
		return strings.Repeat("word ", d.rng.IntN(20))
	case n < 200:
		return strconv.Itoa(d.rng.IntN(1000) - 100)
	case n < 203:
		return ""
	}
	return fmt.Sprintf("v\x00\r\n%d", d.rng.IntN(100))
}

func (d *drawer) document() string {
	switch d.rng.IntN(4) {
	case 0:
		return strconv.Itoa(d.rng.IntN(100))
	case 1:
		return fmt.Sprintf(`{"a":{"n":%d,"x%d":null},"l":[1,"two"]}`, d.rng.IntN(9), d.rng.IntN(9))
	}
	return fmt.Sprintf(`{"n":%d,"s":"text","b":true,"l":[%d.5],"a":%q}`, d.rng.IntN(1000),
		d.rng.IntN(10), strings.Repeat("é", d.rng.IntN(30)))
}

// library is a library of functions that differs each time.
func (d *drawer) library() string {
	n := d.rng.IntN(3)
	return fmt.Sprintf("#!lua name=lib%d\n-- edition %d\nredis.register_function('write%d', "+
		"function(keys, args) redis.call('SET', keys[1], args[1]) "+
		"return redis.call('HSET', 'h' .. keys[1], 'f', args[1]) end)", n, d.rng.IntN(100), n)
}

// script is one that writes, also to keys that it computes, and may fail on the way.
func (d *drawer) script() []string {
	body := []string{
		"redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', 'n' .. KEYS[2])",
		"redis.call('HSET', 'h' .. ARGV[2], 'f' .. ARGV[2], ARGV[1]) redis.call('ZADD', " +
			"KEYS[1], 1, KEYS[2])",
		"for i = 1, 5 do redis.call('SET', ARGV[2] .. i, i, 'PX', 3000) end return " +
			"redis.call('DEL', KEYS[1])",
		"redis.pcall('RENAME', KEYS[1], KEYS[2]) redis.pcall('APPEND', KEYS[1], ARGV[1]) return 1",
		"redis.call('SET', KEYS[1], ARGV[1]) error('on purpose')",
		"redis.call('SELECT', 1) redis.call('SET', KEYS[1], ARGV[1]) redis.call('SELECT', 2) " +
			"return redis.call('COPY', KEYS[1], KEYS[2])",
		"local s = 'stream' .. ARGV[2] local e = redis.call('XRANGE', s, '-', '+', 'COUNT', 2) " +
			"redis.pcall('XGROUP', 'CREATE', s, 'g', '0') " +
			"redis.pcall('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', s, '>') " +
			"if e[2] then redis.pcall('XACK', s, 'g', e[1][1]) " +
			"return redis.call('XDEL', s, e[2][1]) end",
	}[d.rng.IntN(7)]
	return []string{"EVAL", body, "2", d.key(), d.key(), d.value(), strconv.Itoa(d.rng.IntN(3))}
}
