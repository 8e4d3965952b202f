// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"math"
	"strconv"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func (a *admin) dataRows() []command.Spec {
	const empties = command.Write | command.Dangerous | command.KeySpace
	const everywhere = "request_policy:all_shards response_policy:"
	return []command.Spec{
		tips(row("DBSIZE", "", "1.0.0", command.Read|command.Fast|command.KeySpace,
			command.OnAll(dbSize), "Counts the keys of the database."), everywhere+"agg_sum"),
		tips(linear(row("FLUSHALL", "[ASYNC | SYNC]", "1.0.0", empties,
			command.OnAll(flushAll), "Removes all keys of all databases.")),
			everywhere+"all_succeeded"),
		tips(linear(row("FLUSHDB", "[ASYNC | SYNC]", "1.0.0", empties,
			command.OnAll(flushDB), "Removes all keys of the database.")),
			everywhere+"all_succeeded"),
		linear(row("SWAPDB", "index1:int index2:int", "4.0.0",
			empties|command.Fast, command.OnAll(a.swapDB), "Exchanges two databases.")),
	}
}

func dbSize(spaces []*keyspace.Space, c *command.Call) {
	n := 0
	for _, space := range spaces {
		n += space.DB(c.DB).Len()
	}
	c.Reply.Int(int64(n))
}

// flushArgs reads ASYNC or SYNC, which mean the same here: emptying an arena takes as long
// as telling the system so. If there is anything else it answers and returns false.
func flushArgs(c *command.Call) bool {
	if !c.Args.Opt("ASYNC") {
		c.Args.Opt("SYNC")
	}
	return only(c)
}

func flushAll(spaces []*keyspace.Space, c *command.Call) {
	if !flushArgs(c) {
		return
	}
	keyspace.FlushAll(spaces)
	c.Reply.OK()
}

func flushDB(spaces []*keyspace.Space, c *command.Call) {
	if !flushArgs(c) {
		return
	}
	keyspace.Flush(spaces, c.DB)
	c.Reply.OK()
}

func (a *admin) swapDB(spaces []*keyspace.Space, c *command.Call) {
	first := readDB(c, "ERR invalid first DB index")
	second := readDB(c, "ERR invalid second DB index")
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if !a.isDB(first) || !a.isDB(second) {
		c.Reply.Fail(reply.ErrDBIndex)
		return
	}
	keyspace.Swap(spaces, int(first), int(second))
	c.Reply.OK()
}

func (a *admin) isDB(n int64) bool { return n >= 0 && n < a.Config.Int(config.Databases) }

// readDB reads the number of a database, which need not exist.
func readDB(c *command.Call, failure reply.Error) int64 {
	n := c.Args.IntOr(failure)
	if n < math.MinInt32 || n > math.MaxInt32 {
		c.Args.Fail(failure)
	}
	return n
}

// clockText is the time of TIME: seconds, and microseconds within the second.
func clockText(micros int64) (seconds, rest string) {
	return strconv.FormatInt(micros/1_000_000, 10), strconv.FormatInt(micros%1_000_000, 10)
}
