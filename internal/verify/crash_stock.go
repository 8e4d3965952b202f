// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"slices"
	"strings"
)

// stockValue is what a writer's stock holds: its figures, and the ids of its holds.
type stockValue struct {
	units, free, sold int64
	held              []string
}

// String writes it down.
func (s stockValue) String() string {
	return fmt.Sprintf("%d %d %d %s", s.units, s.free, s.sold, strings.Join(s.held, ","))
}

// parseStock reads what String has written.
func parseStock(value string) (s stockValue) {
	var held string
	_, _ = fmt.Sscan(value, &s.units, &s.free, &s.sold, &held) // no hold is no word
	if held != "" {
		s.held = strings.Split(held, ",")
	}
	return s
}

// holdIDs are the ids in a reply of STOCK.SCAN, in order.
func holdIDs(v Value) (ids []string) {
	words := v.Texts()
	for i, word := range words {
		if word == "id" && i+1 < len(words) {
			ids = append(ids, words[i+1])
		}
	}
	slices.Sort(ids)
	return ids
}

const crashUnits = 20 // of a stock that is opened

// changeStock opens, holds, sells, gives back, restocks or drops.
func (w *crashWriter) changeStock(text string) change {
	key, _ := w.two("stock")
	now := w.now[key]
	if now == absent {
		s := stockValue{units: crashUnits, free: crashUnits}
		return change{words: []string{"STOCK.OPEN", key, fmt.Sprint(crashUnits), "HOLD", "3600000"},
			sets: map[string]string{key: s.String()}}
	}
	s := parseStock(now)
	var words []string
	switch n := w.rng.IntN(20); {
	case n < 1:
		return change{words: []string{"STOCK.DROP", key}, sets: map[string]string{key: absent}}
	case n < 3:
		s.units, s.free = s.units+1, s.free+1
		words = []string{"STOCK.ADD", key, "1"}
	case n < 12 && s.free > 0:
		s.free--
		id := "h" + text
		s.held = append(s.held, id)
		slices.Sort(s.held)
		words = []string{"STOCK.HOLD", key, id, "buyer", "1"}
	case len(s.held) == 0:
		words = []string{"STOCK.CONFIRM", key, "nobody"}
	case n < 18:
		words = []string{"STOCK.CONFIRM", key, s.held[0]}
		s.sold++
		s.held = s.held[1:]
	default:
		words = []string{"STOCK.RELEASE", key, s.held[0]}
		s.free++
		s.held = s.held[1:]
	}
	return change{words: words, sets: map[string]string{key: s.String()}}
}
