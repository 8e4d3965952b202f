// SPDX-License-Identifier: Apache-2.0

package keyspace_test

import (
	"fmt"
	"testing"

	"stampede/internal/keyspace"
)

// TestUsedCountsWhatLiesBeside: the order of a sorted set lies beside the arena, and maxmemory
// is about it, too.
func TestUsedCountsWhatLiesBeside(t *testing.T) {
	s, err := keyspace.New(keyspace.Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, key := s.DB(0), []byte("scores")
	const members = 50_000
	for i := range members {
		z, err := db.FindZSet(key)
		if err != nil {
			t.Fatal(err)
		}
		z.Add(float64(i), fmt.Appendf(nil, "member %d", i))
	}
	before := s.Used()
	s.ReckonBigs()
	grown := s.Used() - before
	if perMember := grown / members; perMember < 8 || perMember > 40 {
		t.Errorf("a member takes %d bytes beside the arena, want those of a score and a reference",
			perMember)
	}
	all := s.Memory()
	if all.Beside < grown {
		t.Errorf("Memory says %d bytes beside, Used has %d of them", all.Beside, grown)
	}
	before = s.Used()
	db.Delete(key)
	if dropped := before - s.Used(); dropped < grown {
		t.Errorf("a dropped collection still counts: %d bytes of %d", grown-dropped, grown)
	}
	for s.FreeStep() {
	}
	s.ReckonBigs()
	if left := s.Used(); left > 1<<20 {
		t.Errorf("%d bytes are left", left)
	}
}
