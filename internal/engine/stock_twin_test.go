// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

// ledger is the slow twin of a stock: every attempt in a list, every figure counted anew. It
// answers in the words of [short].
type ledger struct {
	units, limit    int64
	holdMs, maxMs   int64
	untilMs, closed int64
	fence           int64
	attempts        map[string]*attempt
}

type attempt struct {
	buyer              string
	units, forMs       int64
	fence, atMs, endMs int64
	state              string // held, sold, released, or refused
	answer             string
}

func (l *ledger) durationMs(forMs int64) int64 {
	if forMs == 0 {
		forMs = l.holdMs
	}
	return min(forMs, l.maxMs)
}

// count adds up the units that are held and sold, those of a buyer, and the next deadline.
func (l *ledger) count(nowMs int64, buyer string) (held, sold, used, next int64) {
	for _, a := range l.attempts {
		switch {
		case a.state == "sold":
			sold += a.units
		case a.state == "held" && a.endMs > nowMs:
			held += a.units
			if next == 0 || a.endMs < next {
				next = a.endMs
			}
		default:
			continue
		}
		if a.buyer == buyer {
			used += a.units
		}
	}
	return held, sold, used, next
}

func (l *ledger) closedAt(nowMs int64) int64 {
	if l.untilMs > 0 && nowMs >= l.untilMs && (l.closed == 0 || l.untilMs < l.closed) {
		return l.untilMs
	}
	return l.closed
}

// check is how a new id would be answered; ok is false where the id was used otherwise.
func (l *ledger) check(
	nowMs int64, id, buyer string, units, forMs int64,
) (answer string, known, ok bool) {
	if a := l.attempts[id]; a != nil {
		same := a.buyer == buyer && a.units == units && a.forMs == l.durationMs(forMs)
		return a.answer, true, same
	}
	held, sold, used, next := l.count(nowMs, buyer)
	free := l.units - held - sold
	switch {
	case l.closedAt(nowMs) > 0:
		return fmt.Sprint("CLOSED ", l.closedAt(nowMs)), false, true
	case l.limit > 0 && used+units > l.limit:
		return fmt.Sprint("LIMIT ", max(0, l.limit-used)), false, true
	case units <= free:
		return fmt.Sprintf("HELD %d %d", l.fence+1, nowMs+l.durationMs(forMs)), false, true
	case free > 0:
		return fmt.Sprint("TOO_FEW ", free), false, true
	case held > 0:
		return fmt.Sprint("ALL_HELD ", next), false, true
	}
	return "SOLD_OUT", false, true
}

// put remembers an attempt that was answered.
func (l *ledger) put(nowMs int64, id, buyer string, units, forMs int64, answer string) {
	a := &attempt{
		buyer: buyer, units: units, forMs: l.durationMs(forMs), atMs: nowMs, state: "refused",
		answer: answer,
	}
	if strings.HasPrefix(answer, "HELD") {
		l.fence++
		a.state, a.fence, a.endMs = "held", l.fence, nowMs+a.forMs
	}
	l.attempts[id] = a
}

const otherArguments = "-ERR this id was used with other arguments"

func (l *ledger) hold(nowMs int64, id, buyer string, units, forMs int64) string {
	answer, known, ok := l.check(nowMs, id, buyer, units, forMs)
	if !ok {
		return otherArguments
	}
	if !known {
		l.put(nowMs, id, buyer, units, forMs, answer)
	}
	return answer
}

// state is how it stands with an id.
func (l *ledger) state(nowMs int64, id string) string {
	a := l.attempts[id]
	switch {
	case a == nil || a.state == "refused":
		return "UNKNOWN"
	case a.state == "sold":
		return fmt.Sprint("SOLD ", a.fence)
	case a.state == "released":
		return "RELEASED"
	case a.endMs <= nowMs:
		return "EXPIRED"
	}
	return fmt.Sprintf("HELD %d %d", a.fence, a.endMs)
}

func isHeld(state string) bool { return strings.HasPrefix(state, "HELD") }
func isSold(state string) bool { return strings.HasPrefix(state, "SOLD") }

func (l *ledger) confirm(nowMs int64, id string) string {
	switch state := l.state(nowMs, id); {
	case isHeld(state):
		l.attempts[id].state = "sold"
		return l.state(nowMs, id)
	case isSold(state):
		return "ALREADY " + state
	default:
		return state
	}
}

func (l *ledger) release(nowMs int64, id string) string {
	state := l.state(nowMs, id)
	if isHeld(state) {
		l.attempts[id].state = "released"
		return "RELEASED"
	}
	return state
}

func (l *ledger) extend(nowMs int64, id string, ms int64) string {
	if isHeld(l.state(nowMs, id)) {
		a := l.attempts[id]
		a.endMs = max(a.endMs, min(nowMs+ms, a.atMs+l.maxMs))
	}
	return l.state(nowMs, id)
}

