// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

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
	DB       int    `name:"db" help:"Number of the database whose stocks are compared."`
	Postgres string `required:"" env:"STAMPEDE_POSTGRES" placeholder:"URL" help:"The ledger."`
	Tries    int    `default:"5" help:"How often stocks that differ are looked at again."`
}

// Help is shown below the flags.
func (c *AuditCmd) Help() string {
	return `Every stock is compared with the ledger: its sums, and each hold that the store remembers.
While units are sold a stock may have changed between the two looks; what differs is looked
at again. What is left after the last try is drift, and the exit code is 1.

  stampede audit --postgres postgres://shop@db/shop`
}

// errDrift says that an audit has found something, which was told.
var errDrift = errors.New("the store and the ledger differ")

// auditPause is the time between two looks: the ledger may be a little behind.
const auditPause = 300 * time.Millisecond

// Run audits.
func (c *AuditCmd) Run(ctx context.Context, around surroundings) error {
	client := redis.NewClient(&redis.Options{
		Addr: c.Server, Password: c.Password, DB: c.DB, DisableIdentity: true,
	})
	defer func() { _ = client.Close() }() // it was only read
	var report ledger.AuditReport
	for try := 1; ; try++ {
		var err error
		if report, err = c.look(ctx, client); err != nil {
			return err
		}
		if report.Drift == 0 || try >= c.Tries {
			break
		}
		select {
		case <-time.After(auditPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var lines strings.Builder
	for _, d := range report.Drifts {
		fmt.Fprintln(&lines, d)
	}
	fmt.Fprintf(&lines, "%s and %s compared, %s sold; ledger at position %d; drift %d\n",
		counted(report.Stocks, "stock"), counted(report.Holds, "hold"),
		counted(report.SoldUnits, "unit"), report.Position, report.Drift)
	if _, err := fmt.Fprint(around.stdout, lines.String()); err != nil {
		return err
	}
	if report.Drift > 0 {
		return errDrift
	}
	return nil
}

// look compares all stocks once. The ledger is looked at after the store has been, so that
// what was there has had time to come.
func (c *AuditCmd) look(ctx context.Context, client *redis.Client) (
	report ledger.AuditReport, err error,
) {
	a, err := ledger.NewAudit(ctx, c.Postgres, c.DB)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	keys := client.ScanType(ctx, 0, "", 1000, "stock").Iterator()
	seen := map[string]bool{} // a scan may name a key twice
	for keys.Next(ctx) {
		key := keys.Val()
		if seen[key] {
			continue
		}
		seen[key] = true
		dump, err := client.Dump(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			continue // it has gone meanwhile
		}
		if err != nil {
			return report, err
		}
		header, pieces, err := readStock([]byte(dump))
		if err != nil {
			return report, fmt.Errorf("stock %.80q: %w", key, err)
		}
		if err := a.Stock(ctx, []byte(key), header, pieces); err != nil {
			return report, fmt.Errorf("stock %.80q: %w", key, err)
		}
	}
	if err := keys.Err(); err != nil {
		return report, err
	}
	return a.Done(ctx)
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
