// SPDX-License-Identifier: Apache-2.0

package metrics

const (
	rateSamples = 16
	// TickMs is how often [Stats.Tick] wants to be called, in milliseconds.
	TickMs = 100
)

// rates keeps the last samples of what flows, to tell how fast it flows now.
type rates struct {
	last   Totals
	lastMs int64
	taken  int
	ring   [rateSamples]Rates
}

// Rates are flows per second, each the mean of the last samples.
type Rates struct{ Calls, InBytes, OutBytes float64 }

// Tick takes a sample. It is called every [TickMs] milliseconds, by whoever has a clock.
func (s *Stats) Tick(nowMs int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.totals()
	if elapsed := nowMs - s.rates.lastMs; s.rates.lastMs > 0 && elapsed > 0 {
		perSecond := func(now, last int64) float64 {
			return float64(max(now-last, 0)) * 1000 / float64(elapsed)
		}
		s.rates.ring[s.rates.taken%rateSamples] = Rates{
			Calls:    perSecond(now.Calls, s.rates.last.Calls),
			InBytes:  perSecond(now.InBytes, s.rates.last.InBytes),
			OutBytes: perSecond(now.OutBytes, s.rates.last.OutBytes),
		}
		s.rates.taken++
	}
	s.rates.last, s.rates.lastMs = now, nowMs
}

// Rates tells how fast everything flows now.
func (s *Stats) Rates() Rates {
	s.mu.Lock()
	defer s.mu.Unlock()
	var mean Rates
	for _, sample := range s.rates.ring {
		mean.Calls += sample.Calls / rateSamples
		mean.InBytes += sample.InBytes / rateSamples
		mean.OutBytes += sample.OutBytes / rateSamples
	}
	return mean
}
