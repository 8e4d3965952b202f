// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"strconv"

	"stampede/internal/journal"
)

// till is a stock and a lock whose answers are known without a twin: an id has one answer, also
// after a restart if that was durable, a hold ends in one way, fences grow, and the units are
// those of the holds. Nothing else touches its keys, which are in the database of the books.
type till struct {
	on     bool
	open   bool
	openAt journal.Position
	bags   []*bag

	latestMs int64 // that any of its clocks has shown

	fence int64 // the greatest of the lock, and where it was told
	at    journal.Position
}

const (
	tillUnits  = 40
	tillForMs  = 30_000
	forgetsMs  = 10 * 60 * 1000 // how long a refusal is remembered
	tillKey    = "till"
	tillLock   = "till-lock"
	askedAgain = 8 // ids after a restart
)

// bag is one attempt to hold.
type bag struct {
	id    string
	units int64
	forMs int64
	told  string           // the answer
	at    journal.Position // of the answer
	atMs  int64
	fence int64 // if it was held
	dueMs int64
	end   string // SOLD, RELEASED, EXPIRED, or nothing yet
	endAt journal.Position
}

// ask makes a call that writes. ok is false if it was refused because the disk fails; then
// nothing has happened.
func (l *till) ask(w *world, words ...string) (answer any, at journal.Position, ok bool) {
	answer, at = l.call(w, words...)
	return answer, at, w.books.writable(w, answer)
}

// call makes a call in the database of the books.
func (l *till) call(w *world, words ...string) (answer any, at journal.Position) {
	c := w.party()
	db := c.session.DB
	c.session.DB = booksDB
	defer func() { c.session.DB = db }()
	o := c.do(words)
	answer, _, err := parse(c.out.B)
	if err != nil {
		w.t.Errorf("%q: %v", words, err)
	}
	return answer, o.Seen
}

// act does one thing.
func (l *till) act(w *world) {
	if !l.on {
		return
	}
	if !l.open {
		_, l.openAt, l.open = l.ask(w, "STOCK.OPEN", tillKey, strconv.Itoa(tillUnits),
			"HOLDMAX", strconv.Itoa(tillForMs))
		return
	}
	for range 1 + w.rng.IntN(4) {
		switch n := w.rng.IntN(12); {
		case n < 5:
			l.hold(w, l.bag(w))
		case n < 8:
			l.finish(w, "CONFIRM")
		case n < 9:
			l.finish(w, "RELEASE")
		case n < 10:
			l.lock(w)
		default:
			l.audit(w)
		}
		w.commit()
	}
}

// bag is a new attempt, or one from before.
func (l *till) bag(w *world) *bag {
	if len(l.bags) > 0 && w.rng.IntN(4) == 0 {
		return l.bags[w.rng.IntN(len(l.bags))]
	}
	return &bag{
		id: "bag" + strconv.Itoa(w.rng.IntN(1_000_000_000)), units: 1 + w.rng.Int64N(5),
		forMs: 1 + w.rng.Int64N(tillForMs),
	}
}

// hold asks for units, perhaps again.
func (l *till) hold(w *world, b *bag) {
	l.latestMs = max(l.latestMs, w.clock())
	if b.told != "" && b.fence == 0 && l.latestMs-b.atMs >= forgetsMs {
		return // it may have been forgotten, and would be an attempt of its own
	}
	answer, at, ok := l.ask(w, "STOCK.HOLD", tillKey, b.id, "ann", strconv.FormatInt(b.units, 10),
		"FOR", strconv.FormatInt(b.forMs, 10))
	told := fmt.Sprint(answer)
	switch {
	case !ok:
		return
	case b.told != "":
		if told != b.told {
			w.t.Errorf("%s was answered %s, and is answered %s", b.id, b.told, told)
		}
		return
	}
	b.told, b.at, b.atMs = told, at, w.clock()
	if list := answer.([]any); list[0] == "HELD" {
		b.fence, b.dueMs = list[1].(int64), list[2].(int64)
		for _, other := range l.bags {
			if other.fence >= b.fence {
				w.t.Errorf("%s has fence %d, and %s after it %d", other.id, other.fence, b.id, b.fence)
			}
		}
	}
	l.bags = append(l.bags, b)
}

// finish confirms or releases what some id holds.
func (l *till) finish(w *world, op string) {
	if len(l.bags) == 0 {
		return
	}
	b := l.bags[w.rng.IntN(len(l.bags))]
	answer, at, ok := l.ask(w, "STOCK."+op, tillKey, b.id)
	if !ok || b.fence == 0 {
		return // of a refusal nothing is known, as the scripts show
	}
	word := answer.([]any)[0].(string)
	right := word == b.end || word == "ALREADY SOLD" && b.end == "SOLD"
	if b.end == "" {
		switch word {
		case "SOLD":
			right = op == "CONFIRM" && w.clock() < b.dueMs
		case "RELEASED":
			right = op == "RELEASE" && w.clock() < b.dueMs
		case "EXPIRED":
			right = true // perhaps on a clock that has been set back since: see audit
		}
		b.end, b.endAt = word, at
	}
	if !right {
		w.t.Errorf("%s at %d, %s until %d, end %q: %s is answered %v", b.id, w.clock(), b.told,
			b.dueMs, b.end, op, answer)
	}
}

// lock takes a lock for a moment.
func (l *till) lock(w *world) {
	answer, at, ok := l.ask(w, "LOCK.ACQUIRE", tillLock, fmt.Sprint("token", w.rng.IntN(1000)), "5")
	fence, granted := answer.(int64)
	if !ok || !granted {
		return
	}
	if again := fence == l.fence; !again && fence < l.fence {
		w.t.Errorf("the lock had fence %d, and now %d", l.fence, fence)
	}
	l.fence, l.at = fence, at
}

// audit compares the figures with the holds.
func (l *till) audit(w *world) {
	audit, _ := l.call(w, "STOCK.AUDIT", tillKey)
	info, _ := l.call(w, "STOCK.INFO", tillKey)
	has, figures := pairs(audit.([]any)), pairs(info.([]any))
	nowMs := max(w.clock(), figures["changed-ms"].(int64))
	sold, held := int64(0), int64(0)
	for _, b := range l.bags {
		switch {
		case b.end == "SOLD":
			sold += b.units
		case b.end == "" && b.fence > 0 && b.dueMs > nowMs:
			held += b.units
		}
	}
	if has["ok"] != int64(1) || figures["sold"] != sold || figures["held"] != held ||
		figures["free"] != tillUnits-sold-held || sold+held > tillUnits {
		w.t.Errorf("the buyers hold %d and have bought %d, the stock says %v and %v", held, sold,
			info, audit)
	}
}

// found forgets what was not durable, and asks for some of the rest once more.
func (l *till) found(w *world, end journal.Position) {
	if !l.on || !l.open {
		return
	}
	if l.openAt > end {
		*l = till{on: true}
		return
	}
	kept := l.bags[:0]
	for _, b := range l.bags {
		if b.at > end {
			continue
		}
		if b.endAt > end {
			b.end, b.endAt = "", 0
		}
		kept = append(kept, b)
	}
	if l.bags = kept; l.at > end {
		l.fence, l.at = 0, 0 // it may be given again
	}
	l.audit(w)
	for range min(askedAgain, len(l.bags)) {
		l.hold(w, l.bags[w.rng.IntN(len(l.bags))])
	}
}
