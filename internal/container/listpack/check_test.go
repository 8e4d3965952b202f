// SPDX-License-Identifier: Apache-2.0

package listpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func TestCheck(t *testing.T) {
	good := New(make([]byte, 256))
	for _, s := range []string{"a", "300", "100000", "99999999", "text"} {
		good = good.Append([]byte(s))
	}
	for _, c := range []struct {
		name  string
		spoil func(p Pack) []byte
		want  error
	}{
		{"good", func(p Pack) []byte { return p }, nil},
		{"count unknown", func(p Pack) []byte { p.setCount(countUnknown); return p }, nil},
		{"no bytes", func(p Pack) []byte { return nil }, ErrSize},
		{"too short", func(p Pack) []byte { return p[:EmptyBytes-1] }, ErrSize},
		{"cut", func(p Pack) []byte { return p[:len(p)-1] }, ErrSize},
		{"total too large", func(p Pack) []byte { p.setBytes(len(p) + 1); return p }, ErrSize},
		{"no end", func(p Pack) []byte { p[len(p)-1] = 0; return p }, ErrEnd},
		{"end inside", func(p Pack) []byte { p[headerBytes] = endMark; return p }, ErrMalformed},
		{"no such encoding", func(p Pack) []byte { p[headerBytes] = 0xF5; return p }, ErrMalformed},
		{"wrong back length", func(p Pack) []byte { p[headerBytes+2]++; return p }, ErrMalformed},
		{"string too long", func(p Pack) []byte { p[headerBytes] = 0xBF; return p }, ErrMalformed},
		{"length cut off", func(p Pack) []byte { p[p.Last()] = markString32; return p }, ErrMalformed},
		{"string over the end", func(p Pack) []byte { p[p.Last()]++; return p }, ErrMalformed},
		{"count too small", func(p Pack) []byte { p.setCount(4); return p }, ErrCount},
		{"count too large", func(p Pack) []byte { p.setCount(6); return p }, ErrCount},
	} {
		if got := Check(c.spoil(bytes.Clone(good))); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestCheckBackLengthInEnd: the end mark may not be the last byte of a back length.
func TestCheckBackLengthInEnd(t *testing.T) {
	const text = 253 // with its head of two bytes 255: the back length is 1, 0xFF
	p := New(make([]byte, 512))
	p = p.Append(bytes.Repeat([]byte("x"), text))
	p = p[:len(p)-1]
	p.setBytes(len(p))
	if p[len(p)-1] != endMark {
		t.Fatal("the back length does not look like the end")
	}
	if err := Check(p); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v, want %v", err, ErrMalformed)
	}
}

// FuzzCheck gives hostile bytes to Check and, if they pass, uses everything there is.
func FuzzCheck(f *testing.F) {
	p := New(make([]byte, 1024))
	for _, s := range []string{"a", "3", "300", "-30000", "5000000", "1000000000", "1000000000000",
		string(make([]byte, 100)), string(make([]byte, 200))} {
		p = p.Append([]byte(s))
		f.Add(bytes.Clone(p)[headerBytes:])
	}
	long := []byte{markString32, 3, 0, 0, 0, 'a', 'b', 'c', 8, endMark}
	f.Add(long)
	f.Fuzz(func(t *testing.T, elements []byte) {
		b := make([]byte, headerBytes, headerBytes+len(elements)+64)
		b = append(b, elements...)
		binary.LittleEndian.PutUint32(b, uint32(len(b)))
		count := countUnknown
		if len(elements) > 0 && elements[0]&1 == 0 {
			count = int(elements[0]) / 2
		}
		binary.LittleEndian.PutUint16(b[countOffset:], uint16(count))
		if Check(b) == nil {
			useEverything(t, b)
		}
	})
}

func useEverything(t *testing.T, p Pack) {
	n, forward := 0, [][]byte{}
	for off := p.First(); off >= 0; off = p.Next(off) {
		text := p.Get(off).Append(nil)
		if p.At(n) != off || p.Find(off, 0, text) > off {
			t.Fatalf("element %d is not where it is", n)
		}
		if p.Get(off).Len() != len(text) {
			t.Fatalf("element %d has another length", n)
		}
		forward = append(forward, text)
		n++
	}
	if p.Len() != n {
		t.Fatalf("Len: %d, want %d", p.Len(), n)
	}
	for off := p.Last(); off >= 0; off = p.Prev(off) {
		if n--; !p.Get(off).Equal(forward[n]) && !p.Get(off).IsInt {
			t.Fatalf("element %d differs backwards", n)
		}
	}
	if n != 0 {
		t.Fatalf("%d elements lost backwards", n)
	}
	if off := p.First(); off >= 0 {
		p = p.Insert(off, []byte("new")).ReplaceInt(off, 5).Delete(p.Next(off), 1)
		if err := Check(p); err != nil {
			t.Fatalf("after edits: %v", err)
		}
	}
}
