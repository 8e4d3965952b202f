// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"stampede/internal/figures"
)

// Report is what came of a run.
type Report struct {
	Cores     int     `json:"cores"`
	SyncMs    float64 `json:"syncMs"`  // what a small durable write takes here
	Seconds   float64 `json:"seconds"` // of a run for the rates
	Units     int64   `json:"units"`   // of a run that sells out
	Products  int64   `json:"products"`
	Published bool    `json:"asPublished"`

	Versions []string `json:"versions"` // of the servers

	Results []Result `json:"results"`
	Summary []string `json:"summary"` // how ours compares, a sentence each
}

// Result is what came of one form.
type Result struct {
	Form       string `json:"form"`
	Title      string `json:"title"`
	Kind       Kind   `json:"kind"`
	Published  bool   `json:"asPublished"`
	Clients    int    `json:"clients"`  // connections
	Pipeline   int    `json:"pipeline"` // buyers that one of them serves at once
	Products   int64  `json:"products"`
	Durability string `json:"durability"`
	Danger     string `json:"danger"`

	NotAvailable string `json:"notAvailable,omitempty"` // why it did not run

	// Rounds are the sales a second of each round; the run with their median is told.
	Rounds []float64 `json:"rounds"`

	Rates   Sale `json:"rates"`   // for some time
	SellOut Sale `json:"sellOut"` // until all is sold, or everyone has been turned away
}

// Sale is one run.
type Sale struct {
	Units    int64   `json:"units"`  // put on sale
	Buyers   int64   `json:"buyers"` // who came, once each; 0: without an end
	Seconds  float64 `json:"seconds"`
	Attempts int64   `json:"attempts"` // that were answered in the time
	Sold     int64   `json:"sold"`     // in the time
	Refused  int64   `json:"refused"`  // attempts, for whatever reason
	Told     int64   `json:"told"`     // buyers who were told that they have bought, at any time

	AttemptsPerSecond float64 `json:"attemptsPerSecond"`
	SoldPerSecond     float64 `json:"soldPerSecond"`
	RefusedPerSecond  float64 `json:"refusedPerSecond"`

	// How long winners took, from their first attempt to the answer.
	P50Ms float64 `json:"p50Ms"`
	P99Ms float64 `json:"p99Ms"`

	// CPUMicros is the processor time of the servers for each unit that is gone, where we have
	// started them.
	CPUMicros float64 `json:"serverCpuMicrosPerSale"`

	Over  int64    `json:"over"`  // sold without a unit
	Under int64    `json:"under"` // units that nobody has and should have
	Notes []string `json:"notes"`
}

// Over is what both runs have sold without having it.
func (r *Result) Over() int64 { return r.Rates.Over + r.SellOut.Over }

// Under is what both runs have lost or left over.
func (r *Result) Under() int64 { return r.Rates.Under + r.SellOut.Under }

// AtOnce is how many buyers were served at a time.
func (r *Result) AtOnce() int { return r.Clients * r.Pipeline }

// newReport says where it is measured.
func (m *market) newReport() Report {
	return Report{
		Cores: runtime.NumCPU(), SyncMs: float64(m.syncTime.Microseconds()) / microsPerMilli,
		Seconds: m.Duration.Seconds(), Units: m.Units, Products: m.Products, Published: m.Published,
	}
}

// medians returns, of the rounds of each form, the one with the median of sales; what went wrong
// in the others is added to it. The last round may be shorter than the others.
func medians(rounds [][]Result) []Result {
	var found []Result
	for i := range rounds[0] {
		var tries []Result
		for _, round := range rounds {
			if i < len(round) {
				tries = append(tries, round[i])
			}
		}
		slices.SortStableFunc(tries, func(a, b Result) int {
			return cmp.Compare(a.Rates.SoldPerSecond, b.Rates.SoldPerSecond)
		})
		middle := len(tries) / 2
		one := tries[middle]
		one.Rounds = nil
		for _, round := range rounds {
			if i < len(round) {
				one.Rounds = append(one.Rounds, round[i].Rates.SoldPerSecond)
			}
		}
		for j := range tries {
			if j != middle {
				one.Rates.add(&tries[j].Rates)
				one.SellOut.add(&tries[j].SellOut)
			}
		}
		found = append(found, one)
	}
	return found
}

// add adds what went wrong in another run.
func (s *Sale) add(other *Sale) {
	s.Over, s.Under = s.Over+other.Over, s.Under+other.Under
	for _, note := range other.Notes {
		if !slices.Contains(s.Notes, note) {
			s.Notes = append(s.Notes, note)
		}
	}
}

// met notes the version of a server.
func (m *market) met(version string) {
	if !slices.Contains(m.versions, version) {
		m.versions = append(m.versions, version)
	}
}

// best is the fastest result that pleases.
func (r *Report) best(pleases func(*Result) bool) *Result {
	var found *Result
	for i := range r.Results {
		one := &r.Results[i]
		if one.NotAvailable == "" && pleases(one) &&
			(found == nil || one.Rates.SoldPerSecond > found.Rates.SoldPerSecond) {
			found = one
		}
	}
	return found
}

