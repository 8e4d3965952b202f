// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind says what a form is made of.
type Kind string

// The kinds of forms.
const (
	SingleRow Kind = "single row" // a transaction of PostgreSQL for each sale
	UnitRows  Kind = "row a unit" // likewise, of rows that nobody else wants
	Grouped   Kind = "batch"      // one for many sales
	Redis     Kind = "redis"      // a counter or a script
	Ours      Kind = "ours"
)

// A Form is one way to sell.
type Form struct {
	Name, Title  string
	Kind         Kind
	Pipelined    bool   // a connection may serve several buyers at once
	HasPublished bool   // it is published in a form that sells wrongly
	Danger       string // what goes wrong with it, a sentence; of the published one if there is one

	// clients and pipeline, if they are not 0, are what the form has whatever is asked for.
	clients, pipeline int

	open func(ctx context.Context, m *market, s shelf) (shop, error)
}

// Forms are all there are, in the order of tables.
func Forms() []Form {
	return slices.Concat(singleForms(), unitForms(), batchForms(), redisForms(), ourForms())
}

// Named finds forms by their names; "all" is all of them.
func Named(names ...string) ([]Form, error) {
	var found []Form
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "all" {
			return Forms(), nil
		}
		at := slices.IndexFunc(Forms(), func(f Form) bool { return f.Name == name })
		if at < 0 {
			var known []string
			for _, f := range Forms() {
				known = append(known, f.Name)
			}
			return nil, fmt.Errorf("no form is called %q: there are %s", name,
				strings.Join(known, ", "))
		}
		if !slices.ContainsFunc(found, func(f Form) bool { return f.Name == name }) {
			found = append(found, Forms()[at])
		}
	}
	return found, nil
}

// shelf is the stock of one run, and who asks for it.
type shelf struct {
	products  int64
	units     int64 // of each product
	few       bool  // they will all be sold
	published bool
	clients   int
	pipeline  int
}

// shop is a form that is open for a run.
type shop interface {
	// client connects one more client. It is called before the sale begins.
	client(ctx context.Context) (client, error)
	// books reads what is in store when nobody buys any more.
	books(ctx context.Context) (books, error)
	// servers are the processes that we have started for it.
	servers() []*process
	// durability says what a crash leaves of a sale that was told.
	durability() string
	// close ends it, after its clients.
	close() error
}

// client serves buyers, one call after the other.
type client interface {
	// buy serves buyers at once: it sets outcome and done of each. An error may leave some
	// without.
	buy(ctx context.Context, buyers []purchase) error
	close() error
}

// purchase is what one buyer wants and gets. A buyer may come again, with another order.
type purchase struct {
	product int64 // from 0
	order   int64 // unique in the run
	came    time.Time
	outcome outcome
	done    time.Time // when the outcome was told
}

// end tells a buyer the outcome.
func (p *purchase) end(o outcome) { p.outcome, p.done = o, time.Now() }

// outcome is what a buyer was told.
type outcome uint8

// The outcomes.
const (
	untold  outcome = iota // nothing: the connection was cut off
	sold                   // it is his
	soldOut                // there is nothing left
	busy                   // another buyer was in the way
)
