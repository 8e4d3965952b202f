// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"stampede/internal/resp"
)

// Keys of the sale in Redis.
const (
	redisPrefix = "salebench:"
	redisStock  = redisPrefix + "item_on_sale:" // and the number of the product
	redisOrders = redisPrefix + "orders"        // hash of orders with their buyers
)

// The scripts. Exact records the order in the same step; published only counts.
const (
	scriptExact = `local there = redis.call("HMGET", KEYS[1], "inventory", "purchased")
if tonumber(there[2]) + tonumber(ARGV[1]) > tonumber(there[1]) then
	return 0
end
redis.call("HINCRBY", KEYS[1], "purchased", ARGV[1])
redis.call("HSET", KEYS[2], ARGV[2], ARGV[3])
return 1`

	scriptPublished = `local key = KEYS[1]
local quantity = tonumber(ARGV[1])
if quantity <= 0 then
	return nil
end
local there = redis.call("HMGET", key, "inventory", "purchased")
local inventory, purchased = tonumber(there[1]), tonumber(there[2])
if purchased + quantity <= inventory then
	redis.call("HINCRBY", key, "purchased", quantity)
	return quantity
end
return nil`
)

// redisForms are those that count in a Redis and record orders there, too.
func redisForms() []Form {
	return []Form{
		{
			Name: "redis-decr", Title: "DECR, then the order", Kind: Redis, Pipelined: true,
			HasPublished: true,
			Danger: `"sold if > 0" leaves the last unit over; who ends between DECR and the order ` +
				"loses one",
			open: func(ctx context.Context, m *market, s shelf) (shop, error) {
				return openRedis(ctx, m, s, decr, "")
			},
		},
		{
			Name: "redis-lua", Title: "Lua script", Kind: Redis, Pipelined: true, HasPublished: true,
			Danger: "the published script knows no order: who ends between the two loses a unit",
			open: func(ctx context.Context, m *market, s shelf) (shop, error) {
				if s.published {
					return openRedis(ctx, m, s, lua, scriptPublished)
				}
				return openRedis(ctx, m, s, lua, scriptExact)
			},
		},
	}
}

// redisShop is a form of Redis that is open.
type redisShop struct {
	shelf
	address string
	buy     func(ctx context.Context, c *redisClient, buyers []purchase) error
	script  string // its digest
	admin   *lane
	durable string
	started []*process // the server, if it is ours
}

func (r *redisShop) servers() []*process { return r.started }

// openRedis puts stock into a Redis.
func openRedis(ctx context.Context, m *market, s shelf,
	buy func(ctx context.Context, c *redisClient, buyers []purchase) error, script string,
) (shop, error) {
	address, err := m.redisServer(ctx)
	if err != nil {
		return nil, err
	}
	r := &redisShop{shelf: s, address: address, buy: buy}
	if m.redis != nil {
		r.started = []*process{m.redis}
	}
	if r.admin, err = dial(ctx, address); err != nil {
		return nil, err
	}
	if err := r.prepare(ctx, script); err != nil {
		return nil, errors.Join(err, r.admin.close())
	}
	v, err := r.admin.ask("INFO", "server")
	if err != nil {
		return nil, errors.Join(err, r.admin.close())
	}
	for line := range strings.Lines(string(v.Text)) {
		if version, ok := strings.CutPrefix(line, "redis_version:"); ok {
			m.met("redis-server " + strings.TrimSpace(version))
		}
	}
	return r, nil
}

// prepare fills the shelf and reads how durable the server is.
func (r *redisShop) prepare(ctx context.Context, script string) error {
	words := map[string]string{}
	for _, name := range []string{"appendonly", "appendfsync"} {
		v, err := r.admin.ask("CONFIG", "GET", name)
		if err != nil {
			return err
		}
		if len(v.Elems) == 2 {
			words[name] = string(v.Elems[1].Text)
		}
	}
	r.durable = "redis, memory"
	if words["appendonly"] == "yes" {
		r.durable = "redis, file synced " + words["appendfsync"]
	}
	if err := r.clear(ctx); err != nil {
		return err
	}
	if script != "" {
		v, err := r.admin.ask("SCRIPT", "LOAD", script)
		if err != nil {
			return err
		}
		r.script = string(v.Text)
	}
	return r.admin.each(ctx, r.products, func(product int64) {
		if script == "" {
			r.admin.call(3, "SET")
			r.admin.named(redisStock, product)
			r.admin.number(r.units)
			return
		}
		r.admin.call(6, "HSET")
		r.admin.named(redisStock, product)
		r.admin.text("inventory")
		r.admin.number(r.units)
		r.admin.text("purchased")
		r.admin.number(0)
	}, nil)
}

