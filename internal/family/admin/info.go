// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"strings"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/metrics"
)

func (a *admin) infoRows() []command.Spec {
	return []command.Spec{
		tips(row("INFO", "[section [section ...]]", "1.0.0", anytime|command.Dangerous,
			command.OnAll(a.info), "Reports on the state of the server."),
			"nondeterministic_output request_policy:all_shards response_policy:special"),
	}
}

// report is one INFO being written.
type report struct {
	*admin
	strings.Builder
	sum    keyspace.Summary
	totals metrics.Totals
	nowMs  int64
	used   int64
}

// section is a part of INFO.
type section struct {
	name  string
	long  bool // only on demand, or with "all"
	write func(*report)

	absent func(*report) bool // whether the server has no such part; nil: it has
}

// sections are the parts of INFO in their order.
func sections() []section {
	return []section{
		{name: "Server", write: (*report).server},
		{name: "Clients", write: (*report).clients},
		{name: "Memory", write: (*report).memory},
		{name: "Persistence", write: (*report).persistence},
		{name: "Stats", write: (*report).stats},
		{name: "Replication", write: (*report).replication},
		{name: "CPU", write: (*report).cpu},
		{name: "Modules", write: func(*report) {}},
		{name: "Commandstats", long: true, write: (*report).commandStats},
		{name: "Errorstats", write: (*report).errorStats},
		{name: "Latencystats", long: true, write: (*report).latencyStats},
		{name: "Cluster", write: func(r *report) { r.line("cluster_enabled:0") }},
		{name: "Stock", write: (*report).stock},
		{name: "Ledger", absent: (*report).noLedger, write: (*report).ledger},
		{name: "Keyspace", write: (*report).keyspace},
	}
}

// wanted tells whether INFO with these arguments shows a section.
func wanted(s *section, asked [][]byte) bool {
	if len(asked) == 0 {
		return !s.long
	}
	for _, word := range asked {
		switch name := strings.ToLower(string(word)); {
		case name == strings.ToLower(s.name), name == "all", name == "everything",
			name == "default" && !s.long:
			return true
		}
	}
	return false
}

func (a *admin) info(spaces []*keyspace.Space, c *command.Call) {
	r := &report{
		admin: a, sum: keyspace.Summarize(spaces), totals: a.Stats.Totals(), nowMs: c.NowMs,
	}
	r.used = a.used(&r.sum)
	asked := c.Args.Rest()
	for _, s := range sections() {
		if !wanted(&s, asked) || s.absent != nil && s.absent(r) {
			continue
		}
		if r.Len() > 0 {
			r.WriteString("\r\n")
		}
		r.line("# %s", s.name)
		s.write(r)
	}
	c.Reply.Verbatim("txt", r.String())
}

func (r *report) noLedger() bool { return r.Facts.Ledger == nil }

// ledger is the section about the database of record.
func (r *report) ledger() { r.lines(r.Facts.Ledger()) }

// line writes a line.
func (r *report) line(format string, args ...any) {
	fmt.Fprintf(&r.Builder, format, args...)
	r.WriteString("\r\n")
}

// lines writes lines that are given as one text, with "\n" between them. They hold what is
// always the same here: fields that tools look for and that have no meaning yet.
func (r *report) lines(text string) {
	for line := range strings.Lines(text) {
		r.line("%s", strings.TrimSuffix(line, "\n"))
	}
}

// human writes an amount of memory for people: 1.50M.
func human(bytes int64) string {
	units := "KMGTPE"
	if bytes < 1<<10 {
		return fmt.Sprintf("%dB", bytes)
	}
	amount := float64(bytes) / (1 << 10)
	for amount >= 1<<10 && len(units) > 1 {
		amount, units = amount/(1<<10), units[1:]
	}
	return fmt.Sprintf("%.2f%c", amount, units[0])
}

// micros writes a duration as microseconds with three digits behind the point.
func (r *report) micros(name string, nanos int64) {
	fmt.Fprintf(&r.Builder, "%s=%d.%03d", name, nanos/1000, nanos%1000)
}
