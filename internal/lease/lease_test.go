// SPDX-License-Identifier: Apache-2.0

package lease_test

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"testing"

	"stampede/internal/lease"
)

func request(key, token string, forMs int64) lease.Request {
	return lease.Request{Key: []byte(key), Token: []byte(token), ForMs: forMs}
}

func shared(r lease.Request) lease.Request {
	r.Shared = true
	return r
}

// acquire is the fence that a token gets; 0: it gets nothing.
func acquire(t *testing.T, locks *lease.Table, nowMs int64, r lease.Request) int64 {
	t.Helper()
	var log lease.Log
	g, ok, err := locks.Acquire(nowMs, r, &log)
	if err != nil {
		t.Fatal(err)
	}
	if ok != (g.Fence > 0) {
		t.Errorf("acquire: %v %v", g, ok)
	}
	return g.Fence
}

func TestALockEndsInTheMillisecondOfItsDeadline(t *testing.T) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
	if got := acquire(t, locks, 10, request("k", "ann", 90)); got != 1 {
		t.Errorf("the first fence is %d", got)
	}
	if acquire(t, locks, 99, request("k", "bob", 90)) != 0 {
		t.Error("granted twice")
	}
	if got := acquire(t, locks, 99, request("k", "ann", 90)); got != 1 {
		t.Errorf("asked again, the holder gets fence %d", got)
	}
	if got := acquire(t, locks, 100, request("k", "bob", 90)); got != 2 {
		t.Errorf("when it has ended another one gets fence %d", got)
	}
	if _, ok, _ := locks.Extend(100, []byte("k"), []byte("ann"), 50, &log); ok {
		t.Error("who does not hold the lock any more can extend")
	}
	if locks.Release(100, []byte("k"), []byte("ann"), &log) {
		t.Error("who does not hold the lock any more can release")
	}
	g, ok, _ := locks.Extend(150, []byte("k"), []byte("bob"), 10, &log)
	if !ok || g.DeadlineMs != 190 {
		t.Errorf("an extension that would shorten: %v %v", g, ok)
	}
	g, ok, _ = locks.Extend(150, []byte("k"), []byte("bob"), 60, &log)
	if !ok || g.DeadlineMs != 210 {
		t.Errorf("an extension: %v %v", g, ok)
	}
}

func TestFencesGrowThoughLocksAreForgotten(t *testing.T) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
	last := int64(0)
	for i := range int64(100) {
		r := request("k", "ann", 10)
		fence := acquire(t, locks, i, r)
		if fence <= last {
			t.Fatalf("fence %d after %d", fence, last)
		}
		last = fence
		locks.Release(i, r.Key, r.Token, &log)
		if locks.Len() != 0 {
			t.Fatal("a free lock takes memory")
		}
		locks = lease.New(maphash.MakeSeed(), locks.Fence(), nil) // a restart
	}
}

// TestSweepForgetsWhatHasEnded: in bounded steps, and nothing else.
func TestSweepForgetsWhatHasEnded(t *testing.T) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
	for i := range int64(10) {
		acquire(t, locks, 0, shared(request("k", fmt.Sprint("short", i), 10+i)))
	}
	r := shared(request("k", "bound", 0))
	r.Session = 1
	acquire(t, locks, 0, r)
	acquire(t, locks, 0, request("other", "long", 1000))
	full := locks.Bytes()
	if locks.Sweep(14, 5) || !locks.Sweep(19, 3) || locks.Sweep(19, 3) {
		t.Error("what is left is not told")
	}
	holders := 0
	locks.Info(0, []byte("k"), func(lease.Holder) { holders++ })
	if holders != 1 || locks.Len() != 2 {
		t.Errorf("%d holders of %d locks are left", holders, locks.Len())
	}
	locks.EndSessions(20, &log)
	if locks.Sweep(1000, 10) || locks.Len() != 0 || locks.Bytes() != 0 || full <= 0 {
		t.Errorf("%d locks and %d bytes are left of %d", locks.Len(), locks.Bytes(), full)
	}
	locks.Verify()
}

