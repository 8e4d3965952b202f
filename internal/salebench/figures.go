// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"stampede/internal/figures"
)

// figure is a published figure for PostgreSQL and how it is made again. All were measured on 32
// cores for 100 seconds.
type figure struct {
	name, call, counts string
	perSecond          int64 // as published
	clients            int
	many               bool  // products
	ids                int64 // the numbers that it draws from, if they are not those of products
	try                saleSQL
	blind              bool   // it does not tell what it did: the table does
	sells              string // the form that sells by the same means; empty: nothing is sold
}

// Numbers of the published figures.
const (
	figureProducts = 1_000_000   // where it was ten million, unless more are asked for
	figureClients  = 64          // where we have as many as we are told
	figureIDs      = 100_000_000 // locks to draw from
	figurePauses   = 8           // scripts, each with a pause longer than the one before
	figurePause    = 10 * time.Microsecond
)

// publishedFigures are all there are.
func publishedFigures() []figure {
	const touch = `update stock set crt_time = now() where id = $1 and pg_try_advisory_xact_lock($1)`
	return []figure{
		{name: "G1", call: "select pg_try_advisory_xact_lock(random id of 100 M)",
			counts: "locks, no data", perSecond: 1_314_529, clients: 96, ids: figureIDs, try: onlyLock},
		{name: "G2", call: "update … where id = 1 and pg_try_advisory_xact_lock(1)",
			counts: "attempts", perSecond: 391_012, clients: 64, try: published(touch, busy),
			sells: "advisory-try"},
		{name: "G3", call: "select … for update nowait in a DO block, update", counts: "attempts",
			perSecond: 85_889, clients: 64, try: nowaitAsPublished, blind: true, sells: "nowait"},
		{name: "G4", call: "G2 as cnt = cnt - 1, pauses of 10 to 80 µs", counts: "real deductions",
			perSecond: 6_112, clients: 64, try: paused(published(tryPublished, busy)),
			sells: "advisory-try"},
		{name: "G5", call: "G4 on 10 M products, no pauses", counts: "real deductions",
			perSecond: 272_331, clients: 64, many: true, try: published(tryPublished, busy),
			sells: "advisory-try"},
	}
}

// onlyLock takes a lock and does nothing.
func onlyLock(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
	var granted bool
	err := pool.QueryRow(ctx, `select pg_try_advisory_xact_lock($1)`, p.product).Scan(&granted)
	if err == nil {
		p.end(soldOr(busy, granted))
	}
	return err
}

// paused lets each client rest after an attempt, some longer than others.
func paused(try saleSQL) saleSQL {
	return func(ctx context.Context, pool *pgxpool.Pool, p *purchase) error {
		err := try(ctx, pool, p)
		script := p.order>>orderBits%figurePauses + 1
		time.Sleep(time.Duration(script) * figurePause)
		return err
	}
}

// FiguresReport is published figures beside those of this machine.
type FiguresReport struct {
	Cores   int     `json:"cores"`
	SyncMs  float64 `json:"syncMs"`
	Seconds float64 `json:"seconds"`

	Versions []string `json:"versions"` // of the servers

	Figures []Figure `json:"figures"`
}

// Figure is one of them.
type Figure struct {
	Name      string `json:"name"`
	Call      string `json:"call"`
	Counts    string `json:"counts"`    // what was published as so many a second
	Published int64  `json:"published"` // a second, on 32 cores
	Clients   int    `json:"clients"`
	Products  int64  `json:"products"`

	AttemptsPerSecond float64 `json:"attemptsPerSecond"` // of the published form, here
	HitsPerSecond     float64 `json:"hitsPerSecond"`     // of them that got the lock or changed a row
	Form              string  `json:"form"`              // by which it is sold, with guard and order
	SoldPerSecond     float64 `json:"soldPerSecond"`
}

// RunFigures makes the published figures again: the statements as they were published, counted
// as they were, and the same means as sales, with a guard and an order row in the transaction.
func RunFigures(ctx context.Context, o Options) (report FiguresReport, err error) {
	return runFigures(ctx, o, max(o.Products, figureProducts))
}

// runFigures has so many products where a figure has many.
func runFigures(ctx context.Context, o Options, many int64) (report FiguresReport, err error) {
	if err := o.check(); err != nil {
		return report, err
	}
	m, err := openMarket(ctx, o)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	whole := m.newReport()
	report = FiguresReport{Cores: whole.Cores, SyncMs: whole.SyncMs, Seconds: whole.Seconds}
	defer func() { report.Versions = m.versions }()
	for _, f := range publishedFigures() {
		one, err := m.figure(ctx, f, many)
		if cause := context.Cause(ctx); cause != nil {
			return report, cause
		}
		if err != nil {
			return report, fmt.Errorf("%s: %w", f.name, err)
		}
		report.Figures = append(report.Figures, one)
	}
	return report, nil
}

// figure makes one figure as attempts and as sales.
func (m *market) figure(ctx context.Context, f figure, many int64) (Figure, error) {
	s := shelf{products: 1, units: unitsPlenty, published: true, pipeline: 1,
		clients: max(f.clients*m.Clients/figureClients, 1)}
	if f.many {
		s.products = many
	}
	r := Figure{Name: f.name, Call: f.call, Counts: f.counts, Published: f.perSecond,
		Clients: s.clients, Products: s.products, Form: f.sells}
	shop, err := openPostgres(ctx, m, s)
	if err != nil {
		return r, err
	}
	shop.buy = f.try
	drawn := s
	drawn.products = max(s.products, f.ids)
	sale, err := m.sell(ctx, singleShop{shop}, drawn, f.name+": attempts")
	if err = errors.Join(err, shop.close()); err != nil {
		return r, err
	}
	r.AttemptsPerSecond = sale.AttemptsPerSecond
	r.HitsPerSecond = float64(sale.Attempts-sale.Refused) / sale.Seconds
	if f.blind {
		r.HitsPerSecond = sale.SoldPerSecond
	}
	if f.sells == "" {
		return r, nil
	}
	forms, err := Named(f.sells)
	if err != nil {
		return r, err
	}
	s.published = false
	exact, err := forms[0].open(ctx, m, s)
	if err != nil {
		return r, err
	}
	sale, err = m.sell(ctx, exact, s, f.name+": sales")
	r.SoldPerSecond = sale.SoldPerSecond
	return r, errors.Join(err, exact.close())
}

// rows are the table of figures, its heads first.
func (r *FiguresReport) rows() [][]string {
	rows := [][]string{{"", "published", "attempts/s here", "hits/s", "sold/s", "clients",
		"products", "what"}}
	for _, f := range r.Figures {
		sales := "–"
		if f.Form != "" {
			sales = figures.Rate(f.SoldPerSecond)
		}
		rows = append(rows, []string{f.Name, figures.Rate(float64(f.Published)) + " " + f.Counts,
			figures.Rate(f.AttemptsPerSecond), figures.Rate(f.HitsPerSecond), sales,
			figures.Grouped(f.Clients), figures.Grouped(f.Products), f.Call})
	}
	return rows
}

// headline says what the table is of.
func (r *FiguresReport) headline() string {
	return fmt.Sprintf("Published on 32 cores; here %d cores with the buyers, %g s each, a durable "+
		"write of 4 KiB takes %s ms", r.Cores, r.Seconds, figures.Millis(r.SyncMs))
}

// WriteText writes the table for a terminal.
func (r *FiguresReport) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", r.headline())
	align(&b, r.rows())
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdown writes the table for a document.
func (r *FiguresReport) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.headline())
	for i, row := range r.rows() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
