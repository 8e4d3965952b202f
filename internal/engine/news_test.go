// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
)

// listener gets what is published.
type listener struct {
	t   testing.TB
	box *pubsub.Mailbox
}

// listen lets events of the given classes be published, and gets those under their names and
// the messages of the channel "c".
func (s *store) listen(classes string) *listener {
	s.t.Helper()
	if err := s.engine.config.Set(
		config.Setting{Name: "notify-keyspace-events", Value: classes}); err != nil {
		s.t.Fatal(err)
	}
	hub := s.engine.Hub()
	l := &listener{s.t, hub.Open(nil, nil)}
	hub.Subscribe(l.box, pubsub.Pattern, []byte("__keyevent@*"))
	hub.Subscribe(l.box, pubsub.Channel, []byte("c"))
	return l
}

var (
	eventForm = regexp.MustCompile(
		`\*4\r\n\$8\r\npmessage\r\n\$\d+\r\n.*\r\n\$\d+\r\n__keyevent@(\d+)__:(.*)\r\n\$\d+\r\n(.*)\r\n`)
	postForm = regexp.MustCompile(`\*3\r\n\$7\r\nmessage\r\n\$1\r\nc\r\n\$\d+\r\n(.*)\r\n`)
)

// take gives what has come since the last take: "event db key" and "post text".
func (l *listener) take() []string {
	mail := string(l.box.Collect(nil))
	mail = eventForm.ReplaceAllString(mail, "$2 $1 $3\n")
	mail = postForm.ReplaceAllString(mail, "post $1\n")
	return strings.Split(strings.TrimSuffix(mail, "\n"), "\n")
}

