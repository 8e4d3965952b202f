// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"testing"

	"stampede/internal/jsondoc"
)

const order = `{"id":4711,"customer":{"name":"Ann","email":"ann@example.org","city":"Graz"},` +
	`"currency":"EUR","items":[{"sku":"A-1","name":"Lamp","quantity":2,"price":19.99},` +
	`{"sku":"B-2","name":"Chair","quantity":1,"price":89.5},` +
	`{"sku":"C-3","name":"Table","quantity":1,"price":249}],"note":null,"paid":true,"total":378.48}`

// TestHotPathsAllocateNothing: neither a path of the cache nor Select into a list with room
// does, and filters do not either.
func TestHotPathsAllocateNothing(t *testing.T) {
	root := document(t, []byte(order))
	cache := NewCache()
	dst := make([]Match, 0, 100)
	for _, text := range []string{
		"$.total", "$.items[0].quantity", ".items[-1].price", "$..price", "$.items[*].sku",
		"$.items[?@.price < 100 && @.quantity != 1].sku", "$.items[?length(@.sku) == count(@.*)]",
		"$.items[?@.name == 'Lamp' || !@.none].sku", "$..[?@.price][?@ == $.items[0].price]",
		"$.items[1:3].name", "$.items[?match(@.sku, 'A.*')]", "$.items[?@ == $.items[0]]",
	} {
		key := []byte(text)
		if n := testing.AllocsPerRun(20, func() {
			path, err := cache.Get(key)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = path.Select(dst, root, Limits{}); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s allocates %v times", text, n)
		}
	}
}

func benchmarkSelect(b *testing.B, text string) {
	names := jsondoc.NewNames()
	doc, err := jsondoc.Append(nil, []byte(order), names)
	if err != nil {
		b.Fatal(err)
	}
	path, dst := mustParse(b, text), make([]Match, 0, 100)
	b.ReportAllocs()
	for b.Loop() {
		dst, err = path.Select(dst[:0], jsondoc.Root(doc, names), Limits{})
		if err != nil || len(dst) == 0 {
			b.Fatal(len(dst), err)
		}
	}
}

func BenchmarkSelectTotal(b *testing.B)    { benchmarkSelect(b, "$.total") }
func BenchmarkSelectQuantity(b *testing.B) { benchmarkSelect(b, "$.items[0].quantity") }
func BenchmarkSelectAll(b *testing.B)      { benchmarkSelect(b, "$..*") }
func BenchmarkSelectFilter(b *testing.B)   { benchmarkSelect(b, "$.items[?@.price < 100].sku") }

func BenchmarkCacheGet(b *testing.B) {
	cache, key := NewCache(), []byte("$.items[0].quantity")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Get(key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("$.items[0].quantity"); err != nil {
			b.Fatal(err)
		}
	}
}
