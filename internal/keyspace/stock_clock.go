// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"container/heap"
	"math"

	"stampede/internal/stock"
)

// A hold ends by time alone, but somebody has to tell of it. So a Space knows of each of its
// stocks when the next hold may end, and looks at those whose time has come: before a call
// that may change such a stock, and in the steps of the clock.

// stockClock is what a Space knows of one stock.
type stockClock struct {
	stock *stock.Stock
	db    *DB // of its key; not its number, which SWAPDB may change
	key   string
	told  stock.Place // up to where it was told which holds have ended
	dueMs int64       // no hold beyond told ends before; never: none is held
	at    int         // in stockClocks.queue
}

// never is a time that does not come.
const never = math.MaxInt64

// stockClocks are those of a Space, by stock and in the order in which they are due.
type stockClocks struct {
	of    map[*stock.Stock]*stockClock
	queue dueStocks
}

// dueStocks is a heap.
type dueStocks []*stockClock

func (q dueStocks) Len() int           { return len(q) }
func (q dueStocks) Less(i, j int) bool { return q[i].dueMs < q[j].dueMs }

func (q dueStocks) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push is for package heap.
func (q *dueStocks) Push(x any) {
	c := x.(*stockClock)
	c.at = len(*q)
	*q = append(*q, c)
}

// Pop is for package heap.
func (q *dueStocks) Pop() any {
	last := len(*q) - 1
	c := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return c
}

// add begins to watch a stock, of which is told what ends from now on, or since its latest
// change if it was away: it is looked at soon.
func (cs *stockClocks) add(db *DB, key []byte, of *stock.Stock) *stockClock {
	if cs.of == nil {
		cs.of = make(map[*stock.Stock]*stockClock)
	}
	c := &stockClock{stock: of, db: db, key: string(key)}
	c.told = stock.Place{EndMs: of.Sums(db.NowMs()).ChangedMs, Fence: never}
	cs.of[of] = c
	heap.Push(&cs.queue, c)
	return c
}

// remove forgets a stock.
func (cs *stockClocks) remove(of *stock.Stock) {
	if c := cs.of[of]; c != nil {
		delete(cs.of, of)
		heap.Remove(&cs.queue, c.at)
	}
}

// set changes when a stock is due.
func (cs *stockClocks) set(c *stockClock, dueMs int64) {
	if c.dueMs != dueMs {
		c.dueMs = dueMs
		heap.Fix(&cs.queue, c.at)
	}
}

// endsMax bounds of how many holds one step or call tells that they have ended.
const endsMax = 1000

// pass tells which holds of a stock have ended, up to endsMax, and lets those be looked at who
// wait for what they held. It tells how many it were.
func (s *Space) pass(c *stockClock) (ended int) {
	key := []byte(c.key)
	if c.db.Notifies(EventModule) {
		c.told = c.stock.Expired(s.NowMs, c.told, endsMax, func(stock.Hold) {
			c.db.Notify(EventModule, "stock:expired", key)
			ended++
		})
	} else {
		c.told = stock.Place{EndMs: s.NowMs, Fence: never}
	}
	if ended < endsMax {
		dueMs, held := c.stock.NextDeadline(s.NowMs)
		if !held {
			dueMs = never
		}
		s.stocks.clocks.set(c, dueMs)
	}
	if c.db.Awaited(key) {
		c.db.markReady(c.key)
	}
	return ended
}

// SweepStocks tells of some holds that have ended since it was last asked, and lets those be
// looked at who wait for units. It tells whether there are more. Cost: O(1) if no hold has
// ended, else O(log n) for each stock and each hold.
func (s *Space) SweepStocks() (more bool) {
	queue := &s.stocks.clocks.queue
	for work := 0; queue.Len() > 0 && (*queue)[0].dueMs <= s.NowMs; {
		if work >= endsMax {
			return true
		}
		work += 1 + s.pass((*queue)[0])
	}
	return false
}
