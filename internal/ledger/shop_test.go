// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/container/arena"
	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/ledger"
	"stampede/internal/seedtest"
	"stampede/internal/stock"
)

// patience bounds how long a test waits for what must come.
const patience = 60 * time.Second

// shop sells: stocks, and the journal of what happens to them.
type shop struct {
	t       testing.TB
	rng     *rand.Rand
	arena   *arena.Arena
	seed    maphash.Seed
	log     *journal.Log
	keys    []string
	stocks  map[string]*stock.Stock
	record  effect.Buffer
	scratch []byte
	nowMs   int64
	ids     int
	saved   func(func(journal.Position, []byte) error) (journal.Position, error)
	known   map[*stock.Stock][]string // ids that were asked for
}

func newShop(t testing.TB) *shop {
	a, err := arena.New(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	log, err := journal.Open(journal.Options{
		Dir: filepath.Join(t.TempDir(), "journal"), Fsync: journal.No, SegmentBytes: 1 << 16,
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, log.Close(), a.Close()); err != nil {
			t.Error(err)
		}
	})
	return &shop{
		t: t, rng: rand.New(rand.NewPCG(seedtest.Of(t), 7)), arena: a, seed: maphash.MakeSeed(),
		log: log, stocks: map[string]*stock.Stock{},
		known: map[*stock.Stock][]string{}, nowMs: 1_700_000_000_000,
	}
}

func (s *shop) open(key string, units int64, terms stock.Terms) {
	made, err := stock.New(s.arena, s.seed, units, terms, 0, s.nowMs)
	if err != nil {
		s.t.Fatal(err)
	}
	s.whole(key, made)
}

// whole puts a stock under a key and tells all of it.
func (s *shop) whole(key string, made *stock.Stock) {
	s.stocks[key], s.keys = made, append(s.keys, key)
	s.tell(key, made.AppendHeader([]byte{stock.WholeBegins}))
	for at := (stock.Cursor{}); !at.Done(); {
		var piece []byte
		if piece, at = made.AppendEntries([]byte{stock.WholeGrows}, at, 3); len(piece) > 1 {
			s.tell(key, piece)
		}
	}
	s.tell(key, []byte{stock.WholeEnds})
}

func (s *shop) tell(key string, value []byte) {
	s.record.Own(effect.Stock, 0, []byte(key), value)
}

// snapshot lets the shop have a snapshot of what is so at a position of its journal.
func (s *shop) snapshot(at journal.Position) {
	var all [][]byte
	keys := s.keys
	for _, key := range keys {
		s.whole(key, s.stocks[key])
		all = append(all, bytes.Clone(s.record.Bytes()))
		s.record.Reset()
	}
	s.keys = keys
	s.saved = func(visit func(journal.Position, []byte) error) (journal.Position, error) {
		for _, effects := range all {
			if err := visit(at, effects); err != nil {
				return 0, err
			}
		}
		return at, nil
	}
}

