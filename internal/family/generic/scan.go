// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"math/rand/v2"
	"strconv"

	"stampede/internal/command"
	"stampede/internal/glob"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

func keys(spaces []*keyspace.Space, c *command.Call) {
	pattern := c.Args.Bytes()
	head, n := c.Reply.Len(), 0
	for _, space := range spaces {
		space.DB(c.DB).Each(func(e keyspace.Entry) {
			if glob.Match(pattern, e.Key()) {
				c.Reply.Bulk(e.Key())
				n++
			}
		})
	}
	c.Reply.ArrayAt(head, n)
}

// randomKey picks the shard by its share of the keys, then a key of it.
func randomKey(spaces []*keyspace.Space, c *command.Call) {
	total := 0
	for _, space := range spaces {
		total += space.DB(c.DB).Len()
	}
	if total == 0 {
		c.Reply.Null()
		return
	}
	pick := rand.IntN(total)
	for i, space := range spaces {
		if pick -= space.DB(c.DB).Len(); pick < 0 {
			answerRandom(spaces[i:], c)
			return
		}
	}
}

// answerRandom takes the first of the spaces in which some live key is found.
func answerRandom(spaces []*keyspace.Space, c *command.Call) {
	for _, space := range spaces {
		if e := space.DB(c.DB).Random(rand.Uint64); e.Exists() {
			c.Reply.Bulk(e.Key())
			return
		}
	}
	c.Reply.Null()
}

// A cursor is the cursor of one shard's table, and the number of the shard in its lowest
// bits.
const (
	shardBits        = 6
	scanCountDefault = 10
	scanStepsPerKey  = 10 // buckets looked at per wanted key at most, if few match
)

type scanOptions struct {
	pattern []byte
	count   int64
	kind    object.Kind
	typed   bool // only keys of kind
}

func parseScanOptions(a *command.Args) (o scanOptions) {
	o.count = scanCountDefault
	for a.More() {
		switch {
		case a.Left() > 1 && a.Opt("COUNT"):
			if o.count = a.Int(); a.Err() == nil && o.count < 1 {
				a.Fail(reply.ErrSyntax)
			}
		case a.Left() > 1 && a.Opt("MATCH"):
			o.pattern = a.Bytes()
		case a.Left() > 1 && a.Opt("TYPE"):
			o.kind, _ = object.ParseKind(string(a.Bytes()))
			o.typed = true
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	return o
}

func (o *scanOptions) match(e *keyspace.Entry) bool {
	return (!o.typed || e.Kind() == o.kind) && (o.pattern == nil || glob.Match(o.pattern, e.Key()))
}

func scan(spaces []*keyspace.Space, c *command.Call) {
	cursor, err := strconv.ParseUint(string(c.Args.Bytes()), 10, 64)
	if err != nil {
		c.Reply.Fail("ERR invalid cursor")
		return
	}
	o := parseScanOptions(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	// The cursor stands before the keys in the reply but is known after them, so the keys
	// are written to a buffer of their own.
	found := reply.Buffer{Proto: c.Reply.Proto}
	n := int64(0)
	visit := func(e keyspace.Entry) {
		if o.match(&e) {
			found.Bulk(e.Key())
			n++
		}
	}
	shard, at := int(cursor&(1<<shardBits-1)), cursor>>shardBits
	for steps := int64(0); shard < len(spaces) && n < o.count && steps/scanStepsPerKey < o.count; steps++ {
		if at = spaces[shard].DB(c.DB).Scan(at, visit); at == 0 {
			shard++
		}
	}
	next := uint64(0)
	if shard < len(spaces) {
		next = at<<shardBits | uint64(shard)
	}
	c.Reply.Array(2)
	c.Reply.Text(strconv.FormatUint(next, 10))
	c.Reply.Array(int(n))
	c.Reply.B = append(c.Reply.B, found.B...)
}