// compare sets the summary: ours against the best of the others.
func (r *Report) compare() {
	if r.Published {
		return // who sells wrongly is no measure
	}
	named := func(name string) func(*Result) bool {
		return func(one *Result) bool { return one.Form == name }
	}
	single := r.best(func(one *Result) bool { return one.Kind == SingleRow })
	for _, ours := range []string{"ours-ledger", "ours-journal"} {
		our := r.best(named(ours))
		if our == nil {
			continue
		}
		against := []*Result{single, r.best(named("unit-rows")), r.best(named("batch")),
			r.best(named("batch-rows"))}
		if r.Products > 1 {
			against = append(against, r.best(named("advisory-try")))
		}
		for _, other := range against {
			if other == nil || other.Rates.SoldPerSecond == 0 {
				continue
			}
			sentence := fmt.Sprintf("%s: %s × the sales of %s", our.name(), our.times(other),
				other.name())
			if other == single {
				sentence += ", the fastest that counts one row down"
			}
			if !slices.Contains(r.Summary, sentence) {
				r.Summary = append(r.Summary, sentence)
			}
		}
	}
}

// times is how many times the sales of another are ours: the median of the ratios of each
// round, with the least and the greatest, for what else the machine did hit both alike.
func (r *Result) times(other *Result) string {
	var ratios []float64
	for i := range min(len(r.Rounds), len(other.Rounds)) {
		ratios = append(ratios, r.Rounds[i]/max(other.Rounds[i], 1))
	}
	if len(ratios) < 2 {
		return fmt.Sprintf("%.2f", r.Rates.SoldPerSecond/other.Rates.SoldPerSecond)
	}
	slices.Sort(ratios)
	return fmt.Sprintf("%.2f (%.2f–%.2f)", ratios[len(ratios)/2], ratios[0],
		ratios[len(ratios)-1])
}

// name is the form and how many buyers it served at a time.
func (r *Result) name() string {
	return fmt.Sprintf("%s with %s at once", r.Form, figures.Grouped(r.AtOnce()))
}

// columns are the heads of the table.
func columns() []string {
	return []string{"form", "at once", "attempts/s", "sold/s", "refused/s", "over", "under",
		"p50 ms", "p99 ms", "CPU µs/sale", "told when it is in"}
}

// row is a result in the columns of the table.
func (r *Result) row() []string {
	name := r.Form
	if r.Published {
		name += " (published)"
	}
	if r.NotAvailable != "" {
		return []string{name, "–", "–", "–", "–", "–", "–", "–", "–", "–", "not available"}
	}
	s := &r.Rates
	return []string{name, figures.Grouped(r.AtOnce()), figures.Rate(s.AttemptsPerSecond),
		figures.Rate(s.SoldPerSecond), figures.Rate(s.RefusedPerSecond),
		figures.Grouped(r.Over()), figures.Grouped(r.Under()), figures.Millis(s.P50Ms),
		figures.Millis(s.P99Ms), figures.Millis(s.CPUMicros), r.Durability}
}

// headline says what the table is of.
func (r *Report) headline() string {
	products := "one product"
	if r.Products > 1 {
		products = figures.Grouped(r.Products) + " products"
	}
	rounds := ""
	if len(r.Results) > 0 && len(r.Results[0].Rounds) > 1 {
		rounds = fmt.Sprintf(" (medians of %d rounds)", len(r.Results[0].Rounds))
	}
	facts := append([]string{products, fmt.Sprintf("%g s for the rates%s", r.Seconds, rounds),
		figures.Grouped(r.Units) + " units to sell out", fmt.Sprintf("%d cores with the buyers", r.Cores),
		"a durable write of 4 KiB takes " + figures.Millis(r.SyncMs) + " ms"}, r.Versions...)
	return strings.Join(facts, ", ")
}

// WriteText writes the table and what the audit found, for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", r.headline())
	rows := [][]string{columns()}
	for i := range r.Results {
		rows = append(rows, r.Results[i].row())
	}
	align(&b, rows)
	b.WriteString("\n")
	for i := range r.Results {
		r.Results[i].explain(&b)
	}
	for _, sentence := range r.Summary {
		fmt.Fprintf(&b, "%s\n", sentence)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// explain writes why a form did not run or did not sell exactly.
func (r *Result) explain(b *strings.Builder) {
	if r.NotAvailable != "" {
		fmt.Fprintf(b, "%s: not available: %s\n", r.Form, r.NotAvailable)
		return
	}
	for _, run := range []struct {
		when  string
		notes []string
	}{{"for some time", r.Rates.Notes}, {"to the end", r.SellOut.Notes}} {
		for _, note := range run.notes {
			fmt.Fprintf(b, "%s, %s: %s\n", r.name(), run.when, note)
		}
	}
	if r.Over() > 0 || r.Under() > 0 {
		fmt.Fprintf(b, "   %s\n", r.Danger)
	}
}

// WriteMarkdown writes the table for a document.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	head := columns()
	fmt.Fprintf(&b, "%s\n\n| %s |\n|%s\n", r.headline(), strings.Join(head, " | "),
		strings.Repeat("---|", len(head)))
	for i := range r.Results {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r.Results[i].row(), " | "))
	}
	for i, sentence := range r.Summary {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", sentence)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// align writes rows in columns; the first and the last column stand left, numbers right.
func align(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch i {
			case 0:
				b.WriteString(cell + space)
			case len(row) - 1:
				b.WriteString("  " + cell)
			default:
				b.WriteString("  " + space + cell)
			}
		}
		b.WriteByte('\n')
	}
}

// median sorts times and returns the one in the middle.
func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
