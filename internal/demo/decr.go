// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"stampede/internal/figures"
)

// decr is recipe D: every buyer counts one down, and the answer decides.
type decr struct {
	// least is the smallest answer that means "sold". Zero is right: the last unit
	// answers zero.
	least int64
	name  string // empty: D
	title string
}

// published is the rule as it is often published: the answer must be greater than zero.
// It leaves one unit unsold, and the audit must say so.
var published Recipe = decr{least: 1, name: "P", title: "DECR, sold if > 0"}

func (d decr) Name() string {
	if d.name != "" {
		return d.name
	}
	return "D"
}

func (d decr) Title() string {
	if d.title != "" {
		return d.title
	}
	return "DECR, sold if >= 0"
}

func (d decr) Prepare(ctx context.Context, client *redis.Client, sale *Sale) error {
	return client.Set(ctx, sale.Key("item_on_sale"), sale.Stock, 0).Err()
}

func (d decr) Buy(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Purchase, error) {
	left, err := client.Decr(ctx, sale.Key("item_on_sale")).Result()
	if err != nil {
		return Purchase{}, err
	}
	if left < d.least {
		return Purchase{Tries: 1}, nil
	}
	order := sale.NewOrder(buyer, left+1)
	return Purchase{Order: order, Tries: 1}, sale.Record(ctx, client, order)
}

func (d decr) Count(ctx context.Context, client *redis.Client, sale *Sale) (Count, error) {
	left, err := client.Get(ctx, sale.Key("item_on_sale")).Int64()
	return Count{Sold: sale.Stock - max(left, 0), Left: left}, err
}

func (d decr) Lessons(r Result) []string {
	if d.least > 0 {
		return []string{"The last unit answered 0, and nobody got it: the right rule is >= 0."}
	}
	return []string{
		`The last unit answers 0: the often published rule "> 0 means sold" leaves it over.`,
		fmt.Sprintf("The counter stands at %s: INCR for a cancelled order frees a unit that "+
			"nobody can buy.", figures.Grouped(r.Left)),
		"A missing, expired or evicted counter starts at -1: sold out for ever.",
		"A retry after a lost reply takes two units; a crash after DECR loses one.",
	}
}
