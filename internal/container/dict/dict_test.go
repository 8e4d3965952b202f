// SPDX-License-Identifier: Apache-2.0

package dict_test

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/container/dict"
)

func newDict(t testing.TB) (*dict.Dict, *arena.Arena) {
	t.Helper()
	a, err := arena.New(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return dict.New(a, maphash.MakeSeed()), a
}

func TestLengths(t *testing.T) {
	d, a := newDict(t)
	lengths := []int{0, 1, 2, 5, 6, 125, 126, 127, 128, 129, 255, 256, 16383, 16384, 200_000}
	for _, f := range lengths {
		field := bytes.Repeat([]byte{'f'}, f)
		for i, v := range lengths {
			value := bytes.Repeat([]byte{byte(i)}, v)
			if created := d.Set(field, value); created != (i == 0) {
				t.Errorf("field of %d, value of %d bytes: created = %v", f, v, created)
			}
			if got, ok := d.Get(field); !ok || !bytes.Equal(got, value) || cap(got) != len(got) {
				t.Errorf("field of %d, value of %d bytes: got %d bytes", f, v, len(got))
			}
		}
	}
	if d.Len() != len(lengths) {
		t.Errorf("Len = %d, want %d", d.Len(), len(lengths))
	}
	d.Free()
	if a.Used() != 0 {
		t.Errorf("%d bytes of the arena are lost", a.Used())
	}
}

func TestSameSizeIsOverwrittenInPlace(t *testing.T) {
	d, _ := newDict(t)
	d.Set([]byte("field"), []byte("before"))
	view, _ := d.Get([]byte("field"))
	d.Set([]byte("field"), []byte("behind"))
	if string(view) != "behind" {
		t.Errorf("the block moved: its old place holds %q", view)
	}
}

func TestFreeInSteps(t *testing.T) {
	d, a := newDict(t)
	for i := range 5000 {
		d.Set([]byte(strconv.Itoa(i)), make([]byte, i))
	}
	steps := 1
	for !d.FreeStep(100) {
		steps++
	}
	if steps < 35 || steps > 50 {
		t.Errorf("freed 5000 pairs in %d steps of 100", steps)
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes of the arena are lost", a.Used())
	}
}

func TestEachStops(t *testing.T) {
	d, _ := newDict(t)
	for i := range 1000 {
		d.Set([]byte(strconv.Itoa(i)), nil)
	}
	for _, want := range []int{1, 100, 1000} {
		visits := 0
		d.Each(func(_, _ []byte) bool { visits++; return visits < want })
		if visits != want {
			t.Errorf("visited %d pairs, want %d", visits, want)
		}
	}
}

func TestBytesOfALargeHash(t *testing.T) {
	const fields = 100_000
	d, a := newDict(t)
	for i := range fields {
		d.Set(fmt.Appendf(nil, "field:%014d", i), make([]byte, 64))
	}
	if per := float64(d.Bytes()) / fields; per > 97 {
		t.Errorf("%.1f bytes for a field of 20 and a value of 64", per)
	}
	for i := range fields / 10 {
		d.Set(fmt.Appendf(nil, "field:%014d", i), make([]byte, i%1000))
	}
	if beside := d.Bytes() - a.Used(); beside < 0 || beside > 10_000 {
		t.Errorf("Bytes is %d more than what the arena knows of", beside)
	}
}

func TestNothingAllocates(t *testing.T) {
	d, _ := newDict(t)
	field, value := []byte("field"), []byte("value")
	for i := range 100 {
		d.Set([]byte(strconv.Itoa(i)), value)
	}
	if n := testing.AllocsPerRun(100, func() {
		d.Set(field, value)
		d.Get(field)
		d.Random(1)
		d.Delete(field)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDict does to a dict and to a map what a seed says. Each byte of phases says for
// some steps how often something is set.
func FuzzDict(f *testing.F) {
	f.Add(uint64(1), []byte{255, 255, 200, 128, 0, 0})
	f.Add(uint64(2), []byte{250, 100, 250, 100, 30, 30, 30})
	f.Fuzz(func(t *testing.T, seed uint64, phases []byte) {
		d, a := newDict(t)
		random := rand.New(rand.NewPCG(seed, 0))
		want := map[string]string{}
		for _, growth := range phases[:min(len(phases), 30)] {
			for range 300 {
				field := strings.Repeat("x", random.IntN(3)*90) + strconv.Itoa(random.IntN(3000))
				_, there := want[field]
				if int(growth) > random.IntN(256) {
					value := strings.Repeat(field, random.IntN(1+random.IntN(20)))
					if created := d.Set([]byte(field), []byte(value)); created == there {
						t.Fatalf("Set(%q): created = %v", field, created)
					}
					want[field] = value
					continue
				}
				if deleted := d.Delete([]byte(field)); deleted != there {
					t.Fatalf("Delete(%q) = %v", field, deleted)
				}
				delete(want, field)
			}
			compare(t, d, want)
		}
		d.Free()
		if a.Used() != 0 {
			t.Fatalf("%d bytes of the arena are lost", a.Used())
		}
	})
}

func compare(t *testing.T, d *dict.Dict, want map[string]string) {
	t.Helper()
	if d.Len() != len(want) {
		t.Fatalf("Len = %d, want %d", d.Len(), len(want))
	}
	for field, value := range want {
		if got, ok := d.Get([]byte(field)); !ok || string(got) != value {
			t.Fatalf("Get(%q) = %q, %v, want %q", field, got, ok, value)
		}
	}
	visits := 0
	d.Each(func(field, value []byte) bool {
		if v, ok := want[string(field)]; !ok || v != string(value) {
			t.Fatalf("Each visits %q = %q, want %q, %v", field, value, v, ok)
		}
		visits++
		return true
	})
	if visits != len(want) {
		t.Fatalf("Each visits %d pairs of %d", visits, len(want))
	}
	field, value, ok := d.Random(uint64(len(want)) << 58)
	if ok != (len(want) > 0) || want[string(field)] != string(value) {
		t.Fatalf("Random = %q, %q, %v", field, value, ok)
	}
}

func BenchmarkSetMillion(b *testing.B) {
	for b.Loop() {
		d, _ := newDict(b)
		var field [20]byte
		value := make([]byte, 64)
		for i := range 1_000_000 {
			d.Set(fmt.Appendf(field[:0], "field:%014d", i), value)
		}
		b.ReportMetric(float64(d.Bytes())/1e6, "B/field")
	}
}
