// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"stampede/internal/session"
)

func ids(all []*session.Public) (ids []int64) {
	for _, p := range all {
		ids = append(ids, p.ID())
	}
	return ids
}

func TestRegistry(t *testing.T) {
	r := session.NewRegistry(nil)
	var killed int
	a := r.Open(session.Link{Addr: "a", Kill: func() { killed++ }}, 1000)
	b := r.Open(session.Link{Addr: "b", Authenticated: true}, 1000)
	if a.ID >= b.ID || r.Len() != 2 || a.Authenticated || !b.Authenticated {
		t.Fatalf("sessions %d, %d of %d", a.ID, b.ID, r.Len())
	}
	if p := r.Find(b.ID); p != &b.Public || r.Find(99) != nil {
		t.Error("Find finds the wrong one")
	}
	if !a.Public.Kill() || a.Public.Kill() || killed != 1 {
		t.Errorf("killing twice asked the transport %d times", killed)
	}
	if got := ids(r.All()); len(got) != 1 || got[0] != b.ID {
		t.Errorf("after a kill there are %v", got)
	}
	r.Close(b)
	if b.Public.Kill() {
		t.Error("a closed connection was killed")
	}
	if r.Close(a); r.Len() != 0 {
		t.Errorf("%d sessions are open", r.Len())
	}
}

func TestSeen(t *testing.T) {
	r := session.NewRegistry(nil)
	s := r.Open(session.Link{Addr: "a"}, 1000)
	if i := s.Public.Info(); i.MultiLen != -1 || i.LastCommand != "NULL" || i.OpenedMs != 1000 {
		t.Errorf("at first: %+v", i)
	}
	s.DB, s.NoTouch = 3, true
	s.Multi.Begin()
	s.Multi.Add([][]byte{[]byte("GET"), []byte("k")}, nil)
	s.Seen(2000, "get")
	s.Public.SetTraffic(session.Traffic{InBytes: 7})
	i := s.Public.Info()
	if i.DB != 3 || !i.NoTouch || i.MultiLen != 1 || i.MultiBytes != 4+2*24+40 || i.LastMs != 2000 ||
		i.LastCommand != "get" || i.Traffic.InBytes != 7 {
		t.Errorf("seen: %+v", i)
	}
	s.Public.SetName("me")
	s.Reset(true)
	s.Seen(2001, "reset")
	i = s.Public.Info()
	if i.DB != 0 || i.NoTouch || i.MultiLen != -1 || i.Name != "" || i.Proto != 2 || !s.Authenticated {
		t.Errorf("after Reset: %+v", i)
	}
}

func TestPause(t *testing.T) {
	unpaused := 0
	r := session.NewRegistry(func() { unpaused++ })
	expect := func(what string, wantAll, wantWrite int64) {
		t.Helper()
		if all, write := r.PausedUntil(false, 100), r.PausedUntil(true, 100); all != wantAll ||
			write != wantWrite {
			t.Errorf("%s: reads wait until %d, writes until %d", what, all, write)
		}
	}
	expect("at first", 0, 0)
	r.Pause(false, 200, 100)
	expect("writes", 0, 200)
	r.Pause(false, 150, 100)
	expect("never shorter", 0, 200)
	r.Pause(true, 180, 100)
	expect("stricter and as long", 200, 200)
	r.Pause(false, 300, 100)
	expect("never milder", 300, 300)
	if r.PausedUntil(true, 300) != 0 {
		t.Error("a pause does not end")
	}
	r.Pause(false, 500, 400)
	if r.PausedUntil(false, 400) != 0 || r.PausedUntil(true, 400) != 500 {
		t.Error("a pause that is over still counts")
	}
	r.Unpause()
	expect("unpaused", 0, 0)
	if unpaused != 1 || r.Paused() {
		t.Errorf("told %d times, paused: %v", unpaused, r.Paused())
	}
}

func TestOthersMayLookAtAnyTime(t *testing.T) {
	r := session.NewRegistry(nil)
	var wg sync.WaitGroup
	var kills atomic.Int64
	for range 4 {
		wg.Go(func() {
			for n := range int64(200) {
				s := r.Open(session.Link{Kill: func() { kills.Add(1) }}, n)
				s.DB = int(n % 16)
				s.Seen(n, "get")
				s.Public.SetTraffic(session.Traffic{InBytes: n})
				r.Close(s)
			}
		})
	}
	wg.Go(func() {
		for range 200 {
			for _, p := range r.All() {
				if p.Info().ID%7 == 0 {
					p.Kill()
				}
			}
			r.PausedUntil(true, 1)
		}
	})
	wg.Wait()
	if r.Len() != 0 {
		t.Errorf("%d sessions are left", r.Len())
	}
}

func BenchmarkSeen(b *testing.B) {
	s := session.NewRegistry(nil).Open(session.Link{}, 0)
	b.ReportAllocs()
	for i := range b.N {
		s.Seen(int64(i), "get")
	}
}

func BenchmarkPausedUntil(b *testing.B) {
	r := session.NewRegistry(nil)
	for i := range b.N {
		r.PausedUntil(true, int64(i))
	}
}
