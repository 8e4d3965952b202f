// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Two products and some ids, in a state that can be compared.
const (
	saleKeys = 2
	saleIDs  = 60
)

var saleKeyNames = [saleKeys]string{"sale:apple", "sale:berry"}

// saleCall is a call of STOCK.* on one product, or of BASKET.* on both.
type saleCall struct {
	Op  string // HOLD, CONFIRM, RELEASE, ADD, TAKE, BASKET.HOLD, BASKET.CONFIRM, BASKET.RELEASE
	Key int
	ID  int
}

// attempt is what a product knows of an id.
type attempt struct {
	state  byte // 0: nothing; h, s, r: held, sold, released; else a refusal
	fence  int32
	answer [2]int32 // of a refusal: which, and its number
}

// saleState is both products.
type saleState struct {
	free, held, fence [saleKeys]int32
	ids               [saleKeys][saleIDs]attempt
}

// refusals are the words of refusals by number.
var saleRefusals = []string{"SOLD_OUT", "ALL_HELD", "TOO_FEW", "ELSEWHERE"}

// units is how many an id wants.
func (c saleCall) units() int32 { return int32(1 + c.ID%2) }

// CheckSales lets clients hold, confirm, release, restock and fill baskets at random, and
// reports to t unless both products behaved as if one call had been done after the other. No hold
// ends by itself.
func CheckSales(t Reporter, addr string, opts HistoryOptions) {
	ops := []string{
		"HOLD", "HOLD", "HOLD", "CONFIRM", "CONFIRM", "RELEASE", "ADD", "TAKE",
		"BASKET.HOLD", "BASKET.HOLD", "BASKET.CONFIRM", "BASKET.RELEASE",
	}
	begin := saleState{free: [saleKeys]int32{10, 10}}
	checkHistory(t, addr, opts, workload{
		model: porcupine.Model{
			Init: func() any { return begin },
			Step: func(state, input, output any) (bool, any) {
				next := state.(saleState)
				want := next.step(input.(saleCall))
				_, open := output.(lost)
				return open || output == want, next
			},
		},
		prepare: func(c *Conn) error {
			for i, key := range saleKeyNames {
				fence, err := openSale(c, key)
				if err != nil {
					return err
				}
				begin.fence[i] = fence
			}
			return nil
		},
		draw: func(rng *rand.Rand) any {
			return saleCall{ops[rng.IntN(len(ops))], rng.IntN(saleKeys), rng.IntN(saleIDs)}
		},
		perform: performSale,
		dropped: func(any) bool { return false },
	})
}

// openSale makes a product anew and tells behind which number its fences begin.
func openSale(c *Conn, key string) (fence int32, err error) {
	_, errDrop := c.Must("STOCK.DROP", key)
	_, errOpen := c.Must("STOCK.OPEN", key, "10", "HOLD", "3600000")
	info, err := c.Must("STOCK.INFO", key)
	if err = errors.Join(errDrop, errOpen, err); err != nil {
		return 0, err
	}
	for i, elem := range info.Elems {
		if elem.Text == "fence" {
			_, err = fmt.Sscan(info.Elems[i+1].Text, &fence)
		}
	}
	return fence, err
}

// performSale makes a call; its output is the words and numbers of the reply, but times.
func performSale(c *Conn, input any, lose bool) (any, error) {
	call := input.(saleCall)
	key, id := saleKeyNames[call.Key], fmt.Sprint("id", call.ID)
	units := fmt.Sprint(call.units())
	var args []string
	switch call.Op {
	case "HOLD":
		args = []string{"STOCK.HOLD", key, id, "buyer", units}
	case "ADD", "TAKE":
		args = []string{"STOCK." + call.Op, key, "1"}
	case "BASKET.HOLD":
		args = []string{call.Op, id, "buyer", "0", "2", saleKeyNames[0], units, saleKeyNames[1], units}
	case "BASKET.CONFIRM", "BASKET.RELEASE":
		args = []string{call.Op, id, "2", saleKeyNames[0], saleKeyNames[1]}
	default:
		args = []string{"STOCK." + call.Op, key, id}
	}
	v, err := send(c, lose, args...)
	if err != nil {
		return nil, err
	}
	return strings.Join(saleWords(v), " "), nil
}

// timeFrom is the least number that is taken for a time.
const timeFrom = 1e12

// saleWords are the scalars of a reply, without times.
func saleWords(v Value) (words []string) {
	for _, elem := range v.Elems {
		words = append(words, saleWords(elem)...)
	}
	var n float64
	if v.IsAggregate() || v.Kind == ':' && len(v.Text) > 12 {
		if _, err := fmt.Sscan(v.Text, &n); err != nil || n >= timeFrom {
			return words
		}
	}
	return append(words, v.Text)
}

