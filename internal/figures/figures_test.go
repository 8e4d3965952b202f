// SPDX-License-Identifier: Apache-2.0

package figures

import "testing"

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", -9900: "-9 900",
		-100: "-100", 1234567: "1 234 567"} {
		if got := Grouped(n); got != want {
			t.Errorf("Grouped(%d) = %q", n, got)
		}
	}
	for ms, want := range map[float64]string{0: "0.00", 9.876: "9.88", 12.34: "12.3", 99.94: "99.9",
		1234.5: "1234"} {
		if got := Millis(ms); got != want {
			t.Errorf("Millis(%v) = %q", ms, got)
		}
	}
	if got := Rate(4.25) + " " + Rate(61204.6); got != "4.2 61 205" {
		t.Errorf("rates: %q", got)
	}
}
