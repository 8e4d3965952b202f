// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A batch goes out in one write, and its replies are read after it: small enough that both
// directions fit the buffers of the system, whatever order a server works in.
const (
	maxBatchCalls = 50
	maxBatchBytes = 16 << 10
)

// lockstep sends the same calls to two servers and compares the replies.
type lockstep struct {
	addr  [2]string
	conns [2][]*Conn
	probe [2]*Conn // for looks at the data, apart from the state of the other connections

	alone     bool // batches have one call
	events    bool // what is told of keys is compared, too
	listeners [2]*listener
	unheard   int // calls since

	rules ruleTable
	multi []multiState
	drawn []drawnState
	cover Coverage // counts the calls that were answered; may be nil
}

// multiState is what a connection has queued since MULTI.
type multiState struct {
	open   bool
	queued [][]string
}

// drawnState is a random reply that waits for the call that checks it.
type drawnState struct {
	args []string
	got  [2]Value
}

// checkedBy says whether a call reads everything that was drawn from.
func (d drawnState) checkedBy(args []string) bool {
	switch callName(args) {
	case "KEYS":
		return len(d.args) == 1
	case "HGETALL", "ZRANGE", "SMEMBERS":
		return len(d.args) > 1 && len(args) > 1 && args[1] == d.args[1]
	}
	return false
}

// difference is the first thing the servers did not agree on.
type difference struct {
	at   int      // index of the call; the number of calls if the data differ in the end
	call []string // nil if the data differ
	what string
	got  [2]string
}

// run sends calls to emptied servers. It looks at the data after every probeEvery calls and
// at the end.
func (l *lockstep) run(calls []FuzzCall, probeEvery int) (*difference, error) {
	if err := l.open(); err != nil {
		return nil, err
	}
	defer l.close()
	probed := 0
	for at := 0; at < len(calls); {
		end := at + 1
		if !l.alone {
			end = batchEnd(calls, at)
		}
		diff, err := l.batch(calls[at:end])
		if diff == nil && err == nil && l.events {
			diff, err = l.compareEvents(end-at, end == len(calls))
		}
		if diff != nil || err != nil {
			if diff != nil {
				diff.at += at
			}
			return diff, err
		}
		at = end
		if at-probed >= probeEvery || at == len(calls) {
			probed = at
			if diff, err := l.compareData(); diff != nil || err != nil {
				if diff != nil {
					diff.at = at - 1
				}
				return diff, err
			}
		}
	}
	return nil, nil
}

func (l *lockstep) open() error {
	l.unheard = 0
	l.multi = make([]multiState, fuzzConns)
	l.drawn = make([]drawnState, fuzzConns)
	for side, addr := range l.addr {
		probe, err := Dial(addr)
		if err != nil {
			return err
		}
		l.probe[side] = probe
		for _, call := range [][]string{{"FLUSHALL"}, {"SCRIPT", "FLUSH"}, {"FUNCTION", "FLUSH"}} {
			if _, err := probe.must(call...); err != nil {
				return err
			}
		}
		if l.events {
			if l.listeners[side], err = listen(addr); err != nil {
				return err
			}
		}
		l.conns[side] = nil
		for range fuzzConns {
			c, err := Dial(addr)
			if err != nil {
				return err
			}
			l.conns[side] = append(l.conns[side], c)
		}
	}
	return nil
}

func (l *lockstep) close() {
	for side := range l.addr {
		l.probe[side].Close()
		if l.events {
			l.listeners[side].conn.Close()
		}
		for _, c := range l.conns[side] {
			c.Close()
		}
	}
}

// batchEnd finds how many calls from at on go out together: those of one connection, up to
// one after which the servers must be waited for.
func batchEnd(calls []FuzzCall, at int) int {
	size := 0
	for i := at; i < len(calls); i++ {
		for _, arg := range calls[i].Args {
			size += len(arg) + 16
		}
		if i > at && (calls[i].Conn != calls[at].Conn || calls[i].Gone ||
			i-at >= maxBatchCalls || size > maxBatchBytes) {
			return i
		}
		if calls[i].Gone {
			return i + 1
		}
	}
	return len(calls)
}

// batch sends calls of one connection and compares their replies.
func (l *lockstep) batch(calls []FuzzCall) (*difference, error) {
	conn := calls[0].Conn
	if calls[0].Gone && l.multi[conn].open {
		return nil, nil // shrinking has opened a MULTI around it: it could not be waited for
	}
	for side := range l.addr {
		c := l.conns[side][conn]
		for _, call := range calls {
			c.Put(call.Args...)
		}
		if err := c.Flush(); err != nil {
			return nil, fmt.Errorf("%s: %w", l.addr[side], err)
		}
	}
	for i, call := range calls {
		var got [2]Value
		var errs [2]error
		for side := range l.addr {
			got[side], errs[side] = l.conns[side][conn].Receive()
		}
		if errs[0] != nil || errs[1] != nil {
			return connectionDifference(i, call, got, errs)
		}
		if what := l.compare(conn, call.Args, got[0], got[1]); what != "" {
			return &difference{i, call.Args, what, [2]string{got[0].String(), got[1].String()}}, nil
		}
	}
	if last := calls[len(calls)-1]; last.Gone {
		return nil, l.waitUntilGone(conn, last.Args[1])
	}
	return nil, nil
}

