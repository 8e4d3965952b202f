// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"stampede/internal/loadgen"
)

// BenchCmd is the command line of the load generator.
type BenchCmd struct {
	Workloads []string `arg:"" optional:"" help:"What to run (set and get if none is named)."`

	Server   string `short:"s" default:"127.0.0.1:6379" help:"Server: host:port or unix:/path."`
	User     string `placeholder:"NAME" help:"User for AUTH."`
	Password string `env:"STAMPEDE_PASSWORD" help:"Password for AUTH."`
	DB       int    `name:"db" help:"Database to SELECT."`
	PID      int    `name:"pid" help:"Process of the server, to measure its CPU time."`

	Against         string `placeholder:"ADDR" help:"Second server, run in turn and compared."`
	AgainstUser     string `placeholder:"NAME" help:"User for AUTH there."`
	AgainstPassword string `env:"STAMPEDE_AGAINST_PASSWORD" help:"Password for AUTH there."`
	AgainstPID      int    `name:"against-pid" help:"Process of the second server."`
	Rounds          int    `placeholder:"N" help:"Runs on each server (1, with --against 3)."`

	Clients  int           `short:"c" default:"50" help:"Connections."`
	Pipeline []int         `short:"P" default:"1" help:"Calls sent at once; several: 1,16,64."`
	Threads  int           `default:"1" help:"Threads of the generator."`
	Requests int64         `short:"n" placeholder:"N" help:"Calls of a run."`
	Duration time.Duration `short:"d" help:"Length of a run (5s if --requests is not given)."`
	WarmUp   time.Duration `default:"500ms" help:"Load before each run that is not counted."`
	Rate     float64       `placeholder:"N" help:"Open loop: so many calls a second fall due."`

	Keys      int64   `short:"k" default:"1000000" help:"Keys, members or fields."`
	Zipf      float64 `placeholder:"EXPONENT" help:"Draw keys by Zipf's law, e.g. 0.99."`
	ValueSize int     `default:"64" help:"Bytes of a value."`
	Values    string  `enum:"printable,binary" default:"printable" help:"Kind of values: ${enum}."`
	Mix       string  `default:"9:1" help:"GETs to SETs of the workload mixed."`
	Seed      uint64  `default:"1" help:"Seed of keys and values."`

	Command   []string `sep:"none" placeholder:"CALL" help:"Own call; may be repeated."`
	Setup     []string `sep:"none" placeholder:"CALL" help:"Made once before --command runs."`
	Fill      string   `placeholder:"CALL" help:"Made for each key before --command runs."`
	NoPrefill bool     `help:"Leave the data as it is."`

	JSON        string `name:"json" type:"path" placeholder:"FILE" help:"Write results to a file."`
	AllowErrors bool   `help:"End well even if there were error replies."`
}

// Help lists the workloads and placeholders.
func (c *BenchCmd) Help() string {
	var b strings.Builder
	b.WriteString("Workloads:\n")
	for _, w := range loadgen.Workloads() {
		fmt.Fprintf(&b, "  %-12s %s\n", w.Name, w.Summary)
	}
	b.WriteString("\nPlaceholders in calls, anywhere in an argument:\n")
	for _, p := range loadgen.Placeholders() {
		fmt.Fprintf(&b, "  %-12s %s\n", p.Word, p.Summary)
	}
	return b.String()
}

// Run measures until done or interrupted, and fails where there were error replies.
func (c *BenchCmd) Run(ctx context.Context, around surroundings) error {
	suite, err := c.suite()
	if err != nil {
		return err
	}
	// A loop of the generator keeps its processor while it waits in the kernel; one more must
	// be left for everything else.
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), c.Threads+1))
	if file, ok := around.stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		suite.Progress = showProgress(file)
	}
	report, err := suite.Run(ctx)
	if len(report.Results) > 0 { // what was measured before an error is not lost
		err = errors.Join(err, report.WriteText(around.stdout), c.writeJSON(report))
	}
	if err != nil {
		return err
	}
	count, example := report.ErrorReplies()
	if count == 0 {
		return nil
	}
	err = fmt.Errorf("%d error replies, such as: %s", count, example)
	if c.AllowErrors {
		_, err = fmt.Fprintln(around.stdout, err)
	}
	return err
}

