// SPDX-License-Identifier: Apache-2.0

package json

import (
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// direct runs calls on one keyspace without an engine.
type direct struct {
	t     testing.TB
	db    *keyspace.DB
	table *command.Table
	reply reply.Buffer
	call  command.Call
}

func newDirect(t testing.TB) *direct {
	t.Helper()
	space, err := keyspace.New(keyspace.Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := space.Close(); err != nil {
			t.Error(err)
		}
	})
	table, err := command.NewTable(Commands())
	if err != nil {
		t.Fatal(err)
	}
	return &direct{t: t, db: space.DB(0), table: table}
}

func (d *direct) run(argv [][]byte) []byte {
	row := d.table.Named(argv[0])
	d.reply.Truncate(0)
	d.call = command.Call{Argv: argv, Args: command.NewArgs(argv[1:]), Row: row, Reply: &d.reply}
	row.Do.(command.OnShard)(d.db, &d.call)
	return d.reply.B
}

func argv(words ...string) (list [][]byte) {
	for _, word := range words {
		list = append(list, []byte(word))
	}
	return list
}

const order = `{"id":"1","customer":{"name":"Ada","vip":true},"items":[{"id":"001",` +
	`"name":"Laptop","quantity":1},{"id":"002","name":"Mouse","quantity":2}],"total":1799.99}`

// hotCalls are the calls of a shop on its orders, each with the beginning of its reply.
func hotCalls() map[string][][]byte {
	return map[string][][]byte{
		"get":     argv("JSON.GET", "order:1", "$.total"),
		"get all": argv("JSON.GET", "order:1"),
		"set":     argv("JSON.SET", "order:1", "$.items[0].quantity", "2"),
		"longer":  argv("JSON.SET", "order:1", "$.items[1].name", `"Mouse without a cord"`),
		"add":     argv("JSON.NUMINCRBY", "order:1", "$.items[0].quantity", "1"),
		"legacy":  argv("JSON.NUMINCRBY", "order:1", ".total", "0.5"),
		"toggle":  argv("JSON.TOGGLE", "order:1", "$.customer.vip"),
		"type":    argv("JSON.TYPE", "order:1", "$.items"),
		"length":  argv("JSON.ARRLEN", "order:1", "$.items"),
	}
}

func TestHotCallsAllocateNothing(t *testing.T) {
	d := newDirect(t)
	d.run(argv("JSON.SET", "order:1", "$", order))
	for name, call := range hotCalls() {
		d.run(call)
		if allocs := testing.AllocsPerRun(200, func() { d.run(call) }); allocs != 0 {
			t.Errorf("%s: %v allocations a call", name, allocs)
		}
		if got := string(d.reply.B); strings.HasPrefix(got, "-") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// BenchmarkOrders runs the same calls from the arguments to the reply.
func BenchmarkOrders(b *testing.B) {
	d := newDirect(b)
	for name, call := range hotCalls() {
		d.run(argv("JSON.SET", "order:1", "$", order))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				d.run(call)
			}
		})
	}
}
