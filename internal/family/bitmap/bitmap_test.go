// SPDX-License-Identifier: Apache-2.0

package bitmap

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/seedtest"
)

func randomText(rng *rand.Rand, n int) []byte {
	text := make([]byte, n)
	fill := byte(rng.UintN(3)) * 0x7F // many equal bytes: 0x00, 0x7F, 0xFE
	for i := range text {
		if text[i] = fill; rng.IntN(6) == 0 {
			text[i] = byte(rng.Uint32())
		}
	}
	return text
}

// TestSpanAgreesWithSingleBits counts and searches bit by bit.
func TestSpanAgreesWithSingleBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for range 3000 {
		text := randomText(rng, 1+rng.IntN(40))
		n := int64(len(text)) * 8
		s := span{rng.Int64N(n), rng.Int64N(n)}
		count, first := int64(0), [2]int64{-1, -1}
		for bit := s.last; bit >= s.first; bit-- {
			on := bitAt(text, bit)
			count += on
			first[on] = bit
		}
		if got := s.count(text); got != count {
			t.Fatalf("%v of %x: %d bits, want %d", s, text, got, count)
		}
		for on, want := range first {
			if got := s.find(text, on == 1); got != want {
				t.Fatalf("%v of %x: first %d at %d, want %d", s, text, on, got, want)
			}
		}
	}
}

// TestWindowReadsAndWritesBits compares an integer in a string with its single bits.
func TestWindowReadsAndWritesBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	for range 5000 {
		text := randomText(rng, 1+rng.IntN(12))
		bit, width := rng.Int64N(64), 1+rng.IntN(64)
		number := rng.Uint64()
		want := uint64(0)
		for i := range int64(width) {
			want = want<<1 | uint64(bitAt(text, bit+i))
		}
		w := windowOf(text, bit)
		if got := w.get(bit, width); got != want {
			t.Fatalf("%d bits at %d of %x: %x, want %x", width, bit, text, got, want)
		}
		before := w
		w.put(bit, width, number)
		if got := w.get(bit, width); got != number<<(64-width)>>(64-width) {
			t.Fatalf("%d bits at %d: wrote %x, read %x", width, bit, number, got)
		}
		first := bit & 7
		for at := range int64(len(w)) * 8 {
			inside := at >= first && at < first+int64(width)
			if !inside && bitAt(w[:], at) != bitAt(before[:], at) {
				t.Fatalf("%d bits at %d: bit %d has changed", width, bit, at)
			}
		}
	}
}

// TestAddAgreesWithLongIntegers adds with math/big, for numbers that the type holds.
func TestAddAgreesWithLongIntegers(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 2))
	for range 20000 {
		kind := integer{signed: rng.IntN(2) == 0, width: 1 + rng.IntN(63)}
		if kind.signed {
			kind.width += rng.IntN(2)
		}
		base := kind.wrapped(rng.Uint64() >> rng.UintN(64))
		by := int64(rng.Uint64()) >> rng.UintN(64)
		least, greatest := kind.bounds()
		sum := new(big.Int).Add(big.NewInt(base), big.NewInt(by))
		fits := sum.Cmp(big.NewInt(least)) >= 0 && sum.Cmp(big.NewInt(greatest)) <= 0
		want := sum.Int64()
		if !fits {
			want = greatest
			if by < 0 {
				want = least
			}
		}
		got, ok := kind.add(base, by, saturate)
		if got != want || !ok {
			t.Fatalf("%+v: %d + %d saturated is %d, want %d", kind, base, by, got, want)
		}
		if _, ok = kind.add(base, by, fail); ok != fits {
			t.Fatalf("%+v: %d + %d fits: %v", kind, base, by, ok)
		}
		low := new(big.Int).Mod(sum, new(big.Int).Lsh(big.NewInt(1), uint(kind.width)))
		if got, _ = kind.add(base, by, wrap); got != kind.value(low.Uint64()) {
			t.Fatalf("%+v: %d + %d wrapped is %d", kind, base, by, got)
		}
	}
}

func TestOperationsAgreeWithSingleBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 3))
	for range 2000 {
		dst := randomText(rng, rng.IntN(40))
		text := randomText(rng, rng.IntN(len(dst)+1))
		longer := append(bytes.Clone(text), make([]byte, len(dst)-len(text))...)
		for name, one := range map[string]struct {
			all  operation
			byte func(a, b byte) byte
		}{
			"and": {and, func(a, b byte) byte { return a & b }},
			"or":  {or, func(a, b byte) byte { return a | b }},
			"xor": {xor, func(a, b byte) byte { return a ^ b }},
			"not": {func(dst, _ []byte) { invert(dst) }, func(a, _ byte) byte { return ^a }},
		} {
			got, want := bytes.Clone(dst), bytes.Clone(dst)
			one.all(got, text)
			for i := range want {
				want[i] = one.byte(want[i], longer[i])
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of %x and %x is %x, want %x", name, dst, text, got, want)
			}
		}
	}
}

// FuzzField reads any arguments of BITFIELD: what is accepted stays within the limits.
func FuzzField(f *testing.F) {
	f.Add("GET u8 0 OVERFLOW SAT INCRBY i64 #3 -1 SET u1 7 1")
	f.Add("SET i65 0 1")
	f.Add("GET u8 #9223372036854775807")
	f.Add("OVERFLOW")
	f.Fuzz(func(t *testing.T, text string) {
		const limit = 1 << 20
		var argv [][]byte
		for _, word := range strings.Split(text, " ") {
			argv = append(argv, []byte(word))
		}
		args := command.NewArgs(argv)
		steps := parseSteps(&args, limit, nil)
		use := useOfField(append([][]byte{[]byte("BITFIELD"), []byte("k")}, argv...))
		if args.Err() != nil {
			return
		}
		if writes := lastWritten(steps) >= 0; writes != (use&command.KeyRW != 0) {
			t.Fatalf("%q: %v, but its key is used as %v", text, steps, use.Names())
		}
		for _, s := range steps {
			if s.kind.width < 1 || s.kind.width > 64 || s.bit < 0 || s.bit >= limit*8 {
				t.Fatalf("%q: %+v", text, s)
			}
			w := windowOf([]byte("abc"), s.bit)
			least, greatest := s.kind.bounds()
			if n := s.kind.value(w.get(s.bit, s.kind.width)); n < least || n > greatest {
				t.Fatalf("%q: %+v reads %d", text, s, n)
			}
		}
	})
}
