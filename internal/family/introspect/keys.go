// SPDX-License-Identifier: Apache-2.0

package introspect

import (
	"strings"

	"stampede/internal/command"
	"stampede/internal/glob"
	"stampede/internal/reply"
)

// What is wrong with the call within the call.
const (
	errNoCommand reply.Error = "ERR Invalid command specified"
	errNoKeys    reply.Error = "ERR The command has no key arguments"
	errArity     reply.Error = "ERR Invalid number of arguments specified for command"
)

// readFilter reads what follows COMMAND LIST.
func readFilter(a *command.Args) (keep func(*command.Row) bool) {
	if !a.Opt("FILTERBY") {
		a.Fail(reply.ErrSyntax)
		return nil
	}
	switch {
	case a.Left() != 2:
		a.Fail(reply.ErrSyntax)
	case a.Opt("MODULE"):
		a.Bytes() // there are no modules
		keep = func(*command.Row) bool { return false }
	case a.Opt("ACLCAT"):
		category := command.CategoryNamed(strings.ToLower(string(a.Bytes())))
		keep = func(row *command.Row) bool { return row.Categories&category != 0 }
	case a.Opt("PATTERN"):
		pattern := a.Bytes()
		keep = func(row *command.Row) bool { return glob.MatchFold(pattern, []byte(row.Lower)) }
	default:
		a.Fail(reply.ErrSyntax)
	}
	return keep
}

// keysOf finds the keys of the call within the call.
func keysOf(c *command.Call) (row *command.Row, argv [][]byte, positions []int, err error) {
	argv = c.Args.Rest()
	row, unknown := c.Row.Table().Lookup(argv)
	switch {
	case unknown != "":
		return nil, nil, nil, errNoCommand
	case !row.HasKeys():
		return nil, nil, nil, errNoKeys
	case !row.ArityOK(len(argv)):
		return nil, nil, nil, errArity
	}
	positions, err = row.Keys(argv, nil)
	switch {
	case row.Flags&command.NoMandKeys != 0:
		err = nil
	case len(positions) == 0:
		err = command.ErrKeys
	}
	return row, argv, positions, err
}

// getKeys answers COMMAND GETKEYS.
func getKeys(c *command.Call) {
	_, argv, positions, err := keysOf(c)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Array(len(positions))
	for _, at := range positions {
		c.Reply.Bulk(argv[at])
	}
}

// getKeysAndFlags answers COMMAND GETKEYSANDFLAGS.
func getKeysAndFlags(c *command.Call) {
	row, argv, positions, err := keysOf(c)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Array(len(positions))
	for _, at := range positions {
		c.Reply.Array(2)
		c.Reply.Bulk(argv[at])
		writeSet(c.Reply, row.Use(argv, at).Names())
	}
}
