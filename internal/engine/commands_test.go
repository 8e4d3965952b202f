// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"stampede/internal/command"
	"stampede/internal/command/commandtest"
)

func update(t *testing.T) bool {
	t.Helper()
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

func TestMain(m *testing.M) {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "rewrite docs/commands.md")
	}
	os.Exit(m.Run())
}

// TestRowsAreThoseOfRedis holds what is derived from our rows against what a redis-server
// 7.0.15 said of its own.
func TestRowsAreThoseOfRedis(t *testing.T) {
	commandtest.Check(t, newStore(t, 1).engine.Table(), commandtest.Exceptions())
}

// TestCommandsPage keeps docs/commands.md current; -update rewrites it.
func TestCommandsPage(t *testing.T) {
	const page = "../../docs/commands.md"
	want := command.Markdown(newStore(t, 1).engine.Table())
	if update(t) {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/commands.md is not what the table says (%v): run make generate", err)
	}
}
