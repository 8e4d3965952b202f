// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"slices"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/keyspace"
)

func TestArityFollowsFromSynopsis(t *testing.T) {
	for synopsis, want := range map[string]int{
		"":                                     1,
		"@key":                                 2,
		"@key value:int":                       3,
		"@key [NX | XX]":                       -2,
		"@key <NX | XX>":                       3,
		"@key <NX | EX seconds:int>":           -3,
		"@key [@key ...]":                      -2,
		"@key value [@key value ...]":          -3,
		"@key [field value [field value ...]]": -2,
		"numkeys:int @key [@key ...] WEIGHTS w:int [w:int ...]": -5,
		"<host port:int | NO ONE>":                              3,
		"[GET pattern:pattern [GET pattern:pattern ...]]":       -1,
		"STREAMS @key [@key ...] id [id ...]":                   -4,
		"@key LIMIT offset:int count:int":                       5,
	} {
		row := newTable(t, spec("X", synopsis, command.Read)).Rows()[0]
		if row.Arity != want {
			t.Errorf("arity of %q = %d, want %d", synopsis, row.Arity, want)
		}
	}
}

func TestArityOK(t *testing.T) {
	table := newTable(t, spec("TWO", "@key", 0), spec("MORE", "@key [@key ...]", 0))
	for argc, want := range map[int][2]bool{1: {false, false}, 2: {true, true}, 3: {false, true}} {
		for i, row := range table.Rows() {
			if got := row.ArityOK(argc); got != want[i] {
				t.Errorf("%s with %d arguments: %v", row.Name, argc, got)
			}
		}
	}
}

