// SPDX-License-Identifier: Apache-2.0

package loadgen

import "time"

// Latencies of the calls of a run, in microseconds, from the moment a batch was due to the
// moment its reply was read.
type Latencies struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

// Result is what one run on one server gave.
type Result struct {
	Workload string `json:"workload"`
	Pipeline int    `json:"pipeline"`
	Server   string `json:"server"`
	Round    int    `json:"round"` // from 1
	// Calls is the number of calls that were sent, all of which were answered.
	Calls int64 `json:"calls"`
	// Errors is how many of the replies were errors, ErrorExample one of them.
	Errors       int64  `json:"errors"`
	ErrorExample string `json:"error_example,omitempty"`
	// Missed is, in an open loop, how many calls fell due that were not sent before the end.
	Missed         int64         `json:"missed,omitempty"`
	Took           time.Duration `json:"took_ns"`
	CallsPerSecond float64       `json:"calls_per_second"`
	Latency        Latencies     `json:"latency_us"`
	// ServerCPU and ClientCPU are processor seconds for a million calls, 0 where not known.
	ServerCPU float64 `json:"server_cpu_s_per_million,omitempty"`
	ClientCPU float64 `json:"client_cpu_s_per_million,omitempty"`
}

// result puts the figures of a phase together.
func (t *tally) result(s span) Result {
	us := func(ns int64) float64 { return float64(ns) / 1000 }
	h := t.latencies
	return Result{
		Calls:          t.replies,
		Errors:         t.errors,
		ErrorExample:   t.example,
		Missed:         s.missed,
		Took:           s.took,
		CallsPerSecond: float64(t.replies) / s.took.Seconds(),
		Latency: Latencies{
			Mean: h.Mean() / 1000,
			P50:  us(h.ValueAtPercentile(50)),
			P90:  us(h.ValueAtPercentile(90)),
			P99:  us(h.ValueAtPercentile(99)),
			P999: us(h.ValueAtPercentile(99.9)),
			Max:  us(h.Max()),
		},
	}
}
