// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// functionRows load libraries whose functions do what scripts do, and call them.
func functionRows() []fuzzRow {
	return []fuzzRow{
		{weight: 5, form: "FUNCTION LOAD [REPLACE] library", asIs: true},
		{weight: 1, form: "FUNCTION DELETE libname"},
		{weight: 1, form: "FUNCTION LIST [WITHCODE] LIBRARYNAME libname"},
		{weight: 1, form: "FUNCTION FLUSH {SYNC|ASYNC}", asIs: true},
		{weight: scriptWeight, form: "FCALL fcall", asIs: true},
		{weight: 5, form: "FCALL_RO fcall", asIs: true},
	}
}

const (
	libraries       = 3
	wantedFunctions = 5 // f0 to f4 are wanted by all libraries, f5 and so on by one each
)

func drawLibraryName(rng *rand.Rand) string { return "lib" + strconv.Itoa(rng.IntN(libraries)) }

// drawLibrary draws the text of a library. One of its functions only may have a name that others
// want: of several redis-server names any.
func (g *generator) drawLibrary() []string {
	number := g.rng.IntN(libraries)
	head := "#!lua name=lib" + strconv.Itoa(number)
	if chance(g.rng, 0.05) {
		head = pick(g.rng, "", "#!lua", "#!lua name=", "#!lua name=a-b", "#!js name=lib1", "#!lua nme=lib1")
	}
	lines := []string{head}
	names := []string{"f" + strconv.Itoa(g.rng.IntN(wantedFunctions)),
		"f" + strconv.Itoa(wantedFunctions+number)}
	for _, name := range names[:1+g.rng.IntN(2)] {
		w := &luaWriter{g: g}
		body := []string{"local r = {}"}
		for range 1 + g.rng.IntN(3) {
			body = append(body, w.statement(2))
		}
		body = append(body, pick(g.rng, "return r", "return r", "return #KEYS", "return r[1]",
			"return redis.error_reply('no')"))
		callback := "function(KEYS, ARGV)\n" + strings.Join(body, "\n") + "\nend"
		if chance(g.rng, 0.5) {
			lines = append(lines, fmt.Sprintf("redis.register_function('%s', %s)", name, callback))
			continue
		}
		lines = append(lines, fmt.Sprintf(
			"redis.register_function{function_name='%s', callback=%s, description='of %s', flags={%s}}",
			name, callback, name,
			pick(g.rng, "", "'no-writes'", "'no-writes'", "'no-writes', 'allow-oom'", "'allow-stale'", "'what'")))
	}
	return []string{strings.Join(lines, "\n")}
}

// drawFunctionCall draws the arguments of FCALL: enough keys for most functions.
func (g *generator) drawFunctionCall() []string {
	args := []string{"f" + strconv.Itoa(g.rng.IntN(wantedFunctions+libraries)), strconv.Itoa(g.rng.IntN(4))}
	for range 2 + g.rng.IntN(4) {
		args = append(args, drawKey(g.rng, "shzt"))
	}
	return args
}

// sameTexts wants the same texts in any order: functions of a library have none.
func sameTexts(_ []string, a, b Value) bool {
	x, y := flatten(a), flatten(b)
	slices.Sort(x)
	slices.Sort(y)
	return a.Kind == b.Kind && slices.Equal(x, y)
}
