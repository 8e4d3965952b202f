// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"stampede/internal/command"
	"stampede/internal/reply"
)

func (a *admin) slowLogRows() []command.Spec {
	const shows = command.Admin | anytime
	const everywhere = "request_policy:all_nodes "
	return []command.Spec{
		container("SLOWLOG", "2.2.12", "Looks after the log of slow calls."),
		tips(linear(row("SLOWLOG|GET", "[count:int]", "2.2.12", shows,
			command.Local(a.slowGet), "Lists the last slow calls.")),
			everywhere+"nondeterministic_output"),
		tips(row("SLOWLOG|LEN", "", "2.2.12", shows, command.Local(a.slowLen),
			"Counts the calls in the log of slow calls."),
			everywhere+"response_policy:agg_sum nondeterministic_output"),
		tips(linear(row("SLOWLOG|RESET", "", "2.2.12", shows, command.Local(a.slowReset),
			"Empties the log of slow calls.")), everywhere+"response_policy:all_succeeded"),
	}
}

// slowShown is how many calls SLOWLOG GET lists if it is not told.
const slowShown = 10

const errSlowCount reply.Error = "ERR count should be greater than or equal to -1"

func (a *admin) slowGet(c *command.Call) {
	n := int64(slowShown)
	if c.Args.More() {
		n = c.Args.IntOr(errSlowCount)
	}
	switch {
	case c.Args.Err() != nil || n < -1:
		c.Reply.Fail(errSlowCount)
		return
	case c.Args.More():
		c.Reply.Fail("ERR unknown subcommand or wrong number of arguments for 'GET'. " +
			"Try SLOWLOG HELP.")
		return
	}
	calls := a.Stats.Slow.Last(n)
	c.Reply.Array(len(calls))
	for _, call := range calls {
		c.Reply.Array(6)
		c.Reply.Int(call.ID)
		c.Reply.Int(call.Unix)
		c.Reply.Int(call.Micros)
		c.Reply.Array(len(call.Args))
		for _, arg := range call.Args {
			c.Reply.Bulk(arg)
		}
		c.Reply.Text(call.Addr)
		c.Reply.Text(call.Name)
	}
}

func (a *admin) slowLen(c *command.Call) { c.Reply.Int(int64(a.Stats.Slow.Len())) }

func (a *admin) slowReset(c *command.Call) {
	a.Stats.Slow.Reset()
	c.Reply.OK()
}
