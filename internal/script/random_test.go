// SPDX-License-Identifier: Apache-2.0

package script

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/conformance"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/seedtest"
)

var randomScripts = flag.Int("scripts", 500, "how many random scripts")

// writer writes random scripts. They end soon: loops count to small numbers.
type writer struct {
	*rand.Rand
	out    strings.Builder
	locals []string
	outer  []string // variables that scripts find and may change
	depth  int
}

func (w *writer) pick(words ...string) string { return words[w.IntN(len(words))] }

func (w *writer) local() string {
	if len(w.locals) == 0 || w.IntN(30) == 0 {
		return w.pick("nil", "KEYS", "ARGV", "undefined")
	}
	return w.locals[w.IntN(len(w.locals))]
}

// expr is a random expression.
func (w *writer) expr() string {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > 4 {
		return w.leaf()
	}
	switch w.IntN(13) {
	case 0, 1:
		return w.expr() + w.pick("+", "-", "*", "/", "%", "^", " .. ", "..") + " " + w.expr()
	case 2:
		return "(" + w.expr() + w.pick("==", "~=", "<", "<=", ">", ">=") + w.expr() + ")"
	case 3:
		return w.expr() + w.pick(" and ", " or ") + w.expr()
	case 4:
		return w.pick("-", "not ", "#") + w.leaf()
	case 5:
		return "{" + w.expr() + w.pick(",x=", " or 0,[2]=", ",") + w.expr() + "}"
	case 6:
		return w.local() + w.pick(".x", "[1]", "["+w.leaf()+"]", ".x.y")
	case 7:
		return w.pick("tonumber", "type", "math.floor", "string.len", "string.upper",
			"next", "unpack") + "(" + w.expr() + ")"
	case 8:
		return "(function(a,b) return " + w.pick("a", "b", "a,b", "b or a") + " end)(" + w.expr() + ")"
	case 9:
		return w.pick("string.rep", "string.sub", "string.find", "table.concat", "math.max",
			"rawequal", "string.format") + "(" + w.expr() + "," + w.leaf() + ")"
	}
	return w.leaf()
}

func (w *writer) leaf() string {
	switch w.IntN(6) {
	case 0:
		return w.pick("0", "1", "2", "-3", "1.5", "1e15", "0x10", "100", "1e100", "0.1")
	case 1:
		return w.pick(`"a"`, `"10"`, `"0x1F"`, `" 5 "`, `"x\0y"`, `""`, `"1e2"`, `"%d"`)
	case 2:
		return w.pick("nil", "true", "false", "KEYS[1]", "ARGV[1]", "{}", "#ARGV", "{1,2,3}")
	}
	return w.local()
}

// block is random statements.
func (w *writer) block(n int) {
	known := len(w.locals)
	for range n {
		w.statement()
	}
	w.locals = w.locals[:known]
}

func (w *writer) statement() {
	w.depth++
	defer func() { w.depth-- }()
	if len(w.outer) > 0 && w.IntN(12) == 0 {
		w.change()
		return
	}
	kind := w.IntN(10)
	if w.depth > 3 {
		kind %= 4
	}
	switch kind {
	case 0, 1, 2:
		name := fmt.Sprintf("v%d", len(w.locals))
		fmt.Fprintf(&w.out, "local %s = %s\n", name, w.expr())
		w.locals = append(w.locals, name)
	case 3:
		fmt.Fprintf(&w.out, "%s\n", w.pick("do local _ = "+w.expr()+" end",
			"if type("+w.local()+")=='table' then log[#log+1]=1 end", "log[#log+1]=tostring("+
				w.leaf()+")"))
	case 4:
		fmt.Fprintf(&w.out, "for i=%s,%s do\n", w.pick("1", `"2"`, "3"),
			w.pick("3", "4", `"5"`, w.leaf()))
		w.out.WriteString("if i>5 then break end\n")
		w.locals = append(w.locals, "i")
		w.block(2)
		w.locals = w.locals[:len(w.locals)-1]
		w.out.WriteString("end\n")
	case 5:
		fmt.Fprintf(&w.out, "if %s then\n", w.expr())
		w.block(2)
		w.out.WriteString("else\n")
		w.block(1)
		w.out.WriteString("end\n")
	case 6:
		name := fmt.Sprintf("v%d", len(w.locals))
		fmt.Fprintf(&w.out, "local function %s(p, ...)\n", name)
		w.locals = append(w.locals, "p")
		w.block(2)
		w.locals[len(w.locals)-1] = name
		fmt.Fprintf(&w.out, "return p, ... end\n")
		fmt.Fprintf(&w.out, "log[#log+1]=type(%s(%s))\n", name, w.expr())
	case 7:
		fmt.Fprintf(&w.out, "do local ok,e=pcall(function()\n")
		w.block(2)
		fmt.Fprintf(&w.out, "return %s end) log[#log+1]=type(e)=='string' and e or type(e) end\n",
			w.expr())
	case 8:
		fmt.Fprintf(&w.out, "for k,v in ipairs({%s,%s}) do\n", w.expr(), w.expr())
		w.locals = append(w.locals, "k", "v")
		w.block(2)
		w.locals = w.locals[:len(w.locals)-2]
		w.out.WriteString("end\n")
	case 9:
		fmt.Fprintf(&w.out, "log[#log+1]=redis.pcall(%s,%s)\n",
			w.pick(`"GET"`, `"ECHO"`, `"DEL"`), w.leaf())
	}
}

