// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"stampede/internal/figures"
)

// stockNoun is in the keys of stocks.
const stockNoun = "stock_on_sale"

// stock is recipe S: a buyer holds a unit, pays, and confirms.
type stock struct{}

func (stock) Name() string  { return "S" }
func (stock) Title() string { return "STOCK.HOLD" }

func (stock) Prepare(ctx context.Context, client *redis.Client, sale *Sale) error {
	err := client.Do(ctx, "STOCK.OPEN", sale.Key(stockNoun), sale.Stock, "LIMIT", 1).Err()
	if err != nil && strings.Contains(err.Error(), "unknown command") {
		return errors.New("this store has no STOCK commands: name the others by --recipes D,L,K")
	}
	return err
}

// Buy holds a unit, pays while others do, and confirms. Where all units are held by others who
// pay the buyer asks again, as a new attempt.
func (s stock) Buy(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Purchase, error) {
	key := sale.Key(stockNoun)
	for tries := 1; ; tries++ {
		id := fmt.Sprintf("order-%d-%d", buyer, tries)
		held, err := word(client.Do(ctx, "STOCK.HOLD", key, id, buyer, 1))
		if err == nil && held == "ALL_HELD" {
			if err = pause(ctx, backoff(tries)); err == nil {
				continue
			}
		}
		if err != nil || held != "HELD" {
			return Purchase{Tries: tries}, err
		}
		if err := pause(ctx, sale.Payment); err != nil {
			return Purchase{}, err
		}
		sold, err := word(client.Do(ctx, "STOCK.CONFIRM", key, id))
		if err != nil || sold != "SOLD" {
			return Purchase{}, errors.Join(err, fmt.Errorf("%s was held and is %s", id, sold))
		}
		// The stock says that a unit is sold, not which: the demo's books number them.
		number, err := client.Incr(ctx, sale.Key("units")).Result()
		if err != nil {
			return Purchase{}, err
		}
		order := sale.NewOrder(buyer, sale.Stock-number+1)
		return Purchase{Order: order, Tries: tries}, sale.Record(ctx, client, order)
	}
}

// word is the first element of an answer.
func word(reply *redis.Cmd) (string, error) {
	elements, err := reply.Slice()
	if err != nil || len(elements) == 0 {
		return "", err
	}
	text, _ := elements[0].(string)
	return text, nil
}

func (stock) Count(ctx context.Context, client *redis.Client, sale *Sale) (c Count, err error) {
	audit, err := client.Do(ctx, "STOCK.AUDIT", sale.Key(stockNoun)).Result()
	if err != nil {
		return Count{}, err
	}
	figures := map[string]int64{}
	note := func(name, n any) {
		if text, is := name.(string); is {
			figures[text], _ = strconv.ParseInt(fmt.Sprint(n), 10, 64)
		}
	}
	switch audit := audit.(type) {
	case map[any]any:
		for name, n := range audit {
			note(name, n)
		}
	case []any:
		for i := 0; i+1 < len(audit); i += 2 {
			note(audit[i], audit[i+1])
		}
	}
	return Count{Sold: figures["sold"], Left: figures["free"]}, nil
}

func (stock) Lessons(r Result) []string {
	return []string{
		fmt.Sprintf("Hold, pay, confirm: %s sales/s, and payments of all buyers at the same time.",
			figures.Rate(r.SoldPerSecond)),
		"An id is answered once: whoever lost the reply asks again and buys nothing twice.",
		"Who does not pay loses the unit at the deadline, to the millisecond; nobody sweeps.",
		"SOLD_OUT, ALL_HELD, TOO_FEW, LIMIT: a refusal says what it is.",
	}
}

// closeStocks lets the stocks among keys be deleted.
func closeStocks(ctx context.Context, client *redis.Client, keys []string) error {
	for _, key := range keys {
		if strings.Contains(key, ":"+stockNoun+":") {
			if err := client.Do(ctx, "STOCK.CLOSE", key).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}
