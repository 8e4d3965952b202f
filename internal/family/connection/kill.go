// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/session"
)

const errKillID reply.Error = "ERR client-id should be greater than 0"

// victims says which connections CLIENT KILL is to end: those that meet every condition
// that was given.
type victims struct {
	id          int64 // 0: any
	addr, laddr string
	user        string
	kind        session.Kind
	anyKind     bool
	spareMe     bool
}

func (h *connection) kill(c *command.Call) {
	if c.Args.Left() == 1 {
		h.killAddr(c)
		return
	}
	v := victims{anyKind: true, spareMe: true}
	v.read(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(h.end(c, &v))
}

// killAddr is the old form: one address, and an answer of its own.
func (h *connection) killAddr(c *command.Call) {
	v := victims{addr: string(c.Args.Bytes()), anyKind: true}
	if h.end(c, &v) == 0 {
		c.Reply.Fail("ERR No such client")
		return
	}
	c.Reply.OK()
}

// read reads the conditions. One without its value is a syntax error.
func (v *victims) read(a *command.Args) {
	for a.More() {
		pair := a.Left() >= 2
		switch {
		case pair && a.Opt("ID"):
			v.id = a.IntFrom(1, errKillID)
		case pair && a.Opt("TYPE"):
			kind, err := readKind(a)
			if err != nil {
				a.Fail(err)
			}
			v.kind, v.anyKind = kind, false
		case pair && a.Opt("ADDR"):
			v.addr = string(a.Bytes())
		case pair && a.Opt("LADDR"):
			v.laddr = string(a.Bytes())
		case pair && a.Opt("USER"):
			if v.user = string(a.Bytes()); v.user != session.DefaultUser {
				a.Fail(reply.Error("ERR No such user '" + v.user + "'"))
			}
		case pair && a.Opt("SKIPME"):
			v.readSkipMe(a)
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
}

func (v *victims) readSkipMe(a *command.Args) {
	switch {
	case a.Opt("YES"):
		v.spareMe = true
	case a.Opt("NO"):
		v.spareMe = false
	default:
		a.Fail(reply.ErrSyntax)
	}
}

func (v *victims) match(i *session.Info) bool {
	return (v.id == 0 || v.id == i.ID) && (v.addr == "" || v.addr == i.Addr) &&
		(v.laddr == "" || v.laddr == i.LocalAddr) && (v.user == "" || v.user == i.User) &&
		(v.anyKind || v.kind == i.Kind)
}

// end ends the victims and counts them. Who kills itself still gets the answer.
func (h *connection) end(c *command.Call, v *victims) (n int64) {
	for _, p := range filter(h.Sessions.All(), v.match) {
		if p.ID() == c.Session.ID {
			if !v.spareMe {
				c.Session.Closing = true
				n++
			}
			continue
		}
		if p.Kill() {
			n++
		}
	}
	return n
}
