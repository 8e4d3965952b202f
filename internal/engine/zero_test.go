// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"
)

// TestNegativeZerosSurvive: a large sorted set keeps the sign of a zero, as Redis' does, over journal,
// snapshot and dump, also of members that came while it would have been small; a small one has
// none, and stays small.
func TestNegativeZerosSurvive(t *testing.T) {
	const startMs = 1_700_000_000_000
	dir, long := t.TempDir(), strings.Repeat("f", 70)
	s := reopen(t, dir, 2, startMs)
	s.do("ZADD z -1 a 0 "+long, "ZINTERSTORE big 1 z WEIGHTS 0", "ZADD y -1 a", "ZINTERSTORE small 1 y "+
		"WEIGHTS 0")
	want := func() {
		t.Helper()
		s.want("$2\r\n-0\r\n$8\r\nskiplist\r\n$1\r\n0\r\n$8\r\nlistpack\r\n", "ZSCORE big a",
			"OBJECT ENCODING big", "ZSCORE small a", "OBJECT ENCODING small")
	}
	want()
	for shards := 1; shards <= 3; shards++ {
		if err := s.engine.Free(); err != nil {
			t.Fatal(err)
		}
		s = reopen(t, dir, shards, startMs) // from the journal, then from a snapshot
		want()
		if err := s.engine.Store().Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, payload, _ := strings.Cut(s.ask("DUMP", "big"), "\r\n")
	s.ask("RESTORE", "again", "0", strings.TrimSuffix(payload, "\r\n"))
	s.want("$2\r\n-0\r\n", "ZSCORE again a")
	if err := s.engine.Free(); err != nil {
		t.Fatal(err)
	}
}
