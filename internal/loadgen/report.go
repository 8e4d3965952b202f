// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"fmt"
	"io"
	"text/tabwriter"

	"stampede/internal/figures"
)

// ErrorReplies is how many error replies all runs together have seen, and one of them.
func (r Report) ErrorReplies() (count int64, example string) {
	for _, result := range r.Results {
		if count += result.Errors; example == "" {
			example = result.ErrorExample
		}
	}
	return count, example
}

// WriteText writes the report as tables for people: one line for each workload, pipeline and
// server with the medians of the rounds, then the ratios.
func (r Report) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workload\tP\tserver\tcalls/s\tp50 ms\tp99 ms\tp99.9 ms\tmax ms\t"+
		"server CPU s/M\tclient CPU s/M\terrors\tmissed\t")
	for _, k := range kinds(r.Results) {
		for _, server := range r.Servers {
			if runs := k.on(r.Results, server.Address); len(runs) > 0 {
				writeRuns(table, k, server, runs)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return r.writeRatios(w)
}

// writeRuns writes the line of one kind of runs on one server.
func writeRuns(w io.Writer, k kind, server Server, runs []Result) {
	median := func(figure func(Result) float64) float64 {
		var values []float64
		for _, run := range runs {
			values = append(values, figure(run))
		}
		return spreadOf(values).Median
	}
	var errors, missed int64
	for _, run := range runs {
		errors, missed = errors+run.Errors, missed+run.Missed
	}
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%s\t%s\t%d\t%d\t\n",
		k.workload, k.pipeline, server.Address, figures.Grouped(int64(median(callsPerSecond))),
		median(p50)/1000, median(p99)/1000, median(p999)/1000, median(longest)/1000,
		orDash("%.2f", median(serverCPU)), orDash("%.2f", median(clientCPU)), errors, missed)
}

// writeRatios writes the table of ratios, if there are any.
func (r Report) writeRatios(w io.Writer) error {
	if len(r.Ratios) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s / %s: median of pairwise ratios (min–max)\n",
		r.Servers[0].Address, r.Servers[1].Address)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workload\tP\tcalls/s\tp50\tp99\tserver CPU\t")
	for _, ratio := range r.Ratios {
		fmt.Fprintf(table, "%s\t%d\t%v\t%v\t%v\t%v\t\n", ratio.Workload, ratio.Pipeline,
			ratio.CallsPerSecond, ratio.P50, ratio.P99, ratio.ServerCPU)
	}
	return table.Flush()
}

// String writes the spread as median (min–max), or a dash where nothing was measured.
func (s Spread) String() string {
	if s == (Spread{}) {
		return "-"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Min, s.Max)
}

// orDash formats a figure that may be unknown.
func orDash(format string, value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf(format, value)
}
