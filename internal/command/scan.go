// SPDX-License-Identifier: Apache-2.0

package command

import (
	"strconv"

	"stampede/internal/glob"
	"stampede/internal/reply"
)

// Scan is what a call of SCAN, HSCAN, SSCAN or ZSCAN asks for.
type Scan struct {
	Pattern []byte // nil: everything
	Count   int64  // about how many elements to look at
	Type    []byte // nil: any; SCAN only
}

const (
	scanCountDefault = 10
	scanStepsPerKey  = 10 // steps taken per wanted element at most, where few match
)

// Cursor reads a cursor as C's strtoul does: an unsigned 64-bit number behind a sign, or
// nothing at all for 0.
func (a *Args) Cursor() uint64 {
	b := a.Bytes()
	if a.err != nil || len(b) == 0 {
		return 0
	}
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	cursor, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil {
		a.Fail(reply.Error("ERR invalid cursor"))
	}
	if negative {
		return -cursor
	}
	return cursor
}

// Scan reads the options behind a cursor; typed says whether TYPE is one of them.
func (a *Args) Scan(typed bool) (s Scan) {
	s.Count = scanCountDefault
	for a.More() {
		switch {
		case a.Left() > 1 && a.Opt("COUNT"):
			if s.Count = a.Int(); a.Err() == nil && s.Count < 1 {
				a.Fail(reply.ErrSyntax)
			}
		case a.Left() > 1 && a.Opt("MATCH"):
			s.Pattern = a.Bytes()
		case typed && a.Left() > 1 && a.Opt("TYPE"):
			s.Type = a.Bytes()
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	return s
}

// Match tells whether an element's name is asked for. Unlike any other pattern, "*" alone is
// never compared, so that it also finds the empty name, as in Redis.
func (s *Scan) Match(name []byte) bool {
	return s.Pattern == nil || string(s.Pattern) == "*" || glob.Match(s.Pattern, name)
}

// Enough tells whether a call that has taken so many steps and found so many elements
// ends here.
func (s *Scan) Enough(steps, found int64) bool {
	return found >= s.Count || steps/scanStepsPerKey >= s.Count
}

// ScanReply answers a scan: the next cursor, and the elements that found holds as n values.
func ScanReply(r *reply.Buffer, next uint64, found *reply.Buffer, n int) {
	r.Array(2)
	r.Text(strconv.FormatUint(next, 10))
	r.Array(n)
	r.B = append(r.B, found.B...)
}

// ScanPairs answers HSCAN and ZSCAN for a collection that is there: it reads the options,
// and lets step visit some pairs at a time and return the next cursor.
func (c *Call) ScanPairs(
	cursor uint64, step func(cursor uint64, visit func(name, value []byte)) (next uint64),
) {
	o := c.Args.Scan(false)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	var found reply.Buffer
	n := 0
	visit := func(name, value []byte) {
		if o.Match(name) {
			found.Bulk(name)
			found.Bulk(value)
			n++
		}
	}
	for steps := int64(0); ; steps++ {
		if cursor = step(cursor, visit); cursor == 0 || o.Enough(steps, int64(n)) {
			break
		}
	}
	ScanReply(c.Reply, cursor, &found, 2*n)
}
