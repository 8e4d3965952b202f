// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandHasAScript wants each command of ours to be called by at least one script.
func TestEveryCommandHasAScript(t *testing.T) {
	c, err := Dial(StartStampede(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	list, err := c.must("COMMAND", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, file := range scripts(t) {
		s, err := parseScript(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range s.steps {
			words := strings.Fields(strings.ToLower(st.words))
			for n := range min(2, len(words)) {
				called[strings.Join(words[:n+1], "|")] = true
			}
		}
	}
	names := flatten(list)
	slices.Sort(names)
	for _, name := range names {
		if !called[strings.ToLower(name)] {
			t.Errorf("no script calls %s", strings.ToUpper(name))
		}
	}
}
