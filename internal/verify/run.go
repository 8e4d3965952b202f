// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"text/tabwriter"
	"time"
)

// Options say how much is verified. There are no defaults.
type Options struct {
	Binary string // our program
	Dir    string // an empty folder for the files of its servers

	Seed    uint64        // the first one
	Seeds   int           // histories of each kind in each configuration, by a seed each
	Crashes int           // kills of each of the two loops with fsync always
	Time    time.Duration // begin again with other seeds until so much has passed

	Progress io.Writer // a line for each step, and each violation at length
}

// Row is what became of one kind of proof.
type Row struct {
	What       string
	Done       string // how much was checked, in words
	Violations int
	Took       time.Duration
}

// Report is what became of all of them.
type Report struct {
	Rows   []Row
	Rounds int // each with other seeds
}

// Violations adds up those of all rows.
func (r Report) Violations() (n int) {
	for _, row := range r.Rows {
		n += row.Violations
	}
	return n
}

// WriteText writes the report as a table.
func (r Report) WriteText(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "proof\tviolations\ttook\tchecked") // Flush tells
	for _, row := range r.Rows {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%v\t%s\n", row.What, row.Violations,
			row.Took.Round(100*time.Millisecond), row.Done)
	}
	_, _ = fmt.Fprintln(table, "simulator\t-\t-\tin the source tree only: make hunt")
	return table.Flush()
}

// Run verifies the program at o.Binary with servers of its own on the loopback interface. An
// error says that it could not be done to the end; violations are in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	r := &run{ctx: ctx, o: o, began: time.Now()}
	parts := []*part{
		{what: "linearizable histories", do: r.histories},
		{what: "crash loop, fsync always", do: r.crashes("always", 1)},
		{what: "crash loop, fsync everysec", do: r.crashes("everysec", 4)},
		{what: "sale under SIGKILL", do: r.sale},
	}
	var report Report
	for round := 0; round == 0 || time.Since(r.began) < o.Time; round++ {
		r.seed = o.Seed + uint64(round*max(1, o.Seeds))
		for i, p := range parts {
			r.dir = filepath.Join(o.Dir, fmt.Sprintf("%d-%d", round, i))
			if err := os.Mkdir(r.dir, 0o755); err != nil {
				return report, err
			}
			began := time.Now()
			p.do(p)
			p.took += time.Since(began)
			if err := context.Cause(ctx); err != nil {
				return report, err
			}
			r.say("%s, seed %d: %s, violations %d", p.what, r.seed, p.done(), p.violations)
			if p.violations == 0 {
				if err := os.RemoveAll(r.dir); err != nil {
					return report, err
				}
			}
		}
		report.Rounds++
	}
	for _, p := range parts {
		report.Rows = append(report.Rows, Row{p.what, p.done(), p.violations, p.took})
	}
	return report, nil
}

// run is a verification under way.
type run struct {
	ctx   context.Context
	o     Options
	began time.Time
	seed  uint64 // of this round
	dir   string // of this part in this round
	mu    sync.Mutex
}

// say writes a line of progress.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Since(r.began).Round(time.Second)
	_, _ = fmt.Fprintf(r.o.Progress, "%5v  %s\n", at, fmt.Sprintf(format, args...))
}

// part is a kind of proof.
type part struct {
	what       string
	do         func(*part)
	mu         sync.Mutex
	violations int
	took       time.Duration
	names      []string
	figures    []int
}

// add adds to a figure of what was done.
func (p *part) add(name string, n int) {
	for i := range p.names {
		if p.names[i] == name {
			p.figures[i] += n
			return
		}
	}
	p.names, p.figures = append(p.names, name), append(p.figures, n)
}

// done tells what was done.
func (p *part) done() (text string) {
	for i, name := range p.names {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(p.figures[i], " ", name)
	}
	return text
}

// judgeOf is a Reporter that counts for a part.
type judgeOf struct {
	*run
	*part
}

// Errorf counts a violation and shows it. What an interrupt has broken is none.
func (j judgeOf) Errorf(format string, args ...any) {
	if j.ctx.Err() != nil {
		return
	}
	j.part.mu.Lock()
	j.violations++
	j.part.mu.Unlock()
	j.say("VIOLATION: "+format, args...)
}

// Logf shows what may help to understand a violation.
func (j judgeOf) Logf(format string, args ...any) {
	if j.ctx.Err() == nil {
		j.say(format, args...)
	}
}
