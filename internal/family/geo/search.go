// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"cmp"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const errMember reply.Error = "ERR could not decode requested zset member"

// form is what the name of a command fixes.
type form struct {
	search bool // GEOSEARCH and GEOSEARCHSTORE: the shape is among the options
	store  bool // GEOSEARCHSTORE: the target comes first
	member bool // the center is a member
	fixed  bool // no STORE among the options
}

func find(tx command.Tx, c *command.Call)      { search(tx, c, form{search: true, fixed: true}) }
func findStore(tx command.Tx, c *command.Call) { search(tx, c, form{search: true, store: true}) }

func radiusOfPlace(tx command.Tx, c *command.Call)   { search(tx, c, form{}) }
func radiusOfPlaceRO(tx command.Tx, c *command.Call) { search(tx, c, form{fixed: true}) }
func radiusOfMember(tx command.Tx, c *command.Call)  { search(tx, c, form{member: true}) }
func radiusOfMemberRO(tx command.Tx, c *command.Call) {
	search(tx, c, form{member: true, fixed: true})
}

// query is a call that searches.
type query struct {
	form    form
	z       keyspace.ZSet
	shape   shape
	options options
	target  []byte // where the result is kept; nil: it is the answer
}

// options of a search.
type options struct {
	coordinates, distances, hashes bool // WITHCOORD, WITHDIST, WITHHASH
	order                          int  // 1: ASC, -1: DESC, 0: as found
	count                          int64
	any                            bool
	keepDistance                   bool // STOREDIST
	fromMember, fromPlace          bool
	byRadius, byBox                bool
}

func search(tx command.Tx, c *command.Call, f form) {
	q := query{form: f}
	if f.store {
		q.target = c.Args.Bytes()
	}
	key := c.Args.Bytes()
	db := tx.DB(c.DB, key)
	var err error
	if q.z, err = db.ReadZSet(key); err != nil {
		c.Reply.Err(err)
		return
	}
	q.parse(&c.Args)
	if err := cmp.Or(c.Args.Err(), q.conflict(c)); err != nil {
		c.Reply.Err(err)
		return
	}
	var found []hit
	if q.z.Exists() {
		found = q.find()
	}
	if q.target != nil {
		q.store(tx.DB(c.DB, q.target), c, found)
		return
	}
	q.answer(c.Reply, found)
}

// parse reads what stands behind the key.
func (q *query) parse(a *command.Args) {
	switch {
	case q.form.search:
	case q.form.member:
		q.center(a)
		if distance := a.Take(2); q.z.Exists() {
			q.parseRadius(a, distance)
		}
	default:
		q.shape.center = parsePlace(a)
		q.parseRadius(a, a.Take(2))
	}
	for a.More() {
		if !q.parseOption(a) && !(q.form.search && q.parseShape(a)) {
			a.Fail(reply.ErrSyntax)
		}
	}
}

// center reads a member that is the center.
func (q *query) center(a *command.Args) {
	member := a.Bytes()
	if !q.z.Exists() {
		return
	}
	score, ok := q.z.Score(member)
	if !ok {
		a.Fail(errMember)
	}
	q.shape.center = placeOf(score)
}

// parseLength reads a length that must not be negative.
func parseLength(a *command.Args, failure, negative reply.Error) float64 {
	length := a.FloatOr(failure)
	if length < 0 {
		a.Fail(negative)
	}
	return length
}

// parseRadius reads the radius and its unit from two arguments. The failure goes to a.
func (q *query) parseRadius(a *command.Args, words [][]byte) {
	if a.Err() != nil {
		return
	}
	r := command.NewArgs(words)
	q.shape.radius = parseLength(&r, "ERR need numeric radius", "ERR radius cannot be negative")
	q.shape.unit = parseUnit(&r)
	if r.Err() != nil {
		a.Fail(r.Err())
	}
}

// parseOption reads an option that all searches have, or those of the same form.
func (q *query) parseOption(a *command.Args) bool {
	o := &q.options
	storing := !q.form.search && !q.form.fixed && a.Left() > 1
	switch {
	case a.Opt("WITHDIST"):
		o.distances = true
	case a.Opt("WITHHASH"):
		o.hashes = true
	case a.Opt("WITHCOORD"):
		o.coordinates = true
	case a.Opt("ANY"):
		o.any = true
	case a.Opt("ASC"):
		o.order = 1
	case a.Opt("DESC"):
		o.order = -1
	case a.Left() > 1 && a.Opt("COUNT"):
		if o.count = a.Int(); o.count <= 0 {
			a.Fail(reply.Error("ERR COUNT must be > 0"))
		}
	case storing && a.Opt("STORE"):
		q.target, o.keepDistance = a.Bytes(), false
	case storing && a.Opt("STOREDIST"):
		q.target, o.keepDistance = a.Bytes(), true
	case q.form.store && a.Opt("STOREDIST"):
		o.keepDistance = true
	default:
		return false
	}
	return true
}

