// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/resp"
)

// ourStock begins the key of a product.
const ourStock = "sale:"

// ourForms are STOCK.HOLD and STOCK.CONFIRM at the levels of acknowledgement.
func ourForms() []Form {
	const danger = "none of these: units = free + held + sold, also after a crash"
	form := func(level, title string) Form {
		return Form{
			Name: "ours-" + strings.ToLower(level), Title: title, Kind: Ours, Pipelined: true,
			Danger: danger,
			open: func(ctx context.Context, m *market, s shelf) (shop, error) {
				return openOurs(ctx, m, s, level)
			},
		}
	}
	return []Form{
		form("MEMORY", "STOCK, ACK memory"), form("JOURNAL", "STOCK, ACK journal"),
		form("LEDGER", "STOCK, ACK ledger"),
	}
}

// ourShop is a store of ours that was started for the run.
type ourShop struct {
	shelf
	level    string // of acknowledgement
	dir      string
	process  *process
	address  string
	admin    *lane
	database string // of the ledger; empty: there is none
	ledger   []*process
}

func (o *ourShop) servers() []*process { return append([]*process{o.process}, o.ledger...) }

// openOurs starts a store and opens a stock for each product.
func openOurs(ctx context.Context, m *market, s shelf, level string) (_ shop, err error) {
	if m.Serve == nil {
		return nil, &Missing{"the store cannot be started from here"}
	}
	o := &ourShop{shelf: s, level: level}
	if o.dir, err = os.MkdirTemp(m.dir, "store-"); err != nil {
		return nil, err
	}
	arguments := []string{"serve", "--port", "0", "--bind", "127.0.0.1", "--dir", o.dir, "--save", "",
		"--loglevel", "warning"}
	switch level {
	case "MEMORY":
		arguments = append(arguments, "--memory-only")
	case "LEDGER":
		if o.database, err = m.postgres(ctx); err != nil {
			return nil, err
		}
		if err := m.clearLedger(ctx); err != nil {
			return nil, err
		}
		o.ledger = m.databaseServer()
		arguments = append(arguments, "--fsync", "always", "--postgres", o.database)
	default:
		arguments = append(arguments, "--fsync", "always")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if err := o.start(ctx, m, arguments); err != nil {
		return nil, err
	}
	return o, o.prepare(ctx)
}

// clearLedger removes the ledger of the store before: a ledger follows one journal.
func (m *market) clearLedger(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, m.database)
	if err != nil {
		return err
	}
	var version string
	err = conn.QueryRow(ctx, `select current_setting('server_version')`).Scan(&version)
	if err == nil {
		m.met("PostgreSQL " + version)
		_, err = conn.Exec(ctx, "drop schema if exists stampede cascade")
	}
	return errors.Join(err, conn.Close(ctx))
}

// start starts the store and connects to the address that it tells.
func (o *ourShop) start(ctx context.Context, m *market, arguments []string) (err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, read.Close()) }()
	cmd := m.Serve(ctx, arguments...)
	cmd.Stdout = write
	o.process, err = launch(cmd)
	if err = errors.Join(err, write.Close()); err != nil {
		return err
	}
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		<-o.process.ended
		return fmt.Errorf("the store has not started: %w: %s", err, o.process.said.String())
	}
	o.address = strings.TrimSpace(line)
	return o.process.answers(ctx, func(ctx context.Context) error {
		l, err := dial(ctx, o.address)
		if err != nil {
			return err
		}
		if _, err := l.ask("DBSIZE"); err != nil { // it may be loading
			return errors.Join(err, l.close())
		}
		o.admin = l
		return nil
	})
}

// prepare opens stocks and waits until the ledger has them. A store that has no ledger says so
// when the first sale is asked for.
func (o *ourShop) prepare(ctx context.Context) error {
	err := o.admin.each(ctx, o.products, func(product int64) {
		o.admin.call(3, "STOCK.OPEN")
		o.admin.named(ourStock, product)
		o.admin.number(o.units)
	}, nil)
	if err != nil {
		return err
	}
	_, err = o.admin.ask("STOCK.CONFIRM", ourStock+"0", "nobody", "ACK", o.level)
	if errors.Is(err, errReply) {
		return &Missing{"this store does not take ACK " + o.level + ": " + err.Error()}
	}
	if err != nil || o.database == "" {
		return err
	}
	return o.caughtUp(ctx)
}

// catchUpMax bounds how long the ledger may take for what was sold.
const catchUpMax = 5 * time.Minute

// caughtUp waits until everything stands in the ledger.
func (o *ourShop) caughtUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpMax)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		v, err := o.admin.ask("INFO", "ledger")
		if err != nil {
			return err
		}
		info := string(v.Text)
		if strings.Contains(info, "ledger_lag_bytes:0\r\n") &&
			strings.Contains(info, "ledger_lag_seconds:0.000\r\n") {
			return nil
		}
		if strings.Contains(info, "ledger_failure:") {
			return fmt.Errorf("the ledger has ended: %s", info)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("the ledger does not catch up: %w: %s", ctx.Err(), info)
		}
	}
}

