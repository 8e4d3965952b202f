// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// untilTimeout bounds the steps that wait for a reply, untilPause is the time between two
// attempts.
const (
	untilTimeout = 10 * time.Second
	untilPause   = time.Millisecond
)

// IsOurs says whether a script asks for what Redis does not have.
func IsOurs(t testing.TB, file string) bool {
	t.Helper()
	s, err := parseScript(file)
	if err != nil {
		t.Fatal(err)
	}
	return s.ours
}

// Run replays a script on the server at addr, which it empties first, and fails t at each
// reply that is not the recorded one.
func Run(t testing.TB, addr, file string) {
	t.Helper()
	replay(t, addr, file, func(r *runner, st step, got []string, ok bool) {
		if !ok {
			t.Errorf("%s:%d: %s\n--- got\n%s\n--- recorded\n%s", file, st.line+1,
				r.script.lines[st.line], strings.Join(got, "\n"), strings.Join(st.reply, "\n"))
		}
	})
}

// Record replays a script on the server at addr and writes the replies that differ into the
// file. A recorded reply that matches stays as it is, with its patterns.
func Record(t testing.TB, addr, file string) {
	t.Helper()
	fresh := map[int][]string{}
	r := replay(t, addr, file, func(_ *runner, st step, got []string, ok bool) {
		if !ok {
			fresh[st.line] = got
		}
	})
	if len(fresh) == 0 || t.Failed() {
		return
	}
	var out []string
	at := 0
	for _, st := range r.script.steps {
		out = append(out, r.script.lines[at:st.line+1]...)
		if got, ok := fresh[st.line]; ok {
			out = append(out, got...)
		} else {
			out = append(out, st.reply...)
		}
		at = st.line + 1 + len(st.reply)
	}
	out = append(out, r.script.lines[at:]...)
	if err := os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d replies recorded", file, len(fresh))
}

// runner is a script under way.
type runner struct {
	addr     string
	script   *script
	conns    map[string]*Conn
	captured map[string]string
}

// replay runs all steps of a script and tells each outcome.
func replay(t testing.TB, addr, file string, outcome func(*runner, step, []string, bool)) *runner {
	t.Helper()
	s, err := parseScript(file)
	if err != nil {
		t.Fatal(err)
	}
	restore, err := prepare(addr, s.config)
	if err != nil {
		t.Fatalf("%s: prepare: %v", file, err)
	}
	r := &runner{addr: addr, script: s, conns: map[string]*Conn{}, captured: map[string]string{}}
	defer func() {
		for _, c := range r.conns {
			c.Close()
		}
		if err := restore(); err != nil {
			t.Errorf("%s: put the configuration back: %v", file, err)
		}
	}()
	for _, st := range s.steps {
		got, ok, err := r.step(st)
		if err != nil {
			t.Fatalf("%s:%d: %s: %v", file, st.line+1, s.lines[st.line], err)
		}
		outcome(r, st, got, ok)
	}
	return r
}

// prepare empties the server and sets parameters; what it returns puts them back.
func prepare(addr string, config [][2]string) (restore func() error, err error) {
	c, err := Dial(addr)
	if err != nil {
		return nil, err
	}
	if err := alone(c); err != nil {
		return nil, err
	}
	if _, err := c.must("FLUSHALL"); err != nil {
		return nil, err
	}
	var before [][2]string
	for _, pair := range config {
		old, err := c.must("CONFIG", "GET", pair[0])
		if err != nil || len(old.Elems) != 2 {
			return nil, fmt.Errorf("parameter %s: %v, %w", pair[0], old, err)
		}
		before = append(before, [2]string{pair[0], old.Elems[1].Text})
		if _, err := c.must("CONFIG", "SET", pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	return func() error {
		defer c.Close()
		for _, pair := range before {
			if _, err := c.must("CONFIG", "SET", pair[0], pair[1]); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// alone waits until nobody else is connected: a server notices only after a while that those of
// the script before are gone, and until then they are among those who hear what is published.
func alone(c *Conn) error {
	for deadline := time.Now().Add(untilTimeout); ; <-time.After(untilPause) {
		list, err := c.must("CLIENT", "LIST")
		if err != nil {
			return err
		}
		if strings.Count(list.Text, "\n") == 1 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("others are connected: %s", list.Text)
		}
	}
}

// conn gives a connection of the script, opened and greeted when first asked for.
func (r *runner) conn(name string) (*Conn, error) {
	if c, ok := r.conns[name]; ok {
		return c, nil
	}
	c, err := Dial(r.addr)
	if err != nil {
		return nil, err
	}
	r.conns[name] = c
	if r.script.proto3 {
		_, err = c.must("HELLO", "3")
	}
	return c, err
}

// step asks once, or until the reply is right, and gives the reply as lines.
func (r *runner) step(st step) (got []string, ok bool, err error) {
	c, err := r.conn(st.conn)
	if err != nil {
		return nil, false, err
	}
	if st.verb != verbUntil {
		return r.ask(c, st)
	}
	deadline := time.Now().Add(untilTimeout)
	for {
		got, ok, err = r.ask(c, st)
		if ok || err != nil || len(st.reply) == 0 || time.Now().After(deadline) {
			return got, ok, err
		}
		<-time.After(untilPause)
	}
}

// ask sends the words of a step and reads the reply.
func (r *runner) ask(c *Conn, st step) (got []string, ok bool, err error) {
	args, err := parseArgs(st.words, r.captured)
	if err != nil {
		return nil, false, err
	}
	if st.verb == verbRaw {
		c.PutRaw(strings.Join(args, ""))
	} else if st.verb != verbMore {
		c.Put(args...)
	}
	err = c.Flush()
	if slices.Equal(st.reply, []string{replyNone}) {
		return st.reply, err == nil, err
	}
	var v Value
	if err == nil {
		v, err = c.Receive()
	}
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, false, err
		}
		return []string{replyClosed}, slices.Equal(st.reply, []string{replyClosed}), nil
	}
	if st.capture != "" {
		r.captured[st.capture] = scalarText(v)
	}
	return r.compare(st, v)
}

// compare matches a reply with the recorded one.
func (r *runner) compare(st step, v Value) (got []string, ok bool, err error) {
	if len(st.reply) == 0 || st.reply[0] == replyClosed {
		return st.order.sorted(v).Lines(), false, nil
	}
	p, err := parsePattern(st.reply)
	if err != nil {
		return nil, false, err
	}
	if p.match(v, st.order) {
		return st.reply, true, nil
	}
	return st.order.sorted(v).Lines(), false, nil
}

// scalarText is the text of a reply, or of its first element that has one.
func scalarText(v Value) string {
	if v.IsAggregate() && len(v.Elems) > 0 {
		return scalarText(v.Elems[0])
	}
	return v.Text
}
