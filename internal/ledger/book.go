// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"

	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/stock"
)

// databases is how many databases an effect can name.
const databases = 16

// book knows which stock lies under which key, and turns records into what is to be written.
// It belongs to the follower.
type book struct {
	living [databases]map[string]*account
	born   map[birth]*account // those that were born behind the position, if it was set back
	nextID int64
	seen   journal.Position // no stock has seen a record behind it

	loading *arrival
	reader  effect.Reader
}

// birth is where a stock began: a record, and which of its stocks it is.
type birth struct {
	at   journal.Position
	line int
}

// account is a stock in the ledger, from its opening to the end of its key.
type account struct {
	id        int64
	db        int
	key       string
	birth     birth
	applied   journal.Position // the database had every record up to here when it was read
	reached   journal.Position // the last record that changed it
	dropped   journal.Position // 0: it lives
	openedMs  int64
	changedMs int64
	closedMs  int64 // 0: open
	perBuyer  int64
	fence     int64
	units     int64

	fresh   bool // it is not in the database
	altered bool // its key has changed, or it was closed or dropped
	touched bool // it is in the batch
}

// arrival is a stock that comes as a whole, in pieces.
type arrival struct {
	account *account // nil: it is known already
	db      int
	key     string
}

func newBook() *book {
	b := &book{born: map[birth]*account{}, nextID: 1}
	for db := range b.living {
		b.living[db] = map[string]*account{}
	}
	return b
}

// fold adds a record, whose end is at, to the batch.
func (b *book) fold(to *batch, record []byte, at journal.Position) error {
	if at != to.to {
		to.line = 0
	}
	to.to = at
	var e effect.Effect
	for b.reader.Reset(record); b.reader.Next(&e); {
		if err := b.one(to, &e, birth{at, to.line}); err != nil {
			return fmt.Errorf("ledger: the record of the journal that ends at position %d: %w",
				at, err)
		}
		to.line++
	}
	if err := b.reader.Err(); err != nil {
		return fmt.Errorf("ledger: the record of the journal that ends at position %d: %w", at, err)
	}
	to.records++
	return nil
}

// one adds an effect.
func (b *book) one(to *batch, e *effect.Effect, at birth) error {
	switch e.Op {
	case effect.Stock:
		return b.stock(to, e, at)
	case effect.Remove, effect.Set:
		b.drop(to, b.living[e.DB][string(e.Key)], at)
	case effect.Flush:
		b.flush(to, e.DB, at)
	case effect.FlushAll:
		for db := range b.living {
			b.flush(to, db, at)
		}
	case effect.Swap:
		b.swap(to, e.DB, int(e.N), at)
	case effect.Move:
		if a := b.living[e.DB][string(e.Key)]; a.wants(at) {
			b.move(to, a, int(e.N), string(e.Field), at)
		}
	}
	return nil
}

// wants tells whether there is a stock that has not seen the record yet.
func (a *account) wants(at birth) bool { return a != nil && a.applied < at.at }

// touch puts a stock into the batch.
func (to *batch) touch(a *account, at birth) {
	if !a.touched {
		a.touched = true
		to.accounts = append(to.accounts, a)
	}
	a.reached = at.at
}

func (b *book) drop(to *batch, a *account, at birth) {
	if !a.wants(at) {
		return
	}
	to.touch(a, at)
	a.dropped, a.altered = at.at, true
	delete(b.living[a.db], a.key)
}

func (b *book) flush(to *batch, db int, at birth) {
	for _, a := range b.living[db] {
		b.drop(to, a, at)
	}
}

func (b *book) swap(to *batch, db, other int, at birth) {
	if db == other {
		return
	}
	b.living[db], b.living[other] = b.living[other], b.living[db]
	for _, n := range []int{db, other} {
		for _, a := range b.living[n] {
			to.touch(a, at)
			a.db, a.altered = n, true
		}
	}
}

func (b *book) move(to *batch, a *account, db int, key string, at birth) {
	to.touch(a, at)
	delete(b.living[a.db], a.key)
	a.db, a.key, a.altered = db, key, true
	b.living[db][key] = a
}

// stock adds what happened to a stock.
func (b *book) stock(to *batch, e *effect.Effect, at birth) error {
	if len(e.Value) == 0 {
		return stock.ErrFormat
	}
	switch step, piece := e.Value[0], e.Value[1:]; step {
	case stock.WholeBegins:
		return b.begin(to, e, piece, at)
	case stock.WholeGrows:
		return b.grow(to, e, piece, at)
	case stock.WholeEnds:
		b.loading = nil
		return nil
	}
	a := b.living[e.DB][string(e.Key)]
	if a == nil && at.at <= b.seen {
		return nil
	}
	if a == nil {
		return fmt.Errorf("%w: key %.80q of database %d", errNoStock, e.Key, e.DB)
	}
	if !a.wants(at) {
		return nil
	}
	to.touch(a, at)
	for event, err := range stock.Events(e.Value) {
		if err != nil {
			return err
		}
		if err := to.event(a, &event); err != nil {
			return fmt.Errorf("%w: key %.80q of database %d", err, e.Key, e.DB)
		}
	}
	return nil
}

// begin opens a stock.
func (b *book) begin(to *batch, e *effect.Effect, header []byte, at birth) error {
	h, err := stock.ReadHeader(header)
	if err != nil {
		return err
	}
	b.loading = &arrival{db: e.DB, key: string(e.Key)}
	if b.born[at] != nil || at.at <= b.seen && b.living[e.DB][string(e.Key)] != nil {
		return nil
	}
	a := &account{
		id: b.nextID, db: e.DB, key: string(e.Key), birth: at,
		openedMs: h.OpenedMs, changedMs: h.ChangedMs, closedMs: h.ClosedMs,
		perBuyer: h.Terms.PerBuyer, fence: h.Fence, units: h.Units, fresh: true,
	}
	b.nextID++
	b.drop(to, b.living[e.DB][a.key], at)
	to.touch(a, at)
	b.living[e.DB][a.key], b.loading.account = a, a
	return nil
}

// grow adds holds that a stock brings with it.
func (b *book) grow(to *batch, e *effect.Effect, piece []byte, at birth) error {
	if b.loading == nil || b.loading.db != e.DB || b.loading.key != string(e.Key) {
		return errNoStock
	}
	a := b.loading.account
	if a == nil {
		return nil
	}
	to.touch(a, at)
	for event, err := range stock.Entries(piece) {
		if err != nil {
			return err
		}
		to.restore(a, &event)
	}
	return nil
}
