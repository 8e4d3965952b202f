// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"fmt"
	"testing"

	"stampede/internal/stock"
)

// TestWarmChangesNothing: whatever is warmed, known or not, the stock is as it was.
func TestWarmChangesNothing(t *testing.T) {
	const holds = 9000
	s := open(t, newArena(t), holds, stock.Terms{HoldMs: 1000}, 500)
	log := stock.Log{}
	for i := range holds {
		r := stock.Request{ID: fmt.Appendf(nil, "id-%d", i), Buyer: []byte("ann"), Units: 1}
		if _, err := s.Hold(500, r, &log); err != nil {
			t.Fatal(err)
		}
	}
	before := dump(s, 500)
	ids := [][]byte{[]byte("id-7"), []byte("nobody"), {}, []byte("id-7"), []byte("id-8999")}
	hashes := make([]uint64, len(ids)+1)
	s.Warm(ids, hashes)
	s.Warm(nil, hashes)
	if dump(s, 500) != before {
		t.Error("the stock is another one")
	}
}