// change changes a variable that was there before, or what is in it.
func (w *writer) change() {
	name := w.outer[w.IntN(len(w.outer))]
	switch w.IntN(4) {
	case 0:
		fmt.Fprintf(&w.out, "%s = %s\n", name, w.expr())
	case 1:
		fmt.Fprintf(&w.out, "if type(%s) == 'table' then %s.x = %s end\n", name, name, w.leaf())
	case 2:
		fmt.Fprintf(&w.out, "do local f = function(v) %s = v end f(%s) end\n", name, w.leaf())
	case 3:
		fmt.Fprintf(&w.out, "do local t = %s if type(t) == 'table' then t[1] = %s end end\n",
			name, w.leaf())
	}
}

// script is a random script.
func (w *writer) script() string {
	w.out.Reset()
	w.locals = append(w.locals[:0], w.outer...)
	w.out.WriteString("local log = {}\n")
	w.block(1 + w.IntN(6))
	w.out.WriteString("return {log," + w.expr() + "}")
	return w.out.String()
}

// TestRandomScriptsAnswerAsRedis runs random scripts here and there.
func TestRandomScriptsAnswerAsRedis(t *testing.T) {
	addr := conformance.StartRedis(t)
	there, host := dialRedis(t, addr), dialRedis(t, addr)
	library := NewLibrary(Options{})
	w := &writer{Rand: rand.New(rand.NewPCG(seedtest.Of(t), 0))}
	errors := 0
	for i := range *randomScripts {
		source := w.script()
		want := there.do("EVAL", source, "1", "k1", "a1", "5")
		if strings.HasPrefix(want, "-") {
			errors++
		}
		out := reply.Buffer{Proto: resp.RESP2}
		if s, err := library.Eval([]byte(source)); err != nil {
			out.Err(err)
		} else {
			library.Run(s, Input{Host: host, Keys: bytesOf([]string{"k1"}),
				Args: bytesOf([]string{"a1", "5"})}, &out)
		}
		if got := string(out.B); got != want && !addressesDiffer(got, want) {
			t.Fatalf("script %d\n%s\n got %.500q\nwant %.500q", i, source, got, want)
		}
	}
	t.Logf("%d of %d scripts fail", errors, *randomScripts)
}

// TestRandomFunctionsAnswerAsRedis runs random scripts as bodies of functions, which may or may
// not have state. Functions without it find a new machine each time.
func TestRandomFunctionsAnswerAsRedis(t *testing.T) {
	addr := conformance.StartRedis(t)
	there, host := dialRedis(t, addr), dialRedis(t, addr)
	functions := NewLibrary(Options{}).Functions()
	functions.idle.max = 0
	w := &writer{Rand: rand.New(rand.NewPCG(seedtest.Of(t), 1))}
	stateful := 0
	for i := range *randomScripts / 3 {
		w.outer = []string{"a", "b", "t"}[:2+i%2]
		code := "#!lua name=l\nlocal a, b, t = 1, 'x', {1, x = 2}\n" +
			"local function body(KEYS, ARGV)\n" + w.script() +
			"\nend\nredis.register_function('f', function(k, v)\n" +
			"local is = {type(a), tostring(b), tostring(t[1]), tostring(t.x)}\n" +
			"return {is, body(k, v)} end)\n"
		loads := "$1\r\nl\r\n"
		if lib, err := functions.Load(code, true); err != nil {
			loads = "-" + err.Error() + "\r\n"
		} else if lib.home != nil {
			stateful++
		}
		if want := there.do("FUNCTION", "LOAD", "REPLACE", code); loads != want {
			t.Fatalf("script %d\n%s\n got %.500q\nwant %.500q", i, code, loads, want)
		}
		for call := range 3 {
			want := there.do("FCALL", "f", "1", "k1", "a1", "5")
			out := reply.Buffer{Proto: resp.RESP2}
			if f := functions.Find([]byte("f")); f == nil {
				out.Fail("ERR Function not found")
			} else {
				functions.Run(f, Input{Host: host, Keys: bytesOf([]string{"k1"}),
					Args: bytesOf([]string{"a1", "5"})}, &out)
			}
			if got := string(out.B); got != want && !addressesDiffer(got, want) {
				t.Fatalf("script %d, call %d\n%s\n got %.500q\nwant %.500q", i, call, code, got, want)
			}
		}
	}
	t.Logf("%d of %d libraries have state", stateful, *randomScripts/3)
}

// addressesDiffer tells whether a reply shows where something lies in memory.
func addressesDiffer(got, want string) bool {
	return strings.Contains(got, "0x") && strings.Contains(want, "0x")
}
