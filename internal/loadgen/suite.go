// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Suite is a plan of runs: every workload at every pipeline, and that on one server or on two
// in turn (A B A B …), because figures of a shared machine drift within minutes and only
// neighbouring runs compare.
type Suite struct {
	// Servers are the one to measure and, where given, the one to compare it with.
	Servers   []Server
	Workloads []Workload
	Pipelines []int // calls in a batch
	Rounds    int   // runs of each kind; 0 counts as 1
	Options   Options
	// NoPrefill leaves the data as it is; setup calls are still made.
	NoPrefill bool
	// Progress, where set, is told what is being done and how much of it, from 0 to 1.
	Progress func(what string, share float64)
}

// Report is what a suite gave.
type Report struct {
	Servers []Server `json:"servers"`
	Options Options  `json:"options"`
	// Results are all runs in the order they were made.
	Results []Result `json:"results"`
	// Ratios compare the first server with the second, one for each workload and pipeline.
	Ratios []Ratio `json:"ratios,omitempty"`
}

// Run carries the plan out. It needs at least one workload and pipeline.
func (s Suite) Run(ctx context.Context) (Report, error) {
	if err := s.check(); err != nil {
		return Report{}, err
	}
	s.Rounds = max(s.Rounds, 1)
	report := Report{Servers: s.Servers, Options: s.Options.withDefaults()}
	sessions, err := s.open(ctx)
	if err != nil {
		return report, err
	}
	for _, w := range s.Workloads {
		if err = s.prepare(ctx, sessions, w); err != nil {
			break
		}
		if err = s.measure(ctx, sessions, w, &report); err != nil {
			break
		}
	}
	for _, session := range sessions {
		err = errors.Join(err, session.Close())
	}
	if len(s.Servers) == 2 {
		report.Ratios = ratios(report.Results, s.Servers[0].Address, s.Servers[1].Address)
	}
	return report, err
}

// check tells what is wrong with the plan before anything is connected.
func (s Suite) check() error {
	if n := len(s.Servers); n < 1 || n > 2 {
		return fmt.Errorf("a suite has one or two servers, not %d", n)
	}
	if len(s.Servers) == 2 && s.Servers[0].Address == s.Servers[1].Address {
		return fmt.Errorf("both servers are %s", s.Servers[0].Address)
	}
	if len(s.Workloads) == 0 || len(s.Pipelines) == 0 {
		return errors.New("a suite needs a workload and a pipeline")
	}
	for _, p := range s.Pipelines {
		if err := checkPipeline(p); err != nil {
			return err
		}
	}
	return s.Options.withDefaults().check()
}

// open connects to all servers.
func (s Suite) open(ctx context.Context) ([]*Session, error) {
	var sessions []*Session
	for _, server := range s.Servers {
		session, err := Open(ctx, server, s.Options)
		if err != nil {
			for _, opened := range sessions {
				err = errors.Join(err, opened.Close())
			}
			return nil, err
		}
		sessions = append(sessions, session)
	}
	return sessions, nil
}

// prepare makes the data of a workload on all servers.
func (s Suite) prepare(ctx context.Context, sessions []*Session, w Workload) error {
	if s.NoPrefill {
		w.Prefill = nil
	}
	for _, session := range sessions {
		s.announce(session, fmt.Sprintf("prefill %s %s", w.Name, session.server.Address))
		if err := session.Prepare(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one workload at all pipelines, the servers in turn.
func (s Suite) measure(ctx context.Context, sessions []*Session, w Workload, r *Report) error {
	for _, pipeline := range s.Pipelines {
		for round := 1; round <= s.Rounds; round++ {
			for _, session := range sessions {
				s.announce(session, fmt.Sprintf("%s P%d %d/%d %s", w.Name, pipeline, round,
					s.Rounds, session.server.Address))
				result, err := session.Run(ctx, w, pipeline)
				if err != nil {
					return err
				}
				result.Round = round
				r.Results = append(r.Results, result)
			}
		}
	}
	return nil
}

// announce lets the progress of a session be told under a name.
func (s Suite) announce(session *Session, what string) {
	if s.Progress != nil {
		session.Progress = func(share float64) { s.Progress(what, share) }
	}
}

// Spread is the median, the least and the greatest of some figures.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spreadOf returns the zero Spread where there are no values.
func spreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// Ratio compares two servers: in each round, the figure of the first divided by that of the
// second; then the spread of these over the rounds.
type Ratio struct {
	Workload       string `json:"workload"`
	Pipeline       int    `json:"pipeline"`
	CallsPerSecond Spread `json:"calls_per_second"`
	P50            Spread `json:"p50"`
	P99            Spread `json:"p99"`
	ServerCPU      Spread `json:"server_cpu"` // zero where not measured on both
}

// ratios pairs the runs of the same workload, pipeline and round on servers a and b.
func ratios(results []Result, a, b string) []Ratio {
	var out []Ratio
	for _, kind := range kinds(results) {
		first, second := kind.on(results, a), kind.on(results, b)
		pairs := min(len(first), len(second))
		if pairs == 0 {
			continue
		}
		first, second = first[:pairs], second[:pairs]
		spread := func(figure func(Result) float64) Spread {
			var quotients []float64
			for i := range first {
				if x, y := figure(first[i]), figure(second[i]); x > 0 && y > 0 {
					quotients = append(quotients, x/y)
				}
			}
			return spreadOf(quotients)
		}
		out = append(out, Ratio{
			Workload:       kind.workload,
			Pipeline:       kind.pipeline,
			CallsPerSecond: spread(callsPerSecond),
			P50:            spread(p50),
			P99:            spread(p99),
			ServerCPU:      spread(serverCPU),
		})
	}
	return out
}

func callsPerSecond(r Result) float64 { return r.CallsPerSecond }
func p50(r Result) float64            { return r.Latency.P50 }
func p99(r Result) float64            { return r.Latency.P99 }
func p999(r Result) float64           { return r.Latency.P999 }
func longest(r Result) float64        { return r.Latency.Max }
func serverCPU(r Result) float64      { return r.ServerCPU }
func clientCPU(r Result) float64      { return r.ClientCPU }

// kind is what runs have in common that may be compared.
type kind struct {
	workload string
	pipeline int
}

// kinds lists the kinds of results in the order they came.
func kinds(results []Result) []kind {
	var out []kind
	for _, r := range results {
		if k := (kind{r.Workload, r.Pipeline}); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// on picks the results of a kind that a server gave, by round.
func (k kind) on(results []Result, server string) []Result {
	var out []Result
	for _, r := range results {
		if r.Workload == k.workload && r.Pipeline == k.pipeline && r.Server == server {
			out = append(out, r)
		}
	}
	return out
}
