// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"bytes"
	"slices"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	rules "stampede/internal/stock"
)

// linesMax is how many lines a basket may have.
const linesMax = 128

const (
	errLines reply.Error = "ERR a basket has 1 to 128 lines, and numkeys says how many"
	errMs    reply.Error = "ERR the time to hold is a number of milliseconds; " +
		"0 stands for that of each product"
)

// basketRows are the commands for several products at once.
func (f family) basketRows() []command.Spec {
	keys := func(at, step int) []command.KeySpec {
		return []command.KeySpec{{
			Use:   command.KeyRW | command.KeyAccess | command.KeyUpdate,
			Begin: command.KeyBegin{Index: at},
			Find:  command.KeyFind{Step: step, Counted: true, First: 1},
		}}
	}
	return []command.Spec{{
		Name: "BASKET.CONFIRM", Args: "id numkeys:int @key [@key ...]",
		Summary: "Sells what an id holds of several products, all or nothing.",
		Flags:   write, Cost: "O(K log N) in products and their holds",
		KeySpecs: keys(2, 1),
		Do:       command.OnKeys(basketConfirm),
	}, {
		Name:    "BASKET.HOLD",
		Args:    "id buyer milliseconds:int numkeys:int @key units:int [@key units:int ...]",
		Summary: "Holds units of several products for a buyer, all or nothing.",
		Flags:   grow, Cost: "O(K log N) in products and their holds",
		KeySpecs: keys(4, 2),
		Do:       command.OnKeys(f.basketHold),
	}, {
		Name: "BASKET.RELEASE", Args: "id numkeys:int @key [@key ...]",
		Summary: "Gives back what an id holds of several products, all or nothing.",
		Flags:   write, Cost: "O(K log N) in products and their holds",
		KeySpecs: keys(2, 1),
		Do:       command.OnKeys(basketRelease),
	}}
}

// line is one product of a basket.
type line struct {
	key   []byte
	units int64
	db    *keyspace.DB
	stock keyspace.Stock
	a     rules.Answer
}

// readLines reads numkeys and what follows, with the units of each product if it has some;
// lines of one product become one.
func readLines(tx command.Tx, c *command.Call, withUnits bool) (lines []line, ok bool) {
	a, words := &c.Args, 1
	if withUnits {
		words = 2
	}
	n := a.Int()
	if a.Err() == nil && (n < 1 || n > linesMax || int(n)*words != a.Left()) {
		a.Fail(errLines)
	}
	for a.More() {
		l := line{key: a.Bytes()}
		if withUnits {
			if l.units = a.Int(); (l.units < 1 || l.units > rules.UnitsMax) && a.Err() == nil {
				a.Fail(reply.Error("ERR " + rules.ErrUnits.Error()))
			}
		}
		same := func(other line) bool { return bytes.Equal(other.key, l.key) }
		if at := slices.IndexFunc(lines, same); at < 0 {
			lines = append(lines, l)
		} else if lines[at].units += l.units; lines[at].units > rules.UnitsMax {
			a.Fail(reply.Error("ERR " + rules.ErrUnits.Error()))
		}
	}
	if err := a.Err(); err != nil {
		c.Reply.Err(err)
		return nil, false
	}
	for i := range lines {
		l := &lines[i]
		l.db = tx.DB(c.DB, l.key)
		if l.stock, ok = find(l.db, c, l.key); !ok {
			return nil, false
		}
	}
	return lines, true
}

// basketHold is BASKET.HOLD: it looks at all lines before it changes one.
func (f family) basketHold(tx command.Tx, c *command.Call) {
	request := rules.Request{ID: c.Args.Bytes(), Buyer: c.Args.Bytes(), ForMs: c.Args.Int()}
	if c.Args.Err() != nil || request.ForMs < 0 || request.ForMs > rules.TimeMsMax {
		c.Reply.Fail(errMs)
		return
	}
	lines, ok := readLines(tx, c, true)
	if !ok {
		return
	}
	refused, known, fresh := -1, false, false
	for i := range lines {
		l := &lines[i]
		request.Units = l.units
		a, was, err := l.check(c, request)
		if err != nil {
			fail(c, err)
			return
		}
		// What this id was told before counts more than how it is now, and a reason more
		// than that there was one elsewhere.
		l.a, fresh = a, fresh || !was
		if a.Outcome.Refused() && (refused < 0 || was && !known ||
			was && lines[refused].a.Outcome == rules.Elsewhere) {
			refused, known = i, was
		}
	}
	if refused >= 0 {
		refuseBasket(c, lines, refused, request)
		return
	}
	if fresh && f.tooFarBehind(c) {
		return
	}
	holdBasket(c, lines, request)
}

