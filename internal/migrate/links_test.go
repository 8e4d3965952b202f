// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// dialLink dials and gives the calls that the target has seen since.
func dialLink(t *testing.T, links *Links, s *target) (*Link, string) {
	t.Helper()
	l, err := links.Dial(t.Context(), &s.Target)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for len(s.calls) > 0 {
		calls = append(calls, <-s.calls)
	}
	return l, strings.Join(calls, ", ")
}

// TestLinksAreUsedAgain by those who are greeted alike.
func TestLinksAreUsedAgain(t *testing.T) {
	var links Links
	s := serve(t, patience, func(call string) string {
		if call == "SELECT 99" {
			return "-ERR DB index is out of range\r\n"
		}
		return "+OK\r\n"
	})
	s.Password = []byte("sesame")
	l, calls := dialLink(t, &links, s)
	if calls != "AUTH sesame, SELECT 0" || links.Len() != 0 {
		t.Errorf("first %s; %d lie idle", calls, links.Len())
	}
	links.Keep(l)
	s.DB = 2
	again, calls := dialLink(t, &links, s)
	if again != l || calls != "SELECT 2" || links.Len() != 0 {
		t.Errorf("then %s; %d lie idle", calls, links.Len())
	}
	links.Keep(l)
	s.DB = 99
	refusal := Refusal("")
	if _, err := links.Dial(t.Context(), &s.Target); !errors.As(err, &refusal) || links.Len() != 1 {
		t.Errorf("%v; %d lie idle", err, links.Len())
	}
	s.DB = 0
	other := s.Target
	other.User = []byte("default")
	if links.take(accountOf(&other)) != nil {
		t.Error("somebody else is given the link")
	}
	links.Close()
	if _, err := l.conn.Write([]byte("x")); err == nil || links.Len() != 0 {
		t.Error("it is open after the end")
	}
}

// TestDeadLinksAreNotUsed: what has died while it lay idle is replaced, what is broken or whose
// context has ended is not kept.
func TestDeadLinksAreNotUsed(t *testing.T) {
	var links Links
	defer links.Close()
	s := serve(t, patience, ok)
	first, _ := dialLink(t, &links, s)
	second := newLink(first.conn, patience)
	second.from = first.from
	links.Keep(first)
	links.Keep(second)
	_ = first.conn.Close()
	alive := serve(t, patience, ok)
	moved := accountOf(&alive.Target)
	links.idle[moved] = links.idle[first.from]
	delete(links.idle, first.from)
	third, calls := dialLink(t, &links, alive)
	if third == first || third == second || calls != "SELECT 0" || links.Len() != 0 {
		t.Errorf("it is told %q; %d lie idle", calls, links.Len())
	}
	third.broken = ErrRead
	links.Keep(third)
	gone := serve(t, patience, ok)
	ctx, cancel := context.WithCancel(t.Context())
	l, err := links.Dial(ctx, &gone.Target)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	links.Keep(l)
	if links.Len() != 0 {
		t.Errorf("%d lie idle", links.Len())
	}
}

// TestLinksEnd: an idle link is closed when its time is over, unless it was taken before.
func TestLinksEnd(t *testing.T) {
	var links Links
	s := serve(t, patience, ok)
	l, _ := dialLink(t, &links, s)
	links.Keep(l)
	kept := links.idle[l.from][0]
	if again, _ := dialLink(t, &links, s); again != l {
		t.Fatal("it is not used again")
	}
	links.expire(kept)
	if l.choose(1) != nil {
		t.Error("it was closed while it was used")
	}
	links.Keep(l)
	links.expire(links.idle[l.from][0])
	if l.choose(1) == nil || links.Len() != 0 {
		t.Error("it lives for ever")
	}
}
