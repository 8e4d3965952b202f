// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"math"
	"slices"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// operation is one of the three, in two ways.
type operation struct {
	visit visiting
	ints  func(lists [][]int64) []int64 // the same for sets of integers; the lists are its own
}

func difference() operation   { return operation{subtract, subtractInts} }
func intersection() operation { return operation{intersect, intersectInts} }
func both() operation         { return operation{unite, uniteInts} }

// visiting visits the members of what it makes of sets, each once, until visit says false:
// views that are good for that long. loose says that Redis builds the result from members
// that need not be in it, so that its encoding may be that of more.
type visiting func(sets []keyspace.Set, visit func(member []byte) bool) (loose bool)

func diff(tx command.Tx, c *command.Call)  { answer(tx, c, difference()) }
func inter(tx command.Tx, c *command.Call) { answer(tx, c, intersection()) }
func union(tx command.Tx, c *command.Call) { answer(tx, c, both()) }

func diffStore(tx command.Tx, c *command.Call)  { store(tx, c, difference(), "sdiffstore") }
func interStore(tx command.Tx, c *command.Call) { store(tx, c, intersection(), "sinterstore") }
func unionStore(tx command.Tx, c *command.Call) { store(tx, c, both(), "sunionstore") }

// readSets looks up the sets under keys.
func readSets(tx command.Tx, c *command.Call, keys [][]byte) ([]keyspace.Set, error) {
	// Looking a key up may remove it because of its deadline. After this nothing changes
	// any more, so the views of all sets are good together.
	for _, key := range keys {
		tx.DB(c.DB, key).Peek(key)
	}
	sets := make([]keyspace.Set, len(keys))
	for i, key := range keys {
		s, err := tx.DB(c.DB, key).ReadSet(key)
		if err != nil {
			return nil, err
		}
		sets[i] = s
	}
	return sets, nil
}

func answer(tx command.Tx, c *command.Call, do operation) {
	sets, err := readSets(tx, c, c.Args.Rest())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if lists, ok := readInts(sets); ok {
		answerInts(c.Reply, do.ints(lists))
		return
	}
	head, n := c.Reply.Len(), 0
	do.visit(sets, func(member []byte) bool {
		c.Reply.Bulk(member)
		n++
		return true
	})
	c.Reply.SetAt(head, n)
}

// store keeps what an operation makes, and tells of it as event.
func store(tx command.Tx, c *command.Call, do operation, event string) {
	dst := c.Args.Bytes()
	sets, err := readSets(tx, c, c.Args.Rest())
	db := tx.DB(c.DB, dst)
	target := db.Peek(dst)
	if err := cmp.Or(err, target.CheckOverwrite()); err != nil {
		c.Reply.Err(err)
		return
	}
	n, had := 0, false
	if lists, ok := readInts(sets); ok {
		ints := do.ints(lists)
		n, had = len(ints), db.Delete(dst)
		s := emptySet(db, dst)
		s.PutInts(ints)
	} else {
		var found gathering
		loose := do.visit(sets, found.take)
		n, had = len(found.ends), db.Delete(dst)
		s := emptySet(db, dst)
		if loose && n > 0 {
			s.Loosen()
		}
		found.each(func(member []byte) { s.Add(member) })
	}
	switch {
	case n > 0:
		if had {
			db.NotNew(dst)
		}
		db.Notify(keyspace.EventSet, event, dst)
	case had:
		db.Notify(keyspace.EventGeneric, "del", dst)
	}
	c.Reply.Int(int64(n))
}

// emptySet is the set under a key that is absent.
func emptySet(db *keyspace.DB, key []byte) keyspace.Set {
	s, err := db.FindSet(key)
	if err != nil {
		panic("set: a removed key is of a wrong type")
	}
	return s
}

// gathering is copies of members.
type gathering struct {
	bytes []byte
	ends  []int
}

