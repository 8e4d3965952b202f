// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"stampede/internal/verify"
)

func saleOptions(seed uint64) verify.HistoryOptions {
	return verify.HistoryOptions{Seed: seed, Clients: 6, Calls: 120, LoseReply: 0.02}
}

// TestSalesAreLinearizable looks for holds, sales and baskets that were not done one after the
// other.
func TestSalesAreLinearizable(t *testing.T) {
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			addr := StartStampede(t, way.flags...)
			for seed := *fuzzSeed; seed < *fuzzSeed+3; seed++ {
				verify.CheckSales(t, addr, saleOptions(seed))
			}
		})
	}
}

// crowd is a sale under way.
type crowd struct {
	addr           string
	units          int
	sold, released atomic.Int64 // as clients know it
	crashed        atomic.Int64
}

// buy is one buyer: waits for a unit, and then mostly pays, sometimes gives it back, vanishes,
// or loses the connection while paying and asks again.
func (s *crowd) buy(c *Conn, rng *rand.Rand, number int) (*Conn, error) {
	id, buyer := fmt.Sprint("order-", number), fmt.Sprint("buyer-", number)
	v, err := c.Do("STOCK.HOLD", "sale", id, buyer, "1", "FOR", "500", "WAIT", "60000")
	if err != nil || v.Kind != '*' {
		return c, errors.Join(err, fmt.Errorf("%s: %v", id, v))
	}
	if v.Elems[0].Text != "HELD" {
		return c, nil
	}
	switch rng.IntN(10) {
	case 0:
		s.released.Add(1)
		_, err = c.must("STOCK.RELEASE", "sale", id)
		return c, err
	case 1, 2, 3: // hangs up, perhaps while it pays
		s.crashed.Add(1)
		pays := rng.IntN(2) == 0
		if pays {
			c.Put("STOCK.CONFIRM", "sale", id)
			if err = c.Flush(); err != nil {
				return c, err
			}
		}
		c.Close()
		if c, err = Dial(s.addr); err != nil || !pays {
			return c, err
		}
	}
	if v, err = c.must("STOCK.CONFIRM", "sale", id); err != nil {
		return c, err
	}
	again, err := c.must("STOCK.CONFIRM", "sale", id)
	switch word := v.Elems[0].Text; {
	case err != nil:
		return c, err
	case word == "SOLD" || word == "ALREADY SOLD":
		if again.Elems[0].Text != "ALREADY SOLD" || again.Elems[1].Text != v.Elems[1].Text {
			return c, fmt.Errorf("%s was answered %v, then %v", id, v, again)
		}
		if int(s.sold.Add(1)) == s.units {
			_, err = c.must("STOCK.CLOSE", "sale")
		}
	case word != "EXPIRED":
		return c, fmt.Errorf("%s was held and is %v", id, v)
	}
	return c, err
}

// TestTenThousandBuyers: a hundred units, ten thousand buyers over a thousand connections,
// who wait in order, crash, give back and lose replies. All units are sold, and none twice.
func TestTenThousandBuyers(t *testing.T) {
	const connections, buyers, units = 1000, 10000, 100
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			s := &crowd{addr: StartStampede(t, way.flags...), units: units}
			main, err := Dial(s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer main.Close()
			if _, err := main.must("STOCK.OPEN", "sale", fmt.Sprint(units), "LIMIT", "1"); err != nil {
				t.Fatal(err)
			}
			var crowd sync.WaitGroup
			for i := range connections {
				crowd.Go(func() {
					rng := rand.New(rand.NewPCG(*fuzzSeed, uint64(i)))
					c, err := Dial(s.addr)
					for n := i; err == nil && n < buyers; n += connections {
						c, err = s.buy(c, rng, n)
					}
					if err != nil {
						t.Error(err)
					}
					c.Close()
				})
			}
			crowd.Wait()
			report, err := main.must("STOCK.AUDIT", "sale")
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Join(flatten(report), " ")
			if !strings.Contains(words, "ok 1 ") || !strings.Contains(words, "sold 100") ||
				s.sold.Load() != units {
				t.Errorf("%d buyers know of their sale, the audit says %s", s.sold.Load(), words)
			}
			if s.released.Load() == 0 || s.crashed.Load() == 0 {
				t.Error("nobody gave anything back, or nobody crashed")
			}
		})
	}
}
