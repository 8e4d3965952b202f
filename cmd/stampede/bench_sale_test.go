// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"stampede/internal/pgtest"
	"stampede/internal/salebench"
)

// parseBenchSale reads the arguments of stampede bench sale.
func parseBenchSale(t *testing.T, arguments ...string) *BenchSaleCmd {
	t.Helper()
	var c struct {
		Bench BenchCommands `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"bench", "sale"}, arguments...)); err != nil {
		t.Fatal(err)
	}
	return &c.Bench.Sale
}

func TestBenchSaleArgumentsMakeOptions(t *testing.T) {
	c := parseBenchSale(t, "--form", "nowait,ours-ledger", "--as-published", "--products", "1000000",
		"--clients", "32", "--pipeline", "1,64", "--seconds", "1.5", "--rounds", "3", "--units", "7",
		"--postgres", "postgres://a@b/c", "--redis", "localhost:7", "--fsync", "everysec")
	o, err := c.options(surroundings{stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Forms) != 2 || o.Forms[1].Name != "ours-ledger" || !o.Published ||
		o.Products != 1_000_000 || o.Clients != 32 || len(o.Pipelines) != 2 ||
		o.Duration.Milliseconds() != 1500 || o.Rounds != 3 || o.Units != 7 ||
		o.Postgres != "postgres://a@b/c" || o.Redis != "localhost:7" || o.Fsync != "everysec" {
		t.Errorf("%+v", o)
	}
	all, err := parseBenchSale(t).options(surroundings{stderr: io.Discard})
	if err != nil || len(all.Forms) != len(salebench.Forms()) || all.Clients != 64 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, arguments := range [][]string{{"--form", "nonesuch"}, {"--figures", "--svg", "x.svg"},
		{"--clients", "0"}, {"--form", "ours-memory", "--products", "0"}} {
		err := parseBenchSale(t, arguments...).sell(t.Context(), surroundings{io.Discard, io.Discard},
			nil)
		if err == nil {
			t.Errorf("%q is accepted", arguments)
		}
	}
}

func TestBenchWithoutANameIsThatOfAServer(t *testing.T) {
	var c struct {
		Bench BenchCommands `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"bench", "set", "get", "-P", "4"}); err != nil {
		t.Fatal(err)
	}
	if s := c.Bench.Server; len(s.Workloads) != 2 || len(s.Pipeline) != 1 || s.Pipeline[0] != 4 {
		t.Errorf("%+v", s)
	}
}

// TestBenchSaleSellsByOurs runs the program as it is, with a PostgreSQL and stores that it
// starts for the time.
func TestBenchSaleSellsByOurs(t *testing.T) {
	pgtest.Start(t).Stop() // there is one to start, or the test is skipped
	dir, results := t.TempDir(), t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // PostgreSQL is another user's
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(results, name) }
	c := parseBenchSale(t, "--form", "conditional,ours-memory,ours-journal,ours-ledger",
		"--clients", "6", "--pipeline", "1,9", "--seconds", "0.1", "--units", "41", "--dir", dir,
		"--json", file("sale.json"), "--svg", file("sale.svg"), "--markdown", file("sale.md"))
	var out, stderr strings.Builder
	err := c.sell(t.Context(), surroundings{&out, &stderr},
		func(ctx context.Context, arguments ...string) *exec.Cmd {
			// PostgreSQL is never that fast: all confirmations are asked for again.
			arguments = append(arguments, "--set=ledger-ack-timeout=1")
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$")
			cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(arguments, "\n"))
			return cmd
		})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file("sale.json"))
	var report salebench.Report
	if err = errors.Join(err, json.Unmarshal(text, &report)); err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 7 {
		t.Errorf("%d results", len(report.Results))
	}
	for _, r := range report.Results {
		if r.NotAvailable != "" || r.Over() != 0 || r.Under() != 0 || r.SellOut.Told != 41 ||
			r.SellOut.Units != 41 || r.SellOut.Buyers != 82 || len(r.SellOut.Notes) != 0 {
			t.Errorf("%s ×%d: %+v", r.Form, r.Pipeline, r)
		}
		if !strings.Contains(out.String(), "\n"+r.Form+" ") {
			t.Errorf("%s is not in the table:\n%s", r.Form, out.String())
		}
	}
	svg, err := os.ReadFile(file("sale.svg"))
	if err = errors.Join(err, xml.Unmarshal(svg, new(struct{}))); err != nil {
		t.Errorf("%v: %s", err, svg)
	}
	markdown, err := os.ReadFile(file("sale.md"))
	if err != nil || !strings.Contains(string(markdown), "| ours-ledger | 54 |") {
		t.Errorf("%v: %s", err, markdown)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left over, %v", left, err)
	}
}
