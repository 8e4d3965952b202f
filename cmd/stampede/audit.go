// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"stampede/internal/effect"
	"stampede/internal/keyspace"
	"stampede/internal/ledger"
	"stampede/internal/rdb"
	"stampede/internal/stock"
)

// AuditCmd compares the store with its ledger.
type AuditCmd struct {
	Server   string `default:"127.0.0.1:6379" help:"The store."`
	Password string `env:"STAMPEDE_REQUIREPASS" help:"Of the store, if it wants one."`
	Dir      string `placeholder:"FOLDER" help:"A store that nobody serves, instead of --server."`
	Postgres string `required:"" env:"STAMPEDE_POSTGRES" placeholder:"URL" help:"The ledger."`
	Tries    int    `default:"5" help:"How often stocks that differ are looked at again."`
	Repair   bool   `help:"Let the ledger say what the store says, after a question."`
	Yes      bool   `help:"Do not ask."`

	stdin io.Reader // who answers; nil: os.Stdin
}

// Help is shown below the flags.
func (c *AuditCmd) Help() string {
	return `Every stock is compared with the ledger: its sums, and each hold that the store remembers.
While units are sold a stock may have changed between the two looks; what differs is looked
at again. What is left after the last try is drift, and the exit code is 1.

With --dir the store is what its snapshot and its journal make of it, and no server may run on
the folder. --repair writes to the tables, and keeps what was there in stampede.correction. A
server that runs lets nobody write meanwhile, up to a minute.

  stampede audit --postgres postgres://shop@db/shop
  stampede audit --dir /var/lib/stampede --repair --postgres postgres://shop@db/shop`
}

// errDrift says that an audit has found something, which was told.
var errDrift = errors.New("the store and the ledger differ")

// auditPause is the time between two looks: the ledger may be a little behind.
const auditPause = 300 * time.Millisecond

// Run audits, and repairs if that is wanted.
func (c *AuditCmd) Run(ctx context.Context, around surroundings) (err error) {
	store, err := c.open(ctx, around.stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.close()) }()
	report, err := c.look(ctx, store)
	behind := c.Dir != "" && c.Repair && err != nil // there may be no ledger yet
	if err != nil && !behind {
		return err
	}
	if err == nil {
		if err := tellAudit(around.stdout, &report); err != nil {
			return err
		}
	}
	if !c.Repair || report.Drift == 0 && !behind {
		return driftOf(&report)
	}
	if err := c.confirm(around, report.Drift); err != nil {
		return err
	}
	n, err := c.repair(ctx, store)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(around.stdout, "%s corrected: see stampede.correction\n",
		counted(n, "row")); err != nil {
		return err
	}
	if report, err = c.look(ctx, store); err != nil {
		return err
	}
	return errors.Join(tellAudit(around.stdout, &report), driftOf(&report))
}

func driftOf(report *ledger.AuditReport) error {
	if report.Drift > 0 {
		return errDrift
	}
	return nil
}

// tellAudit writes what was found.
func tellAudit(out io.Writer, report *ledger.AuditReport) error {
	var lines strings.Builder
	for _, d := range report.Drifts {
		fmt.Fprintln(&lines, d)
	}
	fmt.Fprintf(&lines, "%s and %s compared, %s sold; ledger at position %d; drift %d\n",
		counted(report.Stocks, "stock"), counted(report.Holds, "hold"),
		counted(report.SoldUnits, "unit"), report.Position, report.Drift)
	_, err := fmt.Fprint(out, lines.String())
	return err
}

// confirm asks whether to write to the tables.
func (c *AuditCmd) confirm(around surroundings, drift int64) error {
	if c.Yes {
		return nil
	}
	in := c.stdin
	if in == nil {
		in = os.Stdin
	}
	if _, err := fmt.Fprintf(around.stdout, "Let the ledger say what the store says, %s? Type yes: ",
		counted(drift, "difference")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(in, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed (--yes does not ask)")
	}
	return nil
}

// look compares all stocks, and again those that differ.
func (c *AuditCmd) look(ctx context.Context, store *auditedStore) (
	report ledger.AuditReport, err error,
) {
	for try := 1; ; try++ {
		if report, err = c.lookOnce(ctx, store); err != nil || report.Drift == 0 || try >= c.Tries {
			return report, err
		}
		select {
		case <-time.After(auditPause):
		case <-ctx.Done():
			return report, ctx.Err()
		}
	}
}

// lookOnce compares all stocks. The ledger is looked at after the store has been, so that
// what was there has had time to come.
func (c *AuditCmd) lookOnce(ctx context.Context, store *auditedStore) (
	report ledger.AuditReport, err error,
) {
	dbs := make([]int, keyspace.Databases)
	for i := range dbs {
		dbs[i] = i
	}
	a, err := ledger.NewAudit(ctx, c.Postgres, dbs...)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	if err := store.stocks(ctx, a); err != nil {
		return report, err
	}
	return a.Done(ctx)
}

// repairTries is how often a repair begins again because something was written meanwhile.
const repairTries = 20

// repair lets the ledger say what the store says, while nobody writes.
func (c *AuditCmd) repair(ctx context.Context, store *auditedStore) (n int64, err error) {
	resume, err := store.pause(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, resume()) }()
	for try := 1; ; try++ {
		n, err = c.repairOnce(ctx, store)
		if !errors.Is(err, ledger.ErrBehind) || try == repairTries {
			return n, err
		}
		select {
		case <-time.After(auditPause):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (c *AuditCmd) repairOnce(ctx context.Context, store *auditedStore) (n int64, err error) {
	at, id, err := store.position(ctx)
	if err != nil {
		return 0, err
	}
	r, err := ledger.BeginRepair(ctx, c.Postgres, id, at, c.Dir == "")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	if err := store.stocks(ctx, r); err != nil {
		return 0, err
	}
	if now, _, err := store.position(ctx); err != nil {
		return 0, err
	} else if now != at {
		return 0, fmt.Errorf("%w: something was written during the repair", ledger.ErrBehind)
	}
	return r.Commit(ctx)
}

// readStock takes a dump of a stock apart.
func readStock(dump []byte) (header []byte, pieces [][]byte, err error) {
	r := rdb.NewReader(nil, keyspace.ReaderOptions())
	item, err := r.Dump(dump)
	if err != nil {
		return nil, nil, err
	}
	var told effect.Buffer
	if err := keyspace.Tell(&told, r, item, 0, []byte("key"), false); err != nil {
		return nil, nil, err
	}
	var e effect.Effect
	effects := effect.NewReader(told.Bytes())
	for effects.Next(&e) {
		switch {
		case e.Op != effect.Stock || len(e.Value) == 0:
			return nil, nil, stock.ErrFormat
		case e.Value[0] == stock.WholeBegins:
			header = e.Value[1:]
		case e.Value[0] == stock.WholeGrows:
			pieces = append(pieces, e.Value[1:])
		}
	}
	return header, pieces, effects.Err()
}
