// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/stock"
)

// A rule is a small history: each line a time, a call and its answer.
//
//	120 HOLD id buyer units [ms] = answer
var rules = []struct {
	name  string
	units int64
	terms stock.Terms
	calls string
}{{
	name: "a hold is confirmed once", units: 5, terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 2 = HELD fence 1 at 100
		0 FREE = 3
		99 CONFIRM a = SOLD fence 1
		99 CONFIRM a = ALREADY SOLD fence 1
		500 CONFIRM a = ALREADY SOLD fence 1
		500 RELEASE a = SOLD fence 1
		500 EXTEND a 50 = SOLD fence 1
		500 FREE = 3
		500 CONFIRM other = UNKNOWN`,
}, {
	name: "a hold ends in the millisecond of its deadline", units: 2,
	terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 2 = HELD fence 1 at 100
		99 HOLD b bob 1 = ALL_HELD at 100
		99 FREE = 0
		100 FREE = 2
		100 CONFIRM a = EXPIRED at 100
		100 HOLD c bob 2 = HELD fence 2 at 200
		100 RELEASE a = EXPIRED at 100
		100 EXTEND a 50 = EXPIRED at 100`,
}, {
	name: "an id is answered as it was", units: 2, terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 1 = HELD fence 1 at 100
		10 EXTEND a 500 = HELD fence 1 at 510
		10 HOLD a ann 1 = HELD fence 1 at 100
		10 HOLD a ann 1 100 = HELD fence 1 at 100
		10 HOLD a ann 1 101 = error
		10 HOLD a ann 2 = error
		10 HOLD a bob 1 = error
		10 HOLD b bob 5 = TOO_FEW units 1
		20 RELEASE a = RELEASED at 20
		20 HOLD a ann 1 = HELD fence 1 at 100
		20 HOLD b bob 5 = TOO_FEW units 1
		20 HOLD b bob 1 = error
		20 CONFIRM b = UNKNOWN
		20 RELEASE b = UNKNOWN`,
}, {
	name: "refusals say why", units: 4,
	terms: stock.Terms{HoldMs: 100, PerBuyer: 3, FromMs: 10, UntilMs: 300},
	calls: `
		9 HOLD a ann 9 = NOT_OPEN at 10
		10 HOLD b ann 4 = LIMIT units 3
		10 HOLD c ann 2 = HELD fence 1 at 110
		10 HOLD d ann 2 = LIMIT units 1
		10 HOLD e bob 3 = TOO_FEW units 2
		10 HOLD f bob 2 50 = HELD fence 2 at 60
		10 HOLD g cem 1 = ALL_HELD at 60
		10 HOLD h ann 2 = LIMIT units 1
		20 CONFIRM c = SOLD fence 1
		20 CONFIRM f = SOLD fence 2
		20 HOLD i cem 1 = SOLD_OUT
		200 HOLD j ann 2 = LIMIT units 1
		299 ADD 1 = OK
		299 HOLD k cem 1 = HELD fence 3 at 399
		300 HOLD l cem 1 = CLOSED at 300
		300 CLOSE = CLOSED at 300
		398 CONFIRM k = SOLD fence 3`,
}, {
	name: "what a limit counts ends with the hold", units: 9,
	terms: stock.Terms{HoldMs: 100, PerBuyer: 2},
	calls: `
		0 HOLD a ann 2 = HELD fence 1 at 100
		99 HOLD b ann 1 = LIMIT units 0
		100 HOLD c ann 2 = HELD fence 2 at 200
		100 RELEASE c = RELEASED at 100
		100 HOLD d ann 1 = HELD fence 3 at 200
		100 CONFIRM d = SOLD fence 3
		900 HOLD e ann 2 = LIMIT units 1`,
}, {
	name: "an extension counts from now, shortens nothing and stays below the most", units: 1,
	terms: stock.Terms{HoldMs: 100, HoldMaxMs: 250},
	calls: `
		50 HOLD a ann 1 = HELD fence 1 at 150
		60 EXTEND a 10 = HELD fence 1 at 150
		60 EXTEND a 100 = HELD fence 1 at 160
		159 EXTEND a 1000 = HELD fence 1 at 300
		200 EXTEND a 1000 = HELD fence 1 at 300
		300 EXTEND a 1 = EXPIRED at 300
		300 HOLD b ann 1 9999 = HELD fence 2 at 550
		300 HOLD b ann 1 250 = HELD fence 2 at 550`,
}, {
	name: "units come and go", units: 3, terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 2 = HELD fence 1 at 100
		0 TAKE 2 = TOO_FEW units 1
		0 TAKE 1 = OK
		0 FREE = 0
		0 TAKE 1 = TOO_FEW units 0
		100 TAKE 2 = OK
		100 HOLD b ann 1 = SOLD_OUT
		100 ADD 5 = OK
		100 FREE = 5
		100 ADD 9007199254740991 = error`,
}, {
	name: "who holds when it closes may still buy", units: 3, terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 1 = HELD fence 1 at 100
		0 HOLD b bob 1 = HELD fence 2 at 100
		50 CLOSE = CLOSED at 50
		60 CLOSE = CLOSED at 50
		60 HOLD c cem 1 = CLOSED at 50
		60 EXTEND a 100 = HELD fence 1 at 160
		100 CONFIRM b = EXPIRED at 100
		159 CONFIRM a = SOLD fence 1
		160 ADD 1 = OK
		160 TAKE 3 = OK`,
}, {
	name: "time never goes back", units: 1, terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 1 = HELD fence 1 at 100
		100 CONFIRM a = EXPIRED at 100
		10 CONFIRM a = EXPIRED at 100
		10 HOLD b ann 1 = HELD fence 2 at 200`,
}, {
	name: "what was told has happened", units: 1, terms: stock.Terms{HoldMs: 100},
	calls: `
		0 HOLD a ann 1 = HELD fence 1 at 100
		100 TICK = true
		100 TICK = false
		99 TICK = false
		10 CONFIRM a = EXPIRED at 100
		10 HOLD b ann 1 = HELD fence 2 at 200`,
}}

