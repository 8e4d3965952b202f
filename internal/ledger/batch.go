// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"
	"fmt"

	"stampede/internal/journal"
	"stampede/internal/stock"
)

// errNoStock and errNoHold are records that do not follow from those before.
var (
	errNoStock = errors.New("it tells of a stock that the ledger does not have")
	errNoHold  = errors.New("it tells of a hold that the ledger does not have")
)

// batch is what one transaction writes: what became of all holds and stocks by some records.
// A hold that was granted and ended within it is one row that has ended.
type batch struct {
	from, to journal.Position
	records  int
	line     int   // the next effect of the record that ends at to
	firstMs  int64 // when the first of its events happened; 0: it has none

	accounts []*account
	rows     []hold           // that are not in the database
	latest   map[name]int     // the row of a name that was granted or restored last
	changes  map[name]*change // of holds that the database has
	order    []name           // of changes
	replaced []place          // holds that are written anew if they are there
}

// name is an id of a stock; it is one living hold at most.
type name struct {
	stock int64
	id    string
}

// place is a hold for ever.
type place struct{ stock, fence int64 }

// hold is a row.
type hold struct {
	account    *account
	fence      int64
	id, buyer  string
	units      int64
	heldMs     int64
	deadlineMs int64
	state      string
	endedMs    int64 // 0: it has not
	forgotten  bool  // it was taken back
}

// change is what became of a hold that the database has.
type change struct {
	account    *account
	state      string
	deadlineMs int64 // 0: as before
	endedMs    int64 // 0: it has not
}

// States of a hold, as the database calls them.
const (
	held     = "held"
	sold     = "sold"
	released = "released"
	expired  = "expired"
	dropped  = "dropped" // with its stock
)

func newBatch(from journal.Position) *batch {
	return &batch{
		from: from, to: from, latest: map[name]int{}, changes: map[name]*change{},
	}
}

// empty tells whether the database would be the same but for the position.
func (to *batch) empty() bool { return len(to.accounts) == 0 }

// weight is how many rows it changes, about.
func (to *batch) weight() int {
	return len(to.rows) + len(to.changes) + len(to.replaced) + len(to.accounts)
}

// event adds what happened to a stock.
func (to *batch) event(a *account, e *stock.Event) error {
	if to.firstMs == 0 {
		to.firstMs = e.AtMs
	}
	switch e.What {
	case stock.HoldGranted:
		a.fence = e.Fence
		to.add(a, e, e.EndMs, held, 0)
	case stock.HoldSold:
		if err := to.end(a, e.ID, sold, e.AtMs); err != nil {
			return err
		}
	case stock.HoldReleased:
		if err := to.end(a, e.ID, released, e.AtMs); err != nil {
			return err
		}
	case stock.HoldExtended:
		return to.extend(a, e)
	case stock.UnitsChanged:
		a.units = e.Units
	case stock.SaleClosed:
		a.closedMs, a.altered = max(e.AtMs, 1), true
	case stock.SumsRestored:
		a.units, a.fence, a.closedMs, a.changedMs = e.Units, e.Fence, e.ClosedMs, e.AtMs
		a.altered = true
		return nil
	case stock.IDForgotten:
		to.forget(a, string(e.ID))
		return nil
	case stock.IDRestored:
		to.restore(a, e)
		return nil
	}
	a.changedMs = e.AtMs
	return nil
}

func (to *batch) add(a *account, e *stock.Event, deadlineMs int64, state string, endedMs int64) {
	id := string(e.ID)
	to.latest[name{a.id, id}] = len(to.rows)
	to.rows = append(to.rows, hold{
		account: a, fence: e.Fence, id: id, buyer: string(e.Buyer), units: e.Units,
		heldMs: e.HeldMs, deadlineMs: deadlineMs, state: state, endedMs: endedMs,
	})
}

// end ends a hold that lives.
func (to *batch) end(a *account, id []byte, state string, atMs int64) error {
	n := name{a.id, string(id)}
	if row, ok := to.latest[n]; ok {
		h := &to.rows[row]
		if h.state != held {
			return fmt.Errorf("%w: id %.80q is %s", errNoHold, id, h.state)
		}
		h.state, h.endedMs = state, atMs
		return nil
	}
	if a.fresh {
		return fmt.Errorf("%w: id %.80q", errNoHold, id)
	}
	c := to.change(a, n)
	if c.state != held {
		return fmt.Errorf("%w: id %.80q is %s", errNoHold, id, c.state)
	}
	c.state, c.endedMs = state, atMs
	return nil
}

func (to *batch) extend(a *account, e *stock.Event) error {
	a.changedMs = e.AtMs
	n := name{a.id, string(e.ID)}
	if row, ok := to.latest[n]; ok {
		to.rows[row].deadlineMs = e.EndMs
		return nil
	}
	if a.fresh {
		return fmt.Errorf("%w: id %.80q", errNoHold, e.ID)
	}
	to.change(a, n).deadlineMs = e.EndMs
	return nil
}

// change is what becomes of a hold that the database has.
func (to *batch) change(a *account, n name) *change {
	c := to.changes[n]
	if c == nil {
		c = &change{account: a, state: held}
		to.changes[n] = c
		to.order = append(to.order, n)
	}
	return c
}

// forget takes back that an id was granted in this batch; a refusal is in no ledger.
func (to *batch) forget(a *account, id string) {
	n := name{a.id, id}
	if row, ok := to.latest[n]; ok {
		to.rows[row].forgotten = true
		delete(to.latest, n)
	}
}

// restore lets a hold be what an entry says, whatever it was before.
func (to *batch) restore(a *account, e *stock.Event) {
	if e.State.Refused() {
		return
	}
	id := string(e.ID)
	to.forget(a, id)
	delete(to.changes, name{a.id, id})
	if !a.fresh {
		to.replaced = append(to.replaced, place{a.id, e.Fence})
	}
	deadlineMs := max(e.HeldMs+e.ForMs, e.EndMs)
	switch e.State {
	case stock.Held:
		to.add(a, e, e.EndMs, held, 0)
	case stock.Sold:
		to.add(a, e, max(deadlineMs, e.EndMs+1), sold, e.EndMs)
	case stock.Released:
		to.add(a, e, deadlineMs, released, e.EndMs)
	}
}

// settle ends what has ended by the time of the last event of its stock, or with it.
func (to *batch) settle() {
	for i := range to.rows {
		h := &to.rows[i]
		if h.state == held {
			h.state, h.endedMs = fate(h.account, h.deadlineMs)
		}
	}
	for _, c := range to.changes {
		if c.state == held && c.deadlineMs > 0 {
			c.state, c.endedMs = fate(c.account, c.deadlineMs)
		}
	}
}

// fate is what becomes of a hold that was neither sold nor released.
func fate(a *account, deadlineMs int64) (state string, endedMs int64) {
	switch {
	case deadlineMs <= a.changedMs:
		return expired, deadlineMs
	case a.dropped > 0:
		return dropped, a.changedMs
	}
	return held, 0
}
