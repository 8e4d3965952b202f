// SPDX-License-Identifier: Apache-2.0

// Package metrics counts what the store does: calls and how long they took, errors,
// traffic, slow calls and latency events.
//
// # Ownership
//
// Whoever runs calls (a loop, a connection's goroutine) owns a [Recorder] and tells it
// every call. A Recorder notes calls in a short list of its own and adds them up in
// [Recorder.Flush], once a batch, under a lock that only a reader ever contends. So a call
// costs a few nanoseconds and no cache line is shared between loops. [Stats] belongs to
// nobody: it hands out Recorders, reads all of them, and keeps what is rare (slow calls,
// errors, latency events) behind locks of its own.
//
// Nothing here reads a clock: times and durations come in with the calls.
//
// # What is not here
//
// What INFO, SLOWLOG and LATENCY print (family admin), how much memory the shards use
// (package keyspace; the Prometheus page is given it by a [Source]), and the HTTP server.
package metrics

import (
	"sync"
	"sync/atomic"

	"stampede/internal/assert"
)

// Stats reads all Recorders and keeps the slow log and the latency events.
type Stats struct {
	Slow    SlowLog
	Latency LatencyEvents

	names    []string
	rejected atomic.Int64 // connections

	mu        sync.Mutex
	recorders []*Recorder
	errors    map[string]int64
	errorSum  int64
	rates     rates
}

// New returns Stats for commands with the given names, in lower case; a command's number
// is its place in names. The slow log has the limits of redis.conf's defaults.
func New(names []string) *Stats {
	s := &Stats{names: names, errors: make(map[string]int64)}
	s.Slow.SetLimits(slowDefaultMicros, slowDefaultLen)
	return s
}

// SetNames gives the names of the commands to Stats that were made before the table of
// commands was. No Recorder may exist yet.
func (s *Stats) SetNames(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.That(len(s.recorders) == 0, "metrics: names after the first recorder")
	s.names = names
}

// NewRecorder returns a Recorder for one more owner. It counts until [Stats.Release].
func (s *Stats) NewRecorder() *Recorder {
	r := &Recorder{stats: s, commands: make([]*commandTally, len(s.names))}
	s.mu.Lock()
	s.recorders = append(s.recorders, r)
	s.mu.Unlock()
	return r
}

// ConnectionRejected counts a connection that was refused because of maxclients.
func (s *Stats) ConnectionRejected() { s.rejected.Add(1) }

// Totals are sums over all Recorders.
type Totals struct {
	Connections, Rejected int64 // connections accepted and refused
	Calls                 int64 // commands processed
	InBytes, OutBytes     int64
	Reads, Writes         int64 // reads from and writes to sockets
	Errors                int64 // error replies
}

// Totals adds everything up. Cost: O(recorders).
func (s *Stats) Totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.totals()
}

func (s *Stats) totals() Totals {
	t := Totals{Rejected: s.rejected.Load(), Errors: s.errorSum}
	for _, r := range s.recorders {
		r.mu.Lock()
		t.Connections += r.sums.Connections
		t.Calls += r.sums.Calls
		t.InBytes += r.sums.InBytes
		t.OutBytes += r.sums.OutBytes
		t.Reads += r.sums.Reads
		t.Writes += r.sums.Writes
		r.mu.Unlock()
	}
	return t
}

// Command is what was counted of one command.
type Command struct {
	Name     string
	Calls    int64
	Nanos    int64 // sum of the durations of all calls
	Rejected int64 // refused before they ran
	Failed   int64 // answered with an error
	Latency  Histogram
}

// Commands are the commands that were called or refused at least once, in the order of
// their numbers. Cost: O(recorders · commands).
func (s *Stats) Commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	sums := make([]*Command, len(s.names))
	for _, r := range s.recorders {
		r.addTo(sums)
	}
	var used []Command
	for id, c := range sums {
		if c != nil && c.Calls+c.Rejected > 0 {
			c.Name = s.names[id]
			used = append(used, *c)
		}
	}
	return used
}

// Reset is CONFIG RESETSTAT: it forgets everything but the slow log and the latency
// events.
func (s *Stats) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recorders {
		r.mu.Lock()
		clear(r.commands)
		r.sums = Totals{}
		r.mu.Unlock()
	}
	s.rejected.Store(0)
	clear(s.errors)
	s.errorSum = 0
	s.rates = rates{}
}