func TestRules(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			s := open(t, newArena(t), rule.units, rule.terms, 0)
			for _, text := range strings.Split(strings.TrimSpace(rule.calls), "\n") {
				call, want, _ := strings.Cut(strings.TrimSpace(text), " = ")
				if got := run(s, strings.Fields(call)); got != want {
					t.Errorf("%s = %s, want %s", call, got, want)
				}
				s.Verify()
			}
		})
	}
}

// run makes a call of a rule and puts its answer into words.
func run(s *stock.Stock, words []string) string {
	var a stock.Answer
	var err error
	log := stock.Log{}
	number := func(i int) (n int64) {
		if i < len(words) {
			n, _ = strconv.ParseInt(words[i], 10, 64)
		}
		return n
	}
	nowMs := number(0)
	switch words[1] {
	case "HOLD":
		a, err = s.Hold(nowMs, stock.Request{
			ID: []byte(words[2]), Buyer: []byte(words[3]), Units: number(4), ForMs: number(5),
		}, &log)
	case "CONFIRM":
		a = s.Confirm(nowMs, []byte(words[2]), &log)
	case "RELEASE":
		a = s.Release(nowMs, []byte(words[2]), &log)
	case "EXTEND":
		a, err = s.Extend(nowMs, []byte(words[2]), number(3), &log)
	case "ADD":
		a, err = s.Add(nowMs, number(2), &log)
	case "TAKE":
		a, err = s.Take(nowMs, number(2), &log)
	case "CLOSE":
		a = s.Close(nowMs, &log)
	case "TICK":
		s.Tick(nowMs, &log)
		return fmt.Sprint(len(log.Effect) > 0)
	case "FREE":
		return fmt.Sprint(s.Sums(nowMs).Free)
	}
	if err != nil {
		return "error"
	}
	return describe(a)
}

