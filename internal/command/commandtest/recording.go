// SPDX-License-Identifier: Apache-2.0

// Package commandtest compares a table of commands with what a real redis-server says of
// its own: arity, flags, key positions, ACL categories, key specifications, tips and the
// trees of arguments.
//
// The facts are in testdata/redis70.jsonl, one command a line, recorded from redis-server
// 7.0.15 by the tests of this package with -update. Texts of Redis (summaries, complexity,
// history) are not recorded: ours are our own.
//
// Everything here is a function of its arguments. What is not here: calls and their
// replies, which package conformance compares.
package commandtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

//go:embed testdata/redis70.jsonl
var recorded []byte

// Facts is what a server says of one command.
type Facts struct {
	Name       string   `json:"name"` // in capitals, "CLIENT|KILL"
	Group      string   `json:"group"`
	Since      string   `json:"since"`
	Deprecated string   `json:"deprecated,omitempty"`
	Arity      int      `json:"arity"`
	Flags      []string `json:"flags,omitempty"`
	Keys       [3]int   `json:"keys"` // first, last, step
	ACL        []string `json:"acl,omitempty"`
	Tips       []string `json:"tips,omitempty"`
	Specs      []string `json:"specs,omitempty"` // key specifications, see [specText]
	Args       []Arg    `json:"args,omitempty"`
}

// Arg is an argument in the tree of COMMAND DOCS. Names are kept of values only: those of
// groups and tokens no client shows.
type Arg struct {
	Type  string `json:"type"`
	Name  string `json:"name,omitempty"`
	Token string `json:"token,omitempty"`
	Flags string `json:"flags,omitempty"` // with blanks between
	Spec  int    `json:"spec"`            // index of the key specification; -1: none
	Args  []Arg  `json:"args,omitempty"`
}

// String renders the tree of one argument in a line.
func (a Arg) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q token=%q %s spec=%d", a.Type, a.Name, a.Token, a.Flags, a.Spec)
	if len(a.Args) > 0 {
		fmt.Fprintf(&b, " %v", a.Args)
	}
	return "(" + b.String() + ")"
}

// Redis70 is the facts of redis-server 7.0.15 by name.
func Redis70() (map[string]Facts, error) {
	facts := map[string]Facts{}
	lines := json.NewDecoder(bytes.NewReader(recorded))
	for {
		var f Facts
		switch err := lines.Decode(&f); err {
		case nil:
			facts[f.Name] = f
		case io.EOF:
			return facts, nil
		default:
			return nil, fmt.Errorf("commandtest: recording, after %d commands: %w", len(facts), err)
		}
	}
}
