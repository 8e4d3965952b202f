// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"fmt"
	"strings"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/session"
)

const errClientID reply.Error = "ERR Invalid client ID"

func info(c *command.Call) {
	c.Session.Seen(c.NowMs, c.Row.Lower)
	var b strings.Builder
	describe(&b, c.Session.Public.Info(), c.NowMs)
	c.Reply.Verbatim("txt", b.String())
}

func (h *connection) list(c *command.Call) {
	c.Session.Seen(c.NowMs, c.Row.Lower)
	listed, err := h.listed(&c.Args)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	var b strings.Builder
	for _, p := range listed {
		describe(&b, p.Info(), c.NowMs)
	}
	c.Reply.Verbatim("txt", b.String())
}

// listed are the connections that the arguments of CLIENT LIST ask for.
func (h *connection) listed(a *command.Args) ([]*session.Public, error) {
	switch {
	case !a.More():
		return h.Sessions.All(), nil
	case a.Left() == 2 && a.Opt("TYPE"):
		kind, err := readKind(a)
		return filter(h.Sessions.All(), func(i *session.Info) bool { return i.Kind == kind }), err
	case a.Left() > 1 && a.Opt("ID"):
		var found []*session.Public
		for a.More() {
			id := a.IntOr(errClientID)
			if p := h.Sessions.Find(id); p != nil {
				found = append(found, p)
			}
		}
		return found, a.Err()
	}
	return nil, reply.ErrSyntax
}

func filter(all []*session.Public, want func(*session.Info) bool) []*session.Public {
	var found []*session.Public
	for _, p := range all {
		if i := p.Info(); want(&i) {
			found = append(found, p)
		}
	}
	return found
}

// readKind reads the name of a kind of clients.
func readKind(a *command.Args) (session.Kind, error) {
	word := a.Bytes()
	for _, known := range []struct {
		word string
		kind session.Kind
	}{
		{"NORMAL", session.Normal}, {"SLAVE", session.Replica}, {"REPLICA", session.Replica},
		{"PUBSUB", session.PubSub}, {"MASTER", session.Master},
	} {
		if command.EqualFold(word, known.word) {
			return known.kind, nil
		}
	}
	return 0, reply.Error("ERR Unknown client type '" + string(word) + "'")
}

// describe writes the line of CLIENT LIST for one connection.
func describe(b *strings.Builder, i session.Info, nowMs int64) {
	t := &i.Traffic
	fmt.Fprintf(b, "id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s",
		i.ID, i.Addr, i.LocalAddr, i.FD, i.Name,
		(nowMs-i.OpenedMs)/1000, max(nowMs-i.LastMs, 0)/1000, flags(&i))
	fmt.Fprintf(b, " db=%d sub=%d psub=%d ssub=%d multi=%d watch=%d",
		i.DB, i.Channels, i.Patterns, i.ShardChannels, i.MultiLen, i.Watches)
	fmt.Fprintf(b, " qbuf=%d qbuf-free=%d argv-mem=%d multi-mem=%d rbs=0 rbp=0 obl=0 oll=%d",
		t.QueryBytes, t.QueryFree, t.ArgvBytes, i.MultiBytes, min(t.OutPending, 1))
	fmt.Fprintf(b, " omem=%d tot-mem=%d events=%s cmd=%s user=%s redir=-1",
		t.OutPending, memory(&i), events(&i), i.LastCommand, i.User)
	fmt.Fprintf(b, " lib-name=%s lib-ver=%s tot-net-in=%d tot-net-out=%d resp=%d\n",
		i.LibName, i.LibVersion, t.InBytes, t.OutBytes, i.Proto)
}

// sessionBytes is about what a connection takes before it has sent anything.
const sessionBytes = 1024

func memory(i *session.Info) int {
	t := &i.Traffic
	return sessionBytes + t.QueryBytes + t.QueryFree + t.ArgvBytes + t.OutPending + i.MultiBytes
}

func events(i *session.Info) string {
	if i.Traffic.OutPending > 0 {
		return "rw"
	}
	return "r"
}

// flags are the letters of CLIENT LIST.
func flags(i *session.Info) string {
	var letters []byte
	for _, f := range []struct {
		on     bool
		letter byte
	}{
		{i.Kind == session.Replica, 'S'}, {i.Kind == session.Master, 'M'},
		{i.Monitors, 'O'}, {i.Kind == session.PubSub, 'P'}, {i.Blocked, 'b'},
		{i.MultiLen >= 0, 'x'}, {i.DirtyWatch, 'd'}, {i.Closing, 'c'}, {i.Killed, 'A'},
		{i.Unix, 'U'}, {i.NoEvict, 'e'}, {i.NoTouch, 'T'},
	} {
		if f.on {
			letters = append(letters, f.letter)
		}
	}
	if len(letters) == 0 {
		return "N"
	}
	return string(letters)
}