// do calls a stock and tells what it did.
func (s *shop) do(key string, call func(*stock.Stock, *stock.Log)) {
	log := stock.Log{WantUndo: true}
	call(s.stocks[key], &log)
	if len(log.Effect) > 0 {
		s.tell(key, log.Effect)
	}
	if s.rng.IntN(20) == 0 {
		back, err := s.stocks[key].Undo(log.Undo, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(back) > 0 {
			s.tell(key, back)
		}
	}
}

// commit ends a record.
func (s *shop) commit() journal.Position {
	if s.record.Len() == 0 {
		s.record.Set(0, []byte("nothing"), 0, nil)
	}
	p := s.log.Append(s.record.Bytes())
	s.record.Reset()
	return p
}

// bustle lets n random things happen, and returns where the journal ends.
func (s *shop) bustle(n int) (end journal.Position) {
	for range n {
		s.nowMs += s.rng.Int64N(40)
		for range 1 + s.rng.IntN(4) {
			s.happen()
		}
		end = s.commit()
	}
	s.log.Want(end)
	return end
}

func (s *shop) happen() {
	if len(s.keys) < 3 || s.rng.IntN(400) == 0 {
		s.ids++
		s.open(fmt.Sprintf("item %d", s.ids), 200+s.rng.Int64N(400), stock.Terms{
			HoldMs: 400, HoldMaxMs: 2000, EndedMax: 8, EndedMs: 6000, RefusedMax: 5,
		})
		return
	}
	at := s.rng.IntN(len(s.keys))
	key, now := s.keys[at], s.nowMs
	switch dice := s.rng.IntN(2000); {
	case dice < 900:
		s.hold(key)
	case dice < 1900:
		s.later(key, dice)
	case dice < 1902:
		s.do(key, func(k *stock.Stock, l *stock.Log) { k.Close(now, l) })
	case dice < 1904: // the key ends
		s.record.Remove(0, []byte(key))
		delete(s.stocks, key)
		s.keys = append(s.keys[:at], s.keys[at+1:]...)
	case dice < 1910: // a new name
		s.ids++
		renamed := fmt.Sprintf("renamed %d", s.ids)
		s.record.Move(0, []byte(key), 0, []byte(renamed))
		s.keys[at], s.stocks[renamed] = renamed, s.stocks[key]
		delete(s.stocks, key)
	case dice < 1912: // a stock that comes with its holds
		s.ids++
		s.whole(fmt.Sprintf("copy %d", s.ids), s.stocks[key].Copy(s.arena, s.seed))
	default:
		s.record.Set(0, fmt.Appendf(nil, "page %d", dice), 0, []byte("not a stock"))
	}
}

// hold asks for a hold, now and then by an id that was there before.
func (s *shop) hold(key string) {
	s.ids++
	id := fmt.Sprintf("id\x00%d\xff", s.ids)
	known := s.known[s.stocks[key]]
	if s.rng.IntN(4) == 0 && len(known) > 0 {
		id = known[s.rng.IntN(len(known))]
	}
	s.known[s.stocks[key]] = append(known, id)
	r := stock.Request{
		ID: []byte(id), Buyer: fmt.Appendf(nil, "buyer %d", s.rng.IntN(50)),
		Units: 1 + s.rng.Int64N(3),
	}
	s.do(key, func(k *stock.Stock, l *stock.Log) { _, _ = k.Hold(s.nowMs, r, l) })
}

// later is what comes after a hold.
func (s *shop) later(key string, dice int) {
	known := s.known[s.stocks[key]]
	if len(known) == 0 {
		return
	}
	recent := known[max(0, len(known)-10):]
	id := []byte(recent[s.rng.IntN(len(recent))])
	s.do(key, func(k *stock.Stock, l *stock.Log) {
		switch {
		case dice < 1400:
			k.Confirm(s.nowMs, id, l)
		case dice < 1600:
			k.Release(s.nowMs, id, l)
		case dice < 1750:
			_, _ = k.Extend(s.nowMs, id, 100+s.rng.Int64N(900), l)
		case dice < 1800:
			_, _ = k.Add(s.nowMs, 1+s.rng.Int64N(50), l)
		case dice < 1850:
			_, _ = k.Take(s.nowMs, 1+s.rng.Int64N(20), l)
		default:
			k.Sweep(s.nowMs, 5, l)
		}
	})
}

// audit demands that the database has what the shop has, to the last hold.
func (s *shop) audit(url string) ledger.AuditReport {
	s.t.Helper()
	report := s.report(url)
	for _, d := range report.Drifts {
		s.t.Error(d)
	}
	return report
}

// report is what an audit says.
func (s *shop) report(url string) ledger.AuditReport {
	s.t.Helper()
	ctx := s.t.Context()
	a, err := ledger.NewAudit(ctx, url, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = a.Close(ctx) }()
	for _, key := range s.keys {
		one := s.stocks[key]
		var pieces [][]byte
		for at := (stock.Cursor{}); !at.Done(); {
			var piece []byte
			piece, at = one.AppendEntries(nil, at, 100)
			pieces = append(pieces, piece)
		}
		header := one.AppendHeader(nil)
		if err := a.Stock(ctx, []byte(key), header, pieces); err != nil {
			s.t.Fatal(err)
		}
	}
	report, err := a.Done(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// running is a ledger at work.
type running struct {
	*ledger.Ledger
	t    testing.TB
	stop context.CancelFunc
	done chan error
}

func (s *shop) follow(url string) *running {
	s.t.Helper()
	l, err := ledger.New(ledger.Options{
		Snapshot: s.saved, URL: url, Journal: s.log, Holder: "test", RetryMax: 200 * time.Millisecond,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{l, s.t, stop, make(chan error, 1)}
	go func() { r.done <- l.Run(ctx) }()
	s.t.Cleanup(r.end)
	return r
}

// end stops the ledger, which may be stopped already.
func (r *running) end() {
	r.stop()
	if err, open := <-r.done; open && err != nil {
		r.t.Error(err)
	}
	select {
	case <-r.done:
	default:
		close(r.done)
	}
}

func (r *running) reach(p journal.Position) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	if err := r.Wait(ctx, p); err != nil {
		r.t.Fatalf("%v; %+v", err, r.Status())
	}
}

// query returns one number of the database.
func query(t testing.TB, url, text string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), text).Scan(&n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}
