// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// element is a member with its score, copied out of the keyspace.
type element struct {
	score  float64
	member string
}

// replace puts members under dst, whatever was there before, and tells of it as event. enlarge
// says that Redis knows beforehand how much comes, and chooses the encoding by that.
func replace(db *keyspace.DB, dst []byte, members []element, enlarge bool, event string) {
	had := db.Delete(dst)
	z, err := db.FindZSet(dst)
	if err != nil {
		panic("zset: a removed key is of a wrong type")
	}
	if enlarge {
		longest := 0
		for _, m := range members {
			longest = max(longest, len(m.member))
		}
		z.EnlargeFor(len(members), longest)
	}
	for _, m := range members {
		z.Add(m.score, []byte(m.member))
	}
	switch {
	case z.Exists():
		if had {
			db.NotNew(dst)
		}
		db.Notify(keyspace.EventZSet, event, dst)
	case had:
		db.Notify(keyspace.EventGeneric, "del", dst)
	}
}

// source is one of the sorted sets that are combined, or a set, whose members all have the
// score 1.
type source struct {
	z      keyspace.ZSet
	set    keyspace.Set
	plain  bool // set is meant, not z
	weight float64
}

// readSource looks a source up.
func readSource(db *keyspace.DB, key []byte) (s source, err error) {
	s.weight = 1
	if e := db.Peek(key); e.Kind() == object.Set {
		s.plain = true
		s.set, err = db.ReadSet(key)
	} else {
		s.z, err = db.ReadZSet(key)
	}
	return s, err
}

func (s *source) length() int {
	if s.plain {
		return s.set.Len()
	}
	return s.z.Len()
}

func (s *source) score(member []byte) (score float64, ok bool) {
	if s.plain {
		return 1, s.set.Has(member)
	}
	return s.z.Score(member)
}

func (s *source) each(visit func(member []byte, score float64) bool) {
	if s.plain {
		s.set.Each(func(member []byte) bool { return visit(member, 1) })
		return
	}
	s.z.Each(visit)
}

// operation makes the result of sources. They are in the order of the call.
type operation func(q *combination) []element

// combination is a call that combines sorted sets.
type combination struct {
	sources    []source
	aggregate  func(a, b float64) float64
	withScores bool
	limit      int64 // 0: none
}

// combineForm is what the name of a command fixes.
type combineForm struct {
	do       operation
	weighted bool   // WEIGHTS and AGGREGATE are options
	store    string // the event of the result becoming a sorted set; "": WITHSCORES is an option
	count    bool   // the answer is the number of members, and LIMIT the only option
}

const errLimit reply.Error = "ERR LIMIT can't be negative"

func diff(tx command.Tx, c *command.Call) { combine(tx, c, combineForm{do: difference}) }

func union(tx command.Tx, c *command.Call) {
	combine(tx, c, combineForm{do: unite, weighted: true})
}

func inter(tx command.Tx, c *command.Call) {
	combine(tx, c, combineForm{do: intersect, weighted: true})
}

func interCard(tx command.Tx, c *command.Call) {
	combine(tx, c, combineForm{do: intersect, count: true})
}

func diffStore(tx command.Tx, c *command.Call) {
	combine(tx, c, combineForm{do: difference, store: "zdiffstore"})
}

func interStore(tx command.Tx, c *command.Call) {
	combine(tx, c, combineForm{do: intersect, weighted: true, store: "zinterstore"})
}

func unionStore(tx command.Tx, c *command.Call) {
	combine(tx, c, combineForm{do: unite, weighted: true, store: "zunionstore"})
}

func combine(tx command.Tx, c *command.Call, form combineForm) {
	var dst []byte
	if form.store != "" {
		dst = c.Args.Bytes()
	}
	q := combination{aggregate: sum}
	q.readSources(tx, c)
	form.parse(&c.Args, &q)
	err := c.Args.Err()
	if err == nil && form.store != "" {
		// Only now: the keys of a call that is not well-formed may not be owned.
		e := tx.DB(c.DB, dst).Peek(dst)
		err = e.CheckOverwrite()
	}
	if err != nil {
		c.Reply.Err(err)
		return
	}
	found := form.do(&q)
	switch {
	case form.count:
		c.Reply.Int(int64(len(found)))
	case form.store != "":
		replace(tx.DB(c.DB, dst), dst, found, true, form.store)
		c.Reply.Int(int64(len(found)))
	default:
		announce(c.Reply, len(found), q.withScores)
		for _, m := range found {
			pair(c.Reply, []byte(m.member), m.score, q.withScores)
		}
	}
}

