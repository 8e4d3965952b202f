// SPDX-License-Identifier: Apache-2.0

package str

import (
	"stampede/internal/command"
	"stampede/internal/object"
	"stampede/internal/reply"
)

type lcsOptions struct {
	onlyLen, index, withLen bool
	minLen                  int64
}

func parseLCSOptions(a *command.Args) (o lcsOptions) {
	for a.More() {
		switch {
		case a.Opt("IDX"):
			o.index = true
		case a.Opt("LEN"):
			o.onlyLen = true
		case a.Opt("WITHMATCHLEN"):
			o.withLen = true
		case a.Left() > 1 && a.Opt("MINMATCHLEN"):
			o.minLen = max(a.Int(), 0)
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	if o.index && o.onlyLen {
		a.Fail(reply.Error("ERR If you want both the length and indexes, please just use IDX."))
	}
	return o
}

func lcs(tx command.Tx, c *command.Call) {
	keyA, keyB := c.Args.Bytes(), c.Args.Bytes()
	entryA, entryB := tx.DB(c.DB, keyA).Read(keyA), tx.DB(c.DB, keyB).Read(keyB)
	if entryA.Kind() > object.String || entryB.Kind() > object.String {
		c.Reply.Fail("ERR The specified keys must contain string values")
		return
	}
	o := parseLCSOptions(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	a, b := entryA.AppendText(nil), entryB.AppendText(nil)
	if cells := (len(a) + 1) * (len(b) + 1); cells > entryLimit(tx, c, keyA)/cellBytes {
		c.Reply.Fail("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	lengths := lcsLengths(a, b)
	switch {
	case o.onlyLen:
		c.Reply.Int(int64(lengths.at(len(a), len(b))))
	case o.index:
		replyMatches(c.Reply, o, lengths, a, b)
	default:
		c.Reply.Bulk(lengths.text(a, b))
	}
}

const cellBytes = 4

func entryLimit(tx command.Tx, c *command.Call, key []byte) int {
	return tx.DB(c.DB, key).Space().Limits.StringBytesMax
}

// grid holds the length of the longest common subsequence of the first i bytes of one
// string and the first j of another.
type grid struct {
	width int
	cells []uint32
}

func (g *grid) at(i, j int) uint32 { return g.cells[i*g.width+j] }

// lcsLengths fills the grid. Cost: O(len(a)·len(b)), time and memory.
func lcsLengths(a, b []byte) *grid {
	g := &grid{width: len(b) + 1, cells: make([]uint32, (len(a)+1)*(len(b)+1))}
	for i := 1; i <= len(a); i++ {
		row, above := g.cells[i*g.width:][:g.width], g.cells[(i-1)*g.width:][:g.width]
		for j := 1; j <= len(b); j++ {
			if a[i-1] == b[j-1] {
				row[j] = above[j-1] + 1
			} else {
				row[j] = max(above[j], row[j-1])
			}
		}
	}
	return g
}

// walk goes through the matching bytes from the end to the beginning.
func (g *grid) walk(a, b []byte, match func(i, j int)) {
	for i, j := len(a), len(b); i > 0 && j > 0; {
		switch {
		case a[i-1] == b[j-1]:
			i, j = i-1, j-1
			match(i, j)
		case g.at(i-1, j) > g.at(i, j-1):
			i--
		default:
			j--
		}
	}
}

func (g *grid) text(a, b []byte) []byte {
	text := make([]byte, g.at(len(a), len(b)))
	at := len(text)
	g.walk(a, b, func(i, _ int) {
		at--
		text[at] = a[i]
	})
	return text
}

// replyMatches gives the runs of matching bytes, last run first, and the whole length.
func replyMatches(r *reply.Buffer, o lcsOptions, g *grid, a, b []byte) {
	r.Map(2)
	r.Text("matches")
	head, runs := r.Len(), 0
	var startA, startB, length int
	flush := func() {
		if length == 0 || int64(length) < o.minLen {
			return
		}
		runs++
		replyRun(r, o, startA, startB, length)
	}
	g.walk(a, b, func(i, j int) {
		if length > 0 && i == startA-1 && j == startB-1 {
			startA, startB, length = i, j, length+1
			return
		}
		flush()
		startA, startB, length = i, j, 1
	})
	flush()
	r.ArrayAt(head, runs)
	r.Text("len")
	r.Int(int64(g.at(len(a), len(b))))
}

func replyRun(r *reply.Buffer, o lcsOptions, startA, startB, length int) {
	if o.withLen {
		r.Array(3)
	} else {
		r.Array(2)
	}
	for _, start := range [2]int{startA, startB} {
		r.Array(2)
		r.Int(int64(start))
		r.Int(int64(start + length - 1))
	}
	if o.withLen {
		r.Int(int64(length))
	}
}