// clear deletes what an earlier sale has left.
func (r *redisShop) clear(ctx context.Context) error {
	for cursor := "0"; ; {
		v, err := r.admin.ask("SCAN", cursor, "MATCH", redisPrefix+"*", "COUNT", "1000")
		if err != nil {
			return err
		}
		if len(v.Elems) != 2 {
			return errors.New("SCAN answers strangely")
		}
		cursor = string(v.Elems[0].Text)
		words := []string{"UNLINK"}
		for _, key := range v.Elems[1].Elems {
			words = append(words, string(key.Text))
		}
		if len(words) > 1 {
			if _, err := r.admin.ask(words...); err != nil {
				return err
			}
		}
		if cursor == "0" || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// eachAtOnce is how many calls of each are on their way.
const eachAtOnce = 1000

// each makes a call for each product and gives the replies to take, which may be nil.
func (l *lane) each(ctx context.Context, products int64, call func(product int64),
	take func(resp.Value),
) error {
	for first := int64(0); first < products; first += eachAtOnce {
		end := min(first+eachAtOnce, products)
		for product := first; product < end; product++ {
			call(product)
		}
		release, err := l.flush(ctx)
		for product := first; product < end && err == nil; product++ {
			var raw []byte
			if raw, err = l.reply(); err != nil || take == nil {
				continue
			}
			var v resp.Value
			if v, _, err = resp.NextReply(raw); err == nil {
				take(v)
			}
		}
		if release(); err != nil {
			return err
		}
	}
	return nil
}

func (r *redisShop) durability() string { return r.durable }

func (r *redisShop) close() error {
	return errors.Join(r.clear(context.Background()), r.admin.close())
}

// books reads the counters and counts the orders. A counter below zero has given nothing away.
func (r *redisShop) books(ctx context.Context) (books, error) {
	b := books{units: r.products * r.units, recorded: true}
	below := int64(0)
	err := r.admin.each(ctx, r.products, func(product int64) {
		if r.script == "" {
			r.admin.call(2, "GET")
			r.admin.named(redisStock, product)
			return
		}
		r.admin.call(3, "HGET")
		r.admin.named(redisStock, product)
		r.admin.text("purchased")
	}, func(v resp.Value) {
		n, _ := strconv.ParseInt(string(v.Text), 10, 64)
		if r.script == "" {
			below = min(below, n)
			n = r.units - max(n, 0)
		}
		b.gone += min(n, r.units)
		b.over += max(n-r.units, 0)
	})
	if err != nil {
		return b, err
	}
	if below < 0 {
		b.notes = append(b.notes, fmt.Sprintf("the counter stands at %d: an INCR for a cancelled "+
			"order frees a unit that nobody can buy", below))
	}
	v, err := r.admin.ask("HLEN", redisOrders)
	b.orders = v.Int
	return b, err
}

func (r *redisShop) client(ctx context.Context) (client, error) {
	l, err := dial(ctx, r.address)
	return &redisClient{lane: l, shop: r}, err
}

// redisClient is one connection.
type redisClient struct {
	*lane
	shop *redisShop
}

func (c *redisClient) buy(ctx context.Context, buyers []purchase) error {
	return c.shop.buy(ctx, c, buyers)
}

// record queues the order of a buyer.
func (c *redisClient) record(p *purchase) {
	c.call(4, "HSET")
	c.text(redisOrders)
	c.number(p.order)
	c.named("buyer-", p.order)
}

// decr counts one down for each buyer; whose answer says so has a unit, and his order is
// recorded.
func decr(ctx context.Context, c *redisClient, buyers []purchase) error {
	for i := range buyers {
		c.call(2, "DECR")
		c.named(redisStock, buyers[i].product)
	}
	least := int64(0)
	if c.shop.published {
		least = 1
	}
	return c.twoSteps(ctx, buyers, func(raw []byte) bool {
		left, ok := resp.ParseInt([]byte(firstWord(raw)))
		return ok && left >= least
	})
}

// lua runs the script for each buyer. The published one knows no order.
func lua(ctx context.Context, c *redisClient, buyers []purchase) error {
	one := func(raw []byte) bool { return firstWord(raw) == "1" }
	for i := range buyers {
		if c.shop.published {
			c.call(5, "EVALSHA")
			c.text(c.shop.script)
			c.text("1")
			c.named(redisStock, buyers[i].product)
			c.text("1")
			continue
		}
		c.call(8, "EVALSHA")
		c.text(c.shop.script)
		c.text("2")
		c.named(redisStock, buyers[i].product)
		c.text(redisOrders)
		c.text("1")
		c.number(buyers[i].order)
		c.named("buyer-", buyers[i].order)
	}
	if c.shop.published {
		return c.twoSteps(ctx, buyers, one)
	}
	release, err := c.flush(ctx)
	defer func() { release() }()
	for i := 0; i < len(buyers) && err == nil; i++ {
		var raw []byte
		if raw, err = c.reply(); err == nil {
			buyers[i].end(soldIf(one(raw)))
		}
	}
	return err
}

// twoSteps sends what is queued, a call for each buyer, and records the orders of those who
// have won. Until then a buyer is told nothing.
func (c *redisClient) twoSteps(
	ctx context.Context, buyers []purchase, won func(raw []byte) bool,
) error {
	release, err := c.flush(ctx)
	defer func() { release() }()
	winners := make([]*purchase, 0, len(buyers))
	for i := 0; i < len(buyers) && err == nil; i++ {
		var raw []byte
		if raw, err = c.reply(); err != nil {
			break
		}
		if !won(raw) {
			buyers[i].end(soldOut)
			continue
		}
		winners = append(winners, &buyers[i])
		c.record(&buyers[i])
	}
	if err != nil || len(winners) == 0 {
		return err
	}
	release()
	if release, err = c.flush(ctx); err != nil {
		return err
	}
	for _, p := range winners {
		if _, err := c.reply(); err != nil {
			return err
		}
		p.end(sold)
	}
	return nil
}