func TestSessions(t *testing.T) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
	for i := range 5 {
		r := request(fmt.Sprint("k", i), "ann", 0)
		r.Session = 7
		acquire(t, locks, 1, r)
	}
	acquire(t, locks, 1, request("other", "ann", 1000))
	if acquire(t, locks, 1<<40, request("k3", "bob", 1)) != 0 {
		t.Error("a session's lock ended by itself")
	}
	locks.EndSession(5, 7, &log)
	if locks.Len() != 1 {
		t.Errorf("%d locks are left, want 1", locks.Len())
	}
	locks.Verify()
}

func TestArgumentsOutOfRange(t *testing.T) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
	long := strings.Repeat("x", lease.TokenBytesMax+1)
	for _, c := range []struct {
		request lease.Request
		want    error
	}{
		{request("", long[1:], 1), nil},
		{request("k", "", 1), lease.ErrToken},
		{request("k", long, 1), lease.ErrToken},
		{request(strings.Repeat("k", lease.KeyBytesMax+1), "t", 1), lease.ErrKey},
		{request("k", "t", 0), lease.ErrTime},
		{request("k", "t", lease.LeaseMsMax+1), lease.ErrTime},
	} {
		if _, _, err := locks.Acquire(1, c.request, &log); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
}

// FuzzApply applies anything: whatever of it is accepted leaves a table that is right.
func FuzzApply(f *testing.F) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
	r := shared(request("k", "ann", 50))
	r.Session = 3
	for _, call := range []func(){
		func() { _, _, _ = locks.Acquire(10, r, &log) },
		func() { _, _, _ = locks.Acquire(11, shared(request("k", "bob", 20)), &log) },
		func() { _, _, _ = locks.Acquire(12, request("other", "bob", 20), &log) },
		func() { _, _, _ = locks.Extend(13, []byte("k"), []byte("bob"), 70, &log) },
		func() { locks.Release(14, []byte("k"), []byte("ann"), &log) },
	} {
		call()
		f.Add(log.Effect)
	}
	f.Fuzz(func(t *testing.T, effects []byte) {
		locks, parts := lease.New(maphash.MakeSeed(), 0, nil), lease.New(maphash.MakeSeed(), 0, nil)
		err := locks.Apply(effects)
		locks.Verify()
		var split error
		known := lease.Split(effects, func(_, one []byte) {
			if split == nil {
				split = parts.Apply(one)
			}
		})
		if (err == nil) != (known && split == nil) || err == nil && dump(locks, 0) != dump(parts, 0) {
			t.Errorf("at once: %v; one by one: %v, %v", err, known, split)
		}
		for locks.Sweep(40, 3) {
		}
		locks.Verify()
	})
}

func TestCallsAllocateNothing(t *testing.T) {
	locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{Effect: make([]byte, 0, 1<<10)}
	r := request("sale:42", "0123456789abcdef", 1000)
	nowMs := int64(0)
	allocated := testing.AllocsPerRun(500, func() {
		nowMs++
		log.Effect = log.Effect[:0]
		if _, ok, err := locks.Acquire(nowMs, r, &log); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if !locks.Release(nowMs, r.Key, r.Token, &log) {
			t.Fatal("not released")
		}
	})
	if allocated != 0 {
		t.Errorf("to acquire and release allocates %v times", allocated)
	}
}

func BenchmarkAcquireRelease(b *testing.B) {
	for _, before := range []int{0, 1 << 18} {
		b.Run(fmt.Sprintf("locks=%d", before), func(b *testing.B) {
			locks, log := lease.New(maphash.MakeSeed(), 0, nil), lease.Log{}
			for i := range before {
				if _, _, err := locks.Acquire(1, request(fmt.Sprint(i), "token", 1e9), &log); err != nil {
					b.Fatal(err)
				}
				log.Effect = log.Effect[:0]
			}
			r := request("sale:42", "0123456789abcdef", 1000)
			b.ReportAllocs()
			for b.Loop() {
				log.Effect = log.Effect[:0]
				if _, ok, _ := locks.Acquire(1, r, &log); !ok || !locks.Release(1, r.Key, r.Token, &log) {
					b.Fatal("not granted")
				}
			}
		})
	}
}
