// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"fmt"
	"testing"

	"stampede/internal/stock"
)

// What a call takes beside a million holds, and beside none.
func BenchmarkStock(b *testing.B) {
	for _, before := range []int{0, 1 << 20} {
		for _, perBuyer := range []int64{0, 2} {
			name := fmt.Sprintf("holds=%d/limit=%d", before, perBuyer)
			b.Run(name, func(b *testing.B) { benchmarkCalls(b, before, perBuyer) })
		}
	}
}

func benchmarkCalls(b *testing.B, before int, perBuyer int64) {
	const nameBytes, batch = 20, 1 << 14
	s, _ := filled(b, before, nameBytes, perBuyer)
	if before > 0 {
		b.Logf("%.1f bytes a hold", float64(s.Bytes())/float64(before))
	}
	requests := make([]stock.Request, batch)
	log := stock.Log{Effect: make([]byte, 0, 1<<10)}
	next := before
	nowMs := at(before)
	run := func(
		b *testing.B, each func(r stock.Request) stock.Outcome, want stock.Outcome, held bool,
	) {
		b.ReportAllocs()
		for done := 0; done < b.N; done += batch {
			b.StopTimer()
			for i := range requests {
				requests[i] = request(next, nameBytes)
				next++
			}
			for _, r := range requests {
				if held {
					hold(s, nowMs, r, &log)
				}
			}
			b.StartTimer()
			for _, r := range requests[:min(batch, b.N-done)] {
				log.Effect = log.Effect[:0]
				if got := each(r); got != want {
					b.Fatalf("got %v, want %v", got, want)
				}
			}
			b.StopTimer()
			for _, r := range requests { // as many holds as before, whatever b.N is
				s.Release(nowMs, r.ID, &log)
			}
			nowMs++
			b.StartTimer()
		}
	}
	b.Run("Hold", func(b *testing.B) {
		run(b, func(r stock.Request) stock.Outcome { return hold(s, nowMs, r, &log) }, stock.Held, false)
	})
	b.Run("HoldAgain", func(b *testing.B) {
		run(b, func(r stock.Request) stock.Outcome { return hold(s, nowMs, r, &log) }, stock.Held, true)
	})
	b.Run("Release", func(b *testing.B) {
		run(b, func(r stock.Request) stock.Outcome {
			return s.Release(nowMs, r.ID, &log).Outcome
		}, stock.Released, true)
	})
	b.Run("Confirm", func(b *testing.B) {
		run(b, func(r stock.Request) stock.Outcome {
			return s.Confirm(nowMs, r.ID, &log).Outcome
		}, stock.Sold, true)
	})
	b.Run("Refuse", func(b *testing.B) {
		run(b, func(r stock.Request) stock.Outcome {
			r.Units = stock.UnitsMax
			return hold(s, nowMs, r, &log)
		}, refusalFor(perBuyer), false)
	})
}

func refusalFor(perBuyer int64) stock.Outcome {
	if perBuyer > 0 {
		return stock.OverLimit
	}
	return stock.TooFew
}

func hold(s *stock.Stock, nowMs int64, r stock.Request, log *stock.Log) stock.Outcome {
	log.Effect = log.Effect[:0]
	a, err := s.Hold(nowMs, r, log)
	if err != nil {
		panic(err)
	}
	return a.Outcome
}

func TestCallsAllocateNothing(t *testing.T) {
	s, _ := filled(t, 1000, 20, 2)
	log := stock.Log{Effect: make([]byte, 0, 1<<10)}
	requests := make([]stock.Request, 4*501)
	for i := range requests {
		requests[i] = request(1000+i, 20)
	}
	next, nowMs := 0, at(1000)
	allocated := testing.AllocsPerRun(500, func() {
		for i := range 4 {
			r := requests[next]
			next++
			hold(s, nowMs, r, &log)
			switch i {
			case 0:
				s.Confirm(nowMs, r.ID, &log)
			case 1:
				s.Release(nowMs, r.ID, &log)
			case 2:
				if _, err := s.Extend(nowMs, r.ID, 3_500_000, &log); err != nil {
					t.Fatal(err)
				}
			}
		}
		nowMs++
	})
	if allocated != 0 {
		t.Errorf("4 holds and what became of them allocate %v times", allocated)
	}
}
