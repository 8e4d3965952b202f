// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"strconv"
	"strings"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	rules "stampede/internal/stock"
)

// figure is a number with its name.
type figure struct {
	name string
	n    int64
}

func figures(r *reply.Buffer, list []figure) {
	for _, f := range list {
		r.Text(f.name)
		r.Int(f.n)
	}
}

func info(db *keyspace.DB, c *command.Call) {
	s, ok := look(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	sums, terms := s.Sums(), s.Look().Terms()
	state := "open"
	switch {
	case sums.ClosedMs != 0:
		state = "closed"
	case c.NowMs < terms.FromMs:
		state = "not-open"
	}
	list := []figure{
		{"units", sums.Units}, {"free", sums.Free}, {"held", sums.Held}, {"sold", sums.Sold},
		{"holds-held", sums.HeldHolds}, {"holds-sold", sums.SoldHolds},
		{"holds-expired", sums.ExpiredHolds}, {"holds-released", sums.ReleasedHolds},
		{"refusals", sums.Refusals}, {"fence", sums.Fence},
		{"limit", terms.PerBuyer}, {"hold-ms", terms.HoldMs}, {"holdmax-ms", terms.HoldMaxMs},
		{"from-ms", terms.FromMs}, {"until-ms", terms.UntilMs},
		{"opened-ms", sums.OpenedMs}, {"changed-ms", sums.ChangedMs},
		{"closed-ms", sums.ClosedMs}, {"next-deadline-ms", sums.NextDeadlineMs},
	}
	c.Reply.Map(len(list) + 1)
	c.Reply.Text("state")
	c.Reply.Text(state)
	figures(c.Reply, list)
}

func get(db *keyspace.DB, c *command.Call) {
	key, id := c.Args.Bytes(), c.Args.Bytes()
	s, ok := look(db, c, key)
	if !ok || !named(c, id) {
		return
	}
	if h, known := s.Find(id); known {
		tellHold(c.Reply, &h)
	} else {
		c.Reply.Null()
	}
}

// tellHold writes all that is known of an id.
func tellHold(r *reply.Buffer, h *rules.Hold) {
	list := []figure{{"units", h.Units}}
	if h.State.Refused() {
		list = append(list, figure{"at-ms", h.HeldMs}, figure{"for-ms", h.ForMs})
	} else {
		list = append(list, figure{"fence", h.Fence}, figure{"at-ms", h.HeldMs},
			figure{"for-ms", h.ForMs}, figure{"end-ms", h.EndMs})
	}
	r.Map(len(list) + 3)
	r.Text("id")
	r.Bulk(h.ID)
	r.Text("buyer")
	r.Bulk(h.Buyer)
	r.Text("state")
	r.Text(h.State.String())
	figures(r, list)
}

// scanStepsPerHold is how many steps a call of STOCK.SCAN takes at most for each hold that is
// wanted, where few have the state.
const scanStepsPerHold = 10

func scan(db *keyspace.DB, c *command.Call) {
	key, cursor := c.Args.Bytes(), c.Args.Cursor()
	count, state := readScan(&c.Args)
	s, ok := look(db, c, key)
	if !ok {
		return
	}
	r, n := c.Reply, int64(0)
	// The cursor stands before the holds, and is known when they have been written.
	var holds reply.Buffer
	holds.Proto = r.Proto
	for steps := int64(0); steps < scanStepsPerHold*count; steps++ {
		cursor = s.Look().Scan(c.NowMs, cursor, func(h rules.Hold) {
			if state == "" || h.State.String() == state {
				tellHold(&holds, &h)
				n++
			}
		})
		if cursor == 0 || n >= count {
			break
		}
	}
	r.Array(2)
	r.Text(strconv.FormatUint(cursor, 10))
	r.Array(int(n))
	r.B = append(r.B, holds.B...)
}

// Of COUNT.
const (
	scanCount    = 10
	scanCountMax = 10000
)

const errState reply.Error = "ERR STATE is one of HELD, SOLD, EXPIRED, RELEASED, SOLD_OUT, " +
	"ALL_HELD, TOO_FEW, LIMIT, NOT_OPEN, CLOSED, ELSEWHERE"

// readScan reads the options of STOCK.SCAN.
func readScan(a *command.Args) (count int64, state string) {
	count = scanCount
	for a.More() {
		switch {
		case a.Left() > 1 && a.Opt("COUNT"):
			if count = a.Int(); a.Err() == nil && count < 1 {
				a.Fail(reply.ErrSyntax)
			}
		case a.Left() > 1 && a.Opt("STATE"):
			if state = strings.ToUpper(string(a.Bytes())); !isState(state) {
				a.Fail(errState)
			}
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	return min(count, scanCountMax), state
}

func isState(name string) bool {
	for _, o := range []rules.Outcome{rules.Held, rules.Sold, rules.Expired, rules.Released} {
		if o.String() == name {
			return true
		}
	}
	for o := rules.SoldOut; o.Refused(); o++ {
		if o.String() == name {
			return true
		}
	}
	return false
}

func audit(db *keyspace.DB, c *command.Call) {
	s, ok := look(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	report, r := s.Look().Audit(c.NowMs), c.Reply
	list := []figure{
		{"records", report.Records}, {"buyers", report.Buyers},
		{"units", report.Sums.Units}, {"free", report.Sums.Free},
		{"held", report.Sums.Held}, {"sold", report.Sums.Sold},
	}
	r.Map(len(list) + 2)
	r.Text("ok")
	r.Bool(len(report.Differences) == 0)
	figures(r, list)
	r.Text("differences")
	r.Array(len(report.Differences))
	for _, d := range report.Differences {
		r.Text(d.String())
	}
}