func describe(a stock.Answer) string {
	text := a.Outcome.String()
	if a.Fence != 0 {
		text += fmt.Sprintf(" fence %d", a.Fence)
	}
	switch a.Outcome {
	case stock.Held, stock.AllHeld, stock.NotOpen, stock.Closed, stock.Expired, stock.Released:
		text += fmt.Sprintf(" at %d", a.AtMs)
	case stock.TooFew, stock.OverLimit:
		text += fmt.Sprintf(" units %d", a.Units)
	}
	return text
}

func TestArgumentsOutOfRange(t *testing.T) {
	s := open(t, newArena(t), 5, stock.Terms{}, 1)
	log := stock.Log{}
	long := []byte(strings.Repeat("x", stock.NameBytesMax+1))
	name := long[1:]
	for _, c := range []struct {
		request stock.Request
		want    error
	}{
		{stock.Request{ID: name, Buyer: name, Units: 1}, nil},
		{stock.Request{ID: nil, Buyer: name, Units: 1}, stock.ErrName},
		{stock.Request{ID: long, Buyer: name, Units: 1}, stock.ErrName},
		{stock.Request{ID: name, Buyer: nil, Units: 1}, stock.ErrName},
		{stock.Request{ID: name, Buyer: long, Units: 1}, stock.ErrName},
		{stock.Request{ID: name, Buyer: name, Units: 0}, stock.ErrUnits},
		{stock.Request{ID: name, Buyer: name, Units: stock.UnitsMax + 1}, stock.ErrUnits},
		{stock.Request{ID: name, Buyer: name, Units: 1, ForMs: -1}, stock.ErrTime},
	} {
		if _, err := s.Hold(1, c.request, &log); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.request, err, c.want)
		}
	}
	for _, c := range []struct {
		terms stock.Terms
		want  error
	}{
		{stock.Terms{HoldMs: 2, HoldMaxMs: 1}, stock.ErrTerms},
		{stock.Terms{FromMs: 5, UntilMs: 5}, stock.ErrTerms},
		{stock.Terms{PerBuyer: -1}, stock.ErrUnits},
		{stock.Terms{HoldMs: stock.HoldMsMax + 1}, stock.ErrTime},
		{stock.Terms{UntilMs: stock.TimeMsMax + 1}, stock.ErrTime},
		{stock.Terms{HoldMaxMs: 5}, nil},
	} {
		if err := c.terms.Complete(); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.terms, err, c.want)
		}
	}
}

func TestRefusalOfABasket(t *testing.T) {
	s := open(t, newArena(t), 5, stock.Terms{}, 1)
	log := stock.Log{}
	r := stock.Request{ID: []byte("basket"), Buyer: []byte("ann"), Units: 1}
	elsewhere := stock.Answer{Outcome: stock.Elsewhere}
	if a, err := s.Refuse(5, r, elsewhere, &log); err != nil || a != elsewhere {
		t.Errorf("refuse: %v %v", a, err)
	}
	if a, err := s.Hold(6, r, &log); err != nil || a != elsewhere {
		t.Errorf("the same id again: %v %v", a, err)
	}
	_, err := s.Refuse(5, r, stock.Answer{Outcome: stock.Held}, &log)
	if !errors.Is(err, stock.ErrAnswer) {
		t.Errorf("a hold as a refusal: %v", err)
	}
}

func TestExpiredHoldsAreTold(t *testing.T) {
	s := open(t, newArena(t), 9, stock.Terms{HoldMs: 10, HoldMaxMs: 100}, 0)
	for _, call := range []string{
		"0 HOLD a ann 1", "0 HOLD b ann 1", "0 HOLD c ann 1 30", "0 HOLD d ann 1", "5 RELEASE b",
		"6 CONFIRM d", "7 HOLD e ann 1",
	} {
		run(s, strings.Fields(call))
	}
	var told []string
	tell := func(h stock.Hold) { told = append(told, string(h.ID)) }
	at := s.Expired(9, stock.Place{}, 10, tell)
	at = s.Expired(16, at, 10, tell)
	at = s.Expired(17, at, 10, tell)
	at = s.Expired(50, at, 10, tell)
	s.Expired(50, at, 10, tell)
	if got := strings.Join(told, " "); got != "a e c" {
		t.Errorf("told of %q, want a e c", got)
	}
}