// readSources reads the number of keys and the keys.
func (q *combination) readSources(tx command.Tx, c *command.Call) {
	n := c.Args.Int()
	if n < 1 {
		c.Args.Fail(reply.Error("ERR at least 1 input key is needed for '" + c.Row.Lower + "' command"))
	}
	keys := c.Args.Take(int(min(n, math.MaxInt32)))
	// Looking a key up may remove it because of its deadline. After this nothing changes
	// any more, so the views of all sources are good together.
	for _, key := range keys {
		tx.DB(c.DB, key).Peek(key)
	}
	q.sources = make([]source, len(keys))
	for i, key := range keys {
		s, err := readSource(tx.DB(c.DB, key), key)
		if err != nil {
			c.Args.Fail(err)
			return
		}
		q.sources[i] = s
	}
}

// parse reads the options behind the keys.
func (f combineForm) parse(a *command.Args, q *combination) {
	for a.More() {
		switch {
		case f.weighted && a.Left() > len(q.sources) && a.Opt("WEIGHTS"):
			for i := range q.sources {
				q.sources[i].weight = a.FloatOr("ERR weight value is not a float")
			}
		case f.weighted && a.Left() > 1 && a.Opt("AGGREGATE"):
			q.aggregate = parseAggregate(a)
		case f.store == "" && !f.count && a.Opt("WITHSCORES"):
			q.withScores = true
		case f.count && a.Left() > 1 && a.Opt("LIMIT"):
			q.limit = a.IntFrom(0, errLimit)
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
}

func parseAggregate(a *command.Args) func(a, b float64) float64 {
	switch {
	case a.Opt("SUM"):
		return sum
	case a.Opt("MIN"):
		return lesser
	case a.Opt("MAX"):
		return greater
	}
	a.Fail(reply.ErrSyntax)
	return nil
}

// sum takes the infinities, added, for zero.
func sum(a, b float64) float64 { return number(a + b) }

// lesser and greater keep a where b is no number.
func lesser(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func greater(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// number takes what is no number for zero.
func number(f float64) float64 {
	if f != f {
		return 0
	}
	return f
}

// bySize puts the sources into the order in which Redis combines them, small ones first,
// since sums of floating point numbers depend on it.
func (q *combination) bySize() {
	slices.SortStableFunc(q.sources, func(a, b source) int {
		return cmp.Compare(a.length(), b.length())
	})
}

func unite(q *combination) []element {
	q.bySize()
	largest := q.sources[len(q.sources)-1].length()
	places := make(map[string]int, largest)
	found := make([]element, 0, largest)
	for i := range q.sources {
		weight := q.sources[i].weight
		q.sources[i].each(func(member []byte, score float64) bool {
			score = number(score * weight)
			if place, ok := places[string(member)]; ok {
				found[place].score = q.aggregate(found[place].score, score)
				return true
			}
			name := string(member)
			places[name] = len(found)
			found = append(found, element{score, name})
			return true
		})
	}
	return inOrder(found)
}

func intersect(q *combination) []element {
	q.bySize()
	var found []element
	q.sources[0].each(func(member []byte, score float64) bool {
		score = number(score * q.sources[0].weight)
		for i := range q.sources[1:] {
			other := &q.sources[i+1]
			value, ok := other.score(member)
			if !ok {
				return true
			}
			score = q.aggregate(score, value*other.weight)
		}
		found = append(found, element{score, string(member)})
		return q.limit == 0 || int64(len(found)) < q.limit
	})
	return inOrder(found)
}

func difference(q *combination) []element {
	var found []element
	q.sources[0].each(func(member []byte, score float64) bool {
		for i := range q.sources[1:] {
			if _, ok := q.sources[i+1].score(member); ok {
				return true
			}
		}
		found = append(found, element{score, string(member)})
		return true
	})
	return inOrder(found)
}

// inOrder sorts members as a sorted set does.
func inOrder(members []element) []element {
	slices.SortFunc(members, func(a, b element) int {
		if order := cmp.Compare(a.score, b.score); order != 0 {
			return order
		}
		return strings.Compare(a.member, b.member)
	})
	return members
}
