// SPDX-License-Identifier: Apache-2.0

package slot_test

import (
	"math/rand/v2"
	"testing"

	"stampede/internal/resp"
	"stampede/internal/resp/oracle"
	"stampede/internal/slot"
)

func TestOf(t *testing.T) {
	cases := []struct {
		key, tag string
		want     uint16
	}{
		{"", "", 0},
		{"123456789", "123456789", 0x31c3},
		{"foo", "foo", 12182},
		{"{foo}bar", "foo", 12182},
		{"bar{foo}{baz}", "foo", 12182},
		{"{}foo", "{}foo", 9500},
		{"foo{}{bar}", "foo{}{bar}", 8363},
		{"foo{{bar}}zap", "{bar", 4015},
		{"foo{bar", "foo{bar", 15278},
		{"}foo{bar}", "bar", 5061},
	}
	for _, c := range cases {
		if got := string(slot.Tag([]byte(c.key))); got != c.tag {
			t.Errorf("%q: tag %q, want %q", c.key, got, c.tag)
		}
		if got := slot.Of([]byte(c.key)); got != c.want {
			t.Errorf("%q: slot %d, want %d", c.key, got, c.want)
		}
	}
}

// slow is CRC16/XMODEM bit by bit.
func slow(data []byte) uint16 {
	crc := uint16(0)
	for _, c := range data {
		for bit := 7; bit >= 0; bit-- {
			carry := crc>>15 != uint16(c>>bit&1)
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

func FuzzOf(f *testing.F) {
	f.Add([]byte("0123456789abcdef0"))
	f.Add([]byte("a{b}c"))
	f.Fuzz(func(t *testing.T, key []byte) {
		if got, want := slot.Of(key), slow(slot.Tag(key))%slot.Count; got != want {
			t.Errorf("%q: slot %d, want %d", key, got, want)
		}
	})
}

func TestOfAgainstRedis(t *testing.T) {
	server := oracle.Start(t, "--cluster-enabled", "yes")
	const seed, keys = 20240506, 3000
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var calls, want []byte
	for range keys {
		key := make([]byte, random.IntN(40))
		for i := range key {
			if key[i] = byte(random.IntN(256)); random.IntN(4) == 0 {
				key[i] = "{}ab"[random.IntN(4)]
			}
		}
		calls = resp.AppendCommand(calls, []byte("CLUSTER"), []byte("KEYSLOT"), key)
		want = resp.AppendInt(want, int64(slot.Of(key)))
	}
	if got := server.Ask(t, calls); string(got) != string(want) {
		t.Errorf("slots differ from those of redis")
	}
}

func BenchmarkOf16(b *testing.B) {
	key := []byte("0123456789abcdef")
	for b.Loop() {
		slot.Of(key)
	}
}
