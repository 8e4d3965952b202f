// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"stampede/internal/conformance"
)

// jsonOnly tells a story of documents, which redis-server does not have, to ours, in each way
// to run it and in both protocols, and wants what stands beside it, by protocol, to be seen.
func jsonOnly(t *testing.T, tell func(s *story), want map[int][]string) {
	t.Helper()
	for name, flags := range ways() {
		t.Run(name, func(t *testing.T) {
			inBothProtocols(t, conformance.StartStampede(t, flags...), func(s *story) {
				tell(s)
				if diff := cmp.Diff(want[s.options.Protocol], s.seen); diff != "" {
					s.Errorf("not what RedisJSON would let the library see (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// both is what is seen alike in both protocols.
func both(seen ...string) map[int][]string { return map[int][]string{2: seen, 3: seen} }

// sawResult adds what a call gives to a program.
func sawResult[T any](s *story, what string, value T, err error) {
	text, _ := json.Marshal(value)
	s.saw("%s %s %v", what, text, err)
}

type orderItem struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity"`
}

type order struct {
	ID    string      `json:"id"`
	Items []orderItem `json:"items"`
	Total float64     `json:"total"`
}

// TestJSONOrder is the recipe of caching orders, with a struct of the program.
func TestJSONOrder(t *testing.T) {
	jsonOnly(t, func(s *story) {
		ctx, db := s.ctx, s.db
		first := order{ID: "1", Items: []orderItem{{"001", "Laptop", 1}}, Total: 1799.99}
		s.must(db.JSONSet(ctx, "order_json:1", "$", first).Err())
		s.must(db.JSONSet(ctx, "order_json:1", "$.items[0].quantity", 2).Err())
		for _, path := range []string{"$.total", ".total", "$.items[0].quantity"} {
			text, err := db.JSONGet(ctx, "order_json:1", path).Result()
			s.saw("%s %s %v", path, text, err)
		}
		text, err := db.JSONGet(ctx, "order_json:1").Result()
		s.must(err)
		var got order
		s.must(json.Unmarshal([]byte(text), &got))
		first.Items[0].Quantity = 2
		if diff := cmp.Diff(first, got); diff != "" {
			s.Errorf("another order came back:\n%s", diff)
		}
		s.saw("%s", text)
	}, both(
		"$.total [1799.99] <nil>", ".total 1799.99 <nil>", "$.items[0].quantity [2] <nil>",
		`{"id":"1","items":[{"id":"001","name":"Laptop","quantity":2}],"total":1799.99}`,
	))
}

func TestJSONSetAndGet(t *testing.T) {
	jsonOnly(t, func(s *story) {
		ctx, db := s.ctx, s.db
		s.ask(
			db.JSONSetMode(ctx, "d", "$", `{"a":1}`, "XX"),
			db.JSONSetMode(ctx, "d", "$", `{"a":1,"b":[1,2]}`, "NX"),
			db.JSONMerge(ctx, "d", "$", `{"c":{"d":null},"a":2}`),
			db.JSONMSetArgs(ctx, []redis.JSONSetArgs{
				{Key: "e", Path: "$", Value: `{"a":3}`}, {Key: "d", Path: "$.x", Value: `"y"`},
			}),
			db.JSONGet(ctx, "none", "$"), db.JSONDel(ctx, "d", "$.b[0]"),
			db.JSONForget(ctx, "none", "$"), db.JSONClear(ctx, "d", "$.a"),
		)
		text, err := db.JSONGet(ctx, "d", "$.a", "$.x").Result()
		sawResult(s, "several", text, err)
		text, err = db.JSONGetWithArgs(ctx, "d", &redis.JSONGetArgs{
			Indent: "  ", Newline: "\n", Space: " ",
		}, "$.b").Result()
		sawResult(s, "pretty", text, err)
		docs, err := db.JSONMGet(ctx, "$.a", "d", "none", "e").Result()
		sawResult(s, "mget", docs, err)
		_, err = db.JSONGet(ctx, "d", ".none").Result()
		s.saw("no path: %v", err)
		s.must(db.Set(ctx, "s", "text", 0).Err())
		s.saw("no document: %v", db.JSONSet(ctx, "s", "$", 1).Err())
		s.saw("a document: %v", db.Get(ctx, "d").Err())
		s.saw("not JSON: %v", db.JSONSet(ctx, "d", "$", "{").Err())
	}, both(
		`JSON.SET d $ {"a":1} XX: redis: nil`,
		`JSON.SET d $ {"a":1,"b":[1,2]} NX: OK`,
		`JSON.MERGE d $ {"c":{"d":null},"a":2}: OK`,
		`JSON.MSET e $ {"a":3} d $.x "y": OK`,
		"JSON.GET none $: redis: nil", "JSON.DEL d $.b[0]: 1",
		"JSON.FORGET none $: 0", "JSON.CLEAR d $.a: 1",
		`several "{\"$.a\":[0],\"$.x\":[\"y\"]}" <nil>`,
		`pretty "[\n  [\n    2\n  ]\n]" <nil>`,
		`mget ["[0]",null,"[3]"] <nil>`,
		"no path: ERR Path '$.none' does not exist",
		"no document: Existing key has wrong Redis type",
		"a document: WRONGTYPE Operation against a key holding the wrong kind of value",
		"not JSON: ERR invalid JSON: unexpected end of text at offset 1",
	))
}

func TestJSONParts(t *testing.T) {
	two := 2
	tell := func(s *story) {
		ctx, db := s.ctx, s.db
		const doc = `{"n":1,"f":1.5,"s":"x","t":true,"l":[1,2,3],"o":{"a":1,"b":2}}`
		s.must(db.JSONSet(ctx, "d", "$", doc).Err())
		number, err := db.JSONNumIncrBy(ctx, "d", "$.n", 2).Result()
		sawResult(s, "incr", number, err)
		number, err = db.JSONNumIncrBy(ctx, "d", "$.f", 0.25).Result()
		sawResult(s, "incr", number, err)
		types, err := db.JSONType(ctx, "d", "$.*").Result()
		sawResult(s, "type", types, err)
		keys, err := db.JSONObjKeys(ctx, "d", "$.o").Result()
		sawResult(s, "keys", keys, err)
		sizes, err := db.JSONObjLen(ctx, "d", "$.*").Result()
		sawResult(s, "sizes", sizes, err)
		sizes, err = db.JSONStrAppend(ctx, "d", "$.s", `"yz"`).Result()
		sawResult(s, "append", sizes, err)
		sizes, err = db.JSONStrLen(ctx, "d", "$.*").Result()
		sawResult(s, "lengths", sizes, err)
		sizes, err = db.JSONToggle(ctx, "d", "$.*").Result()
		sawResult(s, "toggle", sizes, err)
		s.ask(
			db.JSONArrAppend(ctx, "d", "$.l", 4, `"five"`),
			db.JSONArrInsert(ctx, "d", "$.l", 0, 0), db.JSONArrLen(ctx, "d", "$.l"),
			db.JSONArrIndex(ctx, "d", "$.l", `"five"`), db.JSONArrPop(ctx, "d", "$.l", -1),
			db.JSONArrIndexWithArgs(ctx, "d", "$.l", &redis.JSONArrIndexArgs{Start: 1, Stop: &two}, 3),
			db.JSONArrTrimWithArgs(ctx, "d", "$.l", &redis.JSONArrTrimArgs{Start: 1, Stop: &two}),
		)
		text, err := db.JSONGet(ctx, "d").Result()
		sawResult(s, "at last", text, err)
	}
	seen := func(typesFrom, typesTo string) []string {
		return []string{
			`incr "[3]" <nil>`, `incr "[1.75]" <nil>`,
			"type " + typesFrom + `["integer","number","string","boolean","array","object"]` +
				typesTo + " <nil>",
			`keys [["a","b"]] <nil>`, "sizes [null,null,null,null,null,2] <nil>",
			"append [3] <nil>", "lengths [null,null,3,null,null,null] <nil>",
			"toggle [null,null,null,0,null,null] <nil>",
			`JSON.ARRAPPEND d $.l 4 "five": [5]`, "JSON.ARRINSERT d $.l 0 0: [6]",
			"JSON.ARRLEN d $.l: [6]", `JSON.ARRINDEX d $.l "five": [5]`,
			`JSON.ARRPOP d $.l -1: ["five"]`, "JSON.ARRINDEX d $.l 3 1 2: [-1]",
			"JSON.ARRTRIM d $.l 1 2: [2]",
			`at last "{\"n\":3,\"f\":1.75,\"s\":\"xyz\",\"t\":false,\"l\":[1,2],` +
				`\"o\":{\"a\":1,\"b\":2}}" <nil>`,
		}
	}
	jsonOnly(t, tell, map[int][]string{2: seen("", ""), 3: seen("[", "]")})
}

// TestJSONInPipelines lets documents take part in pipelines, transactions and scripts.
func TestJSONInPipelines(t *testing.T) {
	jsonOnly(t, func(s *story) {
		ctx, db := s.ctx, s.db
		pipe := db.Pipeline()
		for i := range 100 {
			key := fmt.Sprint("order:", i)
			pipe.JSONSet(ctx, key, "$", fmt.Sprintf(`{"id":%d,"n":0}`, i))
			pipe.JSONNumIncrBy(ctx, key, "$.n", float64(i))
			pipe.JSONGet(ctx, key, "$.n")
		}
		calls, err := pipe.Exec(ctx)
		s.must(err)
		s.saw("%s", calls[299])
		_, err = db.TxPipelined(ctx, func(tx redis.Pipeliner) error {
			tx.JSONSet(ctx, "order:1", "$.state", `"paid"`)
			tx.JSONMSet(ctx, "order:2", "$.state", `"paid"`, "order:3", "$.state", `"open"`)
			return nil
		})
		s.must(err)
		states, err := db.JSONMGet(ctx, "$.state", "order:1", "order:2", "order:3", "order:4").Result()
		sawResult(s, "states", states, err)
		script := redis.NewScript(`local doc = cjson.decode(redis.call("JSON.GET", KEYS[1]))
			return redis.call("JSON.SET", KEYS[1], "$.n", doc.n * 2)`)
		s.saw("script: %v", script.Run(ctx, db, []string{"order:9"}).Val())
		s.ask(db.JSONGet(ctx, "order:9", "$.n"))
	}, both(
		"JSON.GET order:99 $.n: [99]",
		`states ["[\"paid\"]","[\"paid\"]","[\"open\"]","[]"] <nil>`,
		"script: OK", "JSON.GET order:9 $.n: [18]",
	))
}
