// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/command"
)

// Exception is a fact that is not compared, and why.
type Exception struct {
	Name  string // of the command; "*|HELP" stands for the help of every container
	Field string // which of its facts: "arity", "args", …
	Why   string
}

// Exceptions are the facts in which tables of ours need not agree with Redis.
func Exceptions() []Exception {
	const (
		noTree = "Redis 7.0 documents no arguments"
		sort   = "only the key to sort stands where a key specification finds it"
		group  = "groups that a synopsis does not show; calls are the same"
	)
	return []Exception{
		{"*|HELP", "since", "helps come with their container"},
		{"COMMAND|GETKEYS", "args", noTree},
		{"COMMAND|GETKEYSANDFLAGS", "args", noTree},
		{"SET", "args", "IFEQ is from later versions"},
		{"SORT", "args", sort},
		{"SORT_RO", "args", sort},
		{"CONFIG|GET", "args", group},
		{"CLIENT|LIST", "args", group},
		{"CLIENT|KILL", "args", "the tree leaves out that filters can be mixed and repeated"},
		{"FAILOVER", "args", "in the tree FORCE must not be left out, in calls it may"},
		{"MIGRATE", "args", "the tree has no word for the empty key"},
		{"GEOSEARCH", "args", group},
		{"GEOSEARCHSTORE", "args", group},
		{"MODULE|LOADEX", "args", group},
		{"PSUBSCRIBE", "args", group},
		{"XINFO|STREAM", "args", group},
		{"XTRIM", "args", group},
	}
}

// Check compares every row that Redis 7.0 has as well with its facts.
func Check(t testing.TB, table *command.Table, exceptions []Exception) {
	t.Helper()
	redis, err := Redis70()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, row := range table.Rows() {
		want, known := redis[row.Name]
		if !known {
			if row.Since < "7.1" { // later versions and our own are free
				t.Errorf("%s: Redis 7.0 has no such command since %s", row.Name, row.Since)
			}
			continue
		}
		compared++
		got := FactsOf(row)
		for _, d := range got.facts(&want) {
			if d.got != d.want && !allowed(exceptions, row.Name, d.field) {
				t.Errorf("%s %s\n got %s\nwant %s", row.Name, d.field, d.got, d.want)
			}
		}
	}
	if compared == 0 {
		t.Error("no command of the table is one of Redis")
	}
}

func allowed(exceptions []Exception, name, field string) bool {
	for _, e := range exceptions {
		help := e.Name == "*|HELP" && strings.HasSuffix(name, "|HELP")
		if e.Field == field && (e.Name == name || help) {
			return true
		}
	}
	return false
}

// FactsOf is what our table says of a command.
func FactsOf(row *command.Row) Facts {
	f := Facts{
		Name: row.Name, Group: string(row.Group), Since: row.Since, Deprecated: row.Deprecated,
		Arity: row.Arity, Flags: row.Flags.Names(),
		Keys: [3]int{row.FirstKey, row.LastKey, row.KeyStep},
		Tips: strings.Fields(row.Tips), Args: argsOf(row.Tree),
	}
	for name := range row.Categories.Names() {
		f.ACL = append(f.ACL, "@"+name)
	}
	for i := range row.Specs {
		f.Specs = append(f.Specs, specText(&row.Specs[i]))
	}
	return f
}

// specText renders a key specification in a line.
func specText(s *command.KeySpec) string {
	begin, find := "unknown", "unknown"
	switch {
	case s.Begin.Index > 0:
		begin = fmt.Sprintf("index index %d", s.Begin.Index)
	case s.Begin.Keyword != "":
		begin = fmt.Sprintf("keyword keyword %s startfrom %d", s.Begin.Keyword, s.Begin.From)
	}
	switch {
	case s.Find.Counted:
		find = fmt.Sprintf("keynum keynumidx %d firstkey %d keystep %d", s.Find.Count,
			s.Find.First, s.Find.Step)
	case s.Find.Step > 0:
		find = fmt.Sprintf("range lastkey %d keystep %d limit %d", s.Find.Last, s.Find.Step,
			s.Find.Limit)
	}
	return strings.Join(s.Use.Names(), " ") + "; begin " + begin + "; find " + find
}

func argsOf(tree []command.Arg) (args []Arg) {
	for i := range tree {
		from := &tree[i]
		arg := Arg{Type: string(from.Type), Name: from.Name, Token: from.Token,
			Flags: strings.Join(from.FlagNames(), " "), Spec: from.KeySpec, Args: argsOf(from.Args)}
		switch from.Type {
		case command.ArgBlock, command.ArgOneOf, command.ArgToken:
			arg.Name = ""
		}
		args = append(args, arg)
	}
	return args
}

// fact is one fact on both sides.
type fact struct{ field, got, want string }

// facts gives every fact of both.
func (f *Facts) facts(want *Facts) []fact {
	text := func(v any) string { return fmt.Sprint(v) }
	return []fact{
		{"group", f.Group, want.Group},
		{"since", f.Since, want.Since},
		{"deprecated", f.Deprecated, want.Deprecated},
		{"arity", text(f.Arity), text(want.Arity)},
		{"flags", text(f.Flags), text(want.Flags)},
		{"keys", text(f.Keys), text(want.Keys)},
		{"acl", text(f.ACL), text(want.ACL)},
		{"tips", text(f.Tips), text(want.Tips)},
		{"specs", strings.Join(f.Specs, " | "), strings.Join(want.Specs, " | ")},
		{"args", text(f.Args), text(want.Args)},
	}
}
