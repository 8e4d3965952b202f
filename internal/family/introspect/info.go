// SPDX-License-Identifier: Apache-2.0

package introspect

import (
	"slices"
	"strings"

	"stampede/internal/command"
	"stampede/internal/reply"
)

// describeAll answers COMMAND.
func describeAll(c *command.Call) {
	rows := commands(c)
	c.Reply.Array(len(rows))
	for _, row := range rows {
		writeRow(c.Reply, row)
	}
}

// info answers COMMAND INFO.
func info(c *command.Call) {
	names := c.Args.Rest()
	if len(names) == 0 {
		describeAll(c)
		return
	}
	c.Reply.Array(len(names))
	for _, name := range names {
		if row := c.Row.Table().Named(name); row != nil {
			writeRow(c.Reply, row)
		} else {
			c.Reply.Null()
		}
	}
}

// writeRow writes the ten facts of a command, the last of them its subcommands.
func writeRow(r *reply.Buffer, row *command.Row) {
	r.Array(10)
	r.Text(row.Lower)
	r.Int(int64(row.Arity))
	writeSet(r, row.Flags.Names())
	r.Int(int64(row.FirstKey))
	r.Int(int64(row.LastKey))
	r.Int(int64(row.KeyStep))
	var categories []string
	for name := range row.Categories.Names() {
		categories = append(categories, "@"+name)
	}
	writeSet(r, categories)
	tips := strings.Fields(row.Tips)
	r.Set(len(tips))
	for _, tip := range tips {
		r.Text(tip)
	}
	r.Set(len(row.Specs))
	for i := range row.Specs {
		writeSpec(r, &row.Specs[i])
	}
	r.Set(len(row.Subcommands))
	for _, sub := range row.Subcommands {
		writeRow(r, sub)
	}
}

// writeSet writes words as statuses.
func writeSet(r *reply.Buffer, words []string) {
	r.Set(len(words))
	for _, word := range words {
		r.Simple(word)
	}
}

// writeSpec writes a key specification.
func writeSpec(r *reply.Buffer, s *command.KeySpec) {
	r.Map(3)
	r.Text("flags")
	writeSet(r, s.Use.Names())

	r.Text("begin_search")
	switch {
	case s.Begin.Index > 0:
		writeMethod(r, "index", "index", s.Begin.Index)
	case s.Begin.Keyword != "":
		writeMethod(r, "keyword", "keyword", s.Begin.Keyword, "startfrom", s.Begin.From)
	default:
		writeMethod(r, "unknown")
	}

	r.Text("find_keys")
	switch {
	case s.Find.Counted:
		writeMethod(r, "keynum", "keynumidx", s.Find.Count, "firstkey", s.Find.First,
			"keystep", s.Find.Step)
	case s.Find.Step > 0:
		writeMethod(r, "range", "lastkey", s.Find.Last, "keystep", s.Find.Step,
			"limit", s.Find.Limit)
	default:
		writeMethod(r, "unknown")
	}
}

// writeMethod writes one step of a key specification: its type and its parameters, names
// and values in turn.
func writeMethod(r *reply.Buffer, kind string, parameters ...any) {
	r.Map(2)
	r.Text("type")
	r.Text(kind)
	r.Text("spec")
	r.Map(len(parameters) / 2)
	for _, p := range parameters {
		switch p := p.(type) {
		case string:
			r.Text(p)
		case int:
			r.Int(int64(p))
		}
	}
}

// list answers COMMAND LIST: full names, subcommands included.
func list(c *command.Call) {
	keep := func(*command.Row) bool { return true }
	if c.Args.More() {
		keep = readFilter(&c.Args)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	rows := slices.DeleteFunc(slices.Clone(c.Row.Table().Rows()), func(row *command.Row) bool {
		return row.Flags&command.Hidden != 0 || !keep(row)
	})
	c.Reply.Array(len(rows))
	for _, row := range rows {
		c.Reply.Text(row.Lower)
	}
}
