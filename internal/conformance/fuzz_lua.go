// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// scriptRows run scripts that are drawn, too: calls of the other rows, with keys that are
// declared, given as arguments, computed or read from the data.
func scriptRows() []fuzzRow {
	return []fuzzRow{
		{weight: scriptWeight, form: "EVAL lua"},
		{weight: 2, form: "EVAL_RO lua"},
		{weight: 3, form: "EVALSHA luasha", asIs: true},
		{weight: 1, form: "SCRIPT EXISTS shas", asIs: true},
	}
}

const (
	scriptWeight = 10
	// scriptsMore is by how much the weights of scripts are larger where they are the theme.
	scriptsMore = 100
	// recentScripts is how many scripts EVALSHA draws from: few enough that no server has
	// dropped one.
	recentScripts = 20
)

// luaWriter writes one script.
type luaWriter struct {
	g          *generator
	keys, args []string // KEYS and ARGV
	variables  int
}

// drawLua draws the arguments of EVAL.
func (g *generator) drawLua() []string {
	w := &luaWriter{g: g}
	var lines []string
	if chance(g.rng, 0.1) {
		lines = append(lines, pick(g.rng, "#!lua", "#!lua flags=no-writes", "#!lua flags=allow-oom",
			"--!none", "#!lua flags=allow-cross-slot-keys"))
	}
	// No text comes twice: our server drops what was not used for long, redis-server 7.0 does not.
	g.scriptsDrawn++
	lines = append(lines, fmt.Sprint("local r = {} -- ", g.scriptsDrawn))
	for range 1 + g.rng.IntN(5) {
		lines = append(lines, w.statement(2))
	}
	lines = append(lines, pick(g.rng, "return r", "return r", "return r", "return #r", "return r[1]",
		"return {r, #r, {ok='fine'}}", "", "return {err='MINE of the script'}",
		"return redis.error_reply('no')", "return r[1] == false", "return {1.9, -1.9, 'x', true}"))
	if chance(g.rng, 0.5) { // errors say the line
		lines[len(lines)-1] = strings.Join(lines[len(lines)-2:], " ")
		lines = slices.Delete(lines, len(lines)-2, len(lines)-1)
	}
	text := strings.Join(lines, "\n")
	g.scripts = append(g.scripts, text)
	if len(g.scripts) > recentScripts {
		g.scripts = g.scripts[1:]
	}
	return slices.Concat([]string{text, strconv.Itoa(len(w.keys))}, w.keys, w.args)
}

// drawLuaSHA draws the arguments of EVALSHA: a script that was run lately, with any keys.
func (g *generator) drawLuaSHA() []string {
	args := []string{g.drawSHA(), strconv.Itoa(1 + g.rng.IntN(2))}
	for range 2 + g.rng.IntN(3) {
		args = append(args, drawKey(g.rng, "shzt"))
	}
	return args
}

// drawPop draws the arguments of EVAL for a script that lets SPOP take something, says
// whether it took what was there, and drops the rest, which nobody can know.
func (g *generator) drawPop() []string {
	text := `local key, before, wrong, left = KEYS[1], {}, 0, 0
if redis.call('TYPE', key).ok ~= 'set' then return redis.call('EXISTS', key) end
for _, member in ipairs(redis.call('SMEMBERS', key)) do before[member] = true end
local popped = redis.call('SPOP', key, ARGV[1])
for _, member in ipairs(popped) do
  if not before[member] or redis.call('SISMEMBER', key, member) == 1 then wrong = wrong + 1 end
  before[member] = nil
end
for member in pairs(before) do
  left = left + 1
  if redis.call('SISMEMBER', key, member) == 0 then wrong = wrong + 1 end
end
return {#popped, wrong, left, redis.call('SCARD', key), redis.call('DEL', key)}`
	return []string{text, "1", drawKey(g.rng, "t"), strconv.Itoa(g.rng.IntN(12))}
}

// drawDump draws the arguments of EVAL for a script that makes a key of the dump of another one.
func (g *generator) drawDump() []string {
	text := `local dump = redis.call('DUMP', KEYS[1])
return dump and redis.pcall('RESTORE', KEYS[2], ARGV[1], dump, unpack(ARGV, 2))`
	args := []string{text, "2", drawKey(g.rng, "shztqx"), drawKey(g.rng, "shztqx"),
		pick(g.rng, "0", "0", "20000000", "-1", "abc")}
	if chance(g.rng, 0.7) {
		args = append(args, "REPLACE")
	}
	if chance(g.rng, 0.2) {
		args = append(args, pick(g.rng, "IDLETIME", "FREQ"), pick(g.rng, "5", "-1", "300"))
	}
	return args
}

func (g *generator) drawSHA() string {
	if len(g.scripts) == 0 || chance(g.rng, 0.05) {
		return pick(g.rng, "abc", strings.Repeat("f", 40))
	}
	sum := sha1.Sum([]byte(g.scripts[g.rng.IntN(len(g.scripts))]))
	sha := hex.EncodeToString(sum[:])
	if chance(g.rng, 0.2) {
		sha = strings.ToUpper(sha)
	}
	return sha
}

func (g *generator) drawSHAs() (shas []string) {
	for range 1 + g.rng.IntN(3) {
		shas = append(shas, g.drawSHA())
	}
	return shas
}

