// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// rule says what two servers must agree on in the replies to one call.
type rule func(args []string, a, b Value) bool

// ruleTable gives the rules of the calls whose replies may differ; all others must agree
// byte by byte.
type ruleTable map[string]rule

// Two servers get the same call at slightly different times, so what is counted from now
// may differ by this much.
const (
	toleranceMs      = 5000
	toleranceSeconds = 5
)

func fuzzRules() ruleTable {
	rules := ruleTable{
		"TTL": near(toleranceSeconds), "EXPIRETIME": near(toleranceSeconds),
		"PTTL": near(toleranceMs), "PEXPIRETIME": near(toleranceMs),
		"KEYS": sameElements(1), "HKEYS": sameElements(1), "HVALS": sameElements(1),
		"HGETALL":  sameElements(2),
		"SMEMBERS": sameElements(1), "SPOP": sameElements(1),
		"SINTER": sameElements(1), "SUNION": sameElements(1), "SDIFF": sameElements(1),
		"SCAN": sameScan(1, 1), "HSCAN": sameScan(2, 2), "ZSCAN": sameScan(2, 2),
		"SSCAN": sameScan(2, 1), "SRANDMEMBER": sameShape,
		"RANDOMKEY": sameShape, "HRANDFIELD": sameShape, "ZRANDMEMBER": sameShape,
		// keys whose time has passed may be counted until they are met
		"DBSIZE": sameShape,
		"TIME":   sameShape, "HELLO": sameShape, "CLIENT ID": sameShape,
		"OBJECT IDLETIME": sameShape,
		"CONFIG GET":      sameElements(2),
		"FUNCTION LIST":   sameTexts,
		// a key whose time has passed may have a size until it is met
		"MEMORY USAGE": anyReply,
	}
	maps.Copy(rules, streamRules())
	return rules
}

// agree applies the rule of a call.
func (rules ruleTable) agree(args []string, a, b Value) bool {
	if equalValues(a, b) {
		return true
	}
	if len(args) > 1 && aboutPlaces(args[1]) && samePlaces(a, b) {
		return true
	}
	check := rules[callName(args)]
	return check != nil && !a.IsError() && !b.IsError() && check(args, a, b)
}

func equalValues(a, b Value) bool {
	return a.Kind == b.Kind && a.Null == b.Null && a.Text == b.Text &&
		slices.EqualFunc(a.Elems, b.Elems, equalValues)
}

// near wants integers that differ little; those that mean "none" must be the same.
func near(tolerance int64) rule {
	return func(_ []string, a, b Value) bool {
		x, errA := strconv.ParseInt(a.Text, 10, 64)
		y, errB := strconv.ParseInt(b.Text, 10, 64)
		return a.Kind == ':' && b.Kind == ':' && errA == nil && errB == nil &&
			x >= 0 && y >= 0 && max(x, y)-min(x, y) <= tolerance
	}
}

// sameElements wants the same elements in any order, in groups that stay together.
func sameElements(group int) rule {
	return func(_ []string, a, b Value) bool {
		order := ordering{unordered: true, group: group, in: -1}
		return a.Kind == b.Kind && a.Null == b.Null && len(a.Elems) == len(b.Elems) &&
			equalValues(order.sorted(a), order.sorted(b))
	}
}

// sameScan wants the same elements of a scan that began at the beginning.
func sameScan(cursorAt, group int) rule {
	return func(args []string, a, b Value) bool {
		if len(a.Elems) != 2 || len(b.Elems) != 2 {
			return false
		}
		if args[cursorAt] != "0" {
			return true
		}
		return a.Elems[0].Text == b.Elems[0].Text && sameElements(group)(nil, a.Elems[1], b.Elems[1])
	}
}

// sameShape wants the same kinds and lengths all the way down.
func sameShape(args []string, a, b Value) bool {
	return a.Kind == b.Kind && a.Null == b.Null &&
		slices.EqualFunc(a.Elems, b.Elems, func(x, y Value) bool { return sameShape(args, x, y) })
}

// anyReply leaves the reply to each server.
func anyReply([]string, Value, Value) bool { return true }

// drawnFrom says whether what a call drew at random is found in the reply to the call that
// checks it, and is drawn once only where the call says so.
func drawnFrom(args []string, drawn, all Value) bool {
	if drawn.IsError() || all.IsError() || all.Kind == '+' {
		return true
	}
	pairs := len(args) > 3 // WITHVALUES, WITHSCORES
	pool := map[string]int{}
	keyed := callName(args) != "RANDOMKEY" && callName(args) != "SRANDMEMBER"
	for chunk := range slices.Chunk(flatten(all), 1+btoi(keyed)) {
		pool[chunk[0]]++
		if keyed {
			pool[strings.Join(chunk, "\x00=")]++
		}
	}
	once := len(args) > 2 && !strings.HasPrefix(args[2], "-")
	for chunk := range slices.Chunk(flatten(drawn), 1+btoi(pairs)) {
		name := strings.Join(chunk, "\x00=")
		if pool[name] == 0 {
			return false
		}
		if once {
			pool[name] = 0
		}
	}
	return true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// flatten lists the texts of a value, null left out.
func flatten(v Value) []string {
	if v.Null || v.Kind == '_' {
		return nil
	}
	if !v.IsAggregate() {
		return []string{v.Text}
	}
	var texts []string
	for _, elem := range v.Elems {
		texts = append(texts, flatten(elem)...)
	}
	return texts
}
