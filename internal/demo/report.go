// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"strings"
)

// Report is what came of a run.
type Report struct {
	Address     string         `json:"address"`
	Buyers      int            `json:"buyers"`
	Stock       int            `json:"stock"`
	Connections int            `json:"connections"`
	PaymentMs   float64        `json:"paymentMs"`
	Exact       bool           `json:"exact"` // Verdict is nil
	Sales       []Result       `json:"sales"`
	Audience    AudienceResult `json:"readers"`
}

// Result is what came of one sale.
type Result struct {
	Name      string  `json:"recipe"`
	Title     string  `json:"title"`
	Buyers    int64   `json:"buyers"`
	Sold      int64   `json:"sold"`      // orders that buyers hold
	Refused   int64   `json:"refused"`   // buyers without one
	Oversold  int64   `json:"oversold"`  // orders without a unit of their own
	Undersold int64   `json:"undersold"` // units without an order
	Left      int64   `json:"left"`      // what the store's counter stands at
	Tries     int64   `json:"attempts"`  // how often buyers asked
	Seconds   float64 `json:"seconds"`   // from the opening to the last buyer's answer
	PaymentMs float64 `json:"paymentMs"`

	TriesPerSecond float64 `json:"attemptsPerSecond"` // over Seconds
	SoldPerSecond  float64 `json:"soldPerSecond"`     // from the opening to the last order

	// How long winners took, from their first call until their order was recorded.
	P50Ms float64 `json:"p50Ms"`
	P99Ms float64 `json:"p99Ms"`

	Differences []string `json:"differences"` // between the books
	Lessons     []string `json:"lessons"`
}

// AudienceResult is what those did who only looked.
type AudienceResult struct {
	Calls          int64   `json:"calls"`
	CallsPerSecond float64 `json:"callsPerSecond"`
	P50Ms          float64 `json:"p50Ms"` // of a call, or of calls sent together
	P99Ms          float64 `json:"p99Ms"`
	Hits           int64   `json:"hits"` // of the cache
	Misses         int64   `json:"misses"`
	Views          int64   `json:"views"`  // counted by readers
	Ranked         int64   `json:"ranked"` // the same, counted by today's ranking
	Trending       []Trend `json:"trending"`
}

// Trend is one line of the ranking.
type Trend struct {
	Category string `json:"category"`
	Views    int64  `json:"views"`
}

// Verdict is nil if every sale sold each unit exactly once and all books agree; else it
// names what is wrong.
func (r Report) Verdict() error {
	var wrong []string
	for _, s := range r.Sales {
		if fault := s.fault(); fault != "" {
			wrong = append(wrong, s.Name+" "+fault)
		}
	}
	if r.Audience.Views != r.Audience.Ranked {
		wrong = append(wrong, fmt.Sprintf("readers viewed %d pages, the ranking counted %d",
			r.Audience.Views, r.Audience.Ranked))
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("not exact: %s", strings.Join(wrong, "; "))
}

// differencesShown is how many differences the verdict spells out for each sale.
const differencesShown = 3

// fault says what is wrong with a sale, if anything.
func (r Result) fault() string {
	var faults []string
	if r.Oversold != 0 {
		faults = append(faults, fmt.Sprintf("oversold %d", r.Oversold))
	}
	if r.Undersold != 0 {
		faults = append(faults, fmt.Sprintf("undersold %d", r.Undersold))
	}
	for i, difference := range r.Differences {
		if i == differencesShown {
			faults = append(faults, fmt.Sprintf("and %d more", len(r.Differences)-i))
			break
		}
		faults = append(faults, difference)
	}
	return strings.Join(faults, ", ")
}
