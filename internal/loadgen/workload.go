// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Step is one call of a workload.
type Step struct {
	// Words are the arguments of the call, the command first. They may contain [Placeholders].
	Words []string
	// Weight is how often the step comes up beside the others; 0 counts as 1.
	Weight int
}

// Workload is a kind of load.
type Workload struct {
	Name    string
	Summary string // for help texts
	// Steps are the calls, drawn by weight.
	Steps []Step
	// InTurn makes every client go through the steps one after the other instead.
	InTurn bool
	// Setup is called once for each server, before anything else.
	Setup [][]string
	// Beyond tells that it calls what redis-server 7 does not have.
	Beyond bool
	// Prefill, where it is set, is called once for each server and key; __seq__ is the key.
	Prefill []string
	// Listeners are connections beside the clients that make the call Listen, which is answered
	// once, and then count what comes: a message of one length for each call, for each of them.
	// A run ends when everybody has got everything.
	Listeners int
	Listen    []string
}

// Scripts of the workloads that call one. They follow the published recipes.
const (
	inventoryScript = `local q = tonumber(ARGV[1])
if q <= 0 then return nil end
local v = redis.call("HMGET", KEYS[1], "inventory", "purchased")
if tonumber(v[2]) + q <= tonumber(v[1]) then
  redis.call("HINCRBY", KEYS[1], "purchased", q)
  return q
end
return nil`
	releaseScript = `if redis.call("GET", KEYS[1]) == ARGV[1] then
  return redis.call("DEL", KEYS[1])
end
return 0`
)

// inventoryLarge is a stock that no run sells out.
const inventoryLarge = "1000000000000"

// Workloads returns the workloads that are known by name, in the order of help texts.
func Workloads() []Workload {
	return slices.Concat(keyWorkloads(), scriptWorkloads(), stockWorkloads(), streamWorkloads(),
		orderWorkloads())
}

// keyWorkloads are strings, hashes and sorted sets.
func keyWorkloads() []Workload {
	fillKeys := words("SET key:__seq__ __value__")
	fillBoard := words("ZADD bench:board __num__ mem__seq__")
	return []Workload{
		{Name: "set", Summary: "SET of a drawn key",
			Steps:   single("SET __key__ __value__"),
			Prefill: fillKeys},
		{Name: "get", Summary: "GET of a drawn key",
			Steps:   single("GET __key__"),
			Prefill: fillKeys},
		{Name: "mixed", Summary: "GET and SET of drawn keys, in the ratio of --mix",
			Steps: []Step{
				{Words: words("GET __key__"), Weight: 9},
				{Words: words("SET __key__ __value__"), Weight: 1},
			},
			Prefill: fillKeys},
		{Name: "incr", Summary: "INCR of a drawn counter",
			Steps:   single("INCR ctr:__num__"),
			Prefill: words("SET ctr:__seq__ 0")},
		{Name: "hot-incr", Summary: "INCR of one counter",
			Steps: single("INCR bench:hot")},
		{Name: "hset", Summary: "HSET of a drawn field of one hash",
			Steps:   single("HSET bench:hash field:__num__ __value__"),
			Prefill: words("HSET bench:hash field:__seq__ __value__")},
		{Name: "hot-hincrby", Summary: "HINCRBY of one field",
			Steps: single("HINCRBY bench:counts hot 1")},
		{Name: "zincrby", Summary: "ZINCRBY of a drawn member of one sorted set",
			Steps:   single("ZINCRBY bench:board 1 mem__num__"),
			Prefill: fillBoard},
		{Name: "zrevrange", Summary: "ZREVRANGE 0 4 of that sorted set",
			Steps:   single("ZREVRANGE bench:board 0 4"),
			Prefill: fillBoard},
	}
}

// scriptWorkloads are what shops make of scripts, and locks beside them.
func scriptWorkloads() []Workload {
	return []Workload{
		{Name: "inventory", Summary: "EVALSHA of the inventory script on one hash",
			Setup: [][]string{
				{"SCRIPT", "LOAD", inventoryScript},
				{"HSET", "bench:item", "inventory", inventoryLarge, "purchased", "0"},
			},
			Steps: []Step{{Words: []string{"EVALSHA", scriptName(inventoryScript), "1",
				"bench:item", "1"}}}},
		{Name: "inventories", Summary: "EVALSHA of the inventory script on a drawn hash",
			Setup:   [][]string{{"SCRIPT", "LOAD", inventoryScript}},
			Prefill: []string{"HSET", "item:__seq__", "inventory", inventoryLarge, "purchased", "0"},
			Steps: []Step{{Words: []string{"EVALSHA", scriptName(inventoryScript), "1",
				"item:__num__", "1"}}}},
		{Name: "lock", Summary: "SET NX EX of a drawn key, then the release script, in turn",
			Setup:  [][]string{{"SCRIPT", "LOAD", releaseScript}},
			InTurn: true,
			Steps: []Step{
				{Words: words("SET lock:__num__ __client__ NX EX 30")},
				{Words: append([]string{"EVALSHA", scriptName(releaseScript)},
					words("1 lock:__last__ __client__")...)},
			}},
		{Name: "lock-native", Summary: "LOCK.ACQUIRE of a drawn lock, then LOCK.RELEASE, in turn",
			Beyond: true, InTurn: true,
			Steps: []Step{
				{Words: words("LOCK.ACQUIRE lock:__num__ __client__ 30000")},
				{Words: words("LOCK.RELEASE lock:__last__ __client__")},
			}},
	}
}

