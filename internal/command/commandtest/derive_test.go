// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"testing"

	"stampede/internal/command"
)

// TestRedisFollowsFromItsSynopses writes a row for every command of Redis with no more
// than a person would write, and compares all that is derived with what Redis says.
func TestRedisFollowsFromItsSynopses(t *testing.T) {
	specs, err := Specs()
	if err != nil {
		t.Fatal(err)
	}
	table, err := command.NewTable(specs)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, table, Exceptions())
}
