// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"strconv"
	"time"
)

// open makes the products.
func (s *liveSale) open(addr string) {
	c, err := Dial(addr)
	if err != nil {
		s.t.Errorf("%v", err)
		return
	}
	defer c.Close()
	for _, p := range s.products {
		units := strconv.FormatInt(p.units, 10)
		if _, err := c.Must("STOCK.OPEN", p.key, units, "HOLD", "3600000"); err != nil {
			s.t.Errorf("%v", err)
			return
		}
	}
}

// tally is what the buyers know of one product.
type tally struct {
	sold int64 // units they were told are theirs
	open int64 // units that they confirmed and have heard nothing of
	held int64 // units held that end neither by themselves nor by a call
}

// tallies adds up what the buyers know.
func (s *liveSale) tallies() []tally {
	all := make([]tally, len(s.products))
	for _, b := range s.buyers {
		for _, o := range b.orders {
			t := &all[o.product]
			switch {
			case o.end == "SOLD":
				t.sold += o.units
			case o.end == "" && o.confirming:
				t.open += o.units
			case o.end == "" && o.fence > 0 && o.forMs == 0 && !o.releasing:
				t.held += o.units
			}
		}
	}
	return all
}

// auditsALife is how many products are counted anew after a crash; the others' figures are
// only read.
const auditsALife = 5

// inspect compares the products with what the buyers know. At the end, nothing is open.
func (s *liveSale) inspect(addr string, end bool) {
	c, err := Dial(addr)
	if err != nil {
		s.t.Errorf("%v", err)
		return
	}
	defer c.Close()
	tallies := s.tallies()
	for i, p := range s.products {
		audit := end || (s.report.Crashes+i)%len(s.products) < auditsALife
		command := "STOCK.INFO"
		if audit {
			s.report.Audits++
			command = "STOCK.AUDIT"
		}
		v, err := c.Must(command, p.key)
		if err != nil {
			s.t.Errorf("after %d crashes: %v", s.report.Crashes, err)
			return
		}
		if wrong := p.compare(figuresOf(v), tallies[i], audit, end); wrong != "" {
			s.t.Errorf("after %d crashes: %s: %s; the buyers have %+v: %q", s.report.Crashes, p.key,
				wrong, tallies[i], v.Texts())
		}
	}
}

// compare says what is wrong with the figures of a product.
func (p product) compare(has map[string]int64, t tally, audit, end bool) string {
	switch {
	case audit && has["ok"] != 1:
		return "the audit finds differences"
	case has["units"] != p.units:
		return fmt.Sprintf("it had %d units", p.units)
	case has["free"] < 0 || has["free"]+has["held"]+has["sold"] != p.units:
		return "units are not free + held + sold"
	case has["sold"] < t.sold:
		return "a confirmation is lost"
	case has["sold"] > t.sold+t.open:
		return "something is sold that nobody has confirmed"
	case has["held"]+has["sold"] < t.held+t.sold:
		return "a hold is lost"
	case end && has["held"] != t.held:
		return "something is held that nobody holds"
	}
	return ""
}

// figuresOf reads the numbers of a map.
func figuresOf(v Value) map[string]int64 {
	figures := map[string]int64{}
	for i := 1; i < len(v.Elems); i += 2 {
		if n, err := strconv.ParseInt(v.Elems[i].Text, 10, 64); err == nil {
			figures[v.Elems[i-1].Text] = n
		}
	}
	return figures
}

// settle lets every buyer ask for all that is open, and for all of its orders once more, and
// looks at everything.
func (s *liveSale) settle(addr string) {
	s.inspect(addr, false)
	c, err := Dial(addr)
	if err != nil {
		s.t.Errorf("%v", err)
		return
	}
	defer c.Close()
	none := func() {}
	latest := int64(0)
	for _, b := range s.buyers {
		if b.open != nil && !b.pursue(c, b.open, none) || !b.askAll(c) {
			b.blame("the server is gone")
		}
		if b.wrong != "" && s.ctx.Err() == nil {
			s.t.Errorf("buyer %d: %s", b.number, b.wrong)
			return
		}
		for _, o := range b.orders {
			if o.forMs > 0 {
				latest = max(latest, o.deadlineMs)
			}
		}
	}
	<-time.After(time.Until(time.UnixMilli(latest + clockSlackMs + 1)))
	for _, b := range s.buyers {
		if b.comeLate(c); b.wrong != "" && s.ctx.Err() == nil {
			s.t.Errorf("buyer %d: %s", b.number, b.wrong)
			return
		}
	}
	s.inspect(addr, true)
	s.checkFences()
}

// askAll asks for all orders of a buyer once more, many at a time.
func (b *buyer) askAll(c *Conn) bool {
	type question struct {
		o  *order
		op string
	}
	var asked []question
	flush := func() bool {
		if c.Flush() != nil {
			return false
		}
		for _, q := range asked {
			v, err := c.Receive()
			if err != nil {
				return false
			}
			if v.IsError() {
				b.blame("%s of %s: %s", q.op, q.o.id, v.Text)
				return false
			}
			if answer := joined(v); q.op == "HOLD" {
				b.heard(q.o, answer)
			} else {
				b.ended(q.o, q.op, answer)
			}
		}
		asked = asked[:0]
		return true
	}
	for _, o := range b.orders {
		if o.fence > 0 || time.Since(o.toldAt) < refusalFor {
			c.Put(b.holdCall(o)...)
			asked = append(asked, question{o, "HOLD"})
		}
		if o.end != "" || o.confirming || o.releasing {
			op := "CONFIRM"
			if o.releasing && !o.confirming {
				op = "RELEASE"
			}
			o.sentMs = time.Now().UnixMilli()
			c.Put("STOCK."+op, b.products[o.product].key, o.id)
			asked = append(asked, question{o, op})
		}
		if len(asked) > 200 && !flush() {
			return false
		}
	}
	return flush()
}

// comeLate confirms what the buyer let expire: the time of all those holds is over.
func (b *buyer) comeLate(c *Conn) {
	for _, o := range b.orders {
		if o.forMs > 0 && o.fence > 0 && o.end == "" && !b.finish(c, o, "CONFIRM", func() {}) {
			b.blame("the server is gone")
			return
		}
	}
}

// checkFences looks for fences that were given twice, or out of order.
func (s *liveSale) checkFences() {
	type grant struct {
		product int
		fence   int64
	}
	owners := map[grant]string{}
	for _, b := range s.buyers {
		before := make([]*order, len(s.products))
		for _, o := range b.orders {
			if o.fence == 0 {
				continue
			}
			g := grant{o.product, o.fence}
			if other, taken := owners[g]; taken {
				s.t.Errorf("%s and %s have the same fence %d", other, o.id, o.fence)
			}
			owners[g] = o.id
			if last := before[o.product]; last != nil && last.fence > o.fence {
				s.t.Errorf("%s got fence %d, and %s later %d", last.id, last.fence, o.id, o.fence)
			}
			before[o.product] = o
		}
	}
}

// count adds up what the buyers have.
func (s *liveSale) count() {
	r := &s.report
	for _, b := range s.buyers {
		r.Orders += len(b.orders)
		r.Lost, r.Asked, r.Waited = r.Lost+b.lost, r.Asked+b.asked, r.Waited+b.waited
		for _, o := range b.orders {
			switch o.end {
			case "SOLD":
				r.Sold++
				r.UnitsSold += o.units
			case "RELEASED":
				r.Released++
			case "EXPIRED":
				r.Expired++
			}
			if o.fence > 0 {
				r.Held++
			}
		}
	}
}