// suite makes the plan that the command line asks for.
func (c *BenchCmd) suite() (loadgen.Suite, error) {
	workloads, err := c.workloads()
	if err != nil {
		return loadgen.Suite{}, err
	}
	suite := loadgen.Suite{
		Servers: []loadgen.Server{{Address: c.Server, Username: c.User, Password: c.Password,
			Database: c.DB, ProcessID: c.PID}},
		Workloads: workloads,
		Pipelines: c.Pipeline,
		Rounds:    c.Rounds,
		NoPrefill: c.NoPrefill,
		Options:   c.options(),
	}
	if c.Against != "" {
		suite.Servers = append(suite.Servers, loadgen.Server{Address: c.Against,
			Username: c.AgainstUser, Password: c.AgainstPassword, Database: c.DB,
			ProcessID: c.AgainstPID})
		if suite.Rounds == 0 {
			suite.Rounds = 3
		}
	}
	return suite, nil
}

// options translates the flags about one run.
func (c *BenchCmd) options() loadgen.Options {
	o := loadgen.Options{
		Clients:      c.Clients,
		Threads:      c.Threads,
		Keys:         c.Keys,
		Skew:         c.Zipf,
		ValueSize:    c.ValueSize,
		BinaryValues: c.Values == "binary",
		Requests:     c.Requests,
		Duration:     c.Duration,
		WarmUp:       c.WarmUp,
		Rate:         c.Rate,
		Seed:         c.Seed,
	}
	if o.ValueSize == 0 {
		o.ValueSize = -1
	}
	if o.Duration == 0 && o.Requests == 0 {
		o.Duration = 5 * time.Second
	}
	return o
}

// workloads finds the named workloads and makes the custom one.
func (c *BenchCmd) workloads() ([]loadgen.Workload, error) {
	names := c.Workloads
	if len(names) == 0 && len(c.Command) == 0 {
		names = []string{"set", "get"}
	}
	var workloads []loadgen.Workload
	for _, name := range names {
		w, err := loadgen.Named(name)
		if err != nil {
			return nil, err
		}
		if w.Mixed() {
			if w, err = c.mix(w); err != nil {
				return nil, err
			}
		}
		workloads = append(workloads, w)
	}
	if len(c.Command) > 0 {
		w, err := c.custom()
		if err != nil {
			return nil, err
		}
		workloads = append(workloads, w)
	}
	return workloads, nil
}

// mix gives a workload the weights of --mix.
func (c *BenchCmd) mix(w loadgen.Workload) (loadgen.Workload, error) {
	var weights []int
	for part := range strings.SplitSeq(c.Mix, ":") {
		weight, err := strconv.Atoi(part)
		if err != nil {
			return w, fmt.Errorf("--mix %s: want a ratio such as 9:1", c.Mix)
		}
		weights = append(weights, weight)
	}
	mixed, err := w.WithWeights(weights...)
	if err != nil {
		return w, fmt.Errorf("--mix %s: %w", c.Mix, err)
	}
	return mixed, nil
}

// custom makes the workload of --command, --setup and --fill.
func (c *BenchCmd) custom() (loadgen.Workload, error) {
	w, err := loadgen.Custom("custom", c.Command...)
	if err != nil {
		return w, err
	}
	for _, line := range c.Setup {
		call, err := loadgen.ParseCall(line)
		if err != nil {
			return w, fmt.Errorf("--setup: %w", err)
		}
		w.Setup = append(w.Setup, call)
	}
	if c.Fill != "" {
		if w.Prefill, err = loadgen.ParseCall(c.Fill); err != nil {
			return w, fmt.Errorf("--fill: %w", err)
		}
	}
	return w, nil
}

// writeJSON writes the report where --json wants it.
func (c *BenchCmd) writeJSON(report loadgen.Report) error {
	if c.JSON == "" {
		return nil
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("results as JSON: %w", err)
	}
	if err := os.WriteFile(c.JSON, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("results as JSON: %w", err)
	}
	return nil
}

// showProgress returns a function that draws a bar for each thing being done.
func showProgress(terminal io.Writer) func(what string, share float64) {
	const whole = 1000
	var bar *progressbar.ProgressBar
	var doing string
	return func(what string, share float64) {
		if what != doing {
			doing, bar = what, progressbar.NewOptions(whole,
				progressbar.OptionSetWriter(terminal),
				progressbar.OptionSetDescription(what),
				progressbar.OptionSetWidth(30),
				progressbar.OptionSetPredictTime(false),
				progressbar.OptionSetElapsedTime(false),
				progressbar.OptionClearOnFinish())
		}
		_ = bar.Set(int(share * whole)) // a bar that cannot be drawn is no reason to stop
	}
}
