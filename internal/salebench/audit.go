// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"fmt"
	"time"
)

// books are what is in store after a run.
type books struct {
	units    int64 // that were put on sale
	gone     int64 // that the stock has given away, but for what it did not have
	over     int64 // that it has given away without having them
	orders   int64 // that are recorded
	recorded bool  // orders are
	notes    []string
}

// audit compares the books with what buyers were told. A unit that nobody was to have, or
// that a buyer was told without there being one, is oversold; one that is gone and that
// nobody has is undersold, and so is one that is left over although somebody wanted it.
func (c *crowd) audit(told int64, b books) (over, under int64, notes []string) {
	notes = b.notes
	note := func(format string, arguments ...any) {
		notes = append(notes, fmt.Sprintf(format, arguments...))
	}
	over = b.over
	if b.over > 0 {
		note("%d units were sold that never were", b.over)
	}
	given, has := b.gone+b.over, told
	if b.recorded {
		has = b.orders
		given = b.orders
		if extra := b.orders - b.gone - b.over; extra > 0 {
			over += extra
			note("%d orders are recorded for which no unit is gone", extra)
		}
		if unaware := b.orders - told; unaware > 0 {
			note("%d orders are recorded whose buyers were cut off before they knew", unaware)
		}
	}
	if phantoms := told - given; phantoms > 0 {
		over += phantoms
		note("%d buyers were told that they had bought, and nothing was", phantoms)
	}
	if lost := b.gone + b.over - has; lost > 0 {
		under += lost
		note("%d units are gone and nobody has them", lost)
	}
	if left := b.units - b.gone; c.few && left > 0 {
		under += left
		note("%d units are left, and %d buyers know that they went without", left, c.buyers-told)
	}
	return over, under, notes
}

// result is what came of a run.
func (c *crowd) result(t *tally, b books) Sale {
	s := Sale{
		Units: b.units, Buyers: c.buyers, Attempts: t.attempts, Sold: t.sold, Refused: t.refused,
		Told:  t.told,
		P50Ms: float64(t.waits.ValueAtPercentile(50)) / microsPerMilli,
		P99Ms: float64(t.waits.ValueAtPercentile(99)) / microsPerMilli,
	}
	lasted := c.until.Sub(c.from)
	if c.few {
		lasted = max(t.last.Sub(c.from), time.Microsecond)
	}
	s.Seconds = lasted.Seconds()
	if given := b.gone + b.over; given < t.told { // of those who were told a part is true
		s.Sold = s.Sold * given / t.told
	}
	s.AttemptsPerSecond = float64(s.Attempts) / s.Seconds
	s.SoldPerSecond = float64(s.Sold) / s.Seconds
	s.RefusedPerSecond = float64(s.Refused) / s.Seconds
	s.Over, s.Under, s.Notes = c.audit(t.told, b)
	return s
}
