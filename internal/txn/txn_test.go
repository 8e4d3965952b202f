// SPDX-License-Identifier: Apache-2.0

package txn

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"stampede/internal/keyspace"
)

func newShards(t *testing.T, n int) *Shards {
	t.Helper()
	s, err := New(n, keyspace.Options{ReserveBytes: 1 << 28})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for i := range n {
			if err := s.Shard(i).Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

func TestSets(t *testing.T) {
	for _, n := range []int{1, 3, ShardsMax} {
		s := newShards(t, n)
		seen := Set(0)
		for i := range 10000 {
			at := s.Of(fmt.Append(nil, "key", i))
			if at < 0 || at >= n {
				t.Fatalf("%d shards: key %d is on shard %d", n, i, at)
			}
			seen |= One(at)
		}
		if seen != s.All() {
			t.Errorf("%d shards: 10000 keys reach only %x of %x", n, seen, s.All())
		}
		if a, b := s.Of([]byte("{tag}a")), s.Of([]byte("b{tag}")); a != b {
			t.Errorf("%d shards: one tag, shards %d and %d", n, a, b)
		}
	}
	for _, n := range []int{0, ShardsMax + 1} {
		if _, err := New(n, keyspace.Options{}); err == nil {
			t.Errorf("New(%d) makes shards", n)
		}
	}
}

// TestTransactionsAreAtomic: transactions over random sets of shards move units about while
// others add all of them up; nobody sees a sum that is not the whole, and nobody waits for
// ever.
func TestTransactionsAreAtomic(t *testing.T) {
	const shards, movers, moves, units = 5, 4, 2000, 100
	s := newShards(t, shards)
	keys := make([][]byte, shards)
	var tx Tx
	s.Begin(&tx, s.All(), 1)
	for i := range keys {
		keys[i] = keyOn(s, i)
		e := tx.DB(0, keys[i]).Find(keys[i])
		e.SetInt(keys[i], units, 0)
	}
	tx.End()
	var running sync.WaitGroup
	for m := range movers {
		running.Go(func() {
			rng, tx := rand.New(rand.NewPCG(uint64(m), 7)), Tx{}
			for range moves {
				from, to := rng.IntN(shards), rng.IntN(shards)
				s.Begin(&tx, One(from)|One(to), 1)
				add(&tx, keys[from], -1)
				add(&tx, keys[to], 1)
				tx.End()
			}
		})
	}
	for range 500 {
		s.Begin(&tx, s.All(), 1)
		if sum := total(&tx, keys); sum != shards*units {
			t.Errorf("in the middle all keys hold %d, want %d", sum, shards*units)
		}
		tx.End()
	}
	running.Wait()
}

func keyOn(s *Shards, shard int) []byte {
	for i := 0; ; i++ {
		if key := fmt.Append(nil, "key", i); s.Of(key) == shard {
			return key
		}
	}
}

func add(tx *Tx, key []byte, by int64) {
	e := tx.DB(0, key).Find(key)
	n, _ := e.Int()
	e.SetInt(key, n+by, keyspace.KeepDeadline)
}

func total(tx *Tx, keys [][]byte) (sum int64) {
	for _, key := range keys {
		e := tx.DB(0, key).Read(key)
		n, _ := e.Int()
		sum += n
	}
	return sum
}

func TestTimeIsTheLatestOfAllShards(t *testing.T) {
	s := newShards(t, 3)
	s.Shard(1).Own(500)
	s.Shard(1).Release()
	var tx Tx
	s.Begin(&tx, s.All(), 100)
	defer tx.End()
	for i, space := range tx.Spaces() {
		if space.NowMs != 500 {
			t.Errorf("shard %d: time %d, want 500", i, space.NowMs)
		}
	}
}

func TestBeginUnlessGivesUpAndLetsGo(t *testing.T) {
	s := newShards(t, 3)
	s.Shard(2).Own(1)
	var tx Tx
	if s.BeginUnless(&tx, s.All(), 1, func() bool { return true }) {
		t.Error("a transaction began although a shard was owned")
	}
	s.Shard(2).Release()
	for i := range 3 {
		if _, ok := s.Shard(i).TryOwn(1); !ok {
			t.Errorf("shard %d is still owned", i)
		} else {
			s.Shard(i).Release()
		}
	}
}
