// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/rdb"
	"stampede/internal/seedtest"
)

// repetitive makes text that can be compressed, more or less.
func repetitive(random *rand.Rand) []byte {
	var b []byte
	letters, words := 1+random.IntN(20), 1+random.IntN(30)
	for range random.IntN(300) {
		switch random.IntN(3) {
		case 0:
			b = append(b, fmt.Sprint("word", random.IntN(words))...)
		case 1:
			b = append(b, byte('a'+random.IntN(letters)))
		case 2:
			b = append(b, bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(1<<random.IntN(11)))...)
		}
	}
	return b
}

func dumpOf(value []byte) []byte {
	return rdb.AppendDumpEnd(append([]byte{byte(rdb.TypeString)}, value...), 0)
}

// TestCompressor compresses and reads back, with one Compressor for all: what it remembers of
// earlier strings must not matter.
func TestCompressor(t *testing.T) {
	random := rand.New(rand.NewPCG(seedtest.Of(t), 20))
	var c rdb.Compressor
	r := rdb.NewReader(nil, rdb.Options{})
	s, _ := start(t)
	before, after := 0, 0
	for i := range 3000 {
		text := repetitive(random)
		value := c.AppendString(nil, text)
		if len(value) > len(rdb.AppendString(nil, text)) {
			t.Fatalf("%d bytes became %d", len(text), len(value))
		}
		before, after = before+len(text), after+len(value)
		payload := dumpOf(value)
		if _, err := r.Dump(payload); err != nil {
			t.Fatal(err)
		}
		if got, err := r.String(); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%v: %q, want %q", err, got, text)
		}
		if i%10 == 0 {
			s.do("RESTORE", "k", "0", string(payload), "REPLACE")
			if got := s.do("GET", "k").Text; got != string(text) {
				t.Fatalf("redis-server: %q, want %q", got, text)
			}
		}
	}
	if after*3 > before {
		t.Errorf("%d bytes became %d", before, after)
	}
}

// TestCompressorBorders are lengths of matches, literals and distances at their limits.
func TestCompressorBorders(t *testing.T) {
	var c rdb.Compressor
	r := rdb.NewReader(nil, rdb.Options{})
	random := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 9000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for _, text := range []string{"", "a", strings.Repeat("a", 20), strings.Repeat("a", 21)} {
		checkCompressed(t, r, &c, []byte(text))
	}
	for _, n := range []int{3, 4, 8, 9, 10, 263, 264, 265, 266, 267, 300, 528} {
		text := append(bytes.Clone(noise[:n]), '-', '-')
		checkCompressed(t, r, &c, append(text, noise[:n]...))
		checkCompressed(t, r, &c, bytes.Repeat([]byte("x"), n))
	}
	for _, distance := range []int{31, 32, 33, 64, 255, 256, 257, 8191, 8192, 8193} {
		text := append([]byte{}, noise[:distance]...)
		checkCompressed(t, r, &c, append(text, noise[:min(distance, 100)]...))
	}
	checkCompressed(t, r, &c, noise)
}

func checkCompressed(t *testing.T, r *rdb.Reader, c *rdb.Compressor, text []byte) {
	t.Helper()
	if _, err := r.Dump(dumpOf(c.AppendText(nil, text))); err != nil {
		t.Fatal(err)
	}
	if got, err := r.String(); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%v: %q, want %q", err, got, text)
	}
}

func BenchmarkCompressor(b *testing.B) {
	var c rdb.Compressor
	text := []byte(strings.Repeat(`{"id":17,"name":"item","price":12.5,"tags":["a","b"]},`, 20))
	dst := make([]byte, 0, 2*len(text))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		dst = c.AppendString(dst[:0], text)
	}
}
