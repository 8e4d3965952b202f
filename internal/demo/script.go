// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"stampede/internal/figures"
)

// inventory is the script of recipe L: it takes some units if all of them are there.
const inventory = `local key = KEYS[1]
local quantity = tonumber(ARGV[1])
if quantity <= 0 then
	return nil
end
local values = redis.call("HMGET", key, "inventory", "purchased")
local inventory, purchased = tonumber(values[1]), tonumber(values[2])
if purchased + quantity <= inventory then
	redis.call("HINCRBY", key, "purchased", quantity)
	return quantity
end
return nil`

// script is recipe L: the decision is a script, so nobody comes between look and sale.
type script struct {
	run *redis.Script
}

func newScript() script { return script{redis.NewScript(inventory)} }

func (script) Name() string  { return "L" }
func (script) Title() string { return "Lua script" }

func (s script) Prepare(ctx context.Context, client *redis.Client, sale *Sale) error {
	key := sale.Key("item_on_sale")
	if err := client.HSet(ctx, key, "inventory", sale.Stock, "purchased", 0).Err(); err != nil {
		return err
	}
	return s.run.Load(ctx, client).Err()
}

func (s script) Buy(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Purchase, error) {
	_, err := s.run.EvalSha(ctx, client, []string{sale.Key("item_on_sale")}, 1).Result()
	if errors.Is(err, redis.Nil) {
		return Purchase{Tries: 1}, nil
	}
	if err != nil {
		return Purchase{}, err
	}
	// The script says how many units, not which: the demo's books number them by themselves.
	number, err := client.Incr(ctx, sale.Key("units")).Result()
	if err != nil {
		return Purchase{}, err
	}
	order := sale.NewOrder(buyer, sale.Stock-number+1)
	return Purchase{Order: order, Tries: 1}, sale.Record(ctx, client, order)
}

func (script) Count(ctx context.Context, client *redis.Client, sale *Sale) (Count, error) {
	text, err := client.HGet(ctx, sale.Key("item_on_sale"), "purchased").Result()
	if err != nil {
		return Count{}, err
	}
	sold, err := strconv.ParseInt(text, 10, 64)
	return Count{Sold: sold, Left: sale.Stock - sold}, err
}

func (script) Lessons(r Result) []string {
	return []string{
		fmt.Sprintf("Look and sale are one step: %s sales/s, and nobody is refused while "+
			"units remain.", figures.Rate(r.SoldPerSecond)),
		"nil means four things: a bad quantity, sold out, too few left, no such sale.",
		"A retry after a lost reply still buys twice: the script knows no order.",
	}
}
