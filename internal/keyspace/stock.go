// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"

	"stampede/internal/object"
	"stampede/internal/reply"
	"stampede/internal/stock"
)

// Refusals of what must not be done to a key that holds a stock: nothing may lose its units
// or double them unawares.
const (
	ErrStockOpen reply.Error = "ERR the key holds a stock that is open: " +
		"end it by STOCK.CLOSE, or drop it with all its holds by STOCK.DROP"
	ErrStockKept reply.Error = "ERR the key holds a stock, which nothing may overwrite: " +
		"remove it by STOCK.DROP"
	ErrStockCopy reply.Error = "ERR a stock cannot be copied: its units would count twice"
	ErrStockTTL  reply.Error = "ERR a key that holds a stock has no time to live"
)

// Stock is the stock under a key that was looked up. Its calls are those of package stock;
// each is told to the effects and to whoever waits for the key or watches it.
type Stock struct {
	e   Entry
	key []byte // as the caller gave it
}

// ReadStock looks key up for a call that reads a stock.
func (db *DB) ReadStock(key []byte) (s Stock, err error) {
	s.key = key
	db.read(&s.e, key)
	return s, s.checkKind()
}

// FindStock looks key up for a call that changes a stock.
func (db *DB) FindStock(key []byte) (s Stock, err error) {
	s.key = key
	db.find(&s.e, key)
	return s, s.checkKind()
}

func (s *Stock) checkKind() error {
	if s.e.Exists() && s.e.kind != object.Stock {
		return reply.ErrWrongType
	}
	return nil
}

// Exists tells whether the key is there.
func (s *Stock) Exists() bool { return s.e.Exists() }

// Look is the stock, for calls that change nothing. The key must be there.
func (s *Stock) Look() *stock.Stock { return s.e.big().(object.BigStock).Stock }

func (s *Stock) nowMs() int64 { return s.e.db.space.NowMs }

// Open puts a new stock under the key, which must be absent.
func (s *Stock) Open(units int64, terms stock.Terms) error {
	space := s.e.db.space
	made, err := stock.New(space.arena, space.seed, units, terms, space.stocks.fence, space.NowMs)
	if err != nil {
		return err
	}
	header := made.AppendHeader(append(space.stocks.log.Effect[:0], stockBegins))
	space.stocks.log.Effect = header
	s.e.putStock(s.key, made)
	s.tell(header)
	s.tell([]byte{stockEnds})
	s.e.db.changed(s.key)
	s.notify("stock:opened")
	return nil
}

func (s *Stock) notify(event string) { s.e.db.Notify(EventModule, event, s.key) }

// putStock makes an absent key hold a stock.
func (e *Entry) putStock(key []byte, made *stock.Stock) {
	e.create(key, shape{kind: object.Stock, form: formBig, valueLen: bigIndexBytes})
	binary.LittleEndian.PutUint32(e.value(), e.db.space.big.add(object.BigStock{Stock: made}))
	e.db.space.stocks.clocks.add(e.db, key, made)
	if fault := e.db.space.fault; fault != stock.NoFault {
		made.Break(fault)
	}
}

// begin must come before a call that may change the stock; it returns what takes the change.
// What has ended by now is told before.
func (s *Stock) begin() *stock.Log {
	if c := s.clock(); c.dueMs <= s.nowMs() {
		s.pass(c)
	}
	return s.open()
}

// open gives what takes a change.
func (s *Stock) open() *stock.Log {
	s.e.saveFirst()
	log := &s.e.db.space.stocks.log
	log.Effect = log.Effect[:0]
	return log
}

// clock is what the Space knows of the stock.
func (s *Stock) clock() *stockClock { return s.e.db.space.stocks.clocks.of[s.Look()] }

// end must follow it, with the event of what came about; "" for none. It tells only of what has
// changed something: not of what was answered before.
func (s *Stock) end(log *stock.Log, event string) {
	if len(log.Effect) == 0 {
		return
	}
	s.tell(log.Effect)
	s.e.db.changed(s.key)
	if event != "" {
		s.notify(event)
	}
}

// eventIf is an event if what it tells of is what was answered, and none if not.
func eventIf(yes bool, event string) string {
	if yes {
		return event
	}
	return ""
}