// check is how the line would be answered. Who waits for units of a product comes first.
func (l *line) check(
	c *command.Call, r rules.Request,
) (a rules.Answer, known bool, err error) {
	a, known, err = l.stock.Check(r)
	if err != nil || known || a.Outcome != rules.Held || !l.db.Awaited(l.key) {
		return a, known, err
	}
	if next, held := l.stock.Look().NextDeadline(c.NowMs); held {
		return rules.Answer{Outcome: rules.AllHeld, AtMs: next}, false, nil
	}
	return rules.Answer{Outcome: rules.TooFew}, false, nil
}

// refuseBasket remembers at each product that the basket was refused, because of the one
// given.
func refuseBasket(c *command.Call, lines []line, because int, r rules.Request) {
	for i := range lines {
		a := rules.Answer{Outcome: rules.Elsewhere}
		if i == because {
			a = lines[i].a
		}
		r.Units = lines[i].units
		if _, err := lines[i].stock.Refuse(r, a); err != nil {
			panic("family/stock: a basket that was looked at cannot be refused: " + err.Error())
		}
	}
	answerFor(c, lines[because].key, lines[because].a)
}

// holdBasket holds all lines, each of which can be.
func holdBasket(c *command.Call, lines []line, r rules.Request) {
	first := int64(rules.TimeMsMax)
	for i := range lines {
		l := &lines[i]
		r.Units = l.units
		a, err := l.stock.Hold(r)
		if err != nil || a.Outcome != rules.Held {
			panic("family/stock: a basket that was looked at cannot be held")
		}
		l.a, first = a, min(first, a.AtMs)
	}
	c.Reply.Array(3)
	c.Reply.Simple(rules.Held.String())
	c.Reply.Int(first)
	c.Reply.Array(len(lines))
	for i := range lines {
		c.Reply.Array(3)
		c.Reply.Bulk(lines[i].key)
		c.Reply.Int(lines[i].a.Fence)
		c.Reply.Int(lines[i].a.AtMs)
	}
}

// readStates reads a call about an id that is known, and how it stands with each product.
func readStates(tx command.Tx, c *command.Call) (lines []line, id []byte, ok bool) {
	id = c.Args.Bytes()
	if !named(c, id) {
		return nil, nil, false
	}
	lines, ok = readLines(tx, c, false)
	for i := range lines {
		l := &lines[i]
		h, known := l.stock.Find(id)
		if l.a = (rules.Answer{}); known && !h.State.Refused() {
			l.a = rules.Answer{Outcome: h.State, Fence: h.Fence, AtMs: h.EndMs}
		}
	}
	return lines, id, ok
}

// first is the first line in one of the states; -1 if there is none.
func first(lines []line, states ...rules.Outcome) int {
	return slices.IndexFunc(lines, func(l line) bool { return slices.Contains(states, l.a.Outcome) })
}

// basketConfirm is BASKET.CONFIRM: either all lines are held or sold already, or nothing
// changes.
func basketConfirm(tx command.Tx, c *command.Call) {
	lines, id, ok := readStates(tx, c)
	if !ok {
		return
	}
	if at := first(lines, rules.Expired, rules.Released, rules.Unknown); at >= 0 {
		answerFor(c, lines[at].key, lines[at].a)
		return
	}
	word := rules.AlreadySold
	for i := range lines {
		if lines[i].a.Outcome == rules.Held {
			word = rules.Sold
			lines[i].stock.Confirm(id)
		}
	}
	c.Durable = lines[0].db.Space().Journaled()
	c.Reply.Array(2)
	c.Reply.Simple(word.String())
	c.Reply.Array(len(lines))
	for i := range lines {
		c.Reply.Array(2)
		c.Reply.Bulk(lines[i].key)
		c.Reply.Int(lines[i].a.Fence)
	}
}

// basketRelease is BASKET.RELEASE: nothing changes if a line is sold or not known.
func basketRelease(tx command.Tx, c *command.Call) {
	lines, id, ok := readStates(tx, c)
	if !ok {
		return
	}
	if at := first(lines, rules.Sold, rules.Unknown); at >= 0 {
		answerFor(c, lines[at].key, lines[at].a)
		return
	}
	if first(lines, rules.Held, rules.Released) < 0 {
		answerFor(c, lines[0].key, lines[0].a)
		return
	}
	for i := range lines {
		if lines[i].a.Outcome == rules.Held {
			lines[i].stock.Release(id)
		}
	}
	c.Reply.Array(1)
	c.Reply.Simple(rules.Released.String())
}
