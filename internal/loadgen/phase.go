// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"sync/atomic"
	"time"
)

// clock tells the nanoseconds since a session began. It never goes back.
type clock struct {
	origin time.Time
}

func (c clock) nowNs() int64 { return int64(time.Since(c.origin)) }

// batch is the right and the duty to send some calls.
type batch struct {
	first int64 // running number of the first call
	calls int
	dueNs int64 // latency counts from here
}

// phase is one stretch of load: when it begins and ends, and which call is next. All loops take
// their batches from it.
type phase struct {
	clock    clock
	pipeline int
	startNs  int64
	endNs    int64 // 0: no end by time
	limit    int64 // calls; 0: no end by number
	periodNs float64
	stallNs  int64

	next    atomic.Int64 // running number of the next call to hand out
	replies atomic.Int64 // for progress; loops add what they have seen now and then
	stopped atomic.Bool  // the run was cancelled or another loop failed
}

// open tells whether batches fall due at a rate.
func (p *phase) open() bool { return p.periodNs > 0 }

// over tells whether nothing may be sent any more at nowNs.
func (p *phase) over(nowNs int64) bool {
	return p.endNs > 0 && nowNs >= p.endNs || p.stopped.Load()
}

// take hands out the next batch, if there is one. In an open loop it may lie in the future.
func (p *phase) take(nowNs int64) (b batch, ok bool) {
	if p.over(nowNs) {
		return batch{}, false
	}
	first := p.next.Add(int64(p.pipeline)) - int64(p.pipeline)
	b = batch{first: first, calls: p.pipeline, dueNs: nowNs}
	if p.limit > 0 {
		if first >= p.limit {
			return batch{}, false
		}
		b.calls = int(min(int64(p.pipeline), p.limit-first))
	}
	if p.open() {
		b.dueNs = p.startNs + int64(float64(first)*p.periodNs)
		if p.endNs > 0 && b.dueNs >= p.endNs {
			return batch{}, false
		}
	}
	return b, true
}

// scheduled is the number of calls that fell due in the whole of an open phase.
func (p *phase) scheduled() int64 {
	calls := int64(p.pipeline)
	due := p.limit
	if p.endNs > 0 {
		batches := float64(p.endNs-p.startNs) / p.periodNs / float64(calls)
		byTime := int64(batches) * calls
		if float64(int64(batches)) < batches {
			byTime += calls
		}
		if due == 0 || byTime < due {
			due = byTime
		}
	}
	return due
}

// share is how much of the phase is done at nowNs, from 0 to 1.
func (p *phase) share(nowNs int64) float64 {
	done := 0.0
	if p.endNs > 0 {
		done = float64(nowNs-p.startNs) / float64(p.endNs-p.startNs)
	}
	if p.limit > 0 {
		done = max(done, float64(p.replies.Load())/float64(p.limit))
	}
	return min(max(done, 0), 1)
}
