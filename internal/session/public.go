// SPDX-License-Identifier: Apache-2.0

package session

import (
	"sync"

	"stampede/internal/pubsub"
)

// DefaultUser is who everybody is until users exist.
const DefaultUser = "default"

// Public is what other connections may see and do of a session. Its connection tells it
// the news once a batch ([Session.Seen], [Public.SetTraffic]); anyone may read it.
type Public struct {
	mu      sync.Mutex
	kill    func()
	wake    func()
	unblock func(asError bool) bool // of the call that waits; nil: none does
	info    Info
}

// Info is a copy of what is known of a connection.
type Info struct {
	ID              int64
	Addr, LocalAddr string
	FD              int
	Unix            bool
	Kind            Kind

	Name                string // CLIENT SETNAME
	LibName, LibVersion string // CLIENT SETINFO
	User                string

	OpenedMs, LastMs int64  // Unix times: when it opened, when its last batch ran
	LastCommand      string // in lower case, as "client|list"; "NULL" before the first

	DB, Proto  int
	MultiLen   int // calls that MULTI has queued; -1 outside MULTI
	MultiBytes int // memory of their arguments
	Watches    int // watched keys

	Channels, Patterns, ShardChannels int // that it has subscribed to

	Monitors bool // it sees what is called

	Blocked    bool // a call of it waits
	Closing    bool // it ends once its output has been sent
	Killed     bool // it was asked to end: as good as gone
	NoEvict    bool
	NoTouch    bool
	DirtyWatch bool // a watched key has changed

	Traffic Traffic
}

// Traffic is what a connection has moved and what it has in its buffers.
type Traffic struct {
	InBytes, OutBytes int64 // since it opened

	QueryBytes int // read and not yet run
	QueryFree  int // room in the same buffer
	ArgvBytes  int // arguments of the running calls
	OutPending int // written and not yet sent
}

// Info copies what is known.
func (p *Public) Info() Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

// ID is the number of the connection.
func (p *Public) ID() int64 { return p.info.ID } // never changes, so no lock

// Kill asks the connection to end, and tells whether it was open and not yet asked.
func (p *Public) Kill() bool {
	p.mu.Lock()
	kill := p.kill
	p.kill, p.info.Killed = nil, true
	p.mu.Unlock()
	if kill == nil {
		return false
	}
	kill()
	return true
}

// Wake lets the connection look at its call that waits. It does not wait.
func (p *Public) Wake() {
	p.mu.Lock()
	wake := p.wake
	p.mu.Unlock()
	if wake != nil {
		wake()
	}
}

// SetBlocked tells that a call waits, and how to end that; nil: none does any more.
func (p *Public) SetBlocked(unblock func(asError bool) bool) {
	p.mu.Lock()
	p.unblock, p.info.Blocked = unblock, unblock != nil
	p.mu.Unlock()
}

// Unblock ends the call that waits, as if its time were over or with an error: CLIENT
// UNBLOCK. It is false if none waits.
func (p *Public) Unblock(asError bool) bool {
	p.mu.Lock()
	unblock := p.unblock
	p.mu.Unlock()
	return unblock != nil && unblock(asError)
}

// Seen makes the session's present state public. Its connection calls it once a batch, and
// so does a call that shows the session. command is the name of the last call in lower
// case and must be a string that stays, so that nothing is allocated.
func (s *Session) Seen(nowMs int64, command string) {
	s.Public.mu.Lock()
	s.publish(nowMs, command)
	s.Public.mu.Unlock()
}

// SetTraffic makes public what the connection has moved and what waits in its buffers.
func (p *Public) SetTraffic(t Traffic) {
	p.mu.Lock()
	p.info.Traffic = t
	p.mu.Unlock()
}

func (s *Session) publish(nowMs int64, command string) {
	info := &s.Public.info
	info.LastMs, info.LastCommand = nowMs, command
	info.DB, info.Proto = s.DB, int(s.Proto)
	info.Closing, info.NoTouch = s.Closing, s.NoTouch
	info.Watches = len(s.Watches.Keys())
	info.MultiLen, info.MultiBytes, info.DirtyWatch = -1, 0, false
	if s.Multi.Active {
		info.MultiLen, info.MultiBytes = len(s.Multi.Queue), s.Multi.Bytes()
	}
	if m := s.Mailbox; m != nil {
		info.Channels, info.Patterns = m.Count(pubsub.Channel), m.Count(pubsub.Pattern)
		info.ShardChannels, info.Monitors = m.Count(pubsub.Shard), m.Monitors()
		if info.Kind = Normal; m.Subscribed() {
			info.Kind = PubSub
		}
	}
	if info.Watches > 0 {
		info.DirtyWatch = s.Watches.Changed()
	}
}

// SetName is CLIENT SETNAME; an empty name takes it away.
func (p *Public) SetName(name string) {
	p.mu.Lock()
	p.info.Name = name
	p.mu.Unlock()
}

// SetLib is CLIENT SETINFO LIB-NAME.
func (p *Public) SetLib(name string) {
	p.mu.Lock()
	p.info.LibName = name
	p.mu.Unlock()
}

// SetLibVersion is CLIENT SETINFO LIB-VER.
func (p *Public) SetLibVersion(version string) {
	p.mu.Lock()
	p.info.LibVersion = version
	p.mu.Unlock()
}

// SetUser tells who the connection is.
func (p *Public) SetUser(name string) {
	p.mu.Lock()
	p.info.User = name
	p.mu.Unlock()
}

// SetNoEvict is CLIENT NO-EVICT.
func (p *Public) SetNoEvict(on bool) {
	p.mu.Lock()
	p.info.NoEvict = on
	p.mu.Unlock()
}

// Reset is what RESET does to a session: everything as it was when the connection opened,
// but for its name's number and what it has moved. Whoever calls it has let go of the
// watched keys before. authenticated tells whether no password is asked for.
func (s *Session) Reset(authenticated bool) {
	s.DB, s.Proto = 0, 2
	s.Authenticated = authenticated
	s.Multi.End()
	s.Reply, s.NoTouch = ReplyOn, false
	p := &s.Public
	p.mu.Lock()
	p.info.Name, p.info.User, p.info.NoEvict = "", DefaultUser, false
	p.mu.Unlock()
}
