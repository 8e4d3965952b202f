// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestCacheGivesTheSamePath(t *testing.T) {
	c := NewCache()
	a, err := c.Get([]byte("$.a"))
	if err != nil || a.String() != "$['a']" {
		t.Fatal(a, err)
	}
	if again, err := c.Get([]byte("$.a")); err != nil || again != a {
		t.Error("parsed again")
	}
	if b, err := c.Get([]byte("$.b")); err != nil || b.String() != "$['b']" {
		t.Error(b, err)
	}
	if p, err := c.Get([]byte("$.")); err == nil || p != nil {
		t.Error("takes what is no path", p, err)
	}
	long := []byte("$." + strings.Repeat("a", CacheTextBytesMax))
	one, _ := c.Get(long)
	if other, err := c.Get(long); err != nil || one == other {
		t.Error("keeps long paths", err)
	}
}

// TestCacheIsBounded: more paths than it holds are all answered, and the last ones are kept.
func TestCacheIsBounded(t *testing.T) {
	c := NewCache()
	for i := range 3 * CachePathsMax {
		want := fmt.Sprintf("$[%d]", i)
		if p, err := c.Get([]byte(want)); err != nil || p.String() != want {
			t.Fatal(want, p, err)
		}
	}
	count := 0
	for i := range c.sets {
		for k := range c.sets[i] {
			if c.sets[i][k].Load() != nil {
				count++
			}
		}
	}
	if count == 0 || count > CachePathsMax {
		t.Errorf("keeps %d paths", count)
	}
	p, _ := c.Get([]byte("$.last"))
	if again, _ := c.Get([]byte("$.last")); p != again {
		t.Error("a full cache keeps nothing new")
	}
}

func TestCacheOfManyUsers(t *testing.T) {
	c := NewCache()
	var users sync.WaitGroup
	for user := range 8 {
		users.Go(func() {
			for i := range 3000 {
				want := fmt.Sprintf("$[%d]", (i*(user+1))%2500)
				if p, err := c.Get([]byte(want)); err != nil || p.String() != want {
					t.Error(want, p, err)
					return
				}
			}
		})
	}
	users.Wait()
}