func TestSynopsisAsTheManualPrintsIt(t *testing.T) {
	table := newTable(t, spec("X", "@key <a:int | ip:port:string> [EX seconds:int]", 0),
		container("CLIENT"), spec("CLIENT|KILL", "", 0))
	for name, want := range map[string]string{
		"x": "X key <a | ip:port> [EX seconds]", "client|kill": "KILL", "client": "CLIENT",
	} {
		if got := table.Named([]byte(name)).Synopsis(); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestNewTableNamesEveryWrongRow(t *testing.T) {
	onShard := command.OnShard(func(*keyspace.DB, *command.Call) {})
	onKeys := command.OnKeys(func(command.Tx, *command.Call) {})
	change := func(change func(*command.Spec)) command.Spec {
		s := spec("X", "", 0)
		change(&s)
		return s
	}
	wrong := []struct {
		spec command.Spec
		want string
	}{
		{spec("X", "@key [NX", 0), `"[" is not closed`},
		{spec("X", "@key NX]", 0), `"]" closes nothing`},
		{spec("X", "<NX | XX]", 0), `"<" is closed by "]"`},
		{spec("X", "[]", 0), "nothing between"},
		{spec("X", "[a | ]", 0), "nothing between"},
		{spec("X", "@key [value ...]", 0), `"..." without what it repeats`},
		{spec("X", "@key:int", 0), "is no value"},
		{spec("X", "@", 0), "is no value"},
		{spec("X", "seconds:integer", 0), "is no value"},
		{spec("X", "[a] @key", 0), `keys of "key"`},
		{spec("X", "[@key]", 0), `keys of "key"`},
		{spec("X", "@key [@key ...] [a]", 0), `keys of "key"`},
		{spec("X", "[a] numkeys:int @key [@key ...]", 0), "numkeys needs a fixed place"},
		{spec("x", "", 0), "in capitals"},
		{spec("X Y", "", 0), "in capitals"},
		{spec("", "", 0), "in capitals"},
		{spec(strings.Repeat("X", 25), "", 0), "1 to 24 bytes"},
		{spec("X", "", command.Read|command.Write), "both"},
		{spec("NONE|X", "", 0), "no container NONE"},
		{change(func(s *command.Spec) { s.Summary = "" }), "no summary"},
		{change(func(s *command.Spec) { s.Since = "" }), "which version"},
		{change(func(s *command.Spec) { s.Cost = "" }), "no cost"},
		{change(func(s *command.Spec) { s.Group = "zoo" }), `unknown group "zoo"`},
		{change(func(s *command.Spec) { s.ACL = "zoo" }), `unknown ACL category "zoo"`},
		{change(func(s *command.Spec) { s.KeyUse = "RW zoo" }), `unknown key use "zoo"`},
		{change(func(s *command.Spec) { s.KeyUse = "RW; RO"; s.Args = "@key" }), "2 key uses for 1"},
		{change(func(s *command.Spec) { s.Do = onShard }), "OnShard needs a key"},
		{change(func(s *command.Spec) { s.Do = onKeys }), "OnKeys needs keys"},
		{change(func(s *command.Spec) { s.Do = nil }), "neither handler nor subcommands"},
	}
	for _, w := range wrong {
		_, err := command.NewTable([]command.Spec{w.spec})
		if err == nil || !strings.Contains(err.Error(), w.want) {
			t.Errorf("%s %q: got error %v, want one with %q", w.spec.Name, w.spec.Args, err, w.want)
		}
	}
	_, err := command.NewTable([]command.Spec{spec("X", "[", 0), spec("X", "", 0), spec("X", "", 0),
		spec("Y", "]", 0)})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got error %v, want one of three lines, one of them on a row given twice", err)
	}
}

func TestHelpIsDerived(t *testing.T) {
	table := newTable(t, container("CLIENT"), spec("CLIENT|KILL", "@key [NX]", 0))
	got := string(run(t, table, "client help"))
	want := "*5\r\n+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n" +
		"+KILL key [NX]\r\n+    Does.\r\n+HELP\r\n+    Lists the subcommands and what they do.\r\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestMarkdown(t *testing.T) {
	old, own := spec("GETSET", "@key value", command.Write), spec("STOCK", "@key", command.Write)
	old.Deprecated, old.Instead = "6.2.0", "SET with GET"
	own.Since = command.Own
	late := spec("LATE", "", 0)
	late.Since = "7.2.0"
	page := string(command.Markdown(newTable(t, own, old, late, container("CLIENT"),
		spec("CLIENT|KILL", "[NX | XX]", 0))))
	for _, want := range []string{
		"- [Strings](#strings) (4)\n",
		"\n## Strings\n\n- `CLIENT KILL [NX | XX]`\\\n  Does. O(1).\n" +
			"- `GETSET key value`\\\n  Does. O(1). Redis 6.2.0 and later prefer SET with GET.\n" +
			"- `LATE`\\\n  Does. O(1). From Redis 7.2.0.\n" +
			"- `STOCK key`\\\n  Does. O(1). **Stampede**.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "`CLIENT`") || strings.Contains(page, "CLIENT HELP`") {
		t.Errorf("containers and their helps do not belong there:\n%s", page)
	}
}

// FuzzSynopsis feeds any text as a synopsis: it is refused or gives a row that is sound.
func FuzzSynopsis(f *testing.F) {
	for _, seed := range []string{"@key value [NX | XX]", "numkeys:int @key [@key ...] [LIMIT l:int]",
		"STREAMS @key [@key ...] id [id ...]", "<a b | C> [<a b | C> ...]", "[A [b [@c]]]"} {
		f.Add(seed, "a b c")
	}
	f.Fuzz(func(t *testing.T, synopsis, words string) {
		table, err := command.NewTable([]command.Spec{spec("X", synopsis, command.Read)})
		if err != nil {
			return
		}
		row, argv := table.Rows()[0], call("x "+words)
		if !row.ArityOK(len(argv)) {
			return
		}
		positions, err := row.Keys(argv, nil)
		if err != nil && len(positions) > 0 {
			t.Fatalf("both keys %v and error %v", positions, err)
		}
		for _, at := range positions {
			if at < 1 || at >= len(argv) {
				t.Fatalf("synopsis %q, call %q: a key at %d", synopsis, argv, at)
			}
		}
		if row.OneKey && !slices.Equal(positions, []int{row.FirstKey}) {
			t.Fatalf("synopsis %q: OneKey, but keys %v", synopsis, positions)
		}
	})
}
