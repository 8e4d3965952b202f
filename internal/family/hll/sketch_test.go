// SPDX-License-Identifier: Apache-2.0

package hll

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"stampede/internal/seedtest"
)

// TestRegistersAreIndependent writes registers of a dense sketch and reads the others.
func TestRegistersAreIndependent(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	d, _ := newSketch(nil).dense()
	var want maxima
	for range 50000 {
		i := rng.IntN(registers)
		want[i] = byte(rng.UintN(registerMax + 1))
		d.setRegister(i, want[i])
		from, to := place(i)
		if from < headBytes || to > denseBytes || to-from > 2 {
			t.Fatalf("register %d lies from %d to %d", i, from, to)
		}
	}
	for i := range want {
		if d.register(i) != want[i] {
			t.Fatalf("register %d is %d, want %d", i, d.register(i), want[i])
		}
	}
}

// TestSparseAgreesWithDense raises the same registers of both.
func TestSparseAgreesWithDense(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	for _, few := range []int{20, 300, registers} {
		s := newSketch(nil)
		var want maxima
		for range 3000 {
			i, rank := rng.IntN(few), byte(1+rng.UintN(12))
			var came outcome
			s, came = s.raise(i, rank, 1<<20)
			if (came == raised) != (rank > want[i]) || came == corrupt || s.isDense() {
				t.Fatalf("register %d to %d: %d", i, rank, came)
			}
			want[i] = max(want[i], rank)
		}
		d, ok := s.dense()
		if !ok {
			t.Fatal("the runs make no sense")
		}
		var got maxima
		if got.merge(d); got != want {
			t.Fatal("other registers")
		}
		of, ok := s.histogram()
		if !ok || of != want.histogram() {
			t.Fatal("another histogram")
		}
	}
}

func TestSelfTestFindsNothing(t *testing.T) {
	if failure := testRegisters() + testEstimates(); failure != "" {
		t.Error(failure)
	}
}

// FuzzSketch reads and changes any bytes behind a head.
func FuzzSketch(f *testing.F) {
	f.Add([]byte{0x7f, 0xff}, uint64(1))
	f.Add([]byte{0x7f}, uint64(5))
	f.Add([]byte{0x00, 0x80, 0x80, 0x84, 0x7f, 0xfc}, uint64(3))
	f.Fuzz(func(t *testing.T, body []byte, element uint64) {
		s, ok := parseSketch(append(newSketch(nil)[:headBytes:headBytes], body...))
		if !ok {
			t.Fatal("a head is enough")
		}
		before, good := s.histogram()
		s.decoded()
		register, rank := locate(binary.LittleEndian.AppendUint64(nil, element))
		changed, came := clone(s).raise(register, rank, len(s)+4)
		after, stillGood := changed.histogram()
		if good != stillGood || good && came == corrupt {
			t.Fatalf("%x: good %v, then %v; %d", body, good, stillGood, came)
		}
		if came == same && !bytes.Equal(changed, s) {
			t.Fatalf("%x changed to %x", s, changed)
		}
		if good && came == raised {
			total := 0
			for i := range after {
				total += after[i]
			}
			if total != registers || after == before {
				t.Fatalf("%x: %d registers", body, total)
			}
		}
	})
}
