// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"
	"errors"

	"stampede/internal/container/arena"
	"stampede/internal/object"
	"stampede/internal/rdb"
)

// Cut is the keys of a Space as they were at one moment, handed out in steps between which
// the Space changes: a snapshot without a copy of the memory.
//
// A bit in each key's block, its phase, tells whether the key has been handed out. Beginning
// a cut turns the phase of the Space round, so that every key differs from it; what is
// handed out, changed or new has the phase of the Space. A key that is about to change is
// handed out first, so a cut costs a write at most one key's bytes. A large collection is
// handed out in steps of its own, by the same trick on its elements.
//
// A key whose deadline has passed is handed out as long as it is there: what the journal says
// afterwards builds on it.
//
// A Cut belongs to whoever owns the shard, as its Space does.
type Cut struct {
	space *Space
	dbs   [Databases]*DB // as they were numbered then

	place
	ahead []arena.Ref // what is walked over together

	out   []byte  // whole records that nobody has taken yet
	outDB int     // database of the last record in out; -1: none
	open  []*part // large collections that have begun
	lost  bool
	mute  bool // nobody wants what is handed out

	// JSONAsString lets documents be handed out as strings that hold their text, which
	// servers without a module read. It is set before the first step.
	JSONAsString bool

	// Keys is how many keys have been handed out, and Modules how many of them as values of
	// a module.
	Keys, Modules int64

	// Timed is how many of them were hashes some of whose fields have deadlines: a form that
	// only Redis from 7.4 on reads.
	Timed int64
}

// place is how far a walk has come.
type place struct {
	db     int    // the database that is walked
	cursor uint64 // in its table
	walked bool
}

// part is a large collection that is handed out.
type part struct {
	big   object.Big
	bytes []byte // of its record, what nobody has taken yet
	each  int    // bytes that its elements take, as those of the last step did
}

// ErrCutLost ends a cut whose keys were flushed before they were handed out.
var ErrCutLost = errors.New("keyspace: the keys were flushed while they were handed out")

// Limits of a step.
const (
	// While more than cutOutMax bytes wait behind a large collection, steps are cutHurry times
	// as large.
	cutOutMax = 64 << 20
	cutHurry  = 64

	cutElementsMax = 2000 // of a large collection that are looked at in one go
	cutElementMin  = 32   // bytes that one takes, at least
	cutElementSeen = 16   // bytes that one counts which was handed out before
	cutElementNew  = 1024 // bytes that are expected of the first
)

// BeginCut begins to hand out the keys as they are now. [Cut.Step] must be called until
// there is no more; no other cut may be under way.
func (s *Space) BeginCut() *Cut {
	c := &Cut{space: s, dbs: s.dbs, outDB: -1, out: s.appendLocks(nil)}
	s.phase ^= phaseFlag
	s.cut = c
	return c
}

// loseCut must come before the keys of a database vanish without [Entry.saveFirst].
func (s *Space) loseCut() {
	if c := s.cut; c != nil {
		c.lost = true
		c.cursor = 0 // the table may be another one soon; going over it again does no harm
		c.Discard()
	}
}

// forgetParts must come before the arena is emptied.
func (s *Space) forgetParts() {
	if c := s.cut; c != nil {
		c.open = nil
	}
}

// Discard lets the rest of the steps hand out nothing. They have to be made nevertheless:
// every key must get the phase of the Space.
func (c *Cut) Discard() {
	c.mute = true
	c.out, c.outDB = nil, -1
	for _, p := range c.open {
		p.bytes = nil
	}
}

// saveFirst must come before every change of a key that is there.
func (e *Entry) saveFirst() {
	if c := e.db.space.cut; c != nil && e.Exists() {
		c.save(e, c.databaseOf(e.db))
	}
}

// databaseOf is the number that db had at the moment of the cut.
func (c *Cut) databaseOf(db *DB) int {
	for i, one := range c.dbs {
		if one == db {
			return i
		}
	}
	panic("keyspace: a database that a cut does not know")
}

// save hands a key out, once.
func (c *Cut) save(e *Entry, db int) {
	meta := e.meta()
	if meta&phaseFlag == c.space.phase {
		return
	}
	e.setMeta(meta ^ phaseFlag)
	if c.mute {
		return
	}
	c.Keys++
	text := c.JSONAsString && e.kind == object.JSON
	if !text && e.rdbType() == rdb.TypeModule {
		c.Modules++
	}
	if e.kind == object.Hash && e.fieldsFromMs() != 0 {
		c.Timed++
	}
	if e.form == formBig {
		c.begin(e, db)
		return
	}
	if db != c.outDB {
		c.out, c.outDB = rdb.AppendSelectDB(c.out, db), db
	}
	if text {
		c.out = rdb.AppendKey(c.out, rdb.TypeString, e.Key(), e.DeadlineMs())
		c.out = rdb.AppendText(c.out, e.jsonText())
		return
	}
	c.out = rdb.AppendKey(c.out, e.rdbType(), e.Key(), e.DeadlineMs())
	c.out = e.appendSmall(c.out)
}

