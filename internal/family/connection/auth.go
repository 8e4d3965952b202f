// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"crypto/sha256"
	"crypto/subtle"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/session"
)

const (
	errWrongPass reply.Error = "WRONGPASS invalid username-password pair or user is disabled."
	errNoPass    reply.Error = "ERR AUTH <password> called without any password configured " +
		"for the default user. Are you sure your configuration is correct?"
	errHelloFirst reply.Error = "NOAUTH HELLO must be called with the client already " +
		"authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to " +
		"authenticate the client and select the RESP protocol version at the same time"
	errProtoInt reply.Error = "ERR Protocol version is not an integer or out of range"
	errNoProto  reply.Error = "NOPROTO unsupported protocol version"
	errName     reply.Error = "ERR Client names cannot contain spaces, newlines or " +
		"special characters."
)

func (h *connection) auth(c *command.Call) {
	if c.Args.Left() > 2 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	user := session.DefaultUser
	if c.Args.Left() == 2 {
		user = string(c.Args.Bytes())
	} else if h.Config.Text(config.RequirePass) == "" {
		c.Reply.Fail(errNoPass)
		return
	}
	password := c.Args.Bytes()
	redact(c.Argv[1:])
	if !h.login(c.Session, user, password) {
		c.Reply.Fail(errWrongPass)
		return
	}
	c.Reply.OK()
}

// login makes the session that of user if the password is right.
func (h *connection) login(s *session.Session, user string, password []byte) bool {
	if user != session.DefaultUser || !h.right(password) {
		return false
	}
	s.Authenticated = true
	s.Public.SetUser(user)
	return true
}

// right tells whether the password is that of the default user, who takes any if none is
// set. How long it takes tells nothing of the password.
func (h *connection) right(password []byte) bool {
	set := h.Config.Text(config.RequirePass)
	if set == "" {
		return true
	}
	want, got := sha256.Sum256([]byte(set)), sha256.Sum256(password)
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// redact takes arguments out of a call, so that the slow log does not keep them. Only the
// list of arguments changes, not the bytes of the connection.
func redact(args [][]byte) {
	for i := range args {
		args[i] = []byte("(redacted)")
	}
}

// greeting is what HELLO asks for.
type greeting struct {
	proto          resp.Proto
	auth, named    bool
	user, password []byte
	name           string
}

func (h *connection) hello(c *command.Call) {
	g := greeting{proto: c.Session.Proto}
	if !g.read(c) {
		return
	}
	if g.auth && !h.login(c.Session, string(g.user), g.password) {
		c.Reply.Fail(errWrongPass)
		return
	}
	if !c.Session.Authenticated {
		c.Reply.Fail(errHelloFirst)
		return
	}
	if g.named {
		if !validName(g.name) {
			c.Reply.Fail(errName)
			return
		}
		c.Session.Public.SetName(g.name)
	}
	c.Session.Proto, c.Reply.Proto = g.proto, g.proto
	h.introduce(c)
}

// read reads the arguments of HELLO. If they are wrong it answers and returns false.
func (g *greeting) read(c *command.Call) bool {
	if !c.Args.More() {
		return true
	}
	proto := c.Args.IntOr(errProtoInt)
	switch {
	case c.Args.Err() != nil:
		c.Reply.Err(c.Args.Err())
		return false
	case proto != int64(resp.RESP2) && proto != int64(resp.RESP3):
		c.Reply.Fail(errNoProto)
		return false
	}
	g.proto = resp.Proto(proto)
	for c.Args.More() {
		option := c.Args.Peek()
		switch {
		case c.Args.Left() >= 3 && c.Args.Opt("AUTH"):
			g.auth = true
			g.user, g.password = c.Args.Bytes(), c.Args.Bytes()
			redact(c.Argv[len(c.Argv)-c.Args.Left()-2:][:2])
		case c.Args.Left() >= 2 && c.Args.Opt("SETNAME"):
			g.named = true
			g.name = string(c.Args.Bytes())
		default:
			c.Reply.Fail(reply.Error("ERR Syntax error in HELLO option '" + string(option) + "'"))
			return false
		}
	}
	return true
}

func (h *connection) introduce(c *command.Call) {
	c.Reply.Map(7)
	c.Reply.Text("server")
	c.Reply.Text("redis")
	c.Reply.Text("version")
	c.Reply.Text(h.Version)
	c.Reply.Text("proto")
	c.Reply.Int(int64(c.Session.Proto))
	c.Reply.Text("id")
	c.Reply.Int(c.Session.ID)
	c.Reply.Text("mode")
	c.Reply.Text("standalone")
	c.Reply.Text("role")
	c.Reply.Text("master")
	c.Reply.Text("modules")
	c.Reply.Array(0)
}

// validName tells whether a name may stand in CLIENT LIST: no blanks, nothing that a
// terminal does not show.
func validName(name string) bool {
	for _, ch := range []byte(name) {
		if ch < '!' || ch > '~' {
			return false
		}
	}
	return true
}
