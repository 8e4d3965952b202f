// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgtest"
)

// small are options for a sale that is over at once. Our own store is no part of it: the
// program's tests have that.
func small(t *testing.T, postgres string, forms ...string) Options {
	t.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("STAMPEDE_REQUIRE_ORACLE") == "" {
		t.Skip("no redis-server to test with (scripts/install-test-tools)")
	}
	found, err := Named(forms...)
	if err != nil {
		t.Fatal(err)
	}
	found = slices.DeleteFunc(found, func(f Form) bool { return f.Kind == Ours })
	return Options{
		Forms: found, Products: 1, Clients: 8, Pipelines: []int{1, 5}, Seed: 1, Fsync: "no",
		Duration: 60 * time.Millisecond, Units: 23, Postgres: postgres, Dir: t.TempDir(),
	}
}

// TestOnPostgres is the tests that need one; they share it.
func TestOnPostgres(t *testing.T) {
	c := pgtest.Start(t)
	t.Run("ExactFormsSellOutExactly", func(t *testing.T) { exactForms(t, c) })
	t.Run("TheAuditFindsWhatPublishedFormsDo", func(t *testing.T) { publishedForms(t, c) })
	t.Run("WhoTurnsBuyersAwayLeavesUnitsOver", func(t *testing.T) { turnedAway(t, c) })
	t.Run("Figures", func(t *testing.T) { figuresHere(t, c) })
}

func exactForms(t *testing.T, c *pgtest.Cluster) {
	for _, products := range []int64{1, 3} {
		o := small(t, c.URL("postgres"), "all")
		if products > 1 {
			o = small(t, c.URL("postgres"), "advisory-try", "unit-rows", "batch", "batch-rows",
				"redis-decr", "redis-lua")
		}
		o.Products = products
		report, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		pipelines := 0
		for _, r := range report.Results {
			if r.NotAvailable != "" {
				if products == 1 || r.Form != "batch-rows" {
					t.Errorf("%s is not available: %s", r.Form, r.NotAvailable)
				}
				continue
			}
			if r.Pipeline > 1 {
				pipelines++
			}
			s := r.SellOut
			if r.Form == "batch-rows" && s.Units != 23 {
				t.Errorf("batch-rows puts %d units on sale", s.Units)
			}
			if r.Over() != 0 || r.Under() != 0 || s.Told != s.Units || s.Sold != s.Units ||
				s.Units != 23/products*products || s.Buyers != 2*s.Units ||
				s.Attempts < s.Buyers || s.Refused < s.Units {
				t.Errorf("%s ×%d, %d products: %+v", r.Form, r.Pipeline, products, r)
			}
			if r.Rates.Over != 0 || r.Rates.Under != 0 || r.Rates.Told < r.Rates.Sold {
				t.Errorf("%s ×%d for some time: %+v", r.Form, r.Pipeline, r.Rates)
			}
			if r.Durability == "" || r.Danger == "" || r.Title == "" {
				t.Errorf("%s says too little: %+v", r.Form, r)
			}
		}
		if want := map[int64]int{1: 4, 3: 3}[products]; pipelines != want {
			t.Errorf("%d results with a pipeline, want %d", pipelines, want)
		}
		if !slices.ContainsFunc(report.Versions, func(v string) bool {
			return strings.HasPrefix(v, "redis-server 7")
		}) {
			t.Errorf("versions: %q", report.Versions)
		}
	}
	if n := databases(t, c); n != 0 {
		t.Errorf("%d databases are left over", n)
	}
}

// databases counts those that the sale has made and not dropped.
func databases(t *testing.T, c *pgtest.Cluster) (n int) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, `select count(*) from pg_database where datname like 'stampede_sale%'`).
		Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// publishedForms sells by one client, one buyer after the other: what
// goes wrong then does not depend on time.
func publishedForms(t *testing.T, c *pgtest.Cluster) {
	o := small(t, c.URL("postgres"), "all")
	o.Published, o.Clients, o.Pipelines, o.Units = true, 1, []int{1}, 20
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		over, under int64
		note        string
	}{
		// 40 buyers, 20 units, and nobody looks.
		"conditional":   {20, 0, "20 units were sold that never were"},
		"nowait":        {20, 0, "20 units were sold that never were"},
		"skip-locked":   {20, 0, "20 units were sold that never were"},
		"advisory-try":  {20, 0, "20 units were sold that never were"},
		"advisory-wait": {20, 0, "20 units were sold that never were"},
		"batch":         {20, 0, "20 units were sold that never were"},
		// Each fourth payment is declined, and the lock stays.
		"advisory-session": {10, 0, "1 connections of the pool still hold a lock"},
		"redis-decr":       {0, 1, "the counter stands at -20"},
		"redis-lua":        {0, 0, ""},
		"batch-rows":       {0, 0, ""},
		"unit-rows":        {0, 0, ""},
	}
	if len(report.Results) != len(want) {
		t.Errorf("%d results", len(report.Results))
	}
	for _, r := range report.Results {
		w, s := want[r.Form], r.SellOut
		if s.Over != w.over || s.Under != w.under ||
			!strings.Contains(strings.Join(s.Notes, "\n"), w.note) {
			t.Errorf("%s: over %d, under %d, %q; want %+v", r.Form, s.Over, s.Under, s.Notes, w)
		}
		if r.Published != (r.Form != "batch-rows" && r.Form != "unit-rows") {
			t.Errorf("%s: published is %t", r.Form, r.Published)
		}
	}
	if len(report.Summary) != 0 {
		t.Errorf("a measure of those who sell wrongly: %q", report.Summary)
	}
}

