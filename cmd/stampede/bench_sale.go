// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"stampede/internal/salebench"
)

// BenchCommands are the measurements. Without a name it is that of a server.
type BenchCommands struct {
	Server BenchCmd     `cmd:"" default:"withargs" help:"Load for a server: what bench is without a name."`
	Sale   BenchSaleCmd `cmd:"" help:"Sell by published techniques and by ours, counting sales."`
}

// Help is shown below the commands.
func (c *BenchCommands) Help() string {
	return `stampede bench set get --pipeline 1,16     is the same as  stampede bench server set get …
stampede bench server --help               has the workloads and flags of both`
}

// BenchSaleCmd is the command line of the sale by many forms.
type BenchSaleCmd struct {
	Form        []string `default:"all" placeholder:"NAME" help:"What to sell by: all, or names."`
	AsPublished bool     `help:"Sell as was published: no guard, no order rows."`
	Figures     bool     `help:"Run published figures instead: as attempts and as sales."`

	Products int64   `default:"1" help:"On sale at a time."`
	Clients  int     `short:"c" default:"64" help:"Connections."`
	Pipeline []int   `short:"P" default:"1,256" help:"Buyers of a connection at once, where it can be."`
	Seconds  float64 `default:"5" help:"Of a run that gives the rates."`
	Rounds   int     `default:"1" help:"Through all forms, in turn; medians are told."`
	Units    int64   `default:"256" help:"Of a run that sells out."`
	Seed     uint64  `default:"1" help:"Seed of what buyers want."`

	Postgres string `placeholder:"URL" help:"A server to make a database on (starts its own)."`
	Redis    string `placeholder:"ADDR" help:"A redis-server (starts its own)."`
	Fsync    string `enum:"always,everysec,no" default:"always" help:"Of the redis it starts: ${enum}."`
	Dir      string `type:"existingdir" help:"Data of what it starts is below this folder."`

	JSON     string `name:"json" type:"path" placeholder:"FILE" help:"Write results to a file."`
	SVG      string `name:"svg" type:"path" placeholder:"FILE" help:"Write a chart to a file."`
	Markdown string `type:"path" placeholder:"FILE" help:"Write the table for a document."`
}

// Help lists the forms.
func (c *BenchSaleCmd) Help() string {
	var b strings.Builder
	b.WriteString(`Each form sells for some seconds, which gives the rates, and then few units to twice as many
buyers, which shows whether it sells exactly. PostgreSQL, redis-server and our store are started
for the time, in folders that are removed, with every commit synced. docs/sale-bench.md says how
to read the table.

  stampede bench sale                                          all forms, one product
  stampede bench sale --form conditional,batch,ours-ledger
  stampede bench sale --as-published                           what goes wrong, and how often
  stampede bench sale --products 1000000 --form advisory-try,ours-ledger
  stampede bench sale --figures                                published figures, counted as sales

Forms:
`)
	for _, f := range salebench.Forms() {
		fmt.Fprintf(&b, "  %-17s %s\n", f.Name, f.Title)
	}
	return b.String()
}

// Run sells until done or interrupted.
func (c *BenchSaleCmd) Run(ctx context.Context, around surroundings) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return c.sell(ctx, around, func(ctx context.Context, arguments ...string) *exec.Cmd {
		return exec.CommandContext(ctx, program, arguments...)
	})
}

// options translates the flags.
func (c *BenchSaleCmd) options(around surroundings) (salebench.Options, error) {
	forms, err := salebench.Named(c.Form...)
	return salebench.Options{
		Forms: forms, Published: c.AsPublished, Products: c.Products, Clients: c.Clients,
		Pipelines: c.Pipeline, Duration: time.Duration(c.Seconds * float64(time.Second)),
		Rounds: c.Rounds, Units: c.Units, Seed: c.Seed, Postgres: c.Postgres, Redis: c.Redis,
		Fsync: c.Fsync, Dir: c.Dir, Watch: newMeter(around.stderr),
	}, err
}

// results are what can be written in all the ways that are asked for.
type results interface {
	WriteText(w io.Writer) error
	WriteMarkdown(w io.Writer) error
}

// sell is Run with the program that is the store.
func (c *BenchSaleCmd) sell(ctx context.Context, around surroundings,
	serve func(ctx context.Context, arguments ...string) *exec.Cmd,
) error {
	o, err := c.options(around)
	if err != nil {
		return err
	}
	o.Serve = serve
	if c.Figures {
		if c.SVG != "" {
			return errors.New("there is no chart of --figures")
		}
		report, err := salebench.RunFigures(ctx, o)
		if len(report.Figures) == 0 {
			return err
		}
		return errors.Join(err, c.write(around, &report))
	}
	report, err := salebench.Run(ctx, o)
	if len(report.Results) == 0 {
		return err
	}
	err = errors.Join(err, c.write(around, &report))
	if c.SVG != "" {
		err = errors.Join(err, writeTo(c.SVG, report.WriteSVG))
	}
	return err
}

// write writes what was measured, also before an error.
func (c *BenchSaleCmd) write(around surroundings, r results) error {
	err := r.WriteText(around.stdout)
	if c.Markdown != "" {
		err = errors.Join(err, writeTo(c.Markdown, r.WriteMarkdown))
	}
	if c.JSON == "" {
		return err
	}
	return errors.Join(err, writeTo(c.JSON, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}))
}

// writeTo writes a file.
func writeTo(path string, write func(w io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
