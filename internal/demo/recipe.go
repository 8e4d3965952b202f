// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Recipe is one way to sell the units of a product. All methods but Prepare are called
// by many goroutines at once.
type Recipe interface {
	// Name is the letter that stands for the recipe on the command line.
	Name() string
	// Title says in at most eighteen characters how it works.
	Title() string
	// Prepare puts the stock on sale.
	Prepare(ctx context.Context, client *redis.Client, sale *Sale) error
	// Buy serves one buyer: it tries until the buyer has a unit, and his order is
	// recorded, or there is none left for him. To be refused is no error.
	Buy(ctx context.Context, client *redis.Client, sale *Sale, buyer int) (Purchase, error)
	// Count reads the store's own figures.
	Count(ctx context.Context, client *redis.Client, sale *Sale) (Count, error)
	// Lessons are what there is to say about it after the sale, a sentence each.
	Lessons(result Result) []string
}

// recipes are all there are, in the order in which they are played.
func recipes() []Recipe {
	return []Recipe{decr{}, published, newScript(), newLock(), stock{}}
}

// Named finds recipes by their names, in any case.
func Named(names ...string) ([]Recipe, error) {
	var found []Recipe
	for _, name := range names {
		recipe, err := named(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		for _, other := range found {
			if other.Name() == recipe.Name() {
				return nil, fmt.Errorf("demo: recipe %s is named twice", recipe.Name())
			}
		}
		found = append(found, recipe)
	}
	return found, nil
}

// named finds one recipe.
func named(name string) (Recipe, error) {
	var known []string
	for _, recipe := range recipes() {
		if strings.EqualFold(recipe.Name(), name) {
			return recipe, nil
		}
		known = append(known, recipe.Name())
	}
	return nil, fmt.Errorf("demo: no recipe is called %q: there are %s", name,
		strings.Join(known, ", "))
}

// Sale is one product on sale. Units are numbered from Stock, sold first, down to 1.
type Sale struct {
	Stock   int64
	Payment time.Duration // what it takes to pay, for recipes that pay before they sell
	Item    string        // names the product
	prefix  string
}

// Key is the key of something about the item: "item_on_sale" gives "…:item_on_sale:1".
func (s *Sale) Key(noun string) string { return s.prefix + noun + ":" + s.Item }

// ordersKey is the hash of recorded orders: from the id to buyer and unit.
func (s *Sale) ordersKey() string { return s.Key("orders") }

// An Order is one unit for one buyer.
type Order struct {
	ID    string // random: no two orders share one
	Buyer int
	Unit  int64
}

// NewOrder gives a buyer a unit, but does not record it.
func (s *Sale) NewOrder(buyer int, unit int64) Order {
	return Order{ID: rand.Text(), Buyer: buyer, Unit: unit}
}

// Record writes an order into the store, by itself or as part of a transaction.
func (s *Sale) Record(ctx context.Context, calls redis.Cmdable, o Order) error {
	return calls.HSet(ctx, s.ordersKey(), o.ID, o.entry()).Err()
}

// entry is an order without its id, as it is recorded.
func (o Order) entry() string { return fmt.Sprintf("buyer %d unit %d", o.Buyer, o.Unit) }

// Purchase is how one buyer was served.
type Purchase struct {
	Order Order // without an ID: he was refused
	Tries int   // how often he asked
}

// Count is what the store says about a sale.
type Count struct {
	Sold int64 // units
	Left int64 // what a counter of units left stands at; it may be below zero
}