// connectionDifference tells a server that hangs up from two that do.
func connectionDifference(at int, call FuzzCall, got [2]Value, errs [2]error) (*difference, error) {
	if errs[0] != nil && errs[1] != nil {
		return nil, fmt.Errorf("%q: %w", call.Args, errors.Join(errs[0], errs[1]))
	}
	d := &difference{at: at, call: call.Args, what: "one server gives no reply"}
	for side := range got {
		d.got[side] = got[side].String()
		if errs[side] != nil {
			d.got[side] = errs[side].Error()
		}
	}
	return d, nil
}

// compare judges two replies; an empty answer means that they agree.
func (l *lockstep) compare(conn int, args []string, a, b Value) string {
	m := &l.multi[conn]
	name := callName(args)
	queued := m.open && a.Kind == '+' && a.Text == "QUEUED"
	if m.open && name == "EXEC" {
		calls := m.queued
		*m = multiState{}
		l.drawn[conn] = drawnState{}
		return l.compareExec(conn, calls, a, b)
	}
	switch {
	case queued:
		if !equalValues(a, b) {
			return "the replies differ"
		}
		m.queued = append(m.queued, args)
		return ""
	case name == "MULTI" && !a.IsError():
		*m = multiState{open: true}
	case (name == "DISCARD" || name == "RESET") && !a.IsError():
		*m = multiState{}
	}
	return l.compareOne(conn, args, a, b)
}

func (l *lockstep) compareExec(conn int, calls [][]string, a, b Value) string {
	if len(a.Elems) != len(calls) || len(b.Elems) != len(calls) || a.Kind != b.Kind {
		if !equalValues(a, b) {
			return "the replies differ"
		}
		return ""
	}
	l.note("EXEC", a)
	for i, args := range calls {
		if what := l.compareOne(conn, args, a.Elems[i], b.Elems[i]); what != "" {
			return fmt.Sprintf("%s in element %d, of %q", what, i, args)
		}
	}
	return ""
}

// compareOne judges the replies to one call that was executed.
func (l *lockstep) compareOne(conn int, args []string, a, b Value) string {
	if !l.rules.agree(args, a, b) {
		return "the replies differ"
	}
	name := callName(args)
	l.note(name, a)
	drawn := l.drawn[conn]
	l.drawn[conn] = drawnState{}
	if drawn.checkedBy(args) {
		for side, all := range []Value{a, b} {
			if !drawnFrom(drawn.args, drawn.got[side], all) {
				return fmt.Sprintf("what server %d drew at random just before is not there", side)
			}
		}
	}
	if slices.Contains(drawing(), name) {
		l.drawn[conn] = drawnState{args, [2]Value{a, b}}
	}
	return ""
}

// drawing are the calls that draw at random from what they leave as it is.
func drawing() []string {
	return []string{"HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER", "RANDOMKEY"}
}

func (l *lockstep) note(name string, reply Value) {
	if l.cover != nil && !reply.IsError() {
		l.cover[name+" answered"]++
	}
}

// waitUntilGone asks both servers until a key that ends at once has ended.
func (l *lockstep) waitUntilGone(conn int, key string) error {
	deadline := time.Now().Add(untilTimeout)
	for side := range l.addr {
		for {
			v, err := l.conns[side][conn].Do("EXISTS", key)
			if err != nil || v.Text == "0" {
				if err != nil {
					return err
				}
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s: key %q with a deadline of 1 ms still exists", l.addr[side], key)
			}
			<-time.After(untilPause)
		}
	}
	return nil
}

// compareData compares all keys of all databases: type, encoding, value, time to live.
func (l *lockstep) compareData() (*difference, error) {
	for db := range fuzzDBs {
		var dump [2][]string
		for side := range l.addr {
			lines, err := dumpDB(l.probe[side], db)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.addr[side], err)
			}
			dump[side] = lines
		}
		for i := range max(len(dump[0]), len(dump[1])) {
			a, b := "(no more keys)", "(no more keys)"
			if i < len(dump[0]) {
				a = dump[0][i]
			}
			if i < len(dump[1]) {
				b = dump[1][i]
			}
			if !sameKey(a, b) {
				what := fmt.Sprintf("the data of database %d differ", db)
				return &difference{what: what, got: [2]string{a, b}}, nil
			}
		}
	}
	return nil, nil
}

// sameKey compares two lines of a dump: the time to live is the last word.
func sameKey(a, b string) bool {
	cutA, cutB := strings.LastIndexByte(a, ' '), strings.LastIndexByte(b, ' ')
	if a[:cutA+1] != b[:cutB+1] && !(aboutPlaces(strings.Trim(a, `"`)) && slices.EqualFunc(
		strings.Fields(a[:cutA+1]), strings.Fields(b[:cutB+1]), nearlySame)) {
		return false
	}
	x, y := Value{Kind: ':', Text: a[cutA+1:]}, Value{Kind: ':', Text: b[cutB+1:]}
	return x.Text == y.Text || near(toleranceMs)(nil, x, y)
}
