// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// FuzzCall is one call of the fuzzer.
type FuzzCall struct {
	Conn int // index of the connection
	Args []string
	// Gone says that the key of the call ends at once: both servers are asked until it is
	// gone before the next call is sent.
	Gone bool
}

// fuzzConns is how many connections the fuzzer uses; the last one speaks RESP3.
const fuzzConns = 3

// Coverage counts what was generated: "SET" for the command, "SET NX" for an option, and
// "SET answered" for a call that was not refused.
type Coverage map[string]int

// Missing lists the rows of the fuzzer that c has not met, in order.
func (c Coverage) Missing() []string {
	var missing []string
	for _, row := range parseRows() {
		want := []string{row.name, row.name + " answered"}
		if row.name == "NOSUCH" {
			want = want[:1]
		}
		for _, option := range options(row.forms, false) {
			want = append(want, row.name+" "+option)
		}
		for _, name := range want {
			if c[name] == 0 {
				missing = append(missing, name)
			}
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

func parseRows() []parsedRow {
	var rows []parsedRow
	for _, row := range fuzzRows() {
		forms := parseForm(row.form)
		fixed := false
		for _, word := range strings.FieldsFunc(row.form, func(r rune) bool {
			return strings.ContainsRune(" []{}|.", r)
		}) {
			fixed = fixed || slices.Contains([]string{"sec", "ms", "at", "atms", "lkey"}, word)
		}
		rows = append(rows, parsedRow{row, callName(strings.Fields(row.form)), forms, fixed || row.gone})
	}
	return rows
}

// callName names the command of a call, with its subcommand where it has them.
func callName(args []string) string {
	if len(args) == 0 {
		return ""
	}
	name := strings.ToUpper(args[0])
	if len(args) > 1 && slices.Contains(
		[]string{"OBJECT", "CLIENT", "MEMORY", "COMMAND", "CONFIG", "SCRIPT", "XGROUP", "XINFO",
			"FUNCTION", "PUBSUB"}, name) {
		name += " " + strings.ToUpper(args[1])
	}
	return name
}

// generate draws calls. The same options give the same calls.
func generate(o FuzzOptions, cover Coverage) []FuzzCall {
	g := &generator{
		rng:     rand.New(rand.NewPCG(o.Seed, 0)),
		rows:    parseRows(),
		inMulti: make([]bool, fuzzConns),
		cover:   cover,
	}
	for i := range g.rows {
		if row := &g.rows[i]; o.Scripts && isScript(row.name) {
			row.weight *= scriptsMore
		}
		if row := &g.rows[i]; o.Streams && strings.Contains(row.form, " x") {
			row.weight *= streamsMore
		}
		g.total += g.rows[i].weight
	}
	calls := []FuzzCall{{Conn: fuzzConns - 1, Args: []string{"HELLO", "3"}}}
	for len(calls) < o.Calls {
		conn := g.rng.IntN(fuzzConns)
		for range 1 + g.rng.IntN(20) {
			calls = append(calls, g.next(conn)...)
		}
	}
	if o.Events {
		calls = slices.DeleteFunc(calls, func(call FuzzCall) bool { return eventsVary(call.Args) })
	}
	return calls
}

// next draws one call, and the one that checks it where there is one.
func (g *generator) next(conn int) []FuzzCall {
	if g.inMulti[conn] && chance(g.rng, 0.15) {
		g.inMulti[conn] = false
		name := "EXEC"
		if chance(g.rng, 0.15) {
			name = "DISCARD"
		}
		g.cover[name]++
		return []FuzzCall{{Conn: conn, Args: []string{name}}}
	}
	row := g.row()
	for row.quiet && g.inMulti[conn] {
		row = g.row()
	}
	g.cover[row.name]++
	args := g.draw(nil, row.forms, func(option string) { g.cover[row.name+" "+option]++ }, false)
	calls := []FuzzCall{{Conn: conn, Args: args, Gone: row.gone}}
	switch {
	case row.check != "":
		check := strings.Fields(row.check)
		if at := slices.Index(check, "key"); at > 0 {
			check[at] = args[at]
		}
		calls = append(calls, FuzzCall{Conn: conn, Args: check})
	case !row.gone && !row.asIs:
		calls[0].Args = g.spoil(row, args)
	}
	if isSort(row.name) {
		calls = slices.Insert(calls, 0, FuzzCall{Conn: conn, Args: beforeSort()})
	}
	switch callName(calls[0].Args) {
	case "MULTI":
		g.inMulti[conn] = true
	case "EXEC", "DISCARD", "RESET":
		g.inMulti[conn] = false
	}
	return calls
}

func (g *generator) row() parsedRow {
	at := g.rng.IntN(g.total)
	for _, row := range g.rows {
		if at -= row.weight; at < 0 {
			return row
		}
	}
	panic(fmt.Sprintf("conformance: weights do not add up to %d", g.total))
}

// spoil makes a few calls wrong: an argument too few or too many, or one that is not meant,
// or letters in the other case.
func (g *generator) spoil(row parsedRow, args []string) []string {
	if !chance(g.rng, 0.06) {
		return args
	}
	args = slices.Clone(args)
	at := g.rng.IntN(len(args))
	switch g.rng.IntN(6) {
	case 0:
		if at > 0 {
			return slices.Delete(args, at, at+1)
		}
	case 1:
		return append(args, pick(g.rng, "x", "", "NX", "WITHSCORES", "abc"))
	case 2:
		if at > 0 {
			args[at] = pick(g.rng, "abc", "", "-1", "\xff", "*", "(")
			if args[at] == "*" && (strings.EqualFold(args[0], "XADD") || isScript(row.name)) {
				args[at] = "7-*" // an ID of the present time differs from server to server
			}
		}
	case 3:
		other := 1 + g.rng.IntN(len(args))
		if at > 0 && other < len(args) && !row.fixed {
			args[at], args[other] = args[other], args[at]
		}
	case 4:
		if at > 0 && !row.fixed {
			return slices.Insert(args, at, args[at])
		}
	case 5:
		args[0] = strings.ToLower(args[0])
	}
	return args
}
