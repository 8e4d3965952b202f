// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"maps"
	"slices"
	"sync"
)

const (
	latencySamplesMax = 160 // kept of each event
	latencyEventsMax  = 64  // kinds of events
)

// LatencyEvents keeps the last times when something stalled the server, by what it was.
// Any goroutine may use it. The zero value is ready.
type LatencyEvents struct {
	mu     sync.Mutex
	events map[string]*LatencyEvent
}

// LatencyEvent is the history of one kind of stall.
type LatencyEvent struct {
	Name    string // "command", "fast-command", "expire-cycle", "eviction-cycle"
	MaxMs   int64  // longest ever
	Samples []LatencySample
}

// LatencySample is one stall; of several in one second the longest is kept.
type LatencySample struct{ Unix, Millis int64 }

// Add notes a stall. Whoever calls it has compared it with latency-monitor-threshold.
func (l *LatencyEvents) Add(event string, unix, millis int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.events[event]
	if e == nil {
		if len(l.events) >= latencyEventsMax {
			return
		}
		if l.events == nil {
			l.events = make(map[string]*LatencyEvent)
		}
		e = &LatencyEvent{Name: event}
		l.events[event] = e
	}
	e.MaxMs = max(e.MaxMs, millis)
	if n := len(e.Samples); n > 0 && e.Samples[n-1].Unix == unix {
		e.Samples[n-1].Millis = max(e.Samples[n-1].Millis, millis)
		return
	}
	if len(e.Samples) == latencySamplesMax {
		e.Samples = e.Samples[1:]
	}
	e.Samples = append(e.Samples, LatencySample{unix, millis})
}

// All are the events that ever happened, by name.
func (l *LatencyEvents) All() []LatencyEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]LatencyEvent, 0, len(l.events))
	for _, name := range slices.Sorted(maps.Keys(l.events)) {
		e := *l.events[name]
		e.Samples = slices.Clone(e.Samples)
		all = append(all, e)
	}
	return all
}

// Reset forgets the named events, or all if none is named, and tells how many there were.
func (l *LatencyEvents) Reset(names ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(names) == 0 {
		n := len(l.events)
		clear(l.events)
		return n
	}
	n := 0
	for _, name := range names {
		if _, known := l.events[name]; known {
			delete(l.events, name)
			n++
		}
	}
	return n
}
