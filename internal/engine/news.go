// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
	"stampede/internal/session"
	"stampede/internal/txn"
)

// wantedEvents are the classes that notify-keyspace-events names, now and whenever it changes.
// Its bits are those of the classes. Without K or E nobody is told, so nothing is wanted.
func (e *Engine) wantedEvents() *keyspace.EventsWanted {
	wanted := new(keyspace.EventsWanted)
	read := func() {
		classes := keyspace.EventClass(e.config.Int(config.NotifyKeyspaceEvents))
		if classes&(keyspace.EventByKey|keyspace.EventByName) == 0 {
			classes = 0
		}
		wanted.Set(classes)
	}
	read()
	e.config.OnChange(config.NotifyKeyspaceEvents, read)
	return wanted
}

// isHeard tells whether somebody may hear what happens to keys.
func (e *Engine) isHeard() bool {
	return e.config.Int(config.NotifyKeyspaceEvents) != 0 && !e.hub.Idle()
}

// tell publishes what happened to keys and what a transaction has published, in the order of
// both. The shards of the keys are owned: so the events of a key are in the order of its
// changes.
func (e *Engine) tell(events []keyspace.Event, posts []txn.Post, at journal.Position) {
	classes := keyspace.EventClass(e.config.Int(config.NotifyKeyspaceEvents))
	for len(events)+len(posts) > 0 {
		if len(events) > 0 && (len(posts) == 0 || events[0].Order < posts[0].Order) {
			e.publishEvent(&events[0], classes, at)
			events = events[1:]
			continue
		}
		message := posts[0].Message
		message.At = max(at, e.publishAt())
		e.hub.Publish(message)
		posts = posts[1:]
	}
}

// publishEvent publishes under the key and under the name of the event.
func (e *Engine) publishEvent(event *keyspace.Event, by keyspace.EventClass, at journal.Position) {
	if e.hub.Idle() {
		return
	}
	var scratch [128]byte
	m := pubsub.Message{Kind: pubsub.Channel, At: at, Change: true}
	if by&keyspace.EventByKey != 0 {
		m.Channel = append(eventChannel(scratch[:0], "__keyspace@", event.DB), event.Key...)
		m.Text = []byte(event.Name)
		e.hub.Publish(m)
	}
	if by&keyspace.EventByName != 0 {
		m.Channel = append(eventChannel(scratch[:0], "__keyevent@", event.DB), event.Name...)
		m.Text = []byte(event.Key)
		e.hub.Publish(m)
	}
}

func eventChannel(b []byte, prefix string, db int) []byte {
	b = strconv.AppendInt(append(b, prefix...), int64(db), 10)
	return append(b, "__:"...)
}

// publishAt is up to where the journal must be durable before anyone may see what a client
// publishes now: the client may speak of anything that it has done so far.
func (e *Engine) publishAt() journal.Position {
	if e.log == nil || e.log.Fsync() != journal.Always {
		return 0
	}
	return e.log.End()
}

// post lets the transaction publish what a call of it has posted.
func (r *Runner) post(c *command.Call) {
	for _, message := range c.Posts {
		message.Channel, message.Text = slices.Clone(message.Channel), slices.Clone(message.Text)
		r.tx.Posts = append(r.tx.Posts, txn.Post{Message: message, Order: r.engine.order.Add(1)})
	}
	c.Posts = nil
}

// dropNews forgets what a script has published and what it did to keys, which is undone.
func (r *Runner) dropNews() {
	r.tx.DropPosts()
	for _, space := range r.tx.Spaces() {
		if space != nil {
			space.DropEvents()
		}
	}
}

const errMonitorKeys reply.Error = "ERR Replica can't interact with the keyspace"

// mustNot is the refusal of a call because its session has subscribed or monitors, or empty.
func mustNot(s *session.Session, row *command.Row) reply.Error {
	switch {
	case s.Confined() && row.Flags&command.Subscribed == 0:
		return "ERR Can't execute '" + reply.Error(row.Lower) + "': only (P|S)SUBSCRIBE / " +
			"(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
	case s.Mailbox.Monitors() && (row.Flags&(command.Read|command.Write) != 0 || isScripted(row)):
		return errMonitorKeys
	}
	return ""
}

// bringOwn puts what a call has published for its own connection before the call's reply,
// which begins at position start; behind it if the reply is itself a message, and what monitors
// see of the call.
func (r *Runner) bringOwn(s *session.Session, row *command.Row, start int, out *reply.Buffer) {
	m := s.Mailbox
	if !m.Active() {
		return
	}
	r.release() // its events are published by that
	end := out.Len()
	out.B = m.Collect(out.B)
	m.Speak(s.Proto == 3)
	behind := m.Monitors() || row != nil && row.Flags&command.Messages != 0
	if behind || end == start || end == out.Len() {
		return
	}
	r.messages = append(r.messages[:0], out.B[end:]...)
	copy(out.B[start+len(r.messages):], out.B[start:end])
	copy(out.B[start:], r.messages)
	for i := range r.marks {
		if m := &r.marks[i]; m.start >= start {
			m.start, m.end = m.start+len(r.messages), m.end+len(r.messages)
		}
	}
}

// show lets monitors see a call. Those that are not for all eyes are left out; arguments that
// are secret have been taken out of it by its handler.
func (r *Runner) show(c *command.Call, inScript bool) {
	if c.Row.Flags&command.Admin != 0 || c.Row.Flags&command.SkipMonitor != 0 && !isScripted(c.Row) {
		return
	}
	from := "lua"
	if !inScript {
		info := r.call.Session.Public.Info()
		if from = info.Addr; info.Unix {
			from = "unix:" + strings.TrimSuffix(info.Addr, ":0")
		}
	}
	r.engine.hub.Show(func(line []byte) []byte {
		now := time.Now()
		line = strconv.AppendInt(append(line, '+'), now.Unix(), 10)
		micros := strconv.Itoa(1_000_000 + now.Nanosecond()/1000)
		line = append(append(line, '.'), micros[1:]...)
		line = strconv.AppendInt(append(line, " ["...), int64(r.call.Session.DB), 10)
		line = append(append(append(line, ' '), from...), ']')
		for _, arg := range c.Argv {
			line = appendQuoted(append(line, ' '), arg)
		}
		return append(line, "\r\n"...)
	})
}

// appendQuoted appends an argument as MONITOR shows it.
func appendQuoted(line, arg []byte) []byte {
	const hex = "0123456789abcdef"
	line = append(line, '"')
	for _, ch := range arg {
		switch {
		case ch == '\\' || ch == '"':
			line = append(line, '\\', ch)
		case ch == '\n':
			line = append(line, `\n`...)
		case ch == '\r':
			line = append(line, `\r`...)
		case ch == '\t':
			line = append(line, `\t`...)
		case ch == '\a':
			line = append(line, `\a`...)
		case ch == '\b':
			line = append(line, `\b`...)
		case ch < ' ' || ch > '~':
			line = append(line, '\\', 'x', hex[ch>>4], hex[ch&15])
		default:
			line = append(line, ch)
		}
	}
	return append(line, '"')
}
