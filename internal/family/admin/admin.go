// SPDX-License-Identifier: Apache-2.0

// Package admin is the family of commands about the server as a whole: what it reports
// (INFO, MEMORY, LATENCY, SLOWLOG), how it is set up (CONFIG), what empties it (FLUSHALL),
// what ends it (SHUTDOWN) and what helps to find faults (DEBUG).
//
// A handler that needs numbers of the shards, or changes what a shard keeps, is a row that
// owns all of them; the others run on the connection that called them. The family keeps
// nothing of its own but the highest use of memory that it has seen.
//
// What is not here: users and rights (package acl, later), COMMAND, and what the commands
// that save set going (package persist).
package admin

import (
	"slices"
	"sync/atomic"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/keyspace"
	"stampede/internal/metrics"
	"stampede/internal/persist"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
	"stampede/internal/script"
	"stampede/internal/session"
)

// Services are the parts of the server that this family shows and steers.
type Services struct {
	Config   *config.Config
	Stats    *metrics.Stats
	Sessions *session.Registry
	Hub      *pubsub.Hub // nil: nobody can subscribe
	Facts    Facts
	Waiting  func() int      // how many calls wait; nil: none ever does
	Links    func() int      // how many links of MIGRATE lie idle; nil: there are none
	Store    *persist.Store  // what keeps the data on disk; nil: nothing does
	Scripts  *script.Library // nil: there are none

	// Shutdown asks the server to end, after saving its data or not; it must not wait.
	// Without it SHUTDOWN is an error.
	Shutdown func(save bool)

	ClockMicros func() int64        // Unix time for TIME; nil: that of the call
	Sleep       func(time.Duration) // for DEBUG SLEEP; nil: time.Sleep
}

// Facts never change while the server runs.
type Facts struct {
	RedisVersion string // whose behaviour the server has: "7.2.4"
	Version      string // of Stampede
	RunID        string // 40 hexadecimal digits, others at each start
	StartMs      int64  // Unix time of the start
	Shards       int
	IO           string // what drives the connections: "epoll", "net"

	// Ledger gives the lines of INFO's section Ledger; nil: there is no ledger.
	Ledger func() string
}

// admin has the handlers.
type admin struct {
	Services
	peak atomic.Int64 // most bytes of data that a report has seen
}

const (
	anytime = command.Loading | command.Stale
	guarded = anytime | command.Admin | command.NoScript
)

// Commands are the rows of this family. It gives the slow log the limits of the
// configuration, now and whenever they change.
func Commands(s Services) []command.Spec {
	if s.Sleep == nil {
		s.Sleep = time.Sleep
	}
	a := &admin{Services: s}
	s.limit()
	s.Config.OnChange(config.SlowLogLogSlowerThan, s.limit)
	s.Config.OnChange(config.SlowLogMaxLen, s.limit)
	return slices.Concat(a.configRows(), a.dataRows(), a.debugRows(), a.infoRows(),
		a.latencyRows(), a.memoryRows(), a.saveRows(), a.serverRows(), a.slowLogRows(),
		[]command.Spec{a.waitRow(), a.waitReplicasRow()})
}

// limit hands over the parameters that the slow log keeps.
func (s *Services) limit() {
	s.Stats.Slow.SetLimits(s.Config.Int(config.SlowLogLogSlowerThan),
		s.Config.Int(config.SlowLogMaxLen))
}

// container is the row of a command that has subcommands.
func container(name, since, summary string) command.Spec {
	return command.Spec{
		Name: name, Summary: summary, Group: command.GroupServer, Since: since,
	}
}

// row is a row of this family as most of them are; what else there is to say of it is
// said by those who make it.
func row(name, args, since string, flags command.Flags, do command.Handler,
	summary string) command.Spec {
	return command.Spec{
		Name: name, Args: args, Summary: summary, Since: since,
		Group: command.GroupServer, Flags: flags, Cost: "O(1)", Do: do,
	}
}

// tips adds the hints for clients of a cluster.
func tips(spec command.Spec, words string) command.Spec {
	spec.Tips = words
	return spec
}

// linear says that a row takes time in proportion to what it reports.
func linear(spec command.Spec) command.Spec {
	spec.Cost = "O(N)"
	return spec
}

// only answers with a syntax error if arguments are left, and tells whether none are.
func only(c *command.Call) bool {
	if c.Args.More() {
		c.Reply.Fail(reply.ErrSyntax)
		return false
	}
	return true
}

// used is the memory of the data, and remembers the most that was seen.
func (a *admin) used(sum *keyspace.Summary) int64 {
	used := sum.Used
	for {
		peak := a.peak.Load()
		if used <= peak || a.peak.CompareAndSwap(peak, used) {
			return used
		}
	}
}
