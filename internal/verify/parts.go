// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"os"
	"path/filepath"
	"strconv"
)

// histories checks histories of concurrent clients in all configurations.
func (r *run) histories(p *part) {
	ways := [][]string{
		{"--shards", "1", "--io", "net"},
		{"--shards", "8", "--io", "net"},
		{"--shards", "8", "--io", "epoll", "--loops", "2"},
	}
	for i, flags := range ways {
		if r.ctx.Err() == nil {
			r.historiesOf(p, filepath.Join(r.dir, strconv.Itoa(i)), flags)
			r.say("%s: %d of %d configurations", p.what, i+1, len(ways))
		}
	}
}

// historiesOf checks histories on one server.
func (r *run) historiesOf(p *part, dir string, flags []string) {
	t := judgeOf{r, p}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Errorf("%v", err)
		return
	}
	server, err := Launch(r.ctx, r.o.Binary, dir, flags...)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	defer server.Kill()
	if err := WaitForData(server.Addr); err != nil {
		t.Errorf("%v", err)
		return
	}
	for seed := r.seed; seed < r.seed+uint64(r.o.Seeds) && r.ctx.Err() == nil; seed++ {
		for _, one := range []struct {
			check          func(Reporter, string, HistoryOptions)
			clients, calls int
		}{{CheckRegisters, 8, 250}, {CheckBank, 6, 150}, {CheckSales, 6, 120}} {
			one.check(t, server.Addr, HistoryOptions{
				Seed: seed, Clients: one.clients, Calls: one.calls, Keys: 4, LoseReply: 0.01,
			})
			p.add("histories", 1)
			p.add("calls", one.clients*one.calls)
		}
	}
}

// crashes is a crash loop with a part of the kills.
func (r *run) crashes(fsync string, share int) func(*part) {
	return func(p *part) {
		report := CheckCrashes(r.ctx, judgeOf{r, p}, CrashOptions{
			Binary: r.o.Binary, Dir: r.dir, Seed: r.seed, Clients: 8, Fsync: fsync, Calls: 2000,
			Crashes: (r.o.Crashes + share - 1) / share, After: r.killed(p),
		})
		p.add("kills", report.Crashes)
		p.add("acknowledged writes", report.Acked)
		if lost := "of them lost"; fsync == "always" {
			p.add(lost, report.Missing)
		} else {
			p.add(lost+", as it may", report.Missing)
		}
	}
}

// sale is the live sale.
func (r *run) sale(p *part) {
	report := CheckLiveSale(r.ctx, judgeOf{r, p}, SaleOptions{
		Binary: r.o.Binary, Dir: r.dir, Seed: r.seed, Fsync: "always", Crashes: r.o.Crashes,
		Products: 50, Units: 1_000_000, Buyers: 200, Calls: 2000, After: r.killed(p),
	})
	p.add("kills", report.Crashes)
	p.add("orders", report.Orders)
	p.add("sold", report.Sold)
	p.add("asked again", report.Asked)
	p.add("audits", report.Audits)
}

// killed shows how far a loop of kills is.
func (r *run) killed(p *part) func(int) {
	return func(n int) {
		if step := max(1, r.o.Crashes/5); n%step == 0 {
			r.say("%s: killed %d times", p.what, n)
		}
	}
}
