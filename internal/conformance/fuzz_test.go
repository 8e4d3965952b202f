// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"strings"
	"testing"
)

var (
	fuzzSeed  = flag.Uint64("seed", 1, "first seed of the differential fuzzer and the histories")
	fuzzCalls = flag.Int("calls", 20000, "how many random calls the differential fuzzer sends")
	fuzzSeeds = flag.Uint64("seeds", 1, "how many seeds each way to run our server is tried with")
)

// smallLimits makes encodings change after a few elements.
func smallLimits() [][2]string {
	return [][2]string{
		{"hash-max-listpack-entries", "6"}, {"hash-max-listpack-value", "16"},
		{"set-max-intset-entries", "6"},
		{"zset-max-listpack-entries", "6"}, {"zset-max-listpack-value", "16"},
	}
}

// TestFuzzFindsNothingBetweenEqualServers shows that what the fuzzer compares is defined.
func TestFuzzFindsNothingBetweenEqualServers(t *testing.T) {
	calls := 3 * *fuzzCalls // so that every row is met, whatever the seed
	cover := Fuzz(t, StartRedis(t), StartRedis(t),
		FuzzOptions{Seed: *fuzzSeed, Calls: calls, Config: smallLimits()})
	if missing := cover.Missing(); len(missing) > 0 {
		t.Errorf("seed %d: %d calls cover no %q", *fuzzSeed, calls, missing)
	}
}

// TestFuzzFindsAnotherLimit shows that a difference in what is stored is found.
func TestFuzzFindsAnotherLimit(t *testing.T) {
	report, err := fuzz(StartRedis(t), StartRedis(t, "--hash-max-listpack-entries", "3"),
		FuzzOptions{Seed: *fuzzSeed, Calls: 8000}, Coverage{})
	wantFound(t, report, err, "listpack", "hashtable")
}

// TestFuzzFindsAWrongReply shows that one wrong reply among many is found, and that the
// report is short.
func TestFuzzFindsAWrongReply(t *testing.T) {
	redis := StartRedis(t)
	liar := startProxy(t, StartRedis(t), func(args []string, reply Value) Value {
		if callName(args) == "HDEL" && reply.Text == "2" {
			reply.Text = "1"
		}
		return reply
	})
	report, err := fuzz(redis, liar, FuzzOptions{Seed: *fuzzSeed, Calls: 16000}, Coverage{})
	wantFound(t, report, err, "HDEL", ":2")
}

// TestFuzzFindsAWrongRandomDraw shows that random replies are checked for what they hold.
func TestFuzzFindsAWrongRandomDraw(t *testing.T) {
	redis := StartRedis(t)
	liar := startProxy(t, StartRedis(t), func(args []string, reply Value) Value {
		if callName(args) == "HRANDFIELD" && len(reply.Elems) > 0 && !reply.Elems[0].IsAggregate() {
			reply.Elems[0].Text = "invented"
		}
		return reply
	})
	report, err := fuzz(redis, liar, FuzzOptions{Seed: *fuzzSeed, Calls: 10000}, Coverage{})
	wantFound(t, report, err, "HRANDFIELD", "drew at random")
}

// wantFound wants a report that holds some words and is short enough to be read.
func wantFound(t *testing.T, report string, err error, words ...string) {
	t.Helper()
	if err != nil || report == "" {
		t.Fatalf("nothing found (error %v)", err)
	}
	for _, word := range words {
		if !strings.Contains(strings.ToUpper(report), strings.ToUpper(word)) {
			t.Errorf("no %q in the report", word)
		}
	}
	if lines := strings.Count(report, "\n"); lines > 80 {
		t.Errorf("the report has %d lines", lines)
	}
	t.Log(report)
}

// TestFuzzScripts runs random scripts here and there, and compares replies and data: however
// many shards there are, and wherever the keys lie.
func TestFuzzScripts(t *testing.T) {
	redis := StartRedis(t)
	seed := *fuzzSeed
	for _, flags := range [][]string{
		{"--shards", "1"}, {"--shards", "2"}, {"--shards", "3"}, {"--shards", "8", "--io", "net"},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			ours := StartStampede(t, flags...)
			for range *fuzzSeeds {
				opts := FuzzOptions{Seed: seed, Calls: *fuzzCalls / 10, Scripts: true}
				if seed%2 == 0 {
					opts.Config = smallLimits()
				}
				seed++
				cover := Fuzz(t, redis, ours, opts)
				if done, all := cover["EVAL answered"], cover["EVAL"]; done*2 < all {
					t.Errorf("seed %d: only %d of %d scripts came to their end", seed-1, done, all)
				}
			}
		})
	}
}

// TestFuzzStampede compares our server with the real one, each way to run it with seeds of
// its own, with the usual limits of small collections and with narrow ones.
func TestFuzzStampede(t *testing.T) {
	redis := StartRedis(t)
	seed := *fuzzSeed
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			ours := StartStampede(t, way.flags...)
			for i := range *fuzzSeeds * 2 {
				opts := FuzzOptions{Seed: seed, Calls: *fuzzCalls / 4}
				if i%2 == 1 {
					opts.Config = smallLimits()
				}
				seed++
				Fuzz(t, redis, ours, opts)
			}
		})
	}
}

// TestFuzzStreams compares streams whose nodes are filled soon: by entries, and by bytes.
func TestFuzzStreams(t *testing.T) {
	redis, ours := StartRedis(t), StartStampede(t, "--shards", "3")
	for i := range *fuzzSeeds * 4 {
		opts := FuzzOptions{Seed: *fuzzSeed + i, Calls: *fuzzCalls / 4, Streams: true}
		switch i % 4 {
		case 0:
			opts.Config = [][2]string{{"stream-node-max-entries", "5"}}
		case 1:
			opts.Config = [][2]string{{"stream-node-max-bytes", "300"}}
		case 2:
			opts.Events, opts.Alone = true, true
		}
		Fuzz(t, redis, ours, opts)
	}
}
