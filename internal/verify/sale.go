// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// SaleOptions say how large a sale is, and how often its server is killed.
type SaleOptions struct {
	Binary string // our program
	Dir    string // an empty folder for its files

	Seed     uint64
	Fsync    string // as the parameter appendfsync; only with always nothing may be lost
	Crashes  int
	Products int   // at least 2
	Units    int64 // of all products together; a fifth of the products are scarce
	Buyers   int   // connections
	Calls    int   // a life ends when so many calls were answered, or fewer

	After func(crashes int) // told of each crash; may be nil
}

// SaleReport says what has been checked.
type SaleReport struct {
	Crashes, Snapshots int

	Orders    int   // ids
	Held      int   // of them; the others were refused
	Sold      int   // of them
	Released  int   // of them
	Expired   int   // of them
	Waited    int   // holds that were asked for with WAIT
	Lost      int   // calls that went out and whose reply a crash has taken
	Asked     int   // answers to an id that was asked before, none of them another one
	Audits    int   // of one product each
	UnitsSold int64 // as the buyers and the products have it

	SlowStart time.Duration // the longest from the start of a process until all was there
}

// String is the report for a log.
func (r SaleReport) String() string {
	return fmt.Sprintf("crashes %d, orders %d: held %d (waiting %d), sold %d (%d units), "+
		"released %d, expired %d; replies lost %d, ids asked again %d, audits %d, snapshots %d, "+
		"slowest start %v", r.Crashes, r.Orders, r.Held, r.Waited, r.Sold, r.UnitsSold, r.Released,
		r.Expired, r.Lost, r.Asked, r.Audits, r.Snapshots, r.SlowStart.Round(time.Millisecond))
}

// liveSale is a folder, and the buyers of the servers that use it one after the other.
type liveSale struct {
	ctx      context.Context
	t        *judge
	o        SaleOptions
	rng      *rand.Rand
	products []product
	buyers   []*buyer
	shards   int // of the server before
	report   SaleReport

	left   atomic.Int64  // answers until the process is killed
	once   *sync.Once    // of a life
	killed chan struct{} // closed when the process has to be
}

// product is one of the sale's keys.
type product struct {
	key    string
	units  int64
	scarce bool
}

// CheckLiveSale sells many products to buyers who hold, wait, confirm and release, kills the
// server again and again, and starts it with another number of shards. Buyers
// whose reply was lost ask again under the same id. It reports to t unless after each crash
//
//   - units = free + held + sold for each product, and STOCK.AUDIT finds no difference;
//   - what is sold is what buyers were told, and at most what they could not be told;
//
// and unless always
//
//   - an id has one answer, also if it was refused, and a hold ends in one way;
//   - no two holds of a product have the same fence, and a later one has a greater one.
//
// When ctx ends, the server is killed and what is reported from then on means nothing.
func CheckLiveSale(ctx context.Context, t Reporter, o SaleOptions) SaleReport {
	s := &liveSale{
		ctx: ctx, t: &judge{Reporter: t}, o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5a1e)),
	}
	s.stock()
	for i := range o.Buyers {
		s.buyers = append(s.buyers, newBuyer(i, o.Seed, s.products))
	}
	s.sell()
	s.count()
	return s.report
}

// sell is all lives of the server, and a look at everything after them.
func (s *liveSale) sell() {
	for range s.o.Crashes {
		s.life()
		if s.over() {
			s.t.Logf("seed %d, after %d crashes", s.o.Seed, s.report.Crashes)
			return
		}
		if s.report.Crashes++; s.o.After != nil {
			s.o.After(s.report.Crashes)
		}
	}
	if p := s.start(); p != nil {
		s.settle(p.Addr)
		p.Kill()
	}
}

// over tells whether there is nothing more to look for.
func (s *liveSale) over() bool { return s.ctx.Err() != nil || s.t.failed.Load() }

// scarceUnits is what there is of a scarce product: it sells out while the sale is on.
const scarceUnits = 60

// stock shares the units among the products.
func (s *liveSale) stock() {
	n, left := int64(s.o.Products), s.o.Units
	for i := range n {
		p := product{key: fmt.Sprint("product:", i), scarce: i%5 == 0}
		if p.units = left / (n - i); p.scarce {
			p.units = min(p.units, scarceUnits)
		}
		left -= p.units
		s.products = append(s.products, p)
	}
	s.products[n-1].units += left
}

// start starts the server and waits until all is there. It returns nil if that fails, which is
// reported.
func (s *liveSale) start() *Process {
	began := time.Now()
	ways := []int{1, 2, 3, 8}
	next := ways[s.rng.IntN(len(ways))]
	for next == s.shards {
		next = ways[s.rng.IntN(len(ways))]
	}
	s.shards = next
	p, err := Launch(s.ctx, s.o.Binary, s.o.Dir, "--fsync", s.o.Fsync,
		"--shards", strconv.Itoa(next), "--io", []string{"net", "epoll"}[s.rng.IntN(2)])
	if err == nil {
		if err = WaitForData(p.Addr); err != nil {
			p.Kill()
			err = fmt.Errorf("%w\n%s", err, p.Said())
		}
	}
	if err != nil {
		s.t.Errorf("the server does not start after %d crashes: %v", s.report.Crashes, err)
		return nil
	}
	s.report.SlowStart = max(s.report.SlowStart, time.Since(began))
	return p
}

// life is one life of the server, from its start to its crash.
func (s *liveSale) life() {
	p := s.start()
	if p == nil {
		return
	}
	defer p.Kill()
	if s.report.Crashes == 0 {
		s.open(p.Addr)
	}
	if s.inspect(p.Addr, false); s.over() {
		p.Kill()
		s.t.Logf("what the server said:\n%s", p.Said())
		return
	}
	s.killed, s.once = make(chan struct{}), new(sync.Once)
	s.left.Store(int64(1 + s.rng.IntN(s.o.Calls)))
	var clients sync.WaitGroup
	for _, b := range s.buyers {
		clients.Go(func() {
			if b.run(p.Addr, s.answered); b.wrong != "" {
				s.end()
			}
		})
	}
	if s.rng.IntN(4) == 0 {
		s.report.Snapshots++
		after := s.rng.IntN(3)
		clients.Go(func() { saveSoon(p.Addr, after) })
	}
	select {
	case <-s.killed:
	case <-s.ctx.Done():
	case <-time.After(replyTimeout):
		s.t.Errorf("the buyers hang")
	}
	p.Kill()
	clients.Wait()
	for _, b := range s.buyers {
		if b.wrong != "" {
			s.t.Errorf("buyer %d: %s", b.number, b.wrong)
		}
	}
}

// answered counts an answer, and has the server killed when there were enough.
func (s *liveSale) answered() {
	if s.left.Add(-1) == 0 {
		s.end()
	}
}

// end has the server killed.
func (s *liveSale) end() { s.once.Do(func() { close(s.killed) }) }
