// SPDX-License-Identifier: Apache-2.0

// Package session is what a connection is between two calls: who it is, which database it
// selected, which protocol it speaks, what MULTI has queued and what WATCH looks at.
//
// # Ownership
//
// A Session belongs to the goroutine that runs its connection's calls. Others (CLIENT
// LIST, CLIENT KILL) see only its [Public] part, which is guarded by a lock of its own
// that the connection takes once a batch.
//
// # What is not here
//
// Sockets and buffers (package server), users and their rights (package acl, later), and
// what the calls do.
package session

import (
	"sync/atomic"

	"stampede/internal/keyspace"
	"stampede/internal/pubsub"
	"stampede/internal/resp"
)

// Session is the state of one connection. Make it with [Registry.Open].
type Session struct {
	ID    int64      // unique for the life of the process, ascending
	DB    int        // number of the selected database
	Proto resp.Proto // which version it speaks

	Authenticated bool // AUTH has succeeded or no password is set

	Multi   Multi
	Watches keyspace.Watch // what WATCH looks at; marked by whoever changes such a key

	Reply ReplyMode // CLIENT REPLY

	Mailbox *pubsub.Mailbox // what others publish for it; nil: it has never subscribed
	post    Post

	NoTouch bool // CLIENT NO-TOUCH: its reads do not count as use of a key

	// Bound tells that it may hold locks that end with it. Whoever grants one may set it.
	Bound atomic.Bool

	Closing bool // close once what is written so far has been sent: QUIT, CLIENT KILL of itself

	Public Public // what other connections may see; see its comment
}

// Post is how a connection gets what others publish.
type Post struct {
	Outlet *pubsub.Outlet // who looks after its mailbox; nil: nobody
	Owner  any            // what Outlet knows it by
}

// OpenMailbox gives the session a mailbox if it has none.
func (s *Session) OpenMailbox(hub *pubsub.Hub) *pubsub.Mailbox {
	if s.Mailbox == nil {
		s.Mailbox = hub.Open(s.post.Outlet, s.post.Owner)
		s.Mailbox.Speak(s.Proto == resp.RESP3)
	}
	return s.Mailbox
}

// Listens tells whether messages may come for it.
func (s *Session) Listens() bool { return s.Mailbox != nil && s.Mailbox.Active() }

// Confined tells whether it may do little else than subscribe: RESP2 cannot tell messages from
// replies.
func (s *Session) Confined() bool {
	return s.Proto != resp.RESP3 && s.Mailbox != nil && s.Mailbox.Subscribed()
}

// ReplyMode says whether the connection wants replies.
type ReplyMode uint8

// The modes of CLIENT REPLY.
const (
	ReplyOn       ReplyMode = iota
	ReplyOff                // none until ON
	ReplySkip               // none for the call that comes or runs now
	ReplySkipNext           // none for the call after the one that runs now
)

// Multi is the queue of a transaction.
type Multi struct {
	Active bool // between MULTI and EXEC
	Failed bool // a call could not be queued: EXEC will refuse
	Queue  []Queued
	bytes  int
}

// Queued is a call that waits for EXEC. It owns its bytes.
type Queued struct {
	Argv [][]byte
	Row  any // *command.Row; this package stands below command
}

// Begin starts a transaction.
func (m *Multi) Begin() { *m = Multi{Active: true} }

// End forgets the transaction.
func (m *Multi) End() { *m = Multi{} }

// Add queues a copy of the call.
func (m *Multi) Add(argv [][]byte, row any) {
	total := 0
	for _, arg := range argv {
		total += len(arg)
	}
	block := make([]byte, 0, total)
	own := make([][]byte, len(argv))
	for i, arg := range argv {
		start := len(block)
		block = append(block, arg...)
		own[i] = block[start:len(block):len(block)]
	}
	m.Queue = append(m.Queue, Queued{Argv: own, Row: row})
	m.bytes += total + len(argv)*argBytes + queuedBytes
}

// What a queued call takes beside its arguments' bytes.
const (
	argBytes    = 24
	queuedBytes = 40
)

// Bytes is the memory that the queued calls take.
func (m *Multi) Bytes() int { return m.bytes }