// statement writes a statement; depth bounds how many stand within each other.
func (w *luaWriter) statement(depth int) string {
	rng := w.g.rng
	if depth == 0 {
		return w.call("r[#r+1] = ")
	}
	switch rng.IntN(14) {
	case 0:
		return "if redis.call('EXISTS', " + w.key() + ") == 1 then " + w.statement(depth-1) +
			" else " + w.statement(depth-1) + " end"
	case 1:
		return fmt.Sprintf("for i = %d, %d do r[#r+1] = redis.pcall(%s, %s..i%s) end",
			rng.IntN(3), 2+rng.IntN(2), pick(rng, "'GET'", "'TYPE'", "'DEL'", "'PERSIST'", "'INCR'"),
			pick(rng, "'s'", "'h'", "'z'", "'t'", "'k'"), pick(rng, "", "", "%4"))
	case 2: // a key whose name is what another one holds
		v := w.variable()
		return fmt.Sprintf("local %[1]s = redis.pcall('GET', %[2]s) if type(%[1]s) == 'string' then "+
			"r[#r+1] = redis.pcall('SET', 's'..%[1]s, ARGV[1] or 1) end", v, w.key())
	case 3: // all fields of a hash, in an order that is defined
		v := w.variable()
		return fmt.Sprintf("local %[1]s = redis.pcall('HGETALL', %[2]s) "+
			"table.sort(%[1]s) r[#r+1] = %[1]s", v, w.key())
	case 4:
		v := w.variable()
		return fmt.Sprintf("local ok, %[1]s = pcall(function() %[2]s end) "+
			"r[#r+1] = {tostring(ok), %[1]s}", v, w.call("return "))
	case 5: // what the recipes do: read, decide, write
		v, key := w.variable(), w.key()
		return fmt.Sprintf("local %[1]s = tonumber(redis.pcall('GET', %[2]s)) "+
			"if %[1]s and %[1]s > %[3]d then r[#r+1] = redis.call('DECRBY', %[2]s, %[4]d) end",
			v, key, rng.IntN(5)-1, 1+rng.IntN(3))
	case 6:
		v := w.variable()
		return fmt.Sprintf("local %[1]s = redis.pcall('ZRANGE', %[2]s, 0, 1, 'WITHSCORES') "+
			"for i = 1, #%[1]s, 2 do r[#r+1] = redis.pcall('HSET', %[3]s, %[1]s[i], %[1]s[i+1]) end",
			v, w.key(), w.key())
	}
	return w.call("r[#r+1] = ")
}

func (w *luaWriter) variable() string {
	w.variables++
	return "v" + strconv.Itoa(w.variables)
}

// call writes a call of one of the other rows; an error ends the script, or not. What must be as
// it is drawn stands there as it is: EVALSHA gives a script other keys and arguments.
func (w *luaWriter) call(before string) string {
	row := w.g.row()
	for !forScripts(row) {
		row = w.g.row()
	}
	args := w.g.draw(nil, row.forms, func(string) {}, false)
	if !row.asIs {
		args = w.g.spoil(row, args)
	}
	literal := row.asIs || isSort(row.name)
	for i, arg := range args {
		if args[i] = luaText(arg); !literal {
			args[i] = w.expression(arg)
		}
	}
	if isSort(row.name) {
		before = "redis.pcall('" + strings.Join(beforeSort(), "', '") + "') " + before
	}
	return before + "redis." + pick(w.g.rng, "pcall", "pcall", "call") + "(" +
		strings.Join(args, ", ") + ")"
}

// forScripts tells whether the reply to a row is the same wherever it is asked, so that a
// script may hand it on.
func forScripts(row parsedRow) bool {
	_, varies := fuzzRules()[row.name]
	return !varies && !row.gone && !row.quiet && row.check == "" && !isScript(row.name)
}

func isScript(name string) bool {
	return slices.Contains([]string{"EVAL", "EVAL_RO", "EVALSHA", "FCALL", "FCALL_RO",
		"FUNCTION LOAD", "FUNCTION DELETE", "FUNCTION LIST", "FUNCTION FLUSH"}, name)
}

// key writes any key.
func (w *luaWriter) key() string { return w.expression(drawKey(w.g.rng, "shzt")) }

// expression writes a text as something that has its value in Lua.
func (w *luaWriter) expression(text string) string {
	rng := w.g.rng
	isKey := len(text) == 2 && strings.IndexByte("shztkl", text[0]) >= 0 &&
		'0' <= text[1] && text[1] <= '9'
	switch n := rng.IntN(10); {
	case isKey && n < 4:
		w.keys = append(w.keys, text)
		return fmt.Sprintf("KEYS[%d]", len(w.keys))
	case isKey && n < 7:
		return pick(rng, luaText(text[:1])+".."+text[1:],
			fmt.Sprintf("string.format('%%s%%d', %s, %s)", luaText(text[:1]), text[1:]),
			fmt.Sprintf("string.char(%d)..(%d-1)", text[0], text[1]-'0'+1))
	case n < 2 && len(w.args) < 9:
		w.args = append(w.args, text)
		return fmt.Sprintf("ARGV[%d]", len(w.args))
	case n < 5:
		if f, err := strconv.ParseFloat(text, 64); err == nil && f >= 0 && !strings.ContainsAny(
			text, "xXpPnN_ iI+") {
			return text // a number
		}
	}
	return luaText(text)
}

// luaText writes a string of Lua.
func luaText(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '\'' || c == '\\' || c > '~' {
			fmt.Fprintf(&b, "\\%03d", c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
