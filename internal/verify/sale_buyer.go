// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// buyer is a client of a sale with one call under way at a time, and what it was told.
type buyer struct {
	number   int
	rng      *rand.Rand
	products []product
	orders   []*order
	open     *order // what it was doing when the server was killed

	lost, asked, waited int
	wrong               string // the first answer that no call should get
}

// order is one attempt of a buyer, under one id.
type order struct {
	product int
	id      string
	units   int64
	forMs   int // 0: as the product has it

	told       string // the answer to its hold, empty if there was none
	toldAt     time.Time
	fence      int64  // if it was held
	deadlineMs int64  // if it was held
	end        string // SOLD, RELEASED, EXPIRED; empty while it is not known
	plan       string // how the buyer wants it to end: CONFIRM, RELEASE, or empty

	sentMs                int64 // when its last CONFIRM or RELEASE went out
	confirming, releasing bool  // such a call went out, and its reply was lost
}

func newBuyer(number int, seed uint64, products []product) *buyer {
	return &buyer{
		number: number, rng: rand.New(rand.NewPCG(seed, uint64(number))), products: products,
	}
}

// refusalFor is how long a refusal is asked for again; it is remembered for ten minutes.
const refusalFor = 5 * time.Minute

// run buys until the server is gone, or until an answer is wrong. answered is told of each
// answer.
func (b *buyer) run(addr string, answered func()) {
	c, err := Dial(addr)
	if err != nil {
		return
	}
	defer c.Close()
	for b.wrong == "" {
		if b.open == nil {
			b.open = b.draw()
		}
		if !b.pursue(c, b.open, answered) {
			return
		}
		b.open = nil
		if old := b.orders[b.rng.IntN(len(b.orders))]; b.rng.IntN(4) == 0 {
			if !b.askAgain(c, old, answered) {
				return
			}
		}
	}
}

// draw draws another order.
func (b *buyer) draw() *order {
	o := &order{
		product: b.rng.IntN(len(b.products)), units: 1 + b.rng.Int64N(4),
		id:   fmt.Sprintf("order-%d-%d", b.number, len(b.orders)),
		plan: []string{"CONFIRM", "CONFIRM", "CONFIRM", "RELEASE", ""}[b.rng.IntN(5)],
	}
	if b.rng.IntN(3) == 0 { // many want the few
		o.product -= o.product % 5
	}
	switch b.rng.IntN(10) {
	case 0:
		o.forMs = 1 + b.rng.IntN(40) // may end before it is paid for
	case 1:
		o.units *= 1 + b.rng.Int64N(200)
	}
	b.orders = append(b.orders, o)
	return o
}

// pursue goes on with an order. It is false when the server is gone.
func (b *buyer) pursue(c *Conn, o *order, answered func()) bool {
	if o.told == "" && !b.hold(c, o, answered) {
		return false
	}
	if o.fence == 0 || o.plan == "" || o.end != "" {
		return true
	}
	return b.finish(c, o, o.plan, answered)
}

// askAgain asks for an order that was answered before.
func (b *buyer) askAgain(c *Conn, o *order, answered func()) bool {
	switch {
	case o.told == "" || o.fence == 0 && time.Since(o.toldAt) > refusalFor:
		return true
	case o.end != "" && b.rng.IntN(2) == 0:
		return b.finish(c, o, []string{"CONFIRM", "RELEASE"}[b.rng.IntN(2)], answered)
	}
	return b.hold(c, o, answered)
}

// ask makes a call. It is false when the server is gone.
func (b *buyer) ask(c *Conn, words []string, answered func()) (answer string, ok bool) {
	c.Put(words...)
	if c.Flush() != nil {
		b.lost++
		return "", false
	}
	v, err := c.Receive()
	if err != nil {
		b.lost++
		return "", false
	}
	answered()
	if v.IsError() {
		b.blame("%q: %s", words, v.Text)
		return "", false
	}
	return joined(v), true
}

// blame keeps the first wrong answer.
func (b *buyer) blame(format string, args ...any) {
	if b.wrong == "" {
		b.wrong = fmt.Sprintf(format, args...)
	}
}

// holdCall is the call that holds an order.
func (b *buyer) holdCall(o *order) []string {
	words := []string{"STOCK.HOLD", b.products[o.product].key, o.id,
		fmt.Sprint("buyer-", b.number), strconv.FormatInt(o.units, 10)}
	if o.forMs > 0 {
		words = append(words, "FOR", strconv.Itoa(o.forMs))
	}
	return words
}

// hold asks for an order's units, for the first time or again.
func (b *buyer) hold(c *Conn, o *order, answered func()) bool {
	words := b.holdCall(o)
	if b.products[o.product].scarce && b.rng.IntN(3) == 0 {
		b.waited++
		words = append(words, "WAIT", strconv.Itoa(1+b.rng.IntN(60)))
	}
	answer, ok := b.ask(c, words, answered)
	if ok {
		b.heard(o, answer)
	}
	return ok
}

// heard takes the answer to a hold.
func (b *buyer) heard(o *order, answer string) {
	if o.told != "" {
		if b.asked++; answer != o.told {
			b.blame("%s was answered %q, and later %q", o.id, o.told, answer)
		}
		return
	}
	o.told, o.toldAt = answer, time.Now()
	if !strings.HasPrefix(answer, "HELD") {
		return
	}
	_, err := fmt.Sscanf(answer, "HELD %d %d", &o.fence, &o.deadlineMs)
	if err != nil || o.fence <= 0 {
		b.blame("%s was answered %q", o.id, answer)
	}
}

// finish confirms or releases what is held.
func (b *buyer) finish(c *Conn, o *order, op string, answered func()) bool {
	before := *o
	o.confirming = o.confirming || op == "CONFIRM"
	o.releasing = o.releasing || op == "RELEASE"
	o.sentMs = time.Now().UnixMilli()
	answer, ok := b.ask(c, []string{"STOCK." + op, b.products[o.product].key, o.id}, answered)
	if ok {
		o.confirming, o.releasing = before.confirming, before.releasing
		b.ended(o, op, answer)
	}
	return ok
}

// clockSlackMs is by how much the system's clock may be set while a hold lasts.
const clockSlackMs = 5

// ended takes the answer to a CONFIRM or RELEASE of an order that was held.
func (b *buyer) ended(o *order, op, answer string) {
	sold := fmt.Sprint("SOLD ", o.fence)
	end, right := "", false
	switch {
	case op == "CONFIRM" && answer == sold:
		end, right = "SOLD", o.end == "" && o.sentMs < o.deadlineMs+clockSlackMs
	case op == "CONFIRM" && answer == "ALREADY "+sold, op == "RELEASE" && answer == sold:
		end, right = "SOLD", o.end == "SOLD" || o.end == "" && o.confirming
	case answer == "RELEASED":
		end, right = answer, o.end == answer || o.end == "" && (op == "RELEASE" || o.releasing)
	case answer == "EXPIRED":
		late := time.Now().UnixMilli() > o.deadlineMs-clockSlackMs
		end, right = answer, o.end == answer || o.end == "" && late
	}
	if !right {
		b.blame("%s, %q, end %q, confirming %t, releasing %t: %s is answered %q", o.id, o.told,
			o.end, o.confirming, o.releasing, op, answer)
	}
	if o.end != "" {
		b.asked++
	}
	o.end = end
}

// joined is a reply as one line.
func joined(v Value) string { return strings.Join(v.Texts(), " ") }