// Hold is [stock.Stock.Hold] at the present time, and so are the others.
func (s *Stock) Hold(r stock.Request) (stock.Answer, error) {
	log := s.begin()
	a, err := s.Look().Hold(s.nowMs(), r, log)
	s.end(log, eventIf(a.Outcome == stock.Held, "stock:held"))
	if a.Outcome == stock.Held && len(log.Effect) > 0 {
		clock := s.clock()
		s.e.db.space.stocks.clocks.set(clock, min(clock.dueMs, a.AtMs))
	}
	return a, err
}

// Check is [stock.Stock.Check].
func (s *Stock) Check(r stock.Request) (a stock.Answer, known bool, err error) {
	return s.Look().Check(s.nowMs(), r)
}

// Refuse is [stock.Stock.Refuse].
func (s *Stock) Refuse(r stock.Request, a stock.Answer) (stock.Answer, error) {
	log := s.begin()
	a, err := s.Look().Refuse(s.nowMs(), r, a, log)
	s.end(log, "")
	return a, err
}

// Confirm is [stock.Stock.Confirm].
func (s *Stock) Confirm(id []byte) stock.Answer {
	log := s.begin()
	a := s.Look().Confirm(s.nowMs(), id, log)
	s.end(log, eventIf(a.Outcome == stock.Sold, "stock:sold"))
	return a
}

// Release is [stock.Stock.Release].
func (s *Stock) Release(id []byte) stock.Answer {
	log := s.begin()
	a := s.Look().Release(s.nowMs(), id, log)
	s.end(log, eventIf(a.Outcome == stock.Released, "stock:released"))
	return a
}

// Extend is [stock.Stock.Extend].
func (s *Stock) Extend(id []byte, ms int64) (stock.Answer, error) {
	log := s.begin()
	a, err := s.Look().Extend(s.nowMs(), id, ms, log)
	s.end(log, eventIf(a.Outcome == stock.Held, "stock:extended"))
	return a, err
}

// Add is [stock.Stock.Add].
func (s *Stock) Add(units int64) (stock.Answer, error) {
	log := s.begin()
	a, err := s.Look().Add(s.nowMs(), units, log)
	s.end(log, "stock:added")
	return a, err
}

// Take is [stock.Stock.Take].
func (s *Stock) Take(units int64) (stock.Answer, error) {
	log := s.begin()
	a, err := s.Look().Take(s.nowMs(), units, log)
	s.end(log, "stock:taken")
	return a, err
}

// Close is [stock.Stock.Close].
func (s *Stock) Close() stock.Answer {
	log := s.begin()
	a := s.Look().Close(s.nowMs(), log)
	s.end(log, "stock:closed")
	return a
}

// Find is [stock.Stock.Find].
func (s *Stock) Find(id []byte) (h stock.Hold, ok bool) { return s.Look().Find(s.nowMs(), id) }

// Sums is [stock.Stock.Sums].
func (s *Stock) Sums() stock.Sums { return s.Look().Sums(s.nowMs()) }

// Drop removes the key with all its holds.
func (s *Stock) Drop() {
	s.e.Remove()
	s.e.db.Notify(EventGeneric, "del", s.key)
}

// HoldsOpenStock tells whether the key holds a stock that has not closed.
func (e *Entry) HoldsOpenStock() bool {
	return e.kind == object.Stock &&
		e.big().(object.BigStock).Sums(e.db.space.NowMs).ClosedMs == 0
}

// CheckOverwrite is what is wrong with putting something else under the key, or nil.
func (e *Entry) CheckOverwrite() error {
	if e.kind == object.Stock {
		return ErrStockKept
	}
	return nil
}

// StockSummary is what all stocks of some Spaces hold together.
type StockSummary struct {
	Keys, Open        int // stocks, and those that have not closed
	Units, Held, Sold int64
	Records           int64 // holds and refusals that are remembered
	Bytes             int64
}

// add adds the stocks of a Space. Cost: O(large collections).
func (sum *StockSummary) add(s *Space) {
	for _, o := range s.big.live {
		if one, is := o.(object.BigStock); is {
			sums := one.Sums(s.NowMs)
			sum.Keys++
			if sums.ClosedMs == 0 {
				sum.Open++
			}
			sum.Units += sums.Units
			sum.Held += sums.Held
			sum.Sold += sums.Sold
			sum.Records += int64(one.Len())
			sum.Bytes += one.Bytes()
		}
	}
}

// Journaled tells whether what changes is told to a journal.
func (s *Space) Journaled() bool { return s.Effects != nil }
