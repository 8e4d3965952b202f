// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"stampede/internal/figures"
)

// lockTTL is how long a lock lasts whose holder never releases it.
const lockTTL = 30 * time.Second

// A refused buyer knocks again after a random part of a time that doubles from try to try.
const (
	backoffMin = time.Millisecond
	backoffMax = 32 * time.Millisecond
)

// errLockLost says that the lock expired before the purchase was made.
var errLockLost = errors.New("demo: the lock was lost")

// releaseScript deletes the lock if it is still the one with this token.
const releaseScript = `if redis.call("GET", KEYS[1]) == ARGV[1] then
	redis.call("DEL", KEYS[1])
end
return nil`

// lock is recipe K: whoever sets the key of the lock may read the stock and write it back.
type lock struct {
	releasing *redis.Script
}

func newLock() lock { return lock{redis.NewScript(releaseScript)} }

func (lock) Name() string  { return "K" }
func (lock) Title() string { return "lock by SET NX EX" }

func (lock) Prepare(ctx context.Context, client *redis.Client, sale *Sale) error {
	return client.Set(ctx, sale.Key("item_on_sale"), sale.Stock, 0).Err()
}

// Buy knocks until the buyer has a unit or none is left. It looks before it knocks: the
// stock only falls, so that nobody has to take the lock to see that there is none.
func (k lock) Buy(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Purchase, error) {
	for tries := 1; ; tries++ {
		left, err := client.Get(ctx, sale.Key("item_on_sale")).Int64()
		if err != nil || left <= 0 {
			return Purchase{Tries: tries}, err
		}
		order, err := k.knock(ctx, client, sale, buyer)
		if order.ID != "" || err != nil {
			return Purchase{Order: order, Tries: tries}, err
		}
		if err := pause(ctx, backoff(tries)); err != nil {
			return Purchase{}, err
		}
	}
}

// knock tries to take the lock once and buys under it. The order is empty if the lock was
// refused or lost, or nothing was left.
func (k lock) knock(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Order, error) {
	// By the token a buyer knows his own lock; one per try, or a second window of the
	// same buyer would release the first one's lock.
	token := rand.Text()
	taken, err := client.SetNX(ctx, sale.Key("item_lock"), token, lockTTL).Result()
	if err != nil || !taken {
		return Order{}, err // refused: to go on here is how shops oversell
	}
	order, err := k.purchase(ctx, client, sale, buyer, token)
	if errors.Is(err, errLockLost) || errors.Is(err, redis.TxFailedErr) {
		err = nil // nothing was written, and the lock is another's
	}
	return order, errors.Join(err, k.release(ctx, client, sale, token))
}

// purchase sells one unit under the lock. Watching the lock, too, keeps a holder whose
// lock has expired from writing.
func (lock) purchase(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int, token string,
) (Order, error) {
	stockKey, lockKey := sale.Key("item_on_sale"), sale.Key("item_lock")
	var order Order
	err := client.Watch(ctx, func(tx *redis.Tx) error {
		holder, err := tx.Get(ctx, lockKey).Result()
		if errors.Is(err, redis.Nil) || err == nil && holder != token {
			return errLockLost
		}
		if err != nil {
			return err
		}
		left, err := tx.Get(ctx, stockKey).Int64()
		if err != nil || left <= 0 {
			return err
		}
		if err := pause(ctx, sale.Payment); err != nil {
			return err
		}
		sold := sale.NewOrder(buyer, left)
		_, err = tx.TxPipelined(ctx, func(calls redis.Pipeliner) error {
			calls.Set(ctx, stockKey, left-1, 0)
			return sale.Record(ctx, calls, sold)
		})
		if err == nil {
			order = sold
		}
		return err
	}, lockKey, stockKey)
	return order, err
}

// release deletes the lock if it is still the one with this token.
func (k lock) release(
	ctx context.Context, client *redis.Client, sale *Sale, token string,
) error {
	err := k.releasing.Run(ctx, client, []string{sale.Key("item_lock")}, token).Err()
	if errors.Is(err, redis.Nil) {
		return nil // the script answers nothing
	}
	return err
}

// backoff is how long to wait after so many tries, from half of the whole time to all.
func backoff(tries int) time.Duration {
	whole := backoffMin << min(tries-1, 10)
	whole = min(whole, backoffMax)
	return whole/2 + mathrand.N(whole/2)
}

func (lock) Count(ctx context.Context, client *redis.Client, sale *Sale) (Count, error) {
	left, err := client.Get(ctx, sale.Key("item_on_sale")).Int64()
	return Count{Sold: sale.Stock - left, Left: left}, err
}

func (lock) Lessons(r Result) []string {
	lessons := []string{"One lock for one item serializes all buyers: here " +
		figures.Rate(r.SoldPerSecond) + " sales/s."}
	if r.PaymentMs > 0 {
		lessons[0] = fmt.Sprintf("One lock for one item serializes all buyers: payments of "+
			"%g ms allow %s sales/s at most, here were %s; 200 ms would allow 5.",
			r.PaymentMs, figures.Rate(1000/r.PaymentMs), figures.Rate(r.SoldPerSecond))
	}
	return append(lessons,
		fmt.Sprintf("%s tries for %s buyers: whoever is refused the lock must return and "+
			"knock again, or buys without it, or goes home while units remain.",
			figures.Grouped(r.Tries), figures.Grouped(r.Buyers)))
}
