// SPDX-License-Identifier: Apache-2.0

package conformance

import "testing"

// TestCommandTablesAgree compares what COMMAND says of each command that both servers have:
// arity, flags, key positions and categories. (Package command compares the trees of
// arguments; summaries, tips and histories are words of each server.)
func TestCommandTablesAgree(t *testing.T) {
	oracle, tested := dialTest(t, StartRedis(t)), dialTest(t, StartStampede(t))
	theirs, ours := commandRows(t, oracle), commandRows(t, tested)
	compared := 0
	for name, got := range ours {
		want, ok := theirs[name]
		if !ok || len(want) < 7 || len(got) < 7 {
			continue
		}
		compared++
		for i, what := range [...]string{
			"name", "arity", "flags", "first key", "last key", "step", "categories",
		} {
			if !sameElements(1)(nil, want[i], got[i]) || want[i].Text != got[i].Text {
				t.Errorf("%s: %s:\n%s\nwant\n%s", name, what, got[i], want[i])
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d commands are in both tables", compared)
	}
}

func dialTest(t *testing.T, addr string) *Conn {
	t.Helper()
	c, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// commandRows gives the elements of each row of COMMAND, of subcommands too.
func commandRows(t *testing.T, c *Conn) map[string][]Value {
	t.Helper()
	v, err := c.must("COMMAND")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]Value{}
	for _, row := range v.Elems {
		rows[row.Elems[0].Text] = row.Elems
		if len(row.Elems) > 9 {
			for _, sub := range row.Elems[9].Elems {
				rows[sub.Elems[0].Text] = sub.Elems
			}
		}
	}
	return rows
}