func (g *gathering) take(member []byte) bool {
	g.bytes = append(g.bytes, member...)
	g.ends = append(g.ends, len(g.bytes))
	return true
}

func (g *gathering) each(visit func(member []byte)) {
	start := 0
	for _, end := range g.ends {
		visit(g.bytes[start:end])
		start = end
	}
}

// Refusals of SINTERCARD.
const (
	errNumKeys  reply.Error = "ERR numkeys should be greater than 0"
	errManyKeys reply.Error = "ERR Number of keys can't be greater than number of args"
	errLimit    reply.Error = "ERR LIMIT can't be negative"
)

func interCard(tx command.Tx, c *command.Call) {
	n, limit := c.Args.IntOr(errNumKeys), int64(0)
	switch {
	case n < 1:
		c.Args.Fail(errNumKeys)
	case n > int64(c.Args.Left()):
		c.Args.Fail(errManyKeys)
	}
	keys := c.Args.Take(int(min(n, math.MaxInt32)))
	for c.Args.More() {
		if c.Args.Left() < 2 || !c.Args.Opt("LIMIT") {
			c.Args.Fail(reply.ErrSyntax)
		} else {
			limit = c.Args.IntFrom(0, errLimit)
		}
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	sets, err := readSets(tx, c, keys)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if lists, ok := readInts(sets); ok {
		n := int64(len(intersectInts(lists)))
		if limit > 0 {
			n = min(n, limit)
		}
		c.Reply.Int(n)
		return
	}
	common := int64(0)
	intersect(sets, func([]byte) bool {
		common++
		return common != limit
	})
	c.Reply.Int(common)
}

// intersect walks the smallest set.
func intersect(sets []keyspace.Set, visit func(member []byte) bool) (loose bool) {
	slices.SortStableFunc(sets, bySize)
	sets[0].Each(func(member []byte) bool {
		for i := range sets[1:] {
			if !sets[i+1].Has(member) {
				return true
			}
		}
		return visit(member)
	})
	return false
}

func bySize(a, b keyspace.Set) int { return cmp.Compare(a.Len(), b.Len()) }

// searchesMax is in how many sets a member is searched for before it is cheaper to remember
// what was seen.
const searchesMax = 4

// unite walks all sets, and leaves out what was met before.
func unite(sets []keyspace.Set, visit func(member []byte) bool) (loose bool) {
	var seen map[string]struct{}
	if len(sets) > searchesMax {
		seen = make(map[string]struct{})
	}
	for i := range sets {
		sets[i].Each(func(member []byte) bool {
			if seen == nil {
				return hasAny(sets[:i], member) || visit(member)
			}
			if _, again := seen[string(member)]; again {
				return true
			}
			seen[string(member)] = struct{}{}
			return visit(member)
		})
	}
	return false
}

func hasAny(sets []keyspace.Set, member []byte) bool {
	for i := range sets {
		if sets[i].Has(member) {
			return true
		}
	}
	return false
}

// subtract walks the first set and looks for its members in the others, or walks these if
// that is less work.
func subtract(sets []keyspace.Set, visit func(member []byte) bool) (loose bool) {
	first, others, walk := &sets[0], sets[1:], 0
	searches := 0
	for i := range sets {
		if sets[i].Exists() {
			searches += first.Len()
			walk += sets[i].Len()
		}
	}
	if searches/2 <= walk { // as Redis weighs it
		slices.SortStableFunc(others, func(a, b keyspace.Set) int { return bySize(b, a) })
		first.Each(func(member []byte) bool { return hasAny(others, member) || visit(member) })
		return false
	}
	gone := make(map[string]struct{})
	for i := range others {
		others[i].Each(func(member []byte) bool {
			if first.Has(member) {
				gone[string(member)] = struct{}{}
			}
			return true
		})
	}
	first.Each(func(member []byte) bool {
		_, no := gone[string(member)]
		return no || visit(member)
	})
	return !first.FitsInts()
}
