// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stampede/internal/reply"
)

// Table is all commands of a server. It never changes after [NewTable].
type Table struct {
	rows  []*Row
	names nameIndex // of the rows that are no subcommands
}

// NewTable derives the rows of the given families. The error names every wrong row.
//
// A container ("CLIENT") gets a subcommand HELP that describes the others.
func NewTable(families ...[]Spec) (*Table, error) {
	t := &Table{}
	var errs []error
	for _, specs := range families {
		for _, spec := range specs {
			if err := t.add(spec); err != nil {
				errs = append(errs, fmt.Errorf("command %s: %w", spec.Name, err))
			}
		}
	}
	errs = append(errs, t.finish()...)
	return t, errors.Join(errs...)
}

// finish adds the help of containers and makes the indexes of names.
func (t *Table) finish() (errs []error) {
	var top []*Row
	for _, row := range slices.Clone(t.rows) {
		if row.Container == nil {
			top = append(top, row)
		}
		if len(row.Subcommands) > 0 && t.row(row.Name+"|HELP") == nil {
			errs = append(errs, t.add(helpRow(row)))
			t.rows[len(t.rows)-1].derived = true
		}
		if row.Do == nil && len(row.Subcommands) == 0 {
			errs = append(errs, fmt.Errorf("command %s: neither handler nor subcommands", row.Name))
		}
		errs = append(errs, row.words.build(row.Subcommands))
	}
	return append(errs, t.names.build(top))
}

// add derives one row. A subcommand must come behind its container.
func (t *Table) add(spec Spec) error {
	row, err := newRow(spec)
	if err != nil {
		return err
	}
	if t.row(spec.Name) != nil {
		return errors.New("given twice")
	}
	if name, _, sub := strings.Cut(spec.Name, "|"); sub {
		container := t.row(name)
		if container == nil {
			return fmt.Errorf("no container %s before it", name)
		}
		row.Container = container
		container.Subcommands = append(container.Subcommands, row)
	}
	row.ID, row.table = len(t.rows), t
	t.rows = append(t.rows, row)
	return nil
}

// row is the row of the exact name, while the table is being made.
func (t *Table) row(name string) *Row {
	for _, row := range t.rows {
		if row.Name == name {
			return row
		}
	}
	return nil
}

// Rows is every row, subcommands too, in the order of their IDs. It must not be changed.
func (t *Table) Rows() []*Row { return t.rows }

// Lookup finds the row of a call, which has at least its name; of a container's call the
// row of the subcommand, if there is more than the name. The case of letters does not
// count. It allocates only where it fails.
//
// The error is what the client is to be told. A call that was found may still have too
// few or too many arguments: see [Row.ArityOK].
func (t *Table) Lookup(argv [][]byte) (*Row, reply.Error) {
	row := t.names.find(argv[0])
	if row == nil {
		return nil, unknownCommand(argv)
	}
	if len(argv) > 1 && row.words.slots != nil {
		if row = row.words.find(argv[1]); row == nil {
			return nil, unknownSubcommand(argv)
		}
	}
	return row, ""
}

// Named is the row of a full name in any case, "get" or "client|kill", or nil.
func (t *Table) Named(name []byte) *Row {
	name, sub, isSub := bytes.Cut(name, []byte("|"))
	row := t.names.find(name)
	if row != nil && isSub {
		row = row.words.find(sub)
	}
	return row
}

// namedMax is how many bytes of a client's words an error repeats.
const namedMax = 128

// unknownCommand names the command that is not there and the first of its arguments.
func unknownCommand(argv [][]byte) reply.Error {
	var args []byte
	for i := 1; i < len(argv) && len(args) < namedMax; i++ {
		args = append(args, '\'')
		args = append(args, cText(argv[i], namedMax-len(args)+1)...)
		args = append(args, "' "...)
	}
	return reply.Error(fmt.Sprintf("ERR unknown command '%s', with args beginning with: %s",
		cText(argv[0], namedMax), args))
}

func unknownSubcommand(argv [][]byte) reply.Error {
	return reply.Error(fmt.Sprintf("ERR unknown subcommand '%s'. Try %s HELP.",
		cText(argv[1], namedMax), strings.ToUpper(string(argv[0]))))
}

// cText is what C would print of b: it ends at a zero byte and after max bytes.
func cText(b []byte, max int) []byte {
	b = b[:min(len(b), max)]
	for i, ch := range b {
		if ch == 0 {
			return b[:i]
		}
	}
	return b
}
