// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"stampede/internal/disk/faulty"
)

// TestChains: a record that is longer than a frame may be is one record to whoever reads.
func TestChains(t *testing.T) {
	for _, most := range []int64{1, 7, 100, bigBytes - 1, bigBytes, 2 * bigBytes} {
		s := newStand(t, Options{SegmentBytes: 1000, FrameBytesMax: most})
		want := []string{
			"small", strings.Repeat("a", 7), strings.Repeat("b", 100), strings.Repeat("c", 101),
			"x", strings.Repeat("d", 1500), strings.Repeat("e", 2001), "end",
		}
		if most >= 100 {
			want = append(want, strings.Repeat("f", 5*bigBytes+1), "last")
		}
		s.put(t, want...)
		s.want(t, 0, want...)
		s.fs = s.fs.Crash()
		s.open(t, 0)
		s.want(t, 0, want...)
		s.options.FrameBytesMax = 0 // another version may have another limit
		s.put(t, "more")
		s.want(t, 0, append(want, "more")...)
		report, err := Check(s.fs, "log", nil)
		if err != nil || report.Damage != nil || report.Records != int64(len(want)+1) {
			t.Errorf("frames of %d: the check says %+v, %v", most, report, err)
		}
	}
}

// chained is a log that ends with a record of several frames, which begins at from.
func chained(t *testing.T) (s *stand, whole []byte, from Position) {
	s = newStand(t, Options{FrameBytesMax: 10})
	from = s.put(t, "one", "two")
	s.put(t, strings.Repeat("three", 7))
	return s, content(t, s.fs, segmentPath(0))[:headerBytes+s.End()], from
}

// TestTornChains: of a record that was being written when the power was cut, nothing is there.
func TestTornChains(t *testing.T) {
	s, whole, from := chained(t)
	first := headerBytes + int(from) + frameHeadBytes + markBytes // behind a mark
	for n := first; n < len(whole); n++ {
		s.fs = faulty.New(1)
		put(t, s.fs, segmentPath(0), whole[:n])
		s.open(t, 0)
		s.want(t, 0, "one", "two")
		s.put(t, "four", strings.Repeat("five", 9))
		s.want(t, 0, "one", "two", "four", strings.Repeat("five", 9))
		s.fs = s.fs.Crash()
		s.open(t, 0)
		s.want(t, 0, "one", "two", "four", strings.Repeat("five", 9))
	}
	// Pages may be kept in any order: a hole is as good as an end.
	for n := first; n < len(whole); n++ {
		holed := append([]byte(nil), whole...)
		hole := holed[n:min(n+frameHeadBytes, len(holed))]
		if clear(hole); string(holed) == string(whole) {
			continue
		}
		s.fs = faulty.New(1)
		put(t, s.fs, segmentPath(0), holed)
		s.open(t, 0)
		s.want(t, 0, "one", "two")
	}
}

// TestDamagedChains: what was durable and is not what it was is named, and a repair leaves
// what comes before.
func TestDamagedChains(t *testing.T) {
	s, _, from := chained(t)
	s.put(t, "behind")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole := content(t, s.fs, segmentPath(0))
	begin := headerBytes + int(from) + frameHeadBytes + markBytes
	end := begin + int(chainOf(piecesOf([][]byte{make([]byte, 35)}, 35, 10)).frames())
	for n := begin; n < end; n++ {
		wrong := append([]byte(nil), whole...)
		wrong[n] ^= 0x10
		s.fs = faulty.New(1)
		put(t, s.fs, segmentPath(0), wrong)
		var damage *DamageError
		if err := s.tryOpen(0); !errors.As(err, &damage) || damage.Offset != int64(begin) {
			t.Fatalf("byte %d: %v, want damage at %d", n, err, begin)
		}
		if _, err := Repair(s.fs, "log"); err != nil {
			t.Fatal(err)
		}
		s.open(t, 0)
		s.want(t, 0, "one", "two")
	}
}

// TestChainsThatAreNone: a head whose checksums are right, and which says what is never
// written, is damage and takes no memory.
func TestChainsThatAreNone(t *testing.T) {
	for _, c := range []chain{
		{0, 0}, {5, 0}, {5, 1}, {1, 2}, {1 << 63, 2}, {1<<64 - 1, 1<<32 - 1}, {1 << 40, 1 << 11},
	} {
		b, _ := perform((&segment{id: 7}).header(), []byte{0, 3, 0, 0})
		id := identify(7)
		payload := c.append(nil)
		var head [frameHeadBytes]byte
		at := Position(len(b) - headerBytes)
		id.putHead(head[:], at, chainBytes|markBit, crc32.Checksum(payload, castagnoli))
		b = append(append(b, head[:]...), payload...)
		fs := faulty.New(1)
		put(t, fs, segmentPath(0), b)
		hostile(t, fs)
	}
}
