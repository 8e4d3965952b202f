// SPDX-License-Identifier: Apache-2.0

package introspect

import (
	"stampede/internal/command"
	"stampede/internal/reply"
)

// document answers COMMAND DOCS. Names that are no commands are passed over.
func document(c *command.Call) {
	rows := commands(c)
	if names := c.Args.Rest(); len(names) > 0 {
		rows = rows[:0]
		for _, name := range names {
			if row := c.Row.Table().Named(name); row != nil {
				rows = append(rows, row)
			}
		}
	}
	writeDocs(c.Reply, rows)
}

// writeDocs writes a map from names to documentation.
func writeDocs(r *reply.Buffer, rows []*command.Row) {
	r.Map(len(rows))
	for _, row := range rows {
		r.Text(row.Lower)
		writeDoc(r, row)
	}
}

// writeDoc writes the documentation of a command: a map of what there is to say.
func writeDoc(r *reply.Buffer, row *command.Row) {
	start, pairs := r.Len(), 0
	text := func(name, value string) {
		if value != "" {
			pairs++
			r.Text(name)
			r.Text(value)
		}
	}
	text("summary", row.Summary)
	text("since", row.Since)
	text("group", string(row.Group))
	text("complexity", row.Cost)
	if row.Deprecated != "" {
		pairs++
		r.Text("doc_flags")
		writeSet(r, []string{"deprecated"})
	}
	text("deprecated_since", row.Deprecated)
	text("replaced_by", row.Instead)
	if len(row.Tree) > 0 {
		pairs++
		r.Text("arguments")
		writeArgs(r, row.Tree)
	}
	if len(row.Subcommands) > 0 {
		pairs++
		r.Text("subcommands")
		writeDocs(r, row.Subcommands)
	}
	r.MapAt(start, pairs)
}

// writeArgs writes an argument tree.
func writeArgs(r *reply.Buffer, args []command.Arg) {
	r.Array(len(args))
	for i := range args {
		writeArg(r, &args[i])
	}
}

// writeArg writes an argument: a map of what there is to say.
func writeArg(r *reply.Buffer, arg *command.Arg) {
	flags, pairs := arg.FlagNames(), 2
	for _, is := range []bool{arg.KeySpec >= 0, arg.Token != "", len(flags) > 0, len(arg.Args) > 0} {
		if is {
			pairs++
		}
	}
	r.Map(pairs)
	r.Text("name")
	r.Text(arg.Name)
	r.Text("type")
	r.Text(string(arg.Type))
	if arg.KeySpec >= 0 {
		r.Text("key_spec_index")
		r.Int(int64(arg.KeySpec))
	}
	if arg.Token != "" {
		r.Text("token")
		r.Text(arg.Token)
	}
	if len(flags) > 0 {
		r.Text("flags")
		writeSet(r, flags)
	}
	if len(arg.Args) > 0 {
		r.Text("arguments")
		writeArgs(r, arg.Args)
	}
}