// begin begins to hand a large collection out.
func (c *Cut) begin(e *Entry, db int) {
	p := &part{big: e.big(), each: cutElementNew}
	kind, fromMs := e.kind, e.fieldsFromMs()
	p.bytes = rdb.AppendSelectDB(nil, db)
	p.bytes = rdb.AppendKey(p.bytes, e.rdbType(), e.Key(), e.DeadlineMs())
	p.bytes = appendBegin(p.bytes, p.big, fromMs)
	c.open = append(c.open, p)
	p.big.BeginSave(func(member, value []byte, score float64) {
		if !c.mute {
			p.bytes = appendElement(p.bytes, kind, member, value, score, fromMs)
		}
	})
}

// Waiting is how many bytes wait until a large collection has been handed out: memory that
// grows with every change meanwhile.
func (c *Cut) Waiting() int { return len(c.out) }

// Step appends the next bytes to dst, whose memory it may take in exchange: records of keys as
// RDB has them, about n bytes of them. They belong together with those of the steps before and
// after it while inside is set: nothing of another Space may come between. more is false behind
// the last step. Cost: O(n) and at most a few milliseconds.
func (c *Cut) Step(dst []byte, n int) (out []byte, inside, more bool, err error) {
	if c.lost {
		err = ErrCutLost
	}
	switch {
	case len(c.open) > 0:
		dst, inside = c.stepPart(dst, n)
	case c.walked && len(c.out) == 0:
		c.space.cut = nil
		return dst, false, false, err
	default:
		c.walk(n)
		if len(dst) == 0 {
			dst, c.out = c.out, dst // there may be much of it
		} else {
			dst = append(dst, c.out...)
		}
		c.out, c.outDB = c.out[:0], -1
	}
	return dst, inside, true, err
}

// stepPart goes on with the first of the large collections that have begun.
func (c *Cut) stepPart(dst []byte, n int) (out []byte, inside bool) {
	if len(c.out) > cutOutMax {
		n *= cutHurry
	}
	p := c.open[0]
	for spent := 0; spent < n; {
		elements := min(max((n-spent)/p.each, 1), cutElementsMax)
		done := p.big.SaveStep(elements)
		spent += max(len(p.bytes), elements*cutElementSeen)
		p.each = max(len(p.bytes)/elements, cutElementMin)
		dst = append(dst, p.bytes...)
		p.bytes = p.bytes[:0]
		if done {
			if !c.mute {
				dst = appendEnd(dst, p.big.Kind())
			}
			c.open = c.open[1:]
			return dst, false
		}
	}
	return dst, true
}

// walk visits keys until about n bytes wait, or a large collection has begun.
func (c *Cut) walk(n int) {
	for looked := 0; !c.walked && len(c.out) < n && looked < n && len(c.open) == 0; {
		at := c.place
		db := c.dbs[at.db]
		for _, ref := range c.collect(db) {
			if len(c.open) > 0 {
				c.place = at // what is left is found again
				return
			}
			e := db.at(ref)
			c.save(&e, at.db)
		}
		looked += cutKeyBytes * len(c.ahead)
	}
}

// collect goes over some keys of a database. It reads the beginning of each of their blocks, so
// that the processor waits for many lines of memory at once, and gives those that have not
// been handed out.
func (c *Cut) collect(db *DB) []arena.Ref {
	c.ahead = c.ahead[:0]
	visit := func(ref uint32) { c.ahead = append(c.ahead, arena.Ref(ref)) }
	for len(c.ahead) < cutAhead {
		if c.cursor = db.keys.Scan(c.cursor, visit); c.cursor == 0 {
			c.db++
			c.walked = c.db == Databases
			break
		}
	}
	due := c.ahead[:0]
	for _, ref := range c.ahead {
		meta := binary.LittleEndian.Uint32(db.space.arena.Bytes(ref, blockMin))
		if meta&phaseFlag != db.space.phase {
			due = append(due, ref)
		}
	}
	return due
}

// cutKeyBytes is what a key counts that was handed out before, or that nobody wants, and
// cutAhead how many are looked at together.
const (
	cutKeyBytes = 16
	cutAhead    = 32
)
