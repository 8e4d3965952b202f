// SPDX-License-Identifier: Apache-2.0

package demo

import "testing"

func TestVerdictSpellsOutSomeDifferences(t *testing.T) {
	r := Report{Sales: []Result{{Name: "D", Undersold: 2, Differences: []string{"a", "b", "c", "d", "e"}}}}
	const want = "not exact: D undersold 2, a, b, c, and 2 more"
	if err := r.Verdict(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestAuditComparesTheBooks(t *testing.T) {
	fair := func() ([]Order, map[string]string, Count) {
		told := []Order{{"a", 1, 3}, {"b", 2, 2}, {"c", 3, 1}}
		recorded := make(map[string]string)
		for _, o := range told {
			recorded[o.ID] = o.entry()
		}
		return told, recorded, Count{Sold: 3}
	}
	tests := []struct {
		name                             string
		spoil                            func(told *[]Order, recorded map[string]string, c *Count)
		oversold, undersold, differences int
	}{
		{"nothing", func(*[]Order, map[string]string, *Count) {}, 0, 0, 0},
		{"a unit is sold twice", func(told *[]Order, recorded map[string]string, _ *Count) {
			(*told)[1].Unit = 3
			recorded["b"] = (*told)[1].entry()
		}, 1, 1, 0},
		{"a unit that is none", func(told *[]Order, recorded map[string]string, c *Count) {
			*told = append(*told, Order{"d", 4, 0})
			recorded["d"], c.Sold = (*told)[3].entry(), 4
		}, 1, 0, 1}, // and one buyer more than came
		{"an id is given twice", func(told *[]Order, recorded map[string]string, _ *Count) {
			(*told)[1].ID = "a"
			delete(recorded, "b")
		}, 0, 0, 3},
		{"a buyer has two", func(told *[]Order, recorded map[string]string, _ *Count) {
			(*told)[1].Buyer = 1
			recorded["b"] = (*told)[1].entry()
		}, 0, 0, 1},
		{"an order is lost in the store", func(_ *[]Order, recorded map[string]string, _ *Count) {
			delete(recorded, "b")
		}, 0, 0, 2},
		{"a buyer was told nothing", func(told *[]Order, _ map[string]string, _ *Count) {
			*told = (*told)[:2]
		}, 0, 1, 3},
		{"the counter is wrong", func(_ *[]Order, _ map[string]string, c *Count) {
			c.Sold = 2
		}, 0, 0, 1},
	}
	for _, test := range tests {
		told, recorded, count := fair()
		test.spoil(&told, recorded, &count)
		r := Result{Buyers: 10, Refused: 7}
		r.audit(books{stock: 3, told: told, recorded: recorded, count: count})
		if r.Oversold != int64(test.oversold) || r.Undersold != int64(test.undersold) ||
			len(r.Differences) != test.differences {
			t.Errorf("%s: oversold %d, undersold %d, differences %q", test.name, r.Oversold,
				r.Undersold, r.Differences)
		}
		if exact := (Report{Sales: []Result{r}}).Verdict() == nil; exact != (test.name == "nothing") {
			t.Errorf("%s: exact is %v", test.name, exact)
		}
	}
}