// turnedAway holds the product's row as another buyer would.
func turnedAway(t *testing.T, c *pgtest.Cluster) {
	o := small(t, c.URL("postgres"), "nowait", "skip-locked", "advisory-try")
	o.Published = true
	m, err := openMarket(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	stock := shelf{products: 1, units: 5, few: true, published: true, clients: 3, pipeline: 1}
	for _, f := range o.Forms {
		opened, err := f.open(t.Context(), m, stock)
		if err != nil {
			t.Fatal(err)
		}
		release := holdRow(t, m)
		sale, err := m.sell(t.Context(), locked{opened, release}, stock, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		over := int64(0)
		if f.Name == "nowait" {
			over = 10 // all ten buyers were told that they have bought
		}
		if sale.Over != over || sale.Under != 5 || sale.Sold != 0 {
			t.Errorf("%s: %+v", f.Name, sale)
		}
		if err := opened.close(); err != nil {
			t.Error(err)
		}
	}
}

// locked is a shop whose row somebody holds until the books are read.
type locked struct {
	shop
	release func()
}

func (l locked) books(ctx context.Context) (books, error) {
	l.release()
	return l.shop.books(ctx)
}

// holdRow locks the product in all the ways in which forms do.
func holdRow(t *testing.T, m *market) (release func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, m.database)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"begin", "select pg_advisory_xact_lock(0)",
		"select * from sale_to_the_end.stock where id = 0 for update"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	return func() { _ = conn.Close(ctx) }
}

// TestAUnitLostByACrash lets a shop end between the count and the order.
func TestAUnitLostByACrash(t *testing.T) {
	o := small(t, "", "redis-decr", "redis-lua")
	m, err := openMarket(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	stock := shelf{products: 1, units: 5, few: true, published: true, clients: 1, pipeline: 1}
	for name, call := range map[string][]string{
		"redis-decr": {"DECR", redisStock + "0"},
		"redis-lua":  {"HINCRBY", redisStock + "0", "purchased", "1"}, // as the script does
	} {
		forms, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := forms[0].open(t.Context(), m, stock)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opened.(*redisShop).admin.ask(call...); err != nil {
			t.Fatal(err)
		}
		sale, err := m.sell(t.Context(), opened, stock, name)
		lost := int64(1)
		if name == "redis-decr" {
			lost = 2 // and the last one, by the rule
		}
		if err != nil || sale.Under != lost || sale.Over != 0 || sale.Told != 5-lost {
			t.Errorf("%s: %+v, %v", name, sale, err)
		}
		if err := opened.close(); err != nil {
			t.Error(err)
		}
	}
}

func figuresHere(t *testing.T, c *pgtest.Cluster) {
	o := small(t, c.URL("postgres"), "conditional")
	o.Duration = 30 * time.Millisecond
	report, err := runFigures(t.Context(), o, 2000)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.WriteText(&b); err != nil || len(report.Figures) != 5 {
		t.Fatalf("%d figures, %v", len(report.Figures), err)
	}
	for _, f := range report.Figures {
		if f.HitsPerSecond > f.AttemptsPerSecond || f.Form == "" && f.SoldPerSecond > 0 ||
			f.Published == 0 {
			t.Errorf("%+v", f)
		}
		if !strings.Contains(b.String(), "\n"+f.Name+" ") {
			t.Errorf("there is no %s in\n%s", f.Name, b.String())
		}
	}
	if text, err := json.Marshal(report); err != nil || !strings.Contains(string(text),
		`"name":"G5","call":"G4 on 10 M products, no pauses","counts":"real deductions",`+
			`"published":272331,"clients":8,"products":2000,"attemptsPerSecond":`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestRunRefusesWhatItCannotSell(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"products": func(o *Options) { o.Products = 0 },
		"clients":  func(o *Options) { o.Clients = ClientsMax + 1 },
		"units":    func(o *Options) { o.Units = -1 },
		"pipeline": func(o *Options) { o.Pipelines = []int{1, 0} },
		"time":     func(o *Options) { o.Duration = 0 },
		"form":     func(o *Options) { o.Forms = nil },
		"fsync":    func(o *Options) { o.Fsync = "never" },
	} {
		o := small(t, "postgres://nobody@127.0.0.1:1/x", "conditional")
		change(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Named("conditional", "nonesuch"); err == nil ||
		!strings.Contains(err.Error(), "advisory-session") {
		t.Errorf("got %v", err)
	}
	o := small(t, "postgres://nobody@127.0.0.1:1/x", "conditional")
	if _, err := Run(t.Context(), o); err == nil {
		t.Error("there is no server, and no error")
	}
}

func TestAnInterruptEndsASale(t *testing.T) {
	o := small(t, "", "redis-decr", "redis-lua")
	o.Duration = time.Hour
	ctx, interrupt := context.WithCancel(t.Context())
	o.Watch = func(what string, share float64) {
		if strings.Contains(what, "redis-decr") {
			interrupt()
		}
	}
	report, err := Run(ctx, o)
	if err == nil || len(report.Results) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left over, %v", left, err)
	}
}
