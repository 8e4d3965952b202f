// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"strconv"

	"stampede/internal/journal"
)

// books are calls whose meaning is known without a twin: counters that only grow, accounts
// whose sum stays, a library of two keys that are written together. Nothing else touches
// their database.
type books struct {
	on       bool
	begun    bool
	counters [countersMax]counter
	waiting  []entry // whose replies a server would hold
}

const (
	countersMax   = 4
	accountsMax   = 5
	accountsBegin = 1000 // on each
)

// counter is a key that is only ever incremented.
type counter struct {
	issued int64 // its highest value that a call has answered
	acked  int64 // its highest value that a client has seen
	at     journal.Position
}

// entry is a reply that waits for its position.
type entry struct {
	counter int
	value   int64
	at      journal.Position
}

// act does one thing.
func (b *books) act(w *world) {
	if !b.on {
		return
	}
	c := w.party()
	db := c.session.DB
	c.ask(w.t, "SELECT", strconv.Itoa(booksDB))
	defer func() { c.session.DB = db }()
	b.release(w)
	switch n := w.rng.IntN(10); {
	case !b.begun:
		b.begin(w, c)
	case n < 5:
		b.count(w, c)
	case n < 6:
		b.look(w, c)
	case n < 9:
		b.transfer(w, c)
	default:
		b.sum(w, c)
	}
}

func account(i int) string { return fmt.Sprint("account", i) }

// begin opens the accounts, all at once.
func (b *books) begin(w *world, c *client) {
	words := []string{"MSET"}
	for i := range accountsMax {
		words = append(words, account(i), strconv.Itoa(accountsBegin))
	}
	if b.writable(w, c.ask(w.t, words...)) {
		b.begun = true
	}
}

// writable tells whether a call that writes was done. It must be refused while the disk
// fails, and only then.
func (b *books) writable(w *world, reply any) bool {
	refused := isError(reply, "MISCONF") || isError(reply, "EXECABORT") && w.log.Failed() != nil
	if err, failed := reply.(error); failed && !refused {
		w.t.Errorf("refused: %v", err)
	}
	if failed := w.log.Failed() != nil; failed != refused {
		w.t.Errorf("the journal's error is %v, and a call that writes got %v", w.log.Failed(), reply)
	}
	if refused {
		w.counts.refusals++
	}
	return !refused
}

// count increments a counter.
func (b *books) count(w *world, c *client) {
	i := w.rng.IntN(countersMax)
	before := w.log.End()
	o := c.do([]string{"INCR", fmt.Sprint("counter", i)})
	reply, _, _ := parse(c.out.B)
	if !b.writable(w, reply) {
		if w.log.End() != before {
			w.t.Error("a call was refused and has changed something")
		}
		return
	}
	if reply != b.counters[i].issued+1 {
		w.t.Errorf("counter %d is %v, want %d", i, reply, b.counters[i].issued+1)
	}
	if !o.Changed || o.Seen != w.log.End() {
		w.t.Errorf("a change seen at %d (changed: %v), the journal ends at %d", o.Seen, o.Changed,
			w.log.End())
	}
	b.counters[i].issued++
	b.counters[i].at = o.Seen
	b.waiting = append(b.waiting, entry{i, b.counters[i].issued, o.Seen})
	w.commit()
}

// look reads a counter, which works also while the disk fails. Who sees a value that is not
// durable has to wait for it.
func (b *books) look(w *world, c *client) {
	i := w.rng.IntN(countersMax)
	o := c.do([]string{"GET", fmt.Sprint("counter", i)})
	reply, _, err := parse(c.out.B)
	text, _ := reply.(string)
	if n, _ := strconv.ParseInt(text, 10, 64); err != nil || n != b.counters[i].issued {
		w.t.Errorf("counter %d is %v, want %d", i, reply, b.counters[i].issued)
	}
	if o.Seen < b.counters[i].at {
		w.t.Errorf("saw a change at %d, but is told to wait for %d only", b.counters[i].at, o.Seen)
	}
	b.waiting = append(b.waiting, entry{i, b.counters[i].issued, o.Seen})
}

// transfer moves money between two accounts, in one of several ways.
func (b *books) transfer(w *world, c *client) {
	from := w.rng.IntN(accountsMax)
	a, z := account(from), account((from+1+w.rng.IntN(accountsMax-1))%accountsMax)
	n := strconv.Itoa(1 + w.rng.IntN(50))
	switch w.rng.IntN(3) {
	case 0:
		c.do([]string{"MULTI"}, []string{"DECRBY", a, n}, []string{"INCRBY", z, n}, []string{"EXEC"})
	case 1:
		c.do([]string{"EVAL", "redis.call('DECRBY', KEYS[1], ARGV[1]) " +
			"return redis.call('INCRBY', 'account' .. ARGV[2], ARGV[1])", "1", a, n, z[len(z)-1:]})
	default:
		c.do([]string{"MULTI"}, []string{"RENAME", a, "on its way"}, []string{"RENAME", z, a},
			[]string{"RENAME", "on its way", z}, []string{"EXEC"})
	}
	w.commit()
}

// sum adds the accounts up.
func (b *books) sum(w *world, c *client) {
	words := []string{"MGET"}
	for i := range accountsMax {
		words = append(words, account(i))
	}
	sum := int64(0)
	for _, text := range c.ask(w.t, words...).([]any) {
		text, _ := text.(string)
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			w.t.Errorf("an account with %q", text)
		}
		sum += n
	}
	if sum != accountsMax*accountsBegin {
		w.t.Errorf("the accounts add up to %d, want %d", sum, accountsMax*accountsBegin)
	}
}

// release lets the replies go that need not wait.
func (b *books) release(w *world) {
	durable := w.log.Durable()
	kept := b.waiting[:0]
	for _, e := range b.waiting {
		if e.at > durable {
			kept = append(kept, e)
		} else if c := &b.counters[e.counter]; e.value > c.acked {
			c.acked = e.value
		}
	}
	b.waiting = kept
}

// end is the end of the process: who waits gets no reply any more.
func (b *books) end(w *world) {
	b.release(w)
	b.waiting = nil
}

// found looks at the books after a restart.
func (b *books) found(w *world) {
	if !b.on {
		return
	}
	c := w.parties[0]
	c.ask(w.t, "SELECT", strconv.Itoa(booksDB))
	for i := range b.counters {
		one := &b.counters[i]
		text, _ := c.ask(w.t, "GET", fmt.Sprint("counter", i)).(string)
		n, _ := strconv.ParseInt(text, 10, 64)
		if n < one.acked || n > one.issued {
			w.t.Errorf("counter %d is %d: a client has seen %d, the last one issued is %d",
				i, n, one.acked, one.issued)
		}
		*one = counter{issued: n, acked: n}
	}
	if b.begun = c.ask(w.t, "EXISTS", account(0)) == int64(1); b.begun {
		b.sum(w, c)
	}
	c.ask(w.t, "SELECT", "0")
}
