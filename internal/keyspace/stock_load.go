// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"stampede/internal/container/arena"
	"stampede/internal/effect"
	"stampede/internal/object"
	"stampede/internal/rdb"
	"stampede/internal/reply"
	"stampede/internal/stock"
)

// The value of an effect [effect.Stock] is effects of package stock, or begins with one of
// these bytes, which no such effect begins with: then a key that is absent so far becomes a
// stock by pieces.
const (
	stockBegins = 0x80 // and its header
	stockGrows  = 0x81 // and whole entries
	stockEnds   = 0x82 // nothing more: the stock is there
)

// stocks is what the stocks of a Space share.
type stocks struct {
	log    stock.Log // of the running call
	fence  int64     // as high as the latest of any stock that is gone: see Space.StockFence
	clocks stockClocks

	loading *stock.Loader // of a stock that comes in pieces, or nil
	db      int           // where it belongs
	key     string
}

// StockFence is as high as any fence that a stock has given whose key is gone, as far as it
// was of this Space. New stocks go on behind it, so that no fence of a key comes twice.
func (s *Space) StockFence() int64 { return s.stocks.fence }

// RaiseStockFence lets StockFence be at least fence.
func (s *Space) RaiseStockFence(fence int64) { s.stocks.fence = max(s.stocks.fence, fence) }

// noteGone must come before a large collection goes for good.
func (s *Space) noteGone(o object.Big) {
	if gone, is := o.(object.BigStock); is {
		s.RaiseStockFence(gone.Sums(s.NowMs).Fence)
		s.stocks.clocks.remove(gone.Stock)
	}
}

// noteMoved must follow when a large collection has got another key. It may have come from
// another Space: then it is a copy of the original, which is about to go.
func (target *Entry) noteMoved(key []byte, from *Space, original object.Big) {
	moved, is := original.(object.BigStock)
	if !is {
		return
	}
	now := target.big().(object.BigStock).Stock
	old := from.stocks.clocks.of[moved.Stock]
	told := old.told
	from.noteGone(original)
	target.db.space.stocks.clocks.add(target.db, key, now).told = told
}

// tell lets the effects say something of the stock.
func (s *Stock) tell(value []byte) {
	s.e.db.space.Effects.Own(effect.Stock, s.e.db.index, s.key, value)
}

const (
	errNoStock    reply.Error = "there is no stock that it could have happened to"
	errStockThere reply.Error = "the key is there already, or another stock is on its way"
)

// applyStock does what an effect says that happened to a stock.
func (db *DB) applyStock(e *effect.Effect) error {
	s, err := db.FindStock(e.Key)
	if err != nil {
		return err
	}
	if len(e.Value) == 0 {
		return errBeyond
	}
	if e.Value[0] >= stockBegins {
		return db.loadStock(&s, e.Value[0], e.Value[1:])
	}
	if !s.Exists() {
		return errNoStock
	}
	s.e.saveFirst()
	if err = s.Look().Apply(e.Value); err != nil {
		return err
	}
	s.tell(e.Value)
	db.changed(e.Key)
	db.space.stocks.clocks.set(s.clock(), 0) // perhaps a hold that ends earlier than all others
	return nil
}

// loadStock takes a piece of a stock that comes as a whole.
func (db *DB) loadStock(s *Stock, step byte, piece []byte) (err error) {
	space := db.space
	on := &space.stocks
	mine := on.loading != nil && on.db == db.index && on.key == string(s.key)
	switch {
	case step == stockBegins && on.loading == nil && !s.Exists():
		on.loading, err = stock.NewLoader(space.arena, space.seed, piece)
		on.db, on.key = db.index, string(s.key)
	case step == stockGrows && mine:
		err = on.loading.Add(piece)
	case step == stockEnds && mine:
		var made *stock.Stock
		if made, err = on.loading.Done(); err == nil {
			s.e.putStock(s.key, made)
			db.changed(s.key)
		}
		on.loading = nil
	default:
		return errStockThere
	}
	if err != nil {
		on.loading = nil // the loader has given its memory back
		return err
	}
	space.Effects.Own(effect.Stock, db.index, s.key, append([]byte{step}, piece...))
	return nil
}

// rdbStock names the type of stocks in RDB.
func rdbStock() rdb.ModuleID { return rdb.NewModuleID(rdb.StockName, rdb.StockVersion) }

var errNotAStock = errors.New("keyspace: a stock that is not made of strings")

// stockOf reads the stock of an item. A key that holds one never ends, so a deadline is a
// fault of whoever wrote the bytes: it is left out, or refused where that was just now.
func (t *teller) stockOf(item *rdb.Item, strict bool) (err error) {
	if !strict {
		return t.stock()
	}
	if item.DeadlineMs != 0 {
		return ErrStockTTL
	}
	if t.try, err = newTrial(); err != nil {
		return err
	}
	return errors.Join(t.stock(), t.try.close())
}

// stock reads a stock: a header and pieces, all of them strings.
func (t *teller) stock() error {
	piece := []byte{stockBegins}
	for {
		field, err := t.reader.Field()
		if err == io.EOF && piece[0] != stockBegins {
			break
		}
		if err == nil && field.Kind == rdb.FieldString {
			piece = append(piece[:1], field.Text...)
			err = t.try.take(piece)
		} else if err == nil || err == io.EOF {
			err = errNotAStock
		}
		if err != nil {
			return err
		}
		t.buffer.Own(effect.Stock, t.db, t.key, piece)
		piece[0] = stockGrows
	}
	t.buffer.Own(effect.Stock, t.db, t.key, []byte{stockEnds})
	return t.try.take([]byte{stockEnds})
}

// trial makes a stock of bytes that are not to be trusted, to see whether that can be done.
// A nil trial finds everything right.
type trial struct {
	arena  *arena.Arena
	loader *stock.Loader
}

func newTrial() (*trial, error) {
	a, err := arena.New(0)
	if err != nil {
		return nil, fmt.Errorf("keyspace: trying a stock: %w", err)
	}
	return &trial{arena: a}, nil
}

// take takes what the effects say of a stock that comes as a whole.
func (t *trial) take(value []byte) (err error) {
	switch {
	case t == nil:
	case value[0] == stockBegins:
		t.loader, err = stock.NewLoader(t.arena, maphash.MakeSeed(), value[1:])
	case value[0] == stockGrows:
		err = t.loader.Add(value[1:])
	default:
		_, err = t.loader.Done()
	}
	return err
}

// close gives the memory back.
func (t *trial) close() error {
	if t == nil {
		return nil
	}
	return t.arena.Close()
}
