// SPDX-License-Identifier: Apache-2.0

package server

import (
	"strings"
	"testing"
	"time"
)

const (
	endless      = "while true do end"
	endlessWrite = "redis.call('set', 'k', 'v') while true do end"
	isBusy       = "-BUSY Redis is busy running a script. " +
		"You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
)

// script lets a new client begin a script and waits until others are told.
func (r *running) script(t *testing.T, script string) (runs, other *client) {
	t.Helper()
	runs, other = r.dial(t), r.dial(t)
	runs.send(call("EVAL", script, "0") + call("ECHO", "next"))
	eventually(t, "the store is busy", func() bool {
		other.send("SELECT 0\r\n")
		return other.line() == isBusy
	})
	return runs, other
}

// line reads a line.
func (c *client) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return line
}

func TestEndlessScriptIsKilled(t *testing.T) {
	everyWay(t, "busy-reply-threshold 20", func(t *testing.T, s *running) {
		runs, other := s.script(t, endless)
		for range 10 {
			young := s.dial(t)
			young.send("GET k\r\nPING\r\nHELLO 9\r\n")
			young.want(isBusy + isBusy + "-NOPROTO unsupported protocol version\r\n")
			young.send("MULTI\r\nGET k\r\nEXEC\r\nRESET\r\n")
			young.want("+OK\r\n" + isBusy)
		}
		other.send("SCRIPT KILL\r\n")
		other.want("+OK\r\n")
		if got := runs.line(); !strings.HasPrefix(got, "-ERR ") ||
			!strings.Contains(got, "Script killed by user with SCRIPT KILL") {
			t.Errorf("the script ended with %q", got)
		}
		runs.want("$4\r\nnext\r\n")
		other.send("GET k\r\nSCRIPT KILL\r\n")
		other.want("$-1\r\n-NOTBUSY No scripts in execution right now.\r\n")
	})
}

func TestScriptThatWroteIsNotKilled(t *testing.T) {
	everyWay(t, "busy-reply-threshold 20", func(t *testing.T, s *running) {
		s.drainMax = 50 * time.Millisecond
		_, other := s.script(t, endlessWrite)
		other.send("SCRIPT KILL\r\n")
		if got := other.line(); !strings.HasPrefix(got, "-UNKILLABLE ") {
			t.Errorf("got %q", got)
		}
		other.send("SELECT 0\r\n") // and the server has to end with this
		other.want(isBusy)
	})
}

func TestServerEndsThoughAScriptDoesNot(t *testing.T) {
	everyWay(t, "busy-reply-threshold 20", func(t *testing.T, s *running) {
		s.drainMax = 50 * time.Millisecond
		s.script(t, endless) // and the server has to end with this
	})
}
