// SPDX-License-Identifier: Apache-2.0

package command

import "strings"

// helpRow is the subcommand HELP of a container.
func helpRow(container *Row) Spec {
	return Spec{
		Name:    container.Name + "|HELP",
		Summary: "Lists the subcommands and what they do.",
		Group:   container.Group,
		Flags:   Loading | Stale,
		Since:   container.Since,
		Cost:    "O(1)",
		ACL:     container.ACL,
		Do:      Local(help),
	}
}

// help answers with what the synopses and the summaries of a container's subcommands say,
// in the layout of Redis: a line for each and a line below it with what it does.
func help(c *Call) {
	container := c.Row.Container
	lines := []string{container.Name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	if container.Do != nil {
		lines = append(lines, "(no subcommand)", "    "+container.Summary)
	}
	for _, sub := range container.Subcommands {
		if sub != c.Row {
			lines = append(lines, sub.Synopsis(), "    "+sub.Summary)
		}
	}
	lines = append(lines, "HELP", "    "+c.Row.Summary)
	c.Reply.Array(len(lines))
	for _, line := range lines {
		c.Reply.Simple(line)
	}
}

// Synopsis is how a call is written, as the manual prints it: "SET key value [NX | XX]".
// Of a subcommand it begins with the last word of its name.
func (r *Row) Synopsis() string {
	words := strings.Split(r.Args, " ")
	for i, word := range words {
		words[i] = plainWord(word)
	}
	name := r.Name[strings.LastIndexByte(r.Name, '|')+1:]
	return strings.TrimRight(name+" "+strings.Join(words, " "), " ")
}

// plainWord takes the marks off one word of a synopsis.
func plainWord(word string) string {
	core := strings.TrimLeft(word, "[<")
	open := word[:len(word)-len(core)]
	core = strings.TrimRight(core, "]>")
	end := word[len(open)+len(core):]
	name, _ := splitType(strings.TrimPrefix(core, "@"))
	return open + name + end
}