// stockWorkloads are sales of one stock.
func stockWorkloads() []Workload {
	return []Workload{
		{Name: "stock-hold", Summary: "STOCK.HOLD of a unit of one stock, each under a new id",
			Beyond: true, Setup: openStock("bench:stock"),
			Steps: single("STOCK.HOLD bench:stock hold-__once__ buyer-__rand__ 1")},
		{Name: "stock-limit", Summary: "the same where every buyer has a limit",
			Beyond: true, Setup: openStock("bench:limited", "LIMIT", "2"),
			Steps: single("STOCK.HOLD bench:limited hold-__once__ buyer-__rand__ 1")},
		{Name: "stock-sale", Summary: "STOCK.HOLD and then STOCK.CONFIRM of it, in turn",
			Beyond: true, Setup: openStock("bench:sale"), InTurn: true,
			Steps: []Step{
				{Words: words("STOCK.HOLD bench:sale hold-__once__ buyer-__rand__ 1")},
				{Words: words("STOCK.CONFIRM bench:sale hold-__again__")},
			}},
	}
}

// streamWorkloads are messages and streams.
func streamWorkloads() []Workload {
	return []Workload{
		{Name: "publish", Summary: "PUBLISH of a value to 100 subscribers of one channel",
			Listeners: 100, Listen: words("SUBSCRIBE bench:channel"),
			Steps: single("PUBLISH bench:channel __value__")},
		{Name: "xadd", Summary: "XADD of an entry with three fields to one stream of some 100 000",
			Setup: [][]string{{"DEL", "bench:stream"}},
			Steps: single("XADD bench:stream MAXLEN ~ 100000 * id __num__ kind order text __value__")},
		{Name: "xadds", Summary: "the same to a drawn stream of some 100",
			Steps: single("XADD stream:__num__ MAXLEN ~ 100 * id __num__ kind order text __value__")},
	}
}

// openStock makes a stock anew that no run sells out.
func openStock(key string, options ...string) [][]string {
	return [][]string{
		{"STOCK.DROP", key},
		append([]string{"STOCK.OPEN", key, inventoryLarge}, options...),
	}
}

// words splits a call of plain words.
func words(line string) []string { return strings.Fields(line) }

// single makes the steps of a workload of one call.
func single(line string) []Step { return []Step{{Words: words(line)}} }

// scriptName is the name by which EVALSHA calls a script.
func scriptName(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// Named returns the workload of that name.
func Named(name string) (Workload, error) {
	var known []string
	for _, w := range Workloads() {
		if w.Name == name {
			return w, nil
		}
		known = append(known, w.Name)
	}
	return Workload{}, fmt.Errorf("there is no workload %q; there are: %s",
		name, strings.Join(known, ", "))
}

// Custom makes a workload of calls given as lines, drawn with equal weight.
func Custom(name string, lines ...string) (Workload, error) {
	w := Workload{Name: name}
	for _, line := range lines {
		parsed, err := ParseCall(line)
		if err != nil {
			return Workload{}, err
		}
		w.Steps = append(w.Steps, Step{Words: parsed})
	}
	return w, nil
}

// Mixed tells whether the calls of the workload are drawn by weights.
func (w Workload) Mixed() bool { return len(w.Steps) > 1 && !w.InTurn }

// WithWeights returns the workload with the weights of its steps, in order, replaced.
func (w Workload) WithWeights(weights ...int) (Workload, error) {
	if len(weights) != len(w.Steps) {
		return w, fmt.Errorf("workload %s has %d calls, not %d", w.Name, len(w.Steps), len(weights))
	}
	steps := make([]Step, len(w.Steps))
	for i, s := range w.Steps {
		if weights[i] < 1 {
			return w, fmt.Errorf("the weights of workload %s must be at least 1", w.Name)
		}
		steps[i] = Step{Words: s.Words, Weight: weights[i]}
	}
	w.Steps = steps
	return w, nil
}
