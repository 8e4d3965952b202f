// SPDX-License-Identifier: Apache-2.0

package list

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// search is what LPOS is asked for.
type search struct {
	rank  int64 // of the first match that counts, from 1; negative: from the end
	count int64 // matches that are wanted; 0: all
	many  bool  // COUNT was given: the answer is an array
	most  int64 // elements that are looked at; 0: all
}

const errRankZero reply.Error = "ERR RANK can't be zero: use 1 to start from the first " +
	"match, 2 from the second ... or use negative to start from the end of the list"

func parseSearch(a *command.Args) search {
	s := search{rank: 1, count: 1}
	for a.More() {
		switch {
		case a.Left() > 1 && a.Opt("RANK"):
			s.rank = a.Int()
			if s.rank == math.MinInt64 {
				s.rank = -1 // as in Redis, where it has no opposite
			}
			if s.rank == 0 {
				a.Fail(errRankZero)
			}
		case a.Left() > 1 && a.Opt("COUNT"):
			s.count, s.many = a.IntFrom(0, "ERR COUNT can't be negative"), true
		case a.Left() > 1 && a.Opt("MAXLEN"):
			s.most = a.IntFrom(0, "ERR MAXLEN can't be negative")
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	return s
}

func pos(db *keyspace.DB, c *command.Call) {
	key, element := c.Args.Bytes(), c.Args.Bytes()
	s := parseSearch(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	l, ok := read(db, c, key)
	if !ok {
		return
	}
	start, found := c.Reply.Len(), 0
	s.run(&l, element, func(i int) {
		c.Reply.Int(int64(i))
		found++
	})
	switch {
	case s.many:
		c.Reply.ArrayAt(start, found)
	case found == 0:
		c.Reply.Null()
	}
}

// run calls match with the number of each element that is asked for.
func (s search) run(l *keyspace.List, element []byte, match func(i int)) {
	i, step, skip := 0, 1, s.rank-1
	if s.rank < 0 {
		i, step, skip = l.Len()-1, -1, -s.rank-1
	}
	looked, matches := int64(0), int64(0)
	l.Each(i, s.rank < 0, func(e []byte) bool {
		if string(e) == string(element) {
			if skip > 0 {
				skip--
			} else {
				match(i)
				matches++
			}
		}
		i += step
		looked++
		return looked != s.most && (s.count == 0 || matches < s.count)
	})
}
