// SPDX-License-Identifier: Apache-2.0

package script

import (
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

// How the effects of calls may be told to others; a script can only ask for what there is.
const (
	replNone = 0
	replAOF  = 1
	replRepl = 2
	replAll  = 3
)

// redisLibrary is the table redis.
func (m *machine) redisLibrary() *lua.LTable {
	t := m.functions(map[string]lua.LGFunction{
		"call": m.call, "pcall": m.pcall, "log": m.log, "sha1hex": m.sha1hex,
		"error_reply": m.errorReply, "status_reply": m.statusReply, "setresp": m.setResp,
		"set_repl": m.setRepl, "acl_check_cmd": m.aclCheck,
	})
	setNumbers(t, map[string]int{
		"REPL_NONE": replNone, "REPL_AOF": replAOF, "REPL_SLAVE": replRepl,
		"REPL_REPLICA": replRepl, "REPL_ALL": replAll,
	})
	m.setFacts(t)
	if m.kind != scriptMachine {
		return t
	}
	for name, f := range map[string]lua.LGFunction{
		"replicate_commands": func(L *lua.LState) int { L.Push(lua.LTrue); return 1 },
		"breakpoint":         func(L *lua.LState) int { L.Push(lua.LFalse); return 1 },
		"debug":              func(*lua.LState) int { return 0 },
	} {
		t.RawSetString(name, m.state.NewFunction(f))
	}
	return t
}

// setFacts sets the fields of the table redis that are there also while a library is loaded.
func (m *machine) setFacts(t *lua.LTable) {
	setNumbers(t, map[string]int{
		"LOG_DEBUG": int(LogDebug), "LOG_VERBOSE": int(LogVerbose),
		"LOG_NOTICE": int(LogNotice), "LOG_WARNING": int(LogWarning),
		"REDIS_VERSION_NUM": versionNumber(m.options.RedisVersion),
	})
	t.RawSetString("REDIS_VERSION", lua.LString(m.options.RedisVersion))
}

func setNumbers(t *lua.LTable, numbers map[string]int) {
	for name, n := range numbers {
		t.RawSetString(name, lua.LNumber(n))
	}
}

// versionNumber is a version as one number, a byte for each of its parts.
func versionNumber(version string) (number int) {
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return number
		}
		number = number<<8 | n
	}
	return number
}

// log is redis.log(level, message, …).
func (m *machine) log(L *lua.LState) int {
	if L.GetTop() < 2 {
		m.refuse(L, "redis.log() requires two arguments or more.")
	}
	n, ok := L.Get(1).(lua.LNumber)
	if !ok {
		m.refuse(L, "First argument must be a number (log level).")
	}
	level := LogLevel(integer(float64(n)))
	if level < LogDebug || level > LogWarning {
		m.refuse(L, "Invalid debug level.")
	}
	var words []string
	for i := 2; i <= L.GetTop(); i++ {
		if s, ok := stringOf(L.Get(i)); ok {
			words = append(words, s)
		}
	}
	if m.options.Log != nil && !m.quiet {
		m.options.Log(level, strings.Join(words, " "))
	}
	return 0
}

// sha1hex is redis.sha1hex(text).
func (m *machine) sha1hex(L *lua.LState) int {
	if L.GetTop() != 1 {
		m.refuse(L, "wrong number of arguments")
	}
	text, _ := stringOf(L.Get(1))
	sum := sha1.Sum([]byte(text))
	L.Push(lua.LString(hex.EncodeToString(sum[:])))
	return 1
}

// errorReply is redis.error_reply(text): a table that stands for an error. A text of one word
// gets the code ERR.
func (m *machine) errorReply(L *lua.LState) int {
	text, ok := m.replyText(L)
	if !ok {
		return 1
	}
	text = strings.TrimPrefix(text, "-")
	if !strings.Contains(text, " ") {
		text = "ERR " + text
	}
	L.Push(m.errorTable(text))
	return 1
}

// statusReply is redis.status_reply(text).
func (m *machine) statusReply(L *lua.LState) int {
	if text, ok := m.replyText(L); ok {
		L.Push(m.tagged("ok", lua.LString(text)))
	}
	return 1
}

// replyText is the only argument of a function that makes a reply. If it is none, the error
// for the script to return is on the stack.
func (m *machine) replyText(L *lua.LState) (text string, ok bool) {
	s, isString := L.Get(1).(lua.LString)
	if L.GetTop() != 1 || !isString {
		L.Push(m.errorTable("ERR wrong number or type of arguments"))
		return "", false
	}
	return string(s), true
}

// setResp is redis.setresp(version): which protocol replies to the script speak.
func (m *machine) setResp(L *lua.LState) int {
	if L.GetTop() != 1 {
		m.refuse(L, "redis.setresp() requires one argument.")
	}
	n, _ := numberOf(L.Get(1))
	switch integer(n) {
	case 2:
		m.proto = resp.RESP2
	case 3:
		m.proto = resp.RESP3
	default:
		m.refuse(L, "RESP version must be 2 or 3.")
	}
	return 0
}

// setRepl is redis.set_repl(flags). Effects always go everywhere: there is one journal.
func (m *machine) setRepl(L *lua.LState) int {
	if L.GetTop() != 1 {
		m.refuse(L, "redis.set_repl() requires two arguments.")
	}
	n, _ := numberOf(L.Get(1))
	if flags := integer(n); flags&^replAll != 0 {
		m.refuse(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
	return 0
}

// aclCheck is redis.acl_check_cmd(command, …). The host is asked whether there is such a call.
func (m *machine) aclCheck(L *lua.LState) int {
	if text := m.readArguments(L); text != "" {
		m.refuse(L, text)
	}
	if checker, ok := m.host.(Checker); ok {
		allowed, err := checker.Check(m.argv)
		if err != "" {
			m.refuse(L, "Invalid command passed to redis.acl_check_cmd()")
		}
		L.Push(lua.LBool(allowed))
		return 1
	}
	L.Push(lua.LTrue)
	return 1
}

// Checker is a host that knows what the user of a script may do. Without it redis.acl_check_cmd
// says that everything is allowed.
type Checker interface {
	// Check tells whether the script may make the call; err says that there is no such call.
	Check(argv [][]byte) (allowed bool, err reply.Error)
}
