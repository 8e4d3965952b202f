// SPDX-License-Identifier: Apache-2.0

package dict_test

import (
	"hash/maphash"
	"strconv"
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

func TestFreeGivesAllBack(t *testing.T) {
	d, a := newDict(t)
	for i := range 5000 {
		d.Set([]byte(strconv.Itoa(i)), make([]byte, i))
	}
	steps := 0
	for !d.FreeStep(100) {
		steps++
	}
	if steps < 30 || steps > 50 {
		t.Errorf("freed 5000 pairs in %d steps of 100", steps)
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes of the arena are lost", a.Used())
	}
}
