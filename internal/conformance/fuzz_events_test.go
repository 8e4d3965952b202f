// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"
	"testing"
)

// toldEvents are those of which a run of some thousand calls must have met nearly all.
func toldEvents() []string {
	return strings.Fields(`set setrange append incrby incrbyfloat setbit pfadd
		del expire persist rename_from rename_to move_from move_to copy_to
		hset hdel hincrby hincrbyfloat
		lpush rpush lpop rpop linsert lset lrem ltrim
		sadd srem spop sinterstore sunionstore sdiffstore
		zadd zincr zrem zpopmin zpopmax zremrangebyrank zremrangebyscore zremrangebylex
		zunionstore zinterstore zdiffstore zrangestore geosearchstore georadiusstore
		new keymiss`)
}

// TestFuzzEvents compares what our server tells of its keys with what the real one does, in the
// same order, under random calls.
func TestFuzzEvents(t *testing.T) {
	redis := StartRedis(t)
	told := Coverage{}
	seed := *fuzzSeed
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			ours := StartStampede(t, way.flags...)
			for i := range *fuzzSeeds * 2 {
				opts := FuzzOptions{
					Seed: seed, Calls: *fuzzCalls / 12, Events: true, Scripts: i%2 == 1,
				}
				seed++
				for what, n := range Fuzz(t, redis, ours, opts) {
					told[what] += n
				}
			}
		})
	}
	wanted := toldEvents()
	missing := slices.DeleteFunc(slices.Clone(wanted), func(event string) bool {
		return told["event "+event] > 0
	})
	if len(missing)*5 > len(wanted) {
		t.Errorf("seed %d: %d calls and nobody has told of %q", *fuzzSeed, *fuzzCalls, missing)
	}
}

// TestFuzzFindsAWrongEvent shows that what is told is compared: one wrong name among many
// events is found.
func TestFuzzFindsAWrongEvent(t *testing.T) {
	redis := StartRedis(t)
	liar := startProxy(t, StartRedis(t), func(args []string, reply Value) Value {
		if texts := flatten(reply); callName(args) == "PSUBSCRIBE" && texts[len(texts)-1] == "hdel" {
			reply.Elems[len(reply.Elems)-1].Text = "hset"
		}
		return reply
	})
	report, err := fuzz(redis, liar, FuzzOptions{Seed: *fuzzSeed, Calls: 12000, Events: true},
		Coverage{})
	wantFound(t, report, err, "HDEL", "the events differ")
}

// TestFuzzHearsNothingDifferentOfEqualServers shows that what the fuzzer hears is defined.
func TestFuzzHearsNothingDifferentOfEqualServers(t *testing.T) {
	Fuzz(t, StartRedis(t), StartRedis(t),
		FuzzOptions{Seed: *fuzzSeed, Calls: *fuzzCalls / 8, Events: true})
}
