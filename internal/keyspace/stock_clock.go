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
	told  stock.Place // up to where it was told which holds have ended; zero: see pass
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

// add begins to watch a stock: it is looked at soon.
func (cs *stockClocks) add(db *DB, key []byte, of *stock.Stock) *stockClock {
	if cs.of == nil {
		cs.of = make(map[*stock.Stock]*stockClock)
	}
	c := &stockClock{stock: of, db: db, key: string(key)}
	cs.of[of] = c
	heap.Push(&cs.queue, c)
	return c
}

// toldBy is the place behind all holds that have ended by nowMs, or by the stock's latest change
// if its clock was ahead.
func toldBy(of *stock.Stock, nowMs int64) stock.Place {
	return stock.Place{EndMs: max(nowMs, of.Sums(nowMs).ChangedMs), Fence: never}
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

// pass tells which holds of a stock have ended, up to endsMax if anybody wants to know, and how
// many it were. That they have is a change like others: it is kept, and who waits for what they
// held is looked at.
func (s *Stock) pass(c *stockClock) (ended int) {
	nowMs, most, wanted := s.nowMs(), 1, s.e.db.Notifies(EventModule)
	if wanted {
		most = endsMax
	}
	if c.told == (stock.Place{}) { // it is new or was away: what was before is told
		c.told = toldBy(c.stock, 0)
	}
	last := c.stock.Expired(nowMs, c.told, most, func(stock.Hold) {
		if ended++; wanted {
			s.notify("stock:expired")
		}
	})
	if ended > 0 {
		log := s.open()
		c.stock.Tick(nowMs, log)
		s.end(log, "")
	}
	if wanted && ended == most {
		c.told = last
		return ended
	}
	c.told = toldBy(c.stock, nowMs)
	dueMs, held := c.stock.NextDeadline(nowMs)
	if !held {
		dueMs = never
	}
	s.e.db.space.stocks.clocks.set(c, dueMs)
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
		due := (*queue)[0]
		found := Stock{key: []byte(due.key)}
		due.db.lookup(&found.e, found.key)
		work += 1 + found.pass(due)
	}
	return false
}
