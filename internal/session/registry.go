// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Registry knows every open connection. Any goroutine may use it. Its lock is taken when
// a connection opens or closes and when somebody looks at them, never by a call that
// reads or writes keys.
type Registry struct {
	lastID atomic.Int64
	pause  pause

	mu   sync.Mutex
	open map[int64]*Session
}

// Kind says what a connection is for, in the words of CLIENT LIST TYPE.
type Kind uint8

// The kinds of connections.
const (
	Normal Kind = iota
	PubSub
	Replica
	Master
)

// Link is what a transport knows of a connection when it opens.
type Link struct {
	Addr      string // of the client, as "127.0.0.1:40000"; of a Unix socket "path:0"
	LocalAddr string
	FD        int // file descriptor; only shown
	Unix      bool
	Kind      Kind

	Authenticated bool // nobody asks it for a password

	// Kill asks the connection to end at once. It is called from any goroutine, perhaps
	// more than once, perhaps when the connection has just ended; it must not wait.
	Kill func()
	// Wake lets the connection look at its call that waits ([Public.Wake]), under the same
	// terms.
	Wake func()

	Post Post // how it gets what others publish
}

// NewRegistry returns a Registry without connections. unpaused, which may be nil, is
// called when CLIENT UNPAUSE ends a pause early, by whichever goroutine ran it; it must
// not wait.
func NewRegistry(unpaused func()) *Registry {
	return &Registry{open: make(map[int64]*Session), pause: pause{ended: unpaused}}
}

// Open gives a new connection its session: database 0, RESP2.
func (r *Registry) Open(link Link, nowMs int64) *Session {
	s := &Session{ID: r.lastID.Add(1), Proto: 2, Authenticated: link.Authenticated, post: link.Post}
	s.Public.kill, s.Public.wake = link.Kill, link.Wake
	s.Public.info = Info{
		ID: s.ID, Addr: link.Addr, LocalAddr: link.LocalAddr, FD: link.FD,
		Unix: link.Unix, Kind: link.Kind, User: DefaultUser,
		OpenedMs: nowMs, LastMs: nowMs, Proto: 2, MultiLen: -1, LastCommand: "NULL",
	}
	r.mu.Lock()
	r.open[s.ID] = s
	r.mu.Unlock()
	return s
}

// Close forgets the connection. Its Public part stays readable, but it cannot be killed.
func (r *Registry) Close(s *Session) {
	s.Public.mu.Lock()
	s.Public.kill, s.Public.wake, s.Public.unblock = nil, nil, nil
	s.Public.mu.Unlock()
	r.mu.Lock()
	delete(r.open, s.ID)
	r.mu.Unlock()
}

// Len is the number of open connections.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// Find is the public part of connection number id, nil if it is not open.
func (r *Registry) Find(id int64) *Public {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.open[id]; s != nil {
		return &s.Public
	}
	return nil
}

// All are the public parts of the connections that are open now and were not killed, in
// the order in which they were opened. Cost: O(n log n), with the lock held for O(n).
func (r *Registry) All() []*Public {
	r.mu.Lock()
	sessions := slices.Collect(maps.Values(r.open))
	r.mu.Unlock()
	slices.SortFunc(sessions, func(a, b *Session) int { return cmp.Compare(a.ID, b.ID) })
	all := make([]*Public, 0, len(sessions))
	for _, s := range sessions {
		if !s.Public.Info().Killed {
			all = append(all, &s.Public)
		}
	}
	return all
}
