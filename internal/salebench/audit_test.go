// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"strings"
	"testing"
)

func TestAudit(t *testing.T) {
	for name, test := range map[string]struct {
		told        int64
		few         bool
		b           books
		over, under int64
		note        string
	}{
		"exact": {told: 10, few: true,
			b: books{units: 10, gone: 10, orders: 10, recorded: true}},
		"unsold for some time": {told: 4,
			b: books{units: 10, gone: 4, orders: 4, recorded: true}},
		"left over": {told: 4, few: true, under: 6, note: "6 units are left, and 16 buyers know",
			b: books{units: 10, gone: 4, orders: 4, recorded: true}},
		"below zero": {told: 12, few: true, over: 2, note: "2 units were sold that never were",
			b: books{units: 10, gone: 10, over: 2}},
		"orders without units": {told: 12, over: 2, note: "2 orders are recorded for which no unit",
			b: books{units: 20, gone: 10, orders: 12, recorded: true}},
		"told and not recorded": {told: 12, over: 2, under: 0, note: "2 buyers were told",
			b: books{units: 20, gone: 10, orders: 10, recorded: true}},
		"told and nothing gone": {told: 12, over: 11, note: "11 buyers were told",
			b: books{units: 20, gone: 1}},
		"lost without an order": {told: 9, under: 1, note: "1 units are gone and nobody",
			b: books{units: 20, gone: 10, orders: 9, recorded: true}},
		"lost where orders are not recorded": {told: 9, under: 1, note: "1 units are gone",
			b: books{units: 20, gone: 10}},
		"cut off before they knew": {told: 9, note: "1 orders are recorded whose buyers",
			b: books{units: 20, gone: 10, orders: 10, recorded: true}},
	} {
		c := &crowd{shelf: shelf{few: test.few}, buyers: 20}
		over, under, notes := c.audit(test.told, test.b)
		if over != test.over || under != test.under ||
			!strings.Contains(strings.Join(notes, "\n"), test.note) ||
			(test.note == "") != (len(notes) == 0) {
			t.Errorf("%s: over %d, under %d, %q", name, over, under, notes)
		}
	}
}
