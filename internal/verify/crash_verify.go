// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"strconv"
	"time"
)

// The bank of a crash loop: all writers move money between these accounts.
const (
	crashAccounts     = 8
	crashAccountBegin = 10_000
)

func crashAccount(i int) string { return fmt.Sprint("account:", i) }

// verify looks at everything after a start.
func (l *crashLoop) verify(p *Process) {
	c, err := Dial(p.Addr)
	if err != nil {
		l.t.Errorf("%v", err)
		return
	}
	defer c.Close()
	if l.report.Crashes == 0 {
		l.fill(c)
		return
	}
	var last edge
	for i, w := range l.writers {
		l.verifyWriter(c, i, w, &last)
	}
	if !last.lost.IsZero() && last.kept.After(last.lost) {
		l.t.Errorf("a call is lost that was answered %v before one began that is there",
			last.kept.Sub(last.lost))
	}
	l.checkBank(c)
}

// edge is where what is there ends.
type edge struct {
	kept time.Time // when the last call began that is there
	lost time.Time // when the first one was answered that is not
}

// verifyWriter looks at what a writer finds, and lets it go on with that.
func (l *crashLoop) verifyWriter(c *Conn, i int, w *crashWriter, last *edge) {
	if w.refused != "" {
		l.t.Errorf("writer %d: %s", w.id, w.refused)
	}
	low, high, err := w.found(c)
	if err != nil {
		l.t.Errorf("writer %d: %v", w.id, err)
		return
	}
	l.report.Acked += w.acked
	l.report.Unacked += max(0, low-w.acked)
	if seen := l.seen[i].Swap(0); seen > 0 {
		l.report.Reads++
		if l.o.Fsync == "always" && w.reached(high) < seen {
			l.t.Errorf("writer %d: somebody has read its call %d, and only those to %d are there",
				w.id, seen, w.reached(high))
		}
	}
	if lost := w.acked - high; lost > 0 {
		l.report.Missing += lost
		at := w.calls[high].answeredAt
		if last.lost.IsZero() || at.Before(last.lost) {
			last.lost = at
		}
		l.report.OldestGap = max(l.report.OldestGap, w.diedAt.Sub(at))
		if l.o.Fsync == "always" {
			l.t.Errorf("writer %d: %d acknowledged calls are lost, first %q", w.id, lost,
				w.calls[high].words)
		}
	}
	if low > 0 && w.calls[low-1].issuedAt.After(last.kept) {
		last.kept = w.calls[low-1].issuedAt
	}
	l.checkExpired(c, w)
	w.goOn(high)
}

// fill begins with what all writers need, and with enough for a snapshot to take a while.
func (l *crashLoop) fill(c *Conn) {
	words := []string{"MSET"}
	for i := range crashAccounts {
		words = append(words, crashAccount(i), strconv.Itoa(crashAccountBegin))
	}
	for i := range 5000 {
		words = append(words, fmt.Sprint("filler:", i), fmt.Sprintf("%0100d", i))
	}
	if _, err := c.Must(words...); err != nil {
		l.t.Errorf("%v", err)
		return
	}
	// With everysec this would be what a crash may take.
	if _, err := c.Must("WAITAOF", "1", "0", "0"); err != nil {
		l.t.Errorf("%v", err)
		return
	}
}

// checkBank adds the accounts up: a transaction that was done by half would show.
func (l *crashLoop) checkBank(c *Conn) {
	words := []string{"MGET"}
	for i := range crashAccounts {
		words = append(words, crashAccount(i))
	}
	v, err := c.Must(words...)
	if err != nil {
		l.t.Errorf("%v", err)
		return
	}
	sum := int64(0)
	for _, n := range integers(v) {
		sum += n
	}
	if sum != crashAccounts*crashAccountBegin {
		l.t.Errorf("the accounts add up to %d, want %d", sum, crashAccounts*crashAccountBegin)
	}
	l.report.Accounts++
}

// checkExpired looks for keys and fields whose deadline passed before or after the crash.
func (l *crashLoop) checkExpired(c *Conn, w *crashWriter) {
	for _, one := range w.fleeting {
		if time.Since(one.answeredAt) <= fleetingFor+time.Millisecond {
			continue
		}
		words := []string{"EXISTS", one.key}
		if one.field != "" {
			words = []string{"HEXISTS", one.key, one.field}
		}
		if v, err := c.Must(words...); err != nil || v.Text != "0" {
			l.t.Errorf("writer %d: %q is %v though the deadline has passed (%v)", w.id, words, v, err)
		}
		l.report.Ended++
	}
	w.fleeting = w.fleeting[:0]
}
