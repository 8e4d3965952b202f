// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"slices"

	"stampede/internal/journal"
)

// parcel is a batch as the statements that write it. It does not change any more: it can be
// sent again, and the next batch can be gathered while it is on its way.
type parcel struct {
	from, to   journal.Position
	records    int
	weight     int // of the batch
	ends       int // holds that changeSQL has to find
	statements []statement
}

type statement struct {
	sql  string
	args []any
}

// seal makes a parcel of a batch. For the batches that come after it, what it writes is in the
// database.
//
// All rows go in the order of their stocks: of a million products neighbours lie on one page.
func (to *batch) seal() *parcel {
	to.settle()
	p := &parcel{from: to.from, to: to.to, records: to.records, weight: to.weight()}
	slices.SortFunc(to.accounts, func(a, b *account) int { return cmp.Compare(a.id, b.id) })
	to.sealStocks(p)
	if len(to.replaced) > 0 {
		stocks, fences := columnsOf(to.replaced)
		p.add(replaceSQL, stocks, fences)
	}
	to.sealChanges(p)
	to.sealFates(p)
	to.sealSums(p, to.sealHolds(p))
	for _, a := range to.accounts {
		a.fresh, a.altered, a.touched = false, false, false
	}
	return p
}

func (p *parcel) add(sql string, args ...any) {
	p.statements = append(p.statements, statement{sql, args})
}

func columnsOf(places []place) (stocks, fences []int64) {
	for _, at := range places {
		stocks, fences = append(stocks, at.stock), append(fences, at.fence)
	}
	return stocks, fences
}

// sealStocks opens stocks, and says what has changed of others beside their sums.
func (to *batch) sealStocks(p *parcel) {
	var fresh, altered facts
	for _, a := range to.accounts {
		switch {
		case a.fresh:
			fresh.add(a)
		case a.altered:
			altered.add(a)
		}
	}
	if c := &fresh; len(c.stocks) > 0 {
		p.add(openSQL, c.stocks, c.dbs, c.keys, c.born, c.lines, c.opened, c.perBuyer, c.dropped,
			c.closed)
	}
	if c := &altered; len(c.stocks) > 0 {
		p.add(alterSQL, c.stocks, c.dbs, c.keys, c.dropped, c.closed)
	}
}

// facts are columns of stocks: what is said of them beside their sums.
type facts struct {
	stocks, born, opened, perBuyer, dropped, closed []int64
	dbs, lines                                      []int32
	keys                                            [][]byte
}

func (c *facts) add(a *account) {
	c.stocks, c.dbs = append(c.stocks, a.id), append(c.dbs, int32(a.db))
	c.keys, c.opened = append(c.keys, []byte(a.key)), append(c.opened, a.openedMs)
	c.born, c.lines = append(c.born, int64(a.birth.at)), append(c.lines, int32(a.birth.line))
	c.perBuyer, c.closed = append(c.perBuyer, a.perBuyer), append(c.closed, a.closedMs)
	c.dropped = append(c.dropped, int64(a.dropped))
}

func (to *batch) sealChanges(p *parcel) {
	slices.SortFunc(to.order, func(a, b name) int { return cmp.Compare(a.stock, b.stock) })
	var stocks, deadlines, ended []int64
	var ids [][]byte
	var states []string
	for _, n := range to.order {
		c := to.changes[n]
		if c == nil {
			continue // what came later replaced it
		}
		stocks, ids = append(stocks, n.stock), append(ids, []byte(n.id))
		states, deadlines = append(states, c.state), append(deadlines, c.deadlineMs)
		ended = append(ended, c.endedMs)
	}
	if p.ends = len(stocks); p.ends > 0 {
		p.add(changeSQL, stocks, ids, states, deadlines, ended, p.ends)
	}
}

// sealFates ends the holds that ended because of the time, or with their stock.
func (to *batch) sealFates(p *parcel) {
	var stocks, nows, droppedStocks, droppedNows []int64
	for _, a := range to.accounts {
		if a.fresh {
			continue
		}
		stocks, nows = append(stocks, a.id), append(nows, a.changedMs)
		if a.dropped > 0 {
			droppedStocks, droppedNows = append(droppedStocks, a.id), append(droppedNows, a.changedMs)
		}
	}
	if len(stocks) > 0 {
		p.add(expireSQL, stocks, nows)
	}
	if len(droppedStocks) > 0 {
		p.add(dropSQL, droppedStocks, droppedNows)
	}
}

// rows are the columns of new holds in one state.
type rows struct {
	stocks, fences, units, held, deadlines, ended []int64
	ids, buyers                                   [][]byte
}

func (r *rows) add(h *hold) {
	r.stocks, r.fences = append(r.stocks, h.account.id), append(r.fences, h.fence)
	r.ids, r.buyers = append(r.ids, []byte(h.id)), append(r.buyers, []byte(h.buyer))
	r.units, r.ended = append(r.units, h.units), append(r.ended, h.endedMs)
	r.held, r.deadlines = append(r.held, h.heldMs), append(r.deadlines, h.deadlineMs)
}

// sums are what the new rows of a batch change in the sums of a stock.
type sums struct{ held, sold int64 }

// sealHolds adds the new holds, those in each state together, and tells their sums.
func (to *batch) sealHolds(p *parcel) map[int64]sums {
	slices.SortFunc(to.rows, func(a, b hold) int {
		return cmp.Or(cmp.Compare(a.account.id, b.account.id), cmp.Compare(a.fence, b.fence))
	})
	deltas := make(map[int64]sums, len(to.accounts))
	columns := map[string]*rows{}
	var states []string // in the order in which they come
	for i := range to.rows {
		h := &to.rows[i]
		if h.forgotten {
			continue
		}
		if columns[h.state] == nil {
			columns[h.state] = new(rows)
			states = append(states, h.state)
		}
		columns[h.state].add(h)
		d := deltas[h.account.id]
		switch h.state {
		case held:
			d.held += h.units
		case sold:
			d.sold += h.units
		}
		deltas[h.account.id] = d
	}
	for _, state := range states {
		c := columns[state]
		p.add(holdSQL, c.stocks, c.fences, c.ids, c.buyers, c.units, c.held, c.deadlines, c.ended,
			state)
	}
	return deltas
}

// totals are columns of balances.
type totals struct{ stocks, applied, changed, fences, units, held, sold []int64 }

func (c *totals) add(a *account, d sums) {
	c.stocks, c.applied = append(c.stocks, a.id), append(c.applied, int64(a.reached))
	c.changed, c.fences = append(c.changed, a.changedMs), append(c.fences, a.fence)
	c.units = append(c.units, a.units)
	c.held, c.sold = append(c.held, d.held), append(c.sold, d.sold)
}

func (to *batch) sealSums(p *parcel, deltas map[int64]sums) {
	var first, later totals
	for _, a := range to.accounts {
		if a.fresh {
			first.add(a, deltas[a.id])
		} else {
			later.add(a, deltas[a.id])
		}
	}
	if c := &first; len(c.stocks) > 0 {
		p.add(firstSumSQL, c.stocks, c.applied, c.changed, c.fences, c.units, c.held, c.sold)
	}
	if c := &later; len(c.stocks) > 0 {
		p.add(sumSQL, c.stocks, c.applied, c.changed, c.fences, c.units, c.held, c.sold)
	}
}