func (l *listener) want(want ...string) {
	l.t.Helper()
	if got := l.take(); !slices.Equal(got, want) {
		l.t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestUndoneScriptsTellNothing: what a script has published and done to keys before it is run
// again with more shards is told once. What ended because its time had come has ended.
func TestUndoneScriptsTellNothing(t *testing.T) {
	for _, shards := range []int{1, 8} {
		s := newStore(t, shards)
		s.want("+OK\r\n", "SET gone x PX 1000")
		l := s.listen("KEA")
		s.nowMs += 2000
		s.doWords([]string{"EVAL", `redis.call('SET', KEYS[1], '1')
			redis.call('PUBLISH', 'c', 'first')
			redis.call('SET', KEYS[2], '2')
			for i = 1, 9 do redis.call('SET', 'other:' .. i, i) end
			redis.call('PUBLISH', 'c', 'last')`, "2", "k", "gone"})
		want := []string{"set 0 k", "post first", "expired 0 gone", "set 0 gone"}
		for i := range 9 {
			want = append(want, fmt.Sprintf("set 0 other:%d", i+1))
		}
		want = append(want, "post last")
		got := l.take()
		if shards > 1 { // the end of the key was told by the run that was undone
			at := slices.Index(got, "expired 0 gone")
			if at < 0 || strings.Count(strings.Join(got, "\n"), "expired") != 1 {
				t.Fatalf("%q", got)
			}
			got, want = slices.Delete(got, at, at+1), slices.Delete(want, 2, 3)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d shards: got  %q\nwant %q", shards, got, want)
		}
	}
}

// TestNewsOfATransaction: events of many shards and messages are told in the order in which
// they happened, and nothing of what is discarded.
func TestNewsOfATransaction(t *testing.T) {
	s := newStore(t, 8)
	l := s.listen("KEA")
	calls, want := []string{"MULTI"}, []string{}
	for i := range 40 {
		key := fmt.Sprintf("k%d", i%17)
		calls = append(calls, "INCR "+key)
		if want = append(want, "incrby 0 "+key); i%3 == 0 {
			calls = append(calls, fmt.Sprintf("PUBLISH c text%d", i))
			want = append(want, fmt.Sprintf("post text%d", i))
		}
	}
	s.do(append(calls, "EXEC")...)
	l.want(want...)
	s.do("MULTI", "INCR k", "PUBLISH c x", "DISCARD")
	s.do("WATCH k")
	s.do("SET k 1")
	l.want("set 0 k")
	s.do("SELECT 3", "DEL none", "SET k 1", "SELECT 0")
	l.want("set 3 k")
}

// TestOrderOfAKey: in a batch that is served shard by shard the events of each key are in the
// order of its calls.
func TestOrderOfAKey(t *testing.T) {
	s := newStore(t, 8)
	l := s.listen("KEA")
	var calls []string
	for i := range 60 {
		calls = append(calls, []string{"INCR", "APPEND", "EXPIRE"}[i%3]+
			fmt.Sprintf(" k%d", i/3%7)+[]string{"", " 1", " 100"}[i%3])
	}
	s.do(calls...)
	of := map[string][]string{}
	for _, event := range l.take() {
		name, key, _ := strings.Cut(event, " ")
		of[key] = append(of[key], name)
	}
	for key, names := range of {
		for i, name := range names {
			if want := []string{"incrby", "append", "expire"}[i%3]; name != want {
				t.Fatalf("%s: %q", key, names)
			}
		}
	}
	if len(of) != 7 {
		t.Errorf("%d keys", len(of))
	}
}

// TestEventsOfTheKeyspace are those that no command tells of.
func TestEventsOfTheKeyspace(t *testing.T) {
	s := newStore(t, 1)
	l := s.listen("KEAmn")
	s.do("SET a 1", "SET a 2", "GET none", "RPUSH list x", "RENAME a b", "COPY b d")
	l.want("new 0 a", "set 0 a", "set 0 a", "keymiss 0 none", "new 0 list", "rpush 0 list",
		"new 0 b", "rename_from 0 a", "rename_to 0 b", "new 0 d", "copy_to 0 d")
	s.do("SADD s m", "SUNIONSTORE d s", "SUNIONSTORE d none", "SUNIONSTORE d s")
	l.want("new 0 s", "sadd 0 s", "sunionstore 0 d", "keymiss 0 none", "del 0 d", "new 0 d",
		"sunionstore 0 d")
	s.do("SET lazy x PX 100", "SET active x PX 100")
	l.take()
	s.nowMs += 200
	s.do("GET lazy")
	l.want("expired 0 lazy", "keymiss 0 lazy")
	s.engine.Step()
	l.want("expired 0 active")

	s.want("+OK\r\n", "CONFIG SET maxmemory-policy allkeys-random maxmemory 1")
	s.engine.Step()
	got := l.take()
	slices.Sort(got)
	if !slices.Equal(got, []string{"evicted 0 b", "evicted 0 d", "evicted 0 list",
		"evicted 0 s"}) {
		t.Errorf("%q", got)
	}
}

// TestClassesOfEvents: only what notify-keyspace-events names is told, and only as it says.
func TestClassesOfEvents(t *testing.T) {
	s := newStore(t, 1)
	for classes, want := range map[string][]string{
		"": {""}, "A": {""}, "$g": {""}, "KA": {""}, "EA": {"set 0 k", "sadd 0 s", "del 0 k"},
		"E$": {"set 0 k"}, "Eg": {"del 0 k"}, "Es": {"sadd 0 s"}, "KEx": {""},
		"En": {"new 0 k", "new 0 s"}, "Em": {"keymiss 0 none"},
	} {
		l := s.listen(classes)
		s.do("SET k v", "SADD s m", "DEL k", "GET none")
		l.want(want...)
		s.engine.Hub().Close(l.box)
		s.do("FLUSHALL")
	}
	l := s.listen("K$")
	s.engine.Hub().Subscribe(l.box, pubsub.Channel, []byte("__keyspace@0__:k"))
	s.do("SET k v")
	if got := string(l.box.Collect(nil)); got !=
		"*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n" {
		t.Errorf("%q", got)
	}
}

// TestUnwantedNewsCostNothing: as long as nobody wants events none is made.
func TestUnwantedNewsCostNothing(t *testing.T) {
	s := newStore(t, 1)
	var b Batch
	b.Add([]byte("SET"), []byte("key"), []byte("value"))
	out := &reply.Buffer{}
	measure := func() float64 {
		return testing.AllocsPerRun(200, func() {
			r := s.runner
			p := &r.plans[0]
			r.call.Session = s.session
			r.plan(p, s.session, b.Argv(0))
			out.Truncate(0)
			r.runPlanned(s.session, p, b.Argv(0), out)
			r.release()
		})
	}
	if n := measure(); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
	s.listen("Kl")
	if n := measure(); n != 0 {
		t.Errorf("%v allocations a call of another class", n)
	}
}