// parseShape reads a part of the shape.
func (q *query) parseShape(a *command.Args) bool {
	o, left := &q.options, a.Left()
	switch {
	case left > 1 && !o.fromPlace && a.Opt("FROMMEMBER"):
		q.center(a)
		o.fromMember = true
	case left > 2 && !o.fromMember && a.Opt("FROMLONLAT"):
		q.shape.center = parsePlace(a)
		o.fromPlace = true
	case left > 2 && !o.byBox && a.Opt("BYRADIUS"):
		q.parseRadius(a, a.Take(2))
		o.byRadius = true
	case left > 3 && !o.byRadius && a.Opt("BYBOX"):
		const negative = "ERR height or width cannot be negative"
		width := a.FloatOr("ERR need numeric width")
		height := a.FloatOr("ERR need numeric height")
		if width < 0 || height < 0 {
			a.Fail(reply.Error(negative))
		}
		q.shape.width, q.shape.height, q.shape.unit = width, height, parseUnit(a)
		q.shape.box, o.byBox = true, true
	default:
		return false
	}
	return true
}

// conflict is what is wrong with the options together.
func (q *query) conflict(c *command.Call) error {
	o := &q.options
	switch {
	case q.target != nil && (o.distances || o.hashes || o.coordinates):
		who := "STORE option in GEORADIUS"
		if q.form.store {
			who = "GEOSEARCHSTORE"
		}
		return reply.Error("ERR " + who +
			" is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case q.form.search && !o.fromMember && !o.fromPlace:
		return reply.Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " +
			string(c.Argv[0]))
	case q.form.search && !o.byRadius && !o.byBox:
		return reply.Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " +
			string(c.Argv[0]))
	case o.any && o.count == 0:
		return reply.Error("ERR the ANY argument requires COUNT argument")
	}
	return nil
}

// hit is a member that was found, copied out of the keyspace.
type hit struct {
	member string
	score  float64
	place  place
	metres float64
}

// find gives the members in the shape, in order and not more than wanted.
func (q *query) find() []hit {
	var found []hit
	for _, c := range q.shape.cells() {
		if q.full(found) {
			break
		}
		found = q.searchCell(found, c)
	}
	o := &q.options
	order := o.order
	if order == 0 && o.count > 0 && !o.any {
		order = 1
	}
	wanted := len(found)
	if o.count > 0 && int64(wanted) > o.count {
		wanted = int(o.count)
	}
	if order != 0 {
		sortHits(found, order, wanted)
	}
	return found[:wanted]
}

// full tells whether ANY has enough.
func (q *query) full(found []hit) bool {
	return q.options.any && int64(len(found)) >= q.options.count
}

func (q *query) searchCell(found []hit, c cell) []hit {
	low, high := c.scores()
	first, n := q.z.RangeByScore(keyspace.ScoreRange{Min: low, Max: high, MaxOpen: true})
	if n == 0 {
		return found
	}
	for at := q.z.At(first); n > 0; n-- {
		score := at.Score()
		p := placeOf(score)
		if metres, inside := q.shape.distance(p); inside {
			found = append(found, hit{string(at.Member()), score, p, metres})
			if q.full(found) {
				break
			}
		}
		at.Next()
	}
	return found
}

// answer writes what was found.
func (q *query) answer(r *reply.Buffer, found []hit) {
	o := &q.options
	parts := 1
	for _, with := range [...]bool{o.distances, o.hashes, o.coordinates} {
		if with {
			parts++
		}
	}
	r.Array(len(found))
	for i := range found {
		h := &found[i]
		if parts > 1 {
			r.Array(parts)
		}
		r.Text(h.member)
		if o.distances {
			writeDistance(r, h.metres/q.shape.unit)
		}
		if o.hashes {
			r.Int(int64(h.score))
		}
		if o.coordinates {
			writePlace(r, h.place)
		}
	}
}

// store keeps what was found in the place of whatever the target was.
func (q *query) store(db *keyspace.DB, c *command.Call, found []hit) {
	e := db.Find(q.target)
	if err := e.CheckOverwrite(); err != nil {
		c.Reply.Err(err)
		return
	}
	had := e.Exists()
	if had {
		e.Remove()
	}
	z, err := db.FindZSet(q.target)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	longest := 0
	for i := range found {
		longest = max(longest, len(found[i].member))
	}
	if len(found) > 0 {
		z.EnlargeFor(len(found), longest)
	}
	for i := range found {
		score := found[i].score
		if q.options.keepDistance {
			score = found[i].metres / q.shape.unit
		}
		z.Add(score, []byte(found[i].member))
	}
	event := "georadiusstore"
	if q.form.search {
		event = "geosearchstore"
	}
	switch {
	case z.Exists():
		if had {
			db.NotNew(q.target)
		}
		db.Notify(keyspace.EventZSet, event, q.target)
	case had:
		db.Notify(keyspace.EventGeneric, "del", q.target)
	}
	c.Reply.Int(int64(len(found)))
}
