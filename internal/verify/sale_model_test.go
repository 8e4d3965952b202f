// SPDX-License-Identifier: Apache-2.0

package verify

import "testing"

// TestModelOfSalesIsStrict: a server that sells one unit twice is found.
func TestModelOfSalesIsStrict(t *testing.T) {
	s := saleState{free: [saleKeys]int32{1, 1}}
	if got := s.step(saleCall{Op: "HOLD", ID: 0}); got != "HELD 1" {
		t.Error(got)
	}
	if got := s.step(saleCall{Op: "HOLD", ID: 2}); got != "ALL_HELD" {
		t.Error(got)
	}
	if got := s.step(saleCall{Op: "BASKET.HOLD", ID: 4}); got != "ALL_HELD "+saleKeyNames[0] {
		t.Error(got)
	}
	if got := s.step(saleCall{Op: "HOLD", Key: 1, ID: 4}); got != "ELSEWHERE" {
		t.Error(got)
	}
}