func (l *ledger) free(nowMs int64) int64 {
	held, sold, _, _ := l.count(nowMs, "")
	return l.units - held - sold
}

func (l *ledger) take(nowMs, units int64) string {
	if free := l.free(nowMs); units > free {
		return fmt.Sprint("TOO_FEW ", free)
	}
	l.units -= units
	return fmt.Sprint("OK ", l.free(nowMs))
}

// shop is some stocks and their twins.
type shop struct {
	*store
	rng     *rand.Rand
	ledgers map[string]*ledger
	baskets []wares // that were asked for
}

// wares are the lines of a basket and who wants them.
type wares struct {
	id, buyer string
	ms        int64
	keys      []string
	units     []int64
}

var shopKeys = []string{"apple", "berry", "cherry", "date"}

func (s *shop) pick(list ...string) string { return list[s.rng.IntN(len(list))] }

// open makes a stock anew.
func (s *shop) open(key string) {
	l := &ledger{
		units: s.rng.Int64N(30), holdMs: 200, maxMs: 600, attempts: map[string]*attempt{},
		limit: s.rng.Int64N(6),
	}
	call := fmt.Sprintf("STOCK.OPEN %s %d HOLD 200 HOLDMAX 600", key, l.units)
	if l.limit > 0 {
		call += fmt.Sprint(" LIMIT ", l.limit)
	}
	if s.rng.IntN(3) == 0 {
		l.untilMs = s.nowMs + 1 + s.rng.Int64N(20000)
		call += fmt.Sprint(" UNTIL ", l.untilMs)
	}
	s.do("STOCK.DROP " + key)
	s.want("+OK\r\n", call)
	words := strings.Fields(short(s.do("STOCK.INFO " + key)))
	at := slices.Index(words, "fence")
	l.fence, _ = strconv.ParseInt(words[at+1], 10, 64)
	s.ledgers[key] = l
}

// step makes a call and says what the twin answers.
func (s *shop) step() (call, want string) {
	key := s.pick(shopKeys...)
	l, now := s.ledgers[key], s.nowMs
	id, buyer := fmt.Sprint("id", s.rng.IntN(60)), fmt.Sprint("buyer", s.rng.IntN(8))
	units, ms := 1+s.rng.Int64N(4), 1+s.rng.Int64N(800)
	switch s.rng.IntN(24) {
	case 0, 1, 2, 3, 4:
		return fmt.Sprintf("STOCK.HOLD %s %s %s %d FOR %d", key, id, buyer, units, ms),
			l.hold(now, id, buyer, units, ms)
	case 5, 6, 7:
		return fmt.Sprintf("STOCK.HOLD %s %s %s %d", key, id, buyer, units),
			l.hold(now, id, buyer, units, 0)
	case 8, 9, 10:
		return fmt.Sprintf("STOCK.CONFIRM %s %s", key, id), l.confirm(now, id)
	case 11, 12:
		return fmt.Sprintf("STOCK.RELEASE %s %s", key, id), l.release(now, id)
	case 13, 14:
		return fmt.Sprintf("STOCK.EXTEND %s %s %d", key, id, ms), l.extend(now, id, ms)
	case 15:
		l.units += units
		return fmt.Sprintf("STOCK.ADD %s %d", key, units), fmt.Sprint("OK ", l.free(now))
	case 16:
		return fmt.Sprintf("STOCK.TAKE %s %d", key, units), l.take(now, units)
	case 17, 18, 19, 20:
		return s.basket(s.fill(id, buyer))
	case 21:
		return s.basketEnd("CONFIRM", id)
	case 22:
		return s.basketEnd("RELEASE", id)
	}
	if s.rng.IntN(20) > 0 {
		s.nowMs += s.rng.Int64N(300)
	} else if l.closedAt(now) == 0 {
		l.closed = now
		return "STOCK.CLOSE " + key, fmt.Sprint("CLOSED ", now)
	}
	return "PING", "PONG"
}

// fill fills a basket, or takes one that was asked for before.
func (s *shop) fill(id, buyer string) wares {
	if n := len(s.baskets); n > 0 && s.rng.IntN(3) == 0 {
		return s.baskets[n-1-s.rng.IntN(min(n, 20))]
	}
	w := wares{id: id, buyer: buyer, ms: s.rng.Int64N(300)}
	for range 1 + s.rng.IntN(4) {
		w.keys = append(w.keys, s.pick(shopKeys...))
		w.units = append(w.units, 1+s.rng.Int64N(2))
	}
	s.baskets = append(s.baskets, w)
	return w
}

