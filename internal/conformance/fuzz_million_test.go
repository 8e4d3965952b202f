// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var fuzzMillion = flag.Int("million", 4000,
	"how many random calls TestFuzzMillion sends to each number of shards")

// pieceCalls is how many calls are sent with one seed: few enough that a difference is shrunk
// soon, and many enough that collections grow.
const pieceCalls = 20000

// theme is what the calls of a piece are about.
type theme struct {
	name string
	opts FuzzOptions
}

// themes take turns. The calls of all families are in each of them; what a name says is more
// frequent, or compared, too.
func themes() []theme {
	entries := [][2]string{{"stream-node-max-entries", "5"}}
	bytes := [][2]string{{"stream-node-max-bytes", "300"}}
	return []theme{
		{"usual limits", FuzzOptions{}},
		{"narrow limits", FuzzOptions{Config: smallLimits()}},
		{"events", FuzzOptions{Events: true}},
		{"scripts", FuzzOptions{Scripts: true, Config: smallLimits()}},
		{"nodes of few entries", FuzzOptions{Streams: true, Config: entries}},
		{"narrow limits, probed often", FuzzOptions{Config: smallLimits(), ProbeEvery: 200}},
		{"scripts, events", FuzzOptions{Scripts: true, Events: true}},
		{"nodes of few bytes", FuzzOptions{Streams: true, Config: bytes}},
		{"streams, events", FuzzOptions{Streams: true, Events: true, Alone: true}},
	}
}

// TestFuzzMillion sends random calls over all families to 1, 2, 3 and 8 shards, in pieces that
// have a seed each. The name of a piece is enough to run it again:
//
//	go test ./internal/conformance -million 1000000 -run 'TestFuzzMillion/3_shards/seed_17$'
func TestFuzzMillion(t *testing.T) {
	redis := StartRedis(t)
	for i, flags := range [][]string{
		{"--shards", "1", "--io", "net"}, {"--shards", "2"}, {"--shards", "3"},
		{"--shards", "8", "--io", "net"},
	} {
		t.Run(flags[1]+" shards", func(t *testing.T) {
			fuzzPieces(t, redis, StartStampede(t, flags...), uint64(i))
		})
	}
}

// fuzzPieces sends -million calls. Each of the four ways to run our server gets every fourth
// seed, and every theme in turn.
func fuzzPieces(t *testing.T, redis, ours string, way uint64) {
	covered := Coverage{}
	begun := time.Now()
	sent, pieces, run := 0, 0, 0
	for sent < *fuzzMillion {
		theme := themes()[pieces%len(themes())]
		opts := theme.opts
		opts.Seed = *fuzzSeed + uint64(pieces)*4 + way
		opts.Calls = min(pieceCalls, *fuzzMillion-sent)
		sent, pieces = sent+opts.Calls, pieces+1
		t.Run(fmt.Sprint("seed ", opts.Seed), func(t *testing.T) {
			run++
			for what, n := range Fuzz(t, redis, ours, opts) {
				covered[what] += n
			}
			t.Logf("%9d of %d calls: %s", sent, *fuzzMillion, theme.name)
		})
	}
	if run < pieces {
		return // some were not asked for
	}
	t.Logf("%d calls with %d seeds in %v", sent, pieces, time.Since(begun).Round(time.Second))
	if missing := covered.Missing(); len(missing) > 0 && sent >= 10*pieceCalls {
		t.Errorf("%d calls cover no %q", sent, missing)
	}
}
