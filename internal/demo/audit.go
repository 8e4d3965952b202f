// SPDX-License-Identifier: Apache-2.0

package demo

import "fmt"

// books are the accounts of one sale, each kept by someone else.
type books struct {
	stock    int64
	told     []Order           // by the buyers: what they were told
	recorded map[string]string // by the store: orders by id
	count    Count             // by the store: its counter
}

// audit fills in what was sold, and every difference between the books. A unit that two
// buyers hold is oversold, and so is one that never was; one that nobody holds is
// undersold, whatever the sums say.
func (r *Result) audit(b books) {
	ids := make(map[string]bool, len(b.told))
	buyers := make(map[int]bool, len(b.told))
	units := make(map[int64]bool, len(b.told))
	differ := func(format string, arguments ...any) {
		r.Differences = append(r.Differences, fmt.Sprintf(format, arguments...))
	}
	for _, o := range b.told {
		if ids[o.ID] {
			differ("order %s was given twice", o.ID)
		}
		if buyers[o.Buyer] {
			differ("buyer %d was sold two units", o.Buyer)
		}
		if b.recorded[o.ID] != o.entry() {
			differ("order %s (%s) is recorded as %q", o.ID, o.entry(), b.recorded[o.ID])
		}
		ids[o.ID], buyers[o.Buyer] = true, true
		if o.Unit >= 1 && o.Unit <= b.stock {
			units[o.Unit] = true
		}
	}
	r.Sold = int64(len(b.told))
	r.Oversold = r.Sold - int64(len(units))
	r.Undersold = b.stock - int64(len(units))
	if recorded := int64(len(b.recorded)); recorded != r.Sold {
		differ("buyers hold %d orders, the store has recorded %d", r.Sold, recorded)
	}
	if b.count.Sold != r.Sold {
		differ("buyers hold %d orders, the store's counter says %d", r.Sold, b.count.Sold)
	}
	if served := r.Sold + r.Refused; served != r.Buyers {
		differ("%d buyers came, %d were served", r.Buyers, served)
	}
}
