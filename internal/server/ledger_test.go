// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"stampede/internal/disk/faulty"
	"stampede/internal/engine"
	"stampede/internal/journal"
)

// paper is a ledger that has what a test lets it have.
type paper struct {
	at              atomic.Uint64
	failed, refusal atomic.Pointer[error]
}

func (p *paper) Position() journal.Position { return journal.Position(p.at.Load()) }
func (p *paper) Failed() error              { return errorIn(&p.failed) }
func (p *paper) Refusal() error             { return errorIn(&p.refusal) }

func errorIn(p *atomic.Pointer[error]) error {
	if err := p.Load(); err != nil {
		return *err
	}
	return nil
}

// customer is a client of a server that has a ledger.
type customer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// till is where customers go: a server, and the database that is theirs.
type till struct {
	addr string
	db   int
}

func dialCustomer(t *testing.T, at till) *customer {
	t.Helper()
	conn, err := net.Dial("tcp", at.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &customer{t, conn, bufio.NewReader(conn)}
	c.ask(fmt.Sprintf("SELECT %d", at.db), "+OK")
	return c
}

func (c *customer) send(calls ...string) {
	c.t.Helper()
	if _, err := fmt.Fprint(c.conn, strings.Join(calls, "\r\n")+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

// reply reads one reply, as one line.
func (c *customer) reply() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	line = strings.TrimSpace(line)
	n := 0
	switch line[0] {
	case '*':
		_, _ = fmt.Sscanf(line, "*%d", &n)
		var parts []string
		for range n {
			parts = append(parts, c.reply())
		}
		return "[" + strings.Join(parts, " ") + "]"
	case '$':
		if _, _ = fmt.Sscanf(line, "$%d", &n); n < 0 {
			return "nil"
		}
		return c.reply()
	}
	return line
}

func (c *customer) want(replies ...string) {
	c.t.Helper()
	for _, want := range replies {
		got := c.reply()
		if prefix, cut := strings.CutSuffix(want, "…"); got != want &&
			!(cut && strings.HasPrefix(got, prefix)) {
			c.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func (c *customer) ask(call, want string) {
	c.t.Helper()
	c.send(call)
	c.want(want)
}

// blocked waits until so many clients wait.
func (c *customer) blocked(n int) {
	c.t.Helper()
	for {
		c.send("INFO clients")
		line, err := c.in.ReadString('\n')
		size := 0
		_, _ = fmt.Sscanf(line, "$%d", &size)
		text := make([]byte, size+2)
		for read := 0; err == nil && read < len(text); {
			var some int
			some, err = c.in.Read(text[read:])
			read += some
		}
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.Contains(string(text), fmt.Sprintf("blocked_clients:%d\r\n", n)) {
			return
		}
	}
}

// TestSalesWaitForTheLedger: ACK LEDGER answers when the ledger has the sale, or says that it
// has not.
func TestSalesWaitForTheLedger(t *testing.T) {
	for _, transport := range transports() {
		for _, fsync := range []string{"no", "always"} {
			if fsync == "always" && transport != Best {
				continue
			}
			t.Run(fmt.Sprintf("%s, %s", transport, fsync), func(t *testing.T) {
				store, addr := startKept(t, transport, fsync, faulty.New(1))
				none := dialCustomer(t, till{addr, 0})
				none.ask("STOCK.OPEN none 9", "+OK")
				none.ask("STOCK.HOLD none a ann 1", "[+HELD :1 …")
				none.ask("STOCK.CONFIRM none a ACK LEDGER", "-ERR there is no ledger …")
				none.ask("STOCK.CONFIRM none a ACK JOURNAL", "[+SOLD :1]")
				for i, test := range []func(*testing.T, *engine.Engine, *paper, till){
					ledgerComes, ledgerLate, ledgerBatches, ledgerBehind, ledgerClientsGo, ledgerEnds,
				} {
					none.ask("CONFIG SET ledger-ack-timeout 5000", "+OK")
					book := new(paper)
					store.SetLedger(book)
					test(t, store, book, till{addr, 1 + i})
				}
			})
		}
	}
}

func (p *paper) reach(store *engine.Engine) {
	p.at.Store(uint64(store.Journal().End()))
	store.LedgerChanged()
}

func ledgerComes(t *testing.T, store *engine.Engine, book *paper, at till) {
	a, b := dialCustomer(t, at), dialCustomer(t, at)
	a.ask("STOCK.OPEN k 9", "+OK")
	a.ask("STOCK.HOLD k a ann 2", "[+HELD :1 …")
	a.send("STOCK.CONFIRM k a ACK LEDGER")
	b.blocked(1)
	b.ask("STOCK.CONFIRM k a ACK JOURNAL", "[+ALREADY SOLD :1]") // others are not held up
	if log := store.Journal(); log.Durable() < log.End() {
		t.Error("the journal is not durable, so the ledger cannot come")
	}
	book.reach(store)
	a.want("[+SOLD :1]")
	a.ask("STOCK.CONFIRM k a ACK LEDGER", "[+ALREADY SOLD :1]")
	a.ask("STOCK.CONFIRM k b ACK LEDGER", "[+UNKNOWN]") // there is nothing to wait for
	b.ask("STOCK.HOLD k b bob 1", "[+HELD :2 …")
	a.send("STOCK.CONFIRM k b ACK LEDGER")
	b.blocked(1)
	b.send("STOCK.CONFIRM k b ACK LEDGER") // what was sold by another and is not there yet
	dialCustomer(t, at).blocked(2)
	book.reach(store)
	a.want("[+SOLD :2]")
	b.want("[+ALREADY SOLD :2]")
	b.blocked(0)
}

func ledgerLate(t *testing.T, store *engine.Engine, book *paper, at till) {
	a, b := dialCustomer(t, at), dialCustomer(t, at)
	a.ask("STOCK.OPEN k 9", "+OK")
	a.ask("STOCK.HOLD k a ann 2", "[+HELD :1 …")
	a.ask("CONFIG SET ledger-ack-timeout 30", "+OK")
	a.ask("STOCK.CONFIRM k a ACK LEDGER", "-LEDGERWAIT the sale stands and is in the journal, but …")
	if log := store.Journal(); log.Durable() < log.End() {
		t.Error("it is not in the journal")
	}
	a.ask("STOCK.CONFIRM k a", "[+ALREADY SOLD :1]")
	a.ask("CONFIG SET ledger-ack-timeout 0", "+OK")
	a.send("CLIENT ID")
	id := strings.TrimPrefix(a.reply(), ":")
	for how, want := range map[string]string{"TIMEOUT": "-LEDGERWAIT …", "ERROR": "-UNBLOCKED …"} {
		a.send("STOCK.CONFIRM k a ACK LEDGER")
		b.blocked(1)
		b.ask("CLIENT UNBLOCK "+id+" "+how, ":1")
		a.want(want)
	}
	a.send("STOCK.CONFIRM k a ACK LEDGER")
	b.blocked(1)
	book.reach(store)
	a.want("[+ALREADY SOLD :1]")
}

func ledgerEnds(t *testing.T, store *engine.Engine, book *paper, at till) {
	a, b := dialCustomer(t, at), dialCustomer(t, at)
	a.ask("STOCK.OPEN k 9", "+OK")
	for i := range 3 {
		a.ask(fmt.Sprintf("STOCK.HOLD k %d ann 1", i), "[+HELD …")
	}
	a.send("STOCK.CONFIRM k 0 ACK LEDGER")
	b.blocked(1)
	fault := errors.New("ledger: a fault")
	book.failed.Store(&fault)
	store.LedgerChanged()
	a.want("-LEDGERWAIT the sale stands and is in the journal, but the ledger has ended (a fault). …")
	a.ask("STOCK.CONFIRM k 1 ACK LEDGER", "-LEDGERFAILED nothing was sold: …")
	a.ask("STOCK.CONFIRM k 1", "[+SOLD :2]")
	book.failed.Store(nil)
	a.send("STOCK.CONFIRM k 2 ACK LEDGER")
	b.blocked(1)
	store.EndLedger()
	a.want("-LEDGERWAIT the sale stands and is in the journal, but the server ends …")
}

// ledgerBatches: a pipeline runs as far as it can, and its replies come in their order.
func ledgerBatches(t *testing.T, store *engine.Engine, book *paper, at till) {
	a, b := dialCustomer(t, at), dialCustomer(t, at)
	a.ask("STOCK.OPEN k 9", "+OK")
	a.ask("STOCK.OPEN j 9", "+OK")
	for i := range 6 {
		a.ask(fmt.Sprintf("STOCK.HOLD k %d ann 1", i), "[+HELD …")
		a.ask(fmt.Sprintf("STOCK.HOLD j %d ann 1", i), "[+HELD …")
	}
	a.send("SET x 1", "STOCK.CONFIRM k 0 ACK LEDGER", "SET x 2", "STOCK.CONFIRM j 0 ACK LEDGER",
		"GET x", "NOSUCH", "STOCK.CONFIRM k 1 ack ledger", "BLPOP q 0.01", "PING")
	a.want("+OK")
	b.blocked(1)
	b.ask("GET x", "2")
	b.ask("STOCK.CONFIRM k 1 ACK MEMORY", "[+ALREADY SOLD :2]")
	book.reach(store)
	a.want("[+SOLD :1]", "+OK", "[+SOLD :1]", "2", "-ERR unknown command …", "[+SOLD :2]", "[]",
		"+PONG")

	a.send("MULTI", "STOCK.CONFIRM k 2 ACK LEDGER", "INCR x", "STOCK.CONFIRM j 2 ACK LEDGER", "EXEC",
		"GET x")
	a.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED")
	b.blocked(1)
	b.ask("GET x", "3")
	book.reach(store)
	a.want("[[+SOLD :3] :3 [+SOLD :3]]", "3")

	const script = `return redis.call('STOCK.CONFIRM','k','3','ACK','LEDGER')[2]`
	a.send(fmt.Sprintf("EVAL %q 1 k", script))
	b.blocked(1)
	book.reach(store)
	a.want(":4")

	// What comes later than the first is late alone.
	a.ask("CONFIG SET ledger-ack-timeout 40", "+OK")
	a.send("MULTI", "STOCK.CONFIRM k 0 ACK LEDGER", "STOCK.CONFIRM k 4 ACK LEDGER", "INCR x", "EXEC",
		"CLIENT REPLY SKIP", "STOCK.CONFIRM k 5 ACK LEDGER", "QUIT")
	a.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "[-LEDGERWAIT …", "+OK")
	if _, err := a.in.ReadByte(); err == nil {
		t.Error("the connection goes on behind QUIT")
	}
}

// ledgerBehind: while the ledger is too far behind nobody gets a hold, but what was held can be
// bought and what was answered is answered again.
func ledgerBehind(t *testing.T, _ *engine.Engine, book *paper, at till) {
	a := dialCustomer(t, at)
	a.ask("STOCK.OPEN k 9", "+OK")
	a.ask("STOCK.OPEN j 9", "+OK")
	a.ask("STOCK.HOLD k a ann 1", "[+HELD :1 …")
	a.ask("BASKET.HOLD b ann 0 2 k 1 j 1", "[+HELD …")
	lag := errors.New("far")
	book.refusal.Store(&lag)
	a.ask("STOCK.HOLD k c ann 1", "-LEDGERLAG no units are held until the ledger has caught up: far")
	a.ask("STOCK.HOLD k c ann 1 WAIT 1000", "-LEDGERLAG …")
	a.ask("BASKET.HOLD d ann 0 2 k 1 j 1", "-LEDGERLAG …")
	a.ask("STOCK.HOLD k a ann 1", "[+HELD :1 …")
	a.ask("BASKET.HOLD b ann 0 2 k 1 j 1", "[+HELD …")
	a.ask("STOCK.CONFIRM k a", "[+SOLD :1]")
	book.refusal.Store(nil)
	a.ask("STOCK.HOLD k c ann 1", "[+HELD :3 …")
}

func ledgerClientsGo(t *testing.T, store *engine.Engine, book *paper, at till) {
	a, b := dialCustomer(t, at), dialCustomer(t, at)
	a.ask("STOCK.OPEN k 9", "+OK")
	a.ask("STOCK.HOLD k a ann 1", "[+HELD …")
	a.send("STOCK.CONFIRM k a ACK LEDGER")
	b.blocked(1)
	if err := a.conn.Close(); err != nil {
		t.Fatal(err)
	}
	book.reach(store)
	b.ask("STOCK.CONFIRM k a ACK LEDGER", "[+ALREADY SOLD :1]")
}