// step does a call and says what it is answered.
func (s *saleState) step(c saleCall) string {
	switch c.Op {
	case "HOLD":
		return s.hold(c.Key, c.ID, s.check(c.Key, c))
	case "ADD":
		s.free[c.Key]++
		return fmt.Sprint("OK ", s.free[c.Key])
	case "TAKE":
		if s.free[c.Key] == 0 {
			return "TOO_FEW 0"
		}
		s.free[c.Key]--
		return fmt.Sprint("OK ", s.free[c.Key])
	case "CONFIRM", "RELEASE":
		return s.end(c.Op, c.Key, c.ID)
	case "BASKET.HOLD":
		return s.basket(c)
	}
	return s.basketEnd(c)
}

// check is what an id is, or would be, answered.
func (s *saleState) check(key int, c saleCall) attempt {
	had := s.ids[key][c.ID]
	switch units := c.units(); {
	case had.state != 0:
		return had
	case units <= s.free[key]:
		return attempt{state: 'h', fence: s.fence[key] + 1}
	case s.free[key] > 0:
		return attempt{state: '-', answer: [2]int32{2, s.free[key]}}
	case s.held[key] > 0:
		return attempt{state: '-', answer: [2]int32{1}}
	}
	return attempt{state: '-'}
}

// hold puts what was checked and tells it.
func (s *saleState) hold(key, id int, a attempt) string {
	if s.ids[key][id].state == 0 {
		if s.ids[key][id] = a; a.state == 'h' {
			units := saleCall{ID: id}.units()
			s.free[key] -= units
			s.held[key] += units
			s.fence[key]++
		}
	}
	return a.words("")
}

// words is how an attempt is answered; key stands behind the word if there is one.
func (a attempt) words(key string) string {
	if a.state != '-' {
		return fmt.Sprint("HELD ", a.fence)
	}
	words := strings.TrimSpace(saleRefusals[a.answer[0]] + " " + key)
	if a.answer[0] == 2 {
		words += fmt.Sprint(" ", a.answer[1])
	}
	return words
}

// end confirms or releases.
func (s *saleState) end(op string, key, id int) string {
	a := &s.ids[key][id]
	units := saleCall{ID: id}.units()
	switch {
	case a.state == 'h' && op == "CONFIRM":
		a.state = 's'
		s.held[key] -= units
		return fmt.Sprint("SOLD ", a.fence)
	case a.state == 'h':
		a.state = 'r'
		s.held[key] -= units
		s.free[key] += units
		return "RELEASED"
	case a.state == 's' && op == "CONFIRM":
		return fmt.Sprint("ALREADY SOLD ", a.fence)
	case a.state == 's':
		return fmt.Sprint("SOLD ", a.fence)
	case a.state == 'r':
		return "RELEASED"
	}
	return "UNKNOWN"
}

// basket holds both products or none.
func (s *saleState) basket(c saleCall) string {
	because, rank := -1, 0
	var checked [saleKeys]attempt
	for key := range checked {
		checked[key] = s.check(key, c)
		known := s.ids[key][c.ID].state != 0
		mine := 1
		switch {
		case checked[key].state != '-':
			continue
		case known && checked[key].answer[0] == 3:
			mine = 2
		case known:
			mine = 3
		}
		if mine > rank {
			because, rank = key, mine
		}
	}
	told := "HELD"
	for key := range checked {
		a := checked[key]
		if because >= 0 && key != because {
			a = attempt{state: '-', answer: [2]int32{3}}
		}
		s.hold(key, c.ID, a)
		told += fmt.Sprintf(" %s %d", saleKeyNames[key], checked[key].fence)
	}
	if because >= 0 {
		return checked[because].words(saleKeyNames[because])
	}
	return told
}

// basketEnd confirms or releases both products, or none.
func (s *saleState) basketEnd(c saleCall) string {
	op, told, word := strings.TrimPrefix(c.Op, "BASKET."), "", "ALREADY SOLD"
	for key := range saleKeyNames {
		switch a := s.ids[key][c.ID]; {
		case a.state == 0 || a.state == '-':
			return "UNKNOWN " + saleKeyNames[key]
		case op == "CONFIRM" && a.state == 'r':
			return "RELEASED " + saleKeyNames[key]
		case op == "RELEASE" && a.state == 's':
			return fmt.Sprintf("SOLD %s %d", saleKeyNames[key], a.fence)
		}
	}
	for key := range saleKeyNames {
		if strings.HasPrefix(s.end(op, key, c.ID), "SOLD") {
			word = "SOLD"
		}
		told += fmt.Sprintf(" %s %d", saleKeyNames[key], s.ids[key][c.ID].fence)
	}
	if op == "RELEASE" {
		return "RELEASED"
	}
	return word + told
}
