// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/engine"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// client is one of those who take turns.
type client struct {
	runner  *engine.Runner
	session *session.Session
	out     reply.Buffer
}

func newClient(e *engine.Engine, r *session.Registry, nowMs int64) *client {
	c := &client{runner: e.NewRunner(), session: r.Open(session.Link{}, nowMs)}
	c.session.Authenticated = true
	return c
}

// do runs calls as one batch. The replies stay in c.out.
func (c *client) do(calls ...[]string) engine.Outcome {
	var b engine.Batch
	for _, words := range calls {
		argv := make([][]byte, len(words))
		for i, word := range words {
			argv[i] = []byte(word)
		}
		b.Add(argv...)
	}
	c.out.B = c.out.B[:0]
	return c.runner.Do(c.session, &b, &c.out)
}

// ask runs a call and returns its reply: a string, an int64, an error, nil, or a []any of such.
func (c *client) ask(t testing.TB, words ...string) any {
	t.Helper()
	c.do(words)
	v, rest, err := parse(c.out.B)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%q: reply %q: %v", words, c.out.B, err)
	}
	return v
}

// parse reads a reply of RESP2.
func parse(in []byte) (v any, rest []byte, err error) {
	line, rest, ok := bytes.Cut(in, []byte("\r\n"))
	if !ok || len(line) == 0 {
		return nil, nil, fmt.Errorf("no whole reply")
	}
	text := string(line[1:])
	switch line[0] {
	case '+':
		return text, rest, nil
	case '-':
		return fmt.Errorf("%s", text), rest, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, nil, err
	case line[0] == ':':
		return n, rest, nil
	case n < 0:
		return nil, rest, nil
	case line[0] == '$' && int64(len(rest)) >= n+2:
		return string(rest[:n]), rest[n+2:], nil
	case line[0] != '*':
		return nil, nil, fmt.Errorf("no reply of RESP2")
	}
	list := make([]any, n)
	for i := range list {
		if list[i], rest, err = parse(rest); err != nil {
			return nil, nil, err
		}
	}
	return list, rest, nil
}

// contents are those of the store, as its clients see it.
func (c *client) contents(t testing.TB) contents {
	t.Helper()
	all := contents{}
	for db := range keyspace.Databases {
		c.ask(t, "SELECT", strconv.Itoa(db))
		for _, key := range c.ask(t, "KEYS", "*").([]any) {
			if kind := c.ask(t, "TYPE", key.(string)); kind != "stock" && kind != "stream" {
				all[name(db, key.(string))] = c.describe(t, key.(string))
			}
		}
	}
	for _, library := range c.ask(t, "FUNCTION", "LIST", "WITHCODE").([]any) {
		fields := pairs(library.([]any))
		all["function "+fields["library_name"].(string)] = fields["library_code"].(string)
	}
	return all
}

var seenTime = regexp.MustCompile(`seen-time \d+ `)

// sealed is what the twin does not look into: stocks, locks and streams, as their commands show
// them.
func (c *client) sealed(t testing.TB) contents {
	t.Helper()
	all := contents{}
	for db := range randomDBs {
		c.ask(t, "SELECT", strconv.Itoa(db))
		for i := range streamsMax {
			words := []string{"XINFO", "STREAM", stream(i), "FULL"}
			// When a consumer that got nothing has called last is not told.
			full := seenTime.ReplaceAllString(fmt.Sprint(c.ask(t, words...)), "")
			all[fmt.Sprint(db, words)] = full
		}
		for i := range goodsMax {
			calls := [][]string{
				{"STOCK.AUDIT", goods(i)}, {"STOCK.INFO", goods(i)}, {"LOCK.INFO", goods(i)},
			}
			for id := range idsMax {
				calls = append(calls, []string{"STOCK.GET", goods(i), holdID(id)})
			}
			for _, words := range calls {
				all[fmt.Sprint(db, words)] = fmt.Sprint(c.ask(t, words...))
			}
		}
	}
	return all
}

// pairs is a reply of names and values as a map.
func pairs(list []any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i].(string)] = list[i+1]
	}
	return m
}

// describe is what a key holds, in the words of the twin.
func (c *client) describe(t testing.TB, key string) string {
	t.Helper()
	v := &value{}
	kind := c.ask(t, "TYPE", key)
	switch kind {
	case "string":
		text, _ := c.ask(t, "GET", key).(string)
		v.text = clone([]byte(text))
	case "hash":
		v.hash = map[string]string{}
		for field, text := range pairs(c.ask(t, "HGETALL", key).([]any)) {
			v.hash[field] = text.(string)
		}
	case "set":
		v.set = map[string]bool{}
		for _, member := range c.ask(t, "SMEMBERS", key).([]any) {
			v.set[member.(string)] = true
		}
	case "list":
		v.list = []string{}
		for _, element := range c.ask(t, "LRANGE", key, "0", "-1").([]any) {
			v.list = append(v.list, element.(string))
		}
	case "zset":
		v.zset = map[string]float64{}
		for member, score := range pairs(c.ask(t, "ZRANGE", key, "0", "-1", "WITHSCORES").([]any)) {
			v.zset[member], _ = strconv.ParseFloat(score.(string), 64)
		}
	}
	if deadline := c.ask(t, "PEXPIRETIME", key).(int64); deadline > 0 {
		v.deadlineMs = deadline
	}
	if kind == "ReJSON-RL" {
		return fmt.Sprintf("%s %s until %d", kind, c.ask(t, "JSON.GET", key), v.deadlineMs)
	}
	return v.describe(t)
}

// isError tells whether a reply is an error that begins with a word.
func isError(v any, word string) bool {
	err, failed := v.(error)
	return failed && strings.HasPrefix(err.Error(), word)
}