// basket is BASKET.HOLD of some lines.
func (s *shop) basket(w wares) (call, want string) {
	id, buyer, ms := w.id, w.buyer, w.ms
	lines, order := map[string]int64{}, []string{}
	call = fmt.Sprintf("BASKET.HOLD %s %s %d %d", id, buyer, ms, len(w.keys))
	for i, key := range w.keys {
		call += fmt.Sprintf(" %s %d", key, w.units[i])
		if lines[key] += w.units[i]; lines[key] == w.units[i] {
			order = append(order, key)
		}
	}
	reason, from, last := "", "", 0
	for _, key := range order {
		answer, known, ok := s.ledgers[key].check(s.nowMs, id, buyer, lines[key], ms)
		if !ok {
			return call, otherArguments
		}
		// A reason that was told before counts most, one that is true now least.
		rank := 1
		switch {
		case isHeld(answer):
			continue
		case answer == "ELSEWHERE" && known:
			rank = 2
		case known:
			rank = 3
		}
		if rank > last {
			reason, from, last = answer, key, rank
		}
	}
	want = ""
	for _, key := range order {
		l, answer := s.ledgers[key], "ELSEWHERE"
		if reason == "" {
			answer, _, _ = l.check(s.nowMs, id, buyer, lines[key], ms)
			want += fmt.Sprintf(" %s%s", key, strings.TrimPrefix(answer, "HELD"))
		} else if key == from {
			answer = reason
		}
		if l.attempts[id] == nil {
			l.put(s.nowMs, id, buyer, lines[key], ms, answer)
		}
	}
	if reason != "" {
		word, number, _ := strings.Cut(reason, " ")
		return call, strings.TrimSpace(word + " " + from + " " + number)
	}
	first := int64(1 << 62)
	for _, key := range order {
		a := s.ledgers[key].attempts[id]
		first = min(first, a.atMs+a.forMs)
	}
	return call, fmt.Sprintf("HELD %d%s", first, want)
}

// basketEnd is BASKET.CONFIRM or BASKET.RELEASE of two products.
func (s *shop) basketEnd(what, id string) (call, want string) {
	at := s.rng.Perm(len(shopKeys))
	keys := []string{shopKeys[at[0]], shopKeys[at[1]]}
	call = fmt.Sprintf("BASKET.%s %s 2 %s %s", what, id, keys[0], keys[1])
	states := map[string]string{}
	for _, key := range keys {
		states[key] = s.ledgers[key].state(s.nowMs, id)
	}
	refusing := []string{"UNKNOWN", "EXPIRED", "RELEASED"}
	if what == "RELEASE" {
		refusing = []string{"UNKNOWN", "SOLD"}
	}
	for _, key := range keys {
		if word, number, _ := strings.Cut(states[key], " "); slices.Contains(refusing, word) {
			return call, strings.TrimSpace(word + " " + key + " " + number)
		}
	}
	sold, held, told := "ALREADY SOLD", false, ""
	for _, key := range keys {
		l := s.ledgers[key]
		if what == "RELEASE" {
			held = held || states[key] != "EXPIRED"
			l.release(s.nowMs, id)
			continue
		}
		if !strings.HasPrefix(l.confirm(s.nowMs, id), "ALREADY") {
			sold = "SOLD"
		}
		told += fmt.Sprintf(" %s %d", key, l.attempts[id].fence)
	}
	switch {
	case what == "CONFIRM":
		return call, sold + told
	case held:
		return call, "RELEASED"
	}
	return call, "EXPIRED " + keys[0]
}

// audit compares the figures of all stocks.
func (s *shop) audit() {
	s.t.Helper()
	for _, key := range slices.Sorted(maps.Keys(s.ledgers)) {
		l := s.ledgers[key]
		held, sold, _, _ := l.count(s.nowMs, "")
		want := fmt.Sprintf("units %d free %d held %d sold %d", l.units, l.free(s.nowMs), held, sold)
		report := short(s.do("STOCK.AUDIT " + key))
		if !strings.HasPrefix(report, "ok 1 ") || !strings.Contains(report, want) {
			s.t.Fatalf("%s: audit %q, the twin has %q", key, report, want)
		}
	}
}

// TestStocksLikeTheirTwins makes random calls on some stocks, which the twins answer alike.
func TestStocksLikeTheirTwins(t *testing.T) {
	for _, shards := range []int{1, 8} {
		s := &shop{
			store: newStore(t, shards), ledgers: map[string]*ledger{},
			rng: rand.New(rand.NewPCG(seedtest.Of(t), uint64(shards))),
		}
		for i := range 30000 {
			if i%1500 == 0 {
				for _, key := range shopKeys {
					s.open(key)
				}
			}
			call, want := s.step()
			if got := short(s.do(call)); got != want {
				t.Fatalf("%d shards, call %d, %s at %d: got %q, want %q",
					shards, i, call, s.nowMs, got, want)
			}
			if i%100 == 0 {
				s.audit()
			}
		}
	}
}