func (o *ourShop) durability() string {
	switch o.level {
	case "MEMORY":
		return "our memory"
	case "LEDGER":
		return "our journal and PostgreSQL, commit on disk"
	}
	return "our journal, synced always"
}

func (o *ourShop) close() (err error) {
	if o.admin != nil {
		err = o.admin.close()
	}
	if o.process != nil {
		o.process.end(syscall.SIGKILL) // nobody wants its data
	}
	return errors.Join(err, os.RemoveAll(o.dir))
}

// books asks each stock, and the ledger for the orders.
func (o *ourShop) books(ctx context.Context) (books, error) {
	b := books{recorded: true}
	wrong := 0
	if err := o.admin.each(ctx, o.products, func(product int64) {
		o.admin.call(2, "STOCK.AUDIT")
		o.admin.named(ourStock, product)
	}, func(v resp.Value) {
		f := numbers(v)
		b.units += f["units"]
		b.gone += min(f["held"]+f["sold"], f["units"])
		b.over += max(f["held"]+f["sold"]-f["units"], 0)
		b.orders += f["sold"]
		if f["ok"] != 1 {
			wrong++
		}
	}); err != nil {
		return b, err
	}
	if wrong > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d stocks do not add up", wrong))
	}
	if o.database == "" {
		return b, nil
	}
	if err := o.caughtUp(ctx); err != nil {
		return b, err
	}
	conn, err := pgx.Connect(ctx, o.database)
	if err != nil {
		return b, err
	}
	err = conn.QueryRow(ctx, `select count(*) from stampede.orders`).Scan(&b.orders)
	return b, errors.Join(err, conn.Close(ctx))
}

func (o *ourShop) client(ctx context.Context) (client, error) {
	l, err := dial(ctx, o.address)
	return &ourClient{l, o}, err
}

// ourClient is one connection.
type ourClient struct {
	*lane
	shop *ourShop
}

// buy holds a unit for each buyer and confirms it, all in one write: as with the other forms
// nobody pays in between.
func (c *ourClient) buy(ctx context.Context, buyers []purchase) error {
	for i := range buyers {
		c.call(5, "STOCK.HOLD")
		c.named(ourStock, buyers[i].product)
		c.named("order-", buyers[i].order)
		c.named("buyer-", buyers[i].order)
		c.text("1")
	}
	for i := range buyers {
		c.confirm(&buyers[i])
	}
	release, err := c.flush(ctx)
	defer func() { release() }()
	held := make([]outcome, len(buyers))
	for i := 0; i < len(buyers) && err == nil; i++ {
		held[i], err = c.hold()
	}
	var late []*purchase
	for i := 0; i < len(buyers) && err == nil; i++ {
		late, err = c.confirmed(&buyers[i], held[i], late)
	}
	// The ledger is further behind than a call waits: the sale stands, and is asked for again.
	for len(late) > 0 && err == nil {
		asked := late
		late = nil
		for _, p := range asked {
			c.confirm(p)
		}
		release()
		release, err = c.flush(ctx)
		for i := 0; i < len(asked) && err == nil; i++ {
			late, err = c.confirmed(asked[i], sold, late)
		}
	}
	return err
}

// confirm queues the confirmation of a buyer's hold.
func (c *ourClient) confirm(p *purchase) {
	c.call(5, "STOCK.CONFIRM")
	c.named(ourStock, p.product)
	c.named("order-", p.order)
	c.text("ACK")
	c.text(c.shop.level)
}

// hold reads the answer to a hold.
func (c *ourClient) hold() (outcome, error) {
	raw, err := c.reply()
	if err != nil {
		return untold, err
	}
	switch firstWord(raw) {
	case "HELD":
		return sold, nil
	case "SOLD_OUT":
		return soldOut, nil
	}
	return busy, nil // others hold what is left
}

// ledgerWait begins the error that says that a sale is not in PostgreSQL yet.
const ledgerWait = "LEDGERWAIT "

// confirmed reads the answer to a confirmation and tells the buyer; if the ledger is late, the
// buyer joins those who have to ask again.
func (c *ourClient) confirmed(p *purchase, held outcome, late []*purchase) ([]*purchase, error) {
	raw, err := c.reply()
	if errors.Is(err, errReply) && strings.Contains(err.Error(), ledgerWait) {
		return append(late, p), nil
	}
	if err != nil {
		return late, err
	}
	word := firstWord(raw)
	if (word == "SOLD" || word == "ALREADY SOLD") != (held == sold) {
		return late, fmt.Errorf("order %d: the hold was answered %d, and the confirmation says %s",
			p.order, held, word)
	}
	p.end(held)
	return late, nil
}
