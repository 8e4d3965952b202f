// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/disk/faulty"
	"stampede/internal/keyspace"
)

// fill lays keys of some sixty bytes each.
func (o opened) fill(keys int) {
	for i := range keys {
		key := fmt.Sprintf("key:%d", i)
		o.at(key, 1000, func(db *keyspace.DB) {
			e := db.Find([]byte(key))
			e.Set([]byte(key), []byte(strings.Repeat("v", 50)), 0)
		})
	}
}

// TestOwnersHandOut: those who use a shard hand all of it out, a little each, without anybody
// stepping for them; they stop while nobody fetches it, and for good at the end.
func TestOwnersHandOut(t *testing.T) {
	o := open(t, faulty.New(1), 1000)
	const keys = 6000 // more than three portions of each shard
	o.fill(keys)
	c := o.cut(ExportOptions{})
	use := func(i int) {
		key := fmt.Sprintf("key:%d", i)
		o.at(key, 1000, func(db *keyspace.DB) {
			e := db.Find([]byte(key))
			if e.Exists() && i%3 == 0 {
				e.Remove()
				return
			}
			e.Set([]byte(key), []byte("changed"), 0)
		})
	}
	for i := range keys {
		use(i)
	}
	for i, h := range c.handouts {
		if h.over || len(h.full) != 1 || h.filling == nil {
			t.Errorf("shard %d has gone on although nobody fetches", i)
		}
	}
	over, n := 0, int64(0)
	for i := 0; over < len(c.handouts) && i < 100*keys; i++ {
		use(i % keys)
		for _, h := range c.handouts {
			select {
			case p := <-h.full:
				if !p.more {
					over++
					n += p.keys
				}
				h.done(p)
			default:
			}
		}
	}
	if n != keys {
		t.Errorf("%d keys were handed out", n)
	}
	o.finish(c)
}

// TestWriterStepsAlone: a store that nobody uses is saved without them.
func TestWriterStepsAlone(t *testing.T) {
	o := open(t, faulty.New(1), 1000)
	o.fill(6000)
	c := o.cut(ExportOptions{})
	for i, h := range c.handouts {
		for more := true; more; {
			p := h.next(o.shards.Shard(i))
			more = p.more
			h.done(p)
		}
		if h.steps.Load() != 0 {
			t.Errorf("shard %d: the writer's steps count as others'", i)
		}
	}
	o.finish(c)
}
