// SPDX-License-Identifier: Apache-2.0

// Package salebench sells the same stock by the techniques that shops publish and copy, for
// PostgreSQL and for Redis, and by ours, and counts sales: a refused attempt is none.
//
// # How
//
// A [Form] is one technique. It runs twice, each time on a stock of its own: for some time
// with more units than can be sold, which gives the rates, and until few units are gone to
// twice as many buyers, which shows whether it sells out exactly. After both, the stock, the
// orders and what buyers were told are compared: that is the audit, and over and under are
// what it found.
//
// Each form is there as it should be, and most also as they were published: without a guard,
// without order rows, with the buyer turned away where another is served.
//
// # Ownership
//
// [Run] and [RunFigures] start all goroutines and processes, and have ended them when they
// return. A client of a form is used by one goroutine.
//
// # What is not here
//
// Load for the store by itself (package loadgen), and the program that is started as the
// store: the caller says what that is.
package salebench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Limits of the options.
const (
	ProductsMax = 100_000_000
	ClientsMax  = 4096
	PipelineMax = 4096
	UnitsMax    = 10_000_000
)

// Options are what is measured, and on what. There are no defaults but where it says so.
type Options struct {
	Forms     []Form
	Published bool          // as published, where a form was
	Products  int64         // on sale at a time; buyers want one of them, evenly drawn
	Clients   int           // connections
	Pipelines []int         // buyers a connection serves at once, where the form allows several
	Duration  time.Duration // of the run that gives the rates
	Rounds    int           // through all forms; the median of each is told. 0: 1
	Units     int64         // of the run that sells out
	Seed      uint64        // of what buyers want

	// Postgres names a server by URL, on which a database is made and dropped again. Empty: one
	// is started for the time.
	Postgres string

	// Redis is the address of a server; its keys that begin with "salebench:" are used and
	// deleted. Empty: one is started, with its append-only file synced by Fsync.
	Redis string
	Fsync string // always, everysec or no

	// Dir is where the folders of what is started are made. Empty: where temporary files are.
	Dir string

	// Serve returns the program that is our store, not started, with arguments of its command
	// line; it must end when ctx does.
	Serve func(ctx context.Context, arguments ...string) *exec.Cmd

	// Watch, which may be nil, is told a few times a second what is done, and its share. It is
	// called by one goroutine at a time.
	Watch func(what string, share float64)
}

// check tells what is wrong with the options.
func (o *Options) check() error {
	within := func(name string, value, least, most int64) error {
		if value < least || value > most {
			return fmt.Errorf("%s must be from %d to %d, not %d", name, least, most, value)
		}
		return nil
	}
	err := errors.Join(
		within("products", o.Products, 1, ProductsMax),
		within("clients", int64(o.Clients), 1, ClientsMax),
		within("units", o.Units, 1, UnitsMax),
	)
	for _, p := range o.Pipelines {
		err = errors.Join(err, within("the pipeline", int64(p), 1, PipelineMax))
	}
	switch {
	case o.Duration <= 0:
		err = errors.Join(err, errors.New("the time of a run must be greater than 0"))
	case len(o.Forms) == 0 || len(o.Pipelines) == 0:
		err = errors.Join(err, errors.New("there must be a form and a pipeline at least"))
	case o.Fsync != "always" && o.Fsync != "everysec" && o.Fsync != "no":
		err = errors.Join(err, fmt.Errorf("fsync is always, everysec or no, not %q", o.Fsync))
	}
	return err
}

// Run measures all forms. With an error come the results that there are by then. That a form
// sells wrongly is in its result, and no error; so is that one cannot run here.
func Run(ctx context.Context, o Options) (report Report, err error) {
	if err := o.check(); err != nil {
		return Report{}, err
	}
	m, err := openMarket(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	report = m.newReport()
	defer func() { report.Versions = m.versions }()
	var rounds [][]Result
	for range max(o.Rounds, 1) {
		results, err := m.round(ctx)
		rounds = append(rounds, results)
		report.Results = medians(rounds)
		if err != nil {
			return report, err
		}
	}
	report.compare()
	return report, nil
}

// round measures each form once.
func (m *market) round(ctx context.Context) (results []Result, err error) {
	for _, form := range m.Forms {
		for i, pipeline := range m.Pipelines {
			if i > 0 && !form.Pipelined {
				break
			}
			if !form.Pipelined {
				pipeline = max(form.pipeline, 1)
			}
			result, err := m.measure(ctx, form, pipeline)
			if cause := context.Cause(ctx); cause != nil {
				return results, cause
			}
			if err != nil {
				return results, fmt.Errorf("%s: %w", form.Name, err)
			}
			results = append(results, result)
		}
	}
	return results, nil
}

// unitsPlenty is how many units of a product there are where it must not sell out.
const unitsPlenty = 1_000_000_000

// productsAtEnd is how many products sell out, if there are so many.
const productsAtEnd = 8

// warmUp is the part of a run that is not counted, up to warmUpMax.
const (
	warmUp    = 0.2
	warmUpMax = 500 * time.Millisecond
)

// measure runs a form twice.
func (m *market) measure(ctx context.Context, form Form, pipeline int) (Result, error) {
	r := Result{
		Form: form.Name, Title: form.Title, Kind: form.Kind,
		Clients:  cmp.Or(form.clients, m.Clients),
		Pipeline: pipeline, Products: m.Products, Danger: form.Danger,
		Published: m.Published && form.HasPublished,
	}
	for _, selling := range []struct {
		what  string
		stock shelf
		into  *Sale
	}{
		{"sell for some time", shelf{products: m.Products, units: unitsPlenty}, &r.Rates},
		{"sell out", shelf{products: min(m.Products, productsAtEnd), few: true}, &r.SellOut},
	} {
		s := &selling.stock
		s.published, s.clients, s.pipeline = r.Published, r.Clients, pipeline
		if s.few {
			s.units = max(m.Units/s.products, 1)
		}
		shop, err := form.open(ctx, m, *s)
		if missing := (*Missing)(nil); errors.As(err, &missing) {
			r.NotAvailable = missing.Why
			return r, nil
		}
		if err != nil {
			return r, err
		}
		r.Durability = cmp.Or(r.Durability, shop.durability())
		name := fmt.Sprintf("%s ×%d: %s", form.Name, pipeline, selling.what)
		*selling.into, err = m.sell(ctx, shop, *s, name)
		if err = errors.Join(err, shop.close()); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Missing is an error that says why a form cannot run here.
type Missing struct{ Why string }

// Error is why.
func (m *Missing) Error() string { return "not available: " + m.Why }
