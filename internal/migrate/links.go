// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"context"
	"sync"
	"time"
)

// Limits of links that lie idle.
const (
	idleMax = 64
	idleFor = 10 * time.Second
)

// Links keeps links for a while after they were used, because who has moved a key will move the
// next one to the same place. The zero value is ready. Anyone may use it.
type Links struct {
	mu   sync.Mutex
	idle map[account][]*idleLink
	n    int  // of all accounts
	over bool // nothing is kept any more
}

// account is what a target has been told of who calls.
type account struct {
	host           string
	port           uint16
	user, password string
	named, greeted bool
}

type idleLink struct {
	*Link
	end *time.Timer
}

func accountOf(t *Target) account {
	return account{
		host: t.Host, port: t.Port, user: string(t.User), password: string(t.Password),
		named: t.User != nil, greeted: t.Password != nil,
	}
}

// Len is how many links lie idle.
func (s *Links) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// Dial gives a link to a target on which its database is selected: one that lies idle, if it
// still answers, or a new one. The error is a [Fault] or a [Refusal].
func (s *Links) Dial(ctx context.Context, t *Target) (*Link, error) {
	from := accountOf(t)
	if l := s.take(from); l != nil {
		l.bind(ctx, t.Timeout)
		err := l.choose(t.DB)
		if l.Broken() == nil {
			if err != nil {
				s.Keep(l)
				return nil, err
			}
			return l, nil
		}
		l.Close()
		s.drop(from) // the others are not younger
	}
	l, err := Dial(ctx, t)
	if err == nil {
		l.from = from
	}
	return l, err
}

// Keep takes a link that is used no more.
func (s *Links) Keep(l *Link) {
	if !l.stop() || l.Broken() != nil || l.in.Buffered() > 0 {
		l.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.n >= idleMax {
		l.Close()
		return
	}
	if s.idle == nil {
		s.idle = make(map[account][]*idleLink)
	}
	kept := &idleLink{Link: l}
	kept.end = time.AfterFunc(idleFor, func() { s.expire(kept) })
	s.idle[l.from] = append(s.idle[l.from], kept)
	s.n++
}

// take gives the link of an account that was used last, or nil.
func (s *Links) take(from account) *Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.idle[from]
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	s.remove(from, len(list)-1)
	last.end.Stop()
	return last.Link
}

// remove takes a link off its list. s.mu is held.
func (s *Links) remove(from account, at int) {
	list := s.idle[from]
	copy(list[at:], list[at+1:])
	list[len(list)-1] = nil
	if s.idle[from] = list[:len(list)-1]; len(list) == 1 {
		delete(s.idle, from)
	}
	s.n--
}

// expire closes a link that has lain idle for too long, unless somebody has just taken it.
func (s *Links) expire(l *idleLink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.idle[l.from] {
		if other == l {
			s.remove(l.from, i)
			l.Close()
			return
		}
	}
}

// drop closes all idle links of an account.
func (s *Links) drop(from account) {
	for l := s.take(from); l != nil; l = s.take(from) {
		l.Close()
	}
}

// Close closes all links that lie idle; from now on none is kept.
func (s *Links) Close() {
	s.mu.Lock()
	s.over = true
	var all []account
	for from := range s.idle {
		all = append(all, from)
	}
	s.mu.Unlock()
	for _, from := range all {
		s.drop(from)
	}
}
