// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"bytes"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// sortOptions is what a call of SORT wants.
type sortOptions struct {
	key        []byte
	by         []byte // pattern of what is compared instead of the elements; nil: none
	gets       [][]byte
	store      []byte // nil: the result is answered
	offset     int64
	count      int64 // negative: all
	unsorted   bool
	alpha      bool
	descending bool
}

const errNotWeight reply.Error = "ERR One or more scores can't be converted into double"

func sortKey(tx command.Tx, c *command.Call)   { sortBy(tx, c, true) }
func sortKeyRO(tx command.Tx, c *command.Call) { sortBy(tx, c, false) }

// sortRoams tells of a call of SORT whether it looks at keys that it makes of patterns.
func sortRoams(argv [][]byte) bool {
	for at := 2; at+1 < len(argv); at++ {
		if command.EqualFold(argv[at], "BY") || command.EqualFold(argv[at], "GET") {
			if at++; star(argv[at]) >= 0 {
				return true
			}
		} else if command.EqualFold(argv[at], "LIMIT") {
			at += 2
		} else if command.EqualFold(argv[at], "STORE") {
			at++
		}
	}
	return false
}

// sortKeys finds the key to sort, and the last one behind a STORE.
func sortKeys(argv [][]byte, dst []int) ([]int, error) {
	dst, store := append(dst, 1), 0
	for at := 2; at < len(argv); at++ {
		switch {
		case command.EqualFold(argv[at], "LIMIT"):
			at += 2
		case command.EqualFold(argv[at], "BY"), command.EqualFold(argv[at], "GET"):
			at++
		case command.EqualFold(argv[at], "STORE") && at+1 < len(argv):
			at++
			store = at
		}
	}
	if store > 0 {
		dst = append(dst, store)
	}
	return dst, nil
}

func sortKeysRO(_ [][]byte, dst []int) ([]int, error) { return append(dst, 1), nil }

func readSortOptions(args *command.Args, mayStore bool) (o sortOptions) {
	o.key, o.count = args.Bytes(), -1
	for args.More() {
		switch {
		case args.Opt("ASC"):
			o.descending = false
		case args.Opt("DESC"):
			o.descending = true
		case args.Opt("ALPHA"):
			o.alpha = true
		case args.Left() > 2 && args.Opt("LIMIT"):
			o.offset, o.count = args.Int(), args.Int()
		case args.Left() > 1 && mayStore && args.Opt("STORE"):
			o.store = args.Bytes()
		case args.Left() > 1 && args.Opt("BY"):
			o.by = args.Bytes()
			o.unsorted = o.unsorted || star(o.by) < 0
		case args.Left() > 1 && args.Opt("GET"):
			o.gets = append(o.gets, args.Bytes())
		default:
			args.Fail(reply.ErrSyntax)
		}
	}
	return o
}

func sortBy(tx command.Tx, c *command.Call, mayStore bool) {
	o := readSortOptions(&c.Args, mayStore)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	s := sorter{tx: tx, db: c.DB, o: &o, inScript: c.InScript}
	if err := s.load(); err != nil {
		c.Reply.Err(err)
		return
	}
	if !s.weigh() {
		c.Reply.Fail(errNotWeight)
		return
	}
	s.sort()
	if o.store != nil {
		s.keep(c)
		return
	}
	s.answer(c.Reply)
}

// load copies the elements under the key, since a look at another key may change the shard.
func (s *sorter) load() error {
	db := s.tx.DB(s.db, s.o.key)
	e := db.Read(s.o.key)
	switch e.Kind() {
	case object.None:
	case object.List:
		l, err := db.FindList(s.o.key)
		if err != nil {
			return err
		}
		s.bound(l.Len())
		l.Each(0, false, s.take)
	case object.Set:
		set, err := db.FindSet(s.o.key)
		if err != nil {
			return err
		}
		s.bound(set.Len())
		set.Each(s.take)
		s.settleSet()
	case object.ZSet:
		z, err := db.FindZSet(s.o.key)
		if err != nil {
			return err
		}
		s.bound(z.Len())
		z.Each(func(member []byte, _ float64) bool { return s.take(member) })
	default:
		return reply.ErrWrongType
	}
	s.cut()
	return nil
}

// settleSet sorts a set by its members if it is to be stored, or a script sees it, unsorted:
// then the order must be the same everywhere.
func (s *sorter) settleSet() {
	if s.o.unsorted && (s.o.store != nil || s.inScript) {
		s.o.unsorted, s.o.alpha, s.o.by = false, true, nil
	}
	s.orderless = true
}

// lookUp is what a pattern stands for with an element in place of its "*": the string under a
// key, or a field of a hash if the pattern has one behind "->". The value is a view.
func (s *sorter) lookUp(pattern, element []byte) (value []byte, ok bool) {
	if string(pattern) == "#" {
		return element, true
	}
	at := star(pattern)
	if at < 0 {
		return nil, false
	}
	tail, field := pattern[at+1:], []byte(nil)
	if arrow := bytes.Index(tail, []byte("->")); arrow >= 0 && arrow+2 < len(tail) {
		tail, field = tail[:arrow], tail[arrow+2:]
	}
	s.name = append(append(append(s.name[:0], pattern[:at]...), element...), tail...)
	db := s.tx.DB(s.db, s.name)
	if field == nil {
		e := db.Read(s.name)
		if e.Kind() != object.String {
			return nil, false
		}
		return e.Text(), true
	}
	h, err := db.ReadHash(s.name)
	if err != nil {
		return nil, false
	}
	return h.Get(field)
}

// star is where the "*" of a pattern stands, up to a zero byte; negative if nowhere.
func star(pattern []byte) int {
	if end := bytes.IndexByte(pattern, 0); end >= 0 {
		pattern = pattern[:end]
	}
	return bytes.IndexByte(pattern, '*')
}

// answer gives the elements, or what was asked for in their place.
func (s *sorter) answer(r *reply.Buffer) {
	r.Array(len(s.items) * max(1, len(s.o.gets)))
	s.each(func(value []byte, ok bool) {
		if ok {
			r.Bulk(value)
		} else {
			r.Null()
		}
	})
}

// each visits what the result is made of.
func (s *sorter) each(visit func(value []byte, ok bool)) {
	for i := range s.items {
		if len(s.o.gets) == 0 {
			visit(s.items[i].element, true)
		}
		for _, pattern := range s.o.gets {
			visit(s.lookUp(pattern, s.items[i].element))
		}
	}
}

// keep lets the result be a list under a key; an empty one removes it.
func (s *sorter) keep(c *command.Call) {
	db := s.tx.DB(c.DB, s.o.store)
	if !mayPut(db, c, s.o.store) {
		return
	}
	result := make([][]byte, 0, len(s.items)*max(1, len(s.o.gets)))
	s.each(func(value []byte, _ bool) { result = append(result, bytes.Clone(value)) })
	had := db.Delete(s.o.store)
	if len(result) > 0 {
		l, err := db.FindList(s.o.store)
		if err != nil {
			panic("generic: a removed key is of a wrong type")
		}
		l.Push(false, result...)
		if had {
			db.NotNew(s.o.store)
		}
		db.Notify(keyspace.EventList, "sortstore", s.o.store)
	} else if had {
		db.Notify(keyspace.EventGeneric, "del", s.o.store)
	}
	c.Reply.Int(int64(len(result)))
}
