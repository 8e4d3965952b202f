// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/reply"
)

// handled stands for the handlers of rows that no test calls.
func handled(*command.Call) {}

// spec is a row for tests, right but for what a test puts in.
func spec(name, args string, flags command.Flags) command.Spec {
	return command.Spec{Name: name, Args: args, Summary: "Does.", Group: command.GroupString,
		Flags: flags, Since: "1.0.0", Cost: "O(1)", Do: command.Local(handled)}
}

// container is a row that only holds subcommands.
func container(name string) command.Spec {
	return command.Spec{Name: name, Summary: "Holds.", Group: command.GroupConnection,
		Since: "1.0.0"}
}

func newTable(t testing.TB, specs ...command.Spec) *command.Table {
	t.Helper()
	table, err := command.NewTable(specs)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// call cuts text at blanks into a call.
func call(text string) [][]byte {
	var argv [][]byte
	for word := range strings.SplitSeq(text, " ") {
		argv = append(argv, []byte(word))
	}
	return argv
}

// run gives the reply to a call of a row that is Local.
func run(t *testing.T, table *command.Table, text string) []byte {
	t.Helper()
	row, fail := table.Lookup(call(text))
	if fail != "" {
		t.Fatal(fail)
	}
	c := &command.Call{Row: row, Reply: &reply.Buffer{}}
	row.Do.(command.Local)(c)
	return c.Reply.B
}

func smallTable(t testing.TB) *command.Table {
	return newTable(t,
		spec("GET", "@key", command.Read), spec("SET", "@key value", command.Write),
		spec("INCR", "@key", command.Write), spec("HGETALL", "@key", command.Read),
		spec("ZREVRANGEBYSCORE", "@key max min", command.Read),
		spec("A2345678", "", 0), spec("A23456789", "", 0), spec("A234567890123456", "", 0),
		spec("A2345678901234567", "", 0), spec("A2345678901234568", "", 0),
		spec("A23456789012345678901234", "@key", command.Read),
		container("CLIENT"), spec("CLIENT|KILL", "address", 0),
	)
}

func TestLookup(t *testing.T) {
	table := smallTable(t)
	for text, want := range map[string]string{
		"get k": "GET", "GET": "GET", "gEt a b c": "GET", "zrevrangebyscore k 1 0": "ZREVRANGEBYSCORE",
		"hgetAll k": "HGETALL", "client": "CLIENT", "Client Kill x": "CLIENT|KILL",
		"a23456789012345678901234 k": "A23456789012345678901234", "a2345678": "A2345678",
		"a23456789": "A23456789", "a234567890123456": "A234567890123456",
		"a2345678901234567": "A2345678901234567", "a2345678901234568": "A2345678901234568",
	} {
		row, fail := table.Lookup(call(text))
		if row == nil || row.Name != want {
			t.Errorf("Lookup(%q) = %v, %q, want %s", text, row, fail, want)
		}
	}
	long := strings.Repeat("x", 200)
	for text, want := range map[string]string{
		"foo":            "ERR unknown command 'foo', with args beginning with: ",
		"Foo a b":        "ERR unknown command 'Foo', with args beginning with: 'a' 'b' ",
		"ge":             "ERR unknown command 'ge', with args beginning with: ",
		"GET\x00 k":      "ERR unknown command 'GET', with args beginning with: 'k' ",
		"{et k":          "ERR unknown command '{et', with args beginning with: 'k' ",
		"cLient Nope":    "ERR unknown subcommand 'Nope'. Try CLIENT HELP.",
		"client " + long: "ERR unknown subcommand '" + long[:128] + "'. Try CLIENT HELP.",
		long + " a":      "ERR unknown command '" + long[:128] + "', with args beginning with: 'a' ",
		"foo " + long + " b": "ERR unknown command 'foo', with args beginning with: '" +
			long[:128] + "' ",
		"foo " + long[:100] + " " + long + " b": "ERR unknown command 'foo', with args " +
			"beginning with: '" + long[:100] + "' '" + long[:25] + "' ",
	} {
		if row, fail := table.Lookup(call(text)); row != nil || string(fail) != want {
			t.Errorf("Lookup(%q)\n got %v, %q\nwant %q", text, row, fail, want)
		}
	}
}

// FuzzLookup compares with a walk over all rows.
func FuzzLookup(f *testing.F) {
	for _, seed := range []string{"get", "GET\x00", "zrevrangebyscore", "g\xe5t", "client", "`{[@"} {
		f.Add([]byte(seed), []byte("kill"))
	}
	table := smallTable(f)
	find := func(name []byte, among func(*command.Row) bool) *command.Row {
		for _, row := range table.Rows() {
			last := row.Name[strings.LastIndexByte(row.Name, '|')+1:]
			if among(row) && command.EqualFold(name, last) {
				return row
			}
		}
		return nil
	}
	f.Fuzz(func(t *testing.T, name, sub []byte) {
		want := find(name, func(row *command.Row) bool { return row.Container == nil })
		if want != nil && len(want.Subcommands) > 0 {
			container := want
			want = find(sub, func(row *command.Row) bool { return row.Container == container })
		}
		if got, _ := table.Lookup([][]byte{name, sub}); got != want {
			t.Errorf("Lookup(%q %q) = %v, want %v", name, sub, got, want)
		}
	})
}

func TestLookupAllocatesNothing(t *testing.T) {
	table, argv := smallTable(t), call("client kill x")
	if n := testing.AllocsPerRun(100, func() { table.Lookup(argv) }); n != 0 {
		t.Errorf("Lookup allocates %v times", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	table := smallTable(b)
	for _, text := range []string{"GET k", "set k v", "INCR k", "HGETALL k",
		"ZREVRANGEBYSCORE k 1 0", "CLIENT KILL x"} {
		argv := call(text)
		b.Run(string(argv[0]), func(b *testing.B) {
			for b.Loop() {
				if row, _ := table.Lookup(argv); row == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
