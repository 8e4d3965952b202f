// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// product is one article of the shop, as its page shows it.
type product struct {
	SKU      string  `json:"sku"`
	Name     string  `json:"name"`
	Category string  `json:"category"`
	Price    float64 `json:"price"`
	Rating   float64 `json:"rating"`
	Summary  string  `json:"summary"`
}

// page is the product as the blob that is cached for its page.
func (p product) page() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("demo: a product cannot be written as JSON: " + err.Error())
	}
	return string(text)
}

// fields is the product as the hash that is cached for lists.
func (p product) fields() map[string]string {
	return map[string]string{
		"name": p.Name, "category": p.Category, "rating": fmt.Sprint(p.Rating),
		"price": strconv.FormatFloat(p.Price, 'f', 2, 64),
	}
}

// catalogue is the shop, with what is looked at most first.
func catalogue() []product {
	return []product{
		{"P-1001", "Aurora 14 laptop", "laptops", 1299.00, 4.6, "14-inch, 32 GB, quiet"},
		{"P-1002", "Nimbus X phone", "phones", 799.00, 4.5, "6.1-inch OLED, 256 GB"},
		{"P-1003", "Hush Pro headphones", "audio", 249.00, 4.7, "Over-ear, noise cancelling"},
		{"P-1004", "Orbit 27 monitor", "monitors", 429.00, 4.4, "27-inch, 4K, USB-C"},
		{"P-1005", "Kestrel running shoes", "shoes", 129.00, 4.3, "Neutral, 8 mm drop"},
		{"P-1006", "Tide espresso machine", "kitchen", 549.00, 4.6, "Dual boiler, 15 bar"},
		{"P-1007", "Nimbus Mini phone", "phones", 549.00, 4.2, "5.4-inch, 128 GB"},
		{"P-1008", "Aurora 16 laptop", "laptops", 1799.99, 4.8, "16-inch, 64 GB"},
		{"P-1009", "Pebble earbuds", "audio", 99.00, 4.1, "In-ear, 30 h with case"},
		{"P-1010", "Glide mechanical keyboard", "accessories", 139.00, 4.5, "Hot-swap, 75 %"},
		{"P-1011", "Vertex controller", "gaming", 69.00, 4.4, "Hall-effect sticks"},
		{"P-1012", "Ridge trail shoes", "shoes", 149.00, 4.5, "Grip for wet rock"},
		{"P-1013", "Orbit 34 monitor", "monitors", 699.00, 4.6, "34-inch, ultra-wide"},
		{"P-1014", "Lumen desk lamp", "home", 79.00, 4.3, "CRI 97, dims to 1 %"},
		{"P-1015", "Vertex console", "gaming", 499.00, 4.7, "1 TB, quiet fan"},
		{"P-1016", "Copper kettle", "kitchen", 89.00, 4.2, "1.2 litres, gooseneck"},
		{"P-1017", "Arc wireless mouse", "accessories", 59.00, 4.4, "Silent, three devices"},
		{"P-1018", "Stage soundbar", "audio", 399.00, 4.3, "5.1, wireless subwoofer"},
		{"P-1019", "Field tent", "outdoor", 279.00, 4.6, "Two persons, 1.8 kg"},
		{"P-1020", "Granite frying pan", "kitchen", 64.00, 4.0, "28 cm, induction"},
		{"P-1021", "Loft armchair", "home", 349.00, 4.2, "Oak and wool"},
		{"P-1022", "Summit backpack", "outdoor", 159.00, 4.7, "40 litres, rain cover"},
		{"P-1023", "Nimbus fold phone", "phones", 1499.00, 4.0, "7.6-inch inside"},
		{"P-1024", "Harbour rain jacket", "outdoor", 189.00, 4.5, "Three layers"},
	}
}
