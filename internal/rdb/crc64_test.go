// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"math/rand/v2"
	"testing"

	"stampede/internal/seedtest"
)

// TestCRC64 knows the one value that Redis' source gives for its checksum.
func TestCRC64(t *testing.T) {
	if got := CRC64(0, []byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%016x", got)
	}
}

// TestCRC64Twin sums up bit by bit, and in two parts.
func TestCRC64Twin(t *testing.T) {
	random := rand.New(rand.NewPCG(seedtest.Of(t), 64))
	p := make([]byte, 100)
	for i := range p {
		p[i] = byte(random.Uint32())
	}
	for n := range p {
		want := uint64(0)
		for _, b := range p[:n] {
			want ^= uint64(b)
			for range 8 {
				if want&1 != 0 {
					want = want>>1 ^ crcPolynomial
				} else {
					want >>= 1
				}
			}
		}
		cut := random.IntN(n + 1)
		if got := CRC64(CRC64(0, p[:cut]), p[cut:n]); got != want {
			t.Errorf("%d bytes, cut at %d: %016x, want %016x", n, cut, got, want)
		}
	}
}

func BenchmarkCRC64(b *testing.B) {
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	crc := uint64(0)
	for b.Loop() {
		crc = CRC64(crc, p)
	}
}
