// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/redis/go-redis/v9"
)

// How the shop caches and what readers are like.
const (
	cacheTTL    = time.Second    // short, so that pages expire while one watches
	cacheJitter = cacheTTL / 4   // spread, so that they do not expire together
	trendingTTL = 48 * time.Hour // a day's ranking is looked at until the day after
	usersMax    = 1000           // different people
	zipfSkew    = 1.2            // how much more is looked at what is looked at most
	topCount    = 5              // categories that a ranking shows
	rankEvery   = 4              // views from one look at the rankings to the next
	dayForm     = "2006-01-02"   // names the ranking of a day
	browsedKey  = "viewed_product_categories_by_user_id:"
	trendingKey = "trending_product_categories:"
)

// audience is everybody who browses the shop while others buy.
type audience struct {
	client   *redis.Client
	prefix   string
	trending string // the key of today's ranking
	products []product

	calls, hits, misses, views atomic.Int64

	mu    sync.Mutex
	waits *hdrhistogram.Histogram
}

// newAudience makes an audience that has not come yet.
func newAudience(client *redis.Client, prefix string) *audience {
	return &audience{
		client: client, prefix: prefix, products: catalogue(), waits: newHistogram(),
		trending: prefix + trendingKey + time.Now().UTC().Format(dayForm),
	}
}

// browse lets readers look at one page after the other until leave is closed, ctx ends, or
// the store answers wrongly.
func (a *audience) browse(
	ctx context.Context, readers int, seed uint64, leave <-chan struct{},
) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var browsing sync.WaitGroup
	for i := range readers {
		browsing.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			r := &reader{
				audience: a, random: random, waits: newHistogram(),
				popular: rand.NewZipf(random, zipfSkew, 1, uint64(len(a.products)-1)),
			}
			if err := r.browse(ctx, leave); err != nil {
				fail(fmt.Errorf("demo: a reader: %w", err))
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.waits.Merge(r.waits)
		})
	}
	browsing.Wait()
	return context.Cause(ctx)
}

// result sums up what the audience did in a time. Its views are counted twice, by readers
// and by the ranking, and must agree.
func (a *audience) result(ctx context.Context, elapsed time.Duration) (AudienceResult, error) {
	ranking, err := a.client.ZRevRangeWithScores(ctx, a.trending, 0, -1).Result()
	if err != nil {
		return AudienceResult{}, fmt.Errorf("demo: ranking: %w", err)
	}
	r := AudienceResult{
		Calls: a.calls.Load(), Hits: a.hits.Load(), Misses: a.misses.Load(),
		Views: a.views.Load(), CallsPerSecond: perSecond(a.calls.Load(), elapsed),
		P50Ms: float64(a.waits.ValueAtPercentile(percentileOfP50)) / microsPerMilli,
		P99Ms: float64(a.waits.ValueAtPercentile(percentileOfP99)) / microsPerMilli,
	}
	for i, z := range ranking {
		r.Ranked += int64(z.Score)
		if i < topCount {
			r.Trending = append(r.Trending,
				Trend{Category: fmt.Sprint(z.Member), Views: int64(z.Score)})
		}
	}
	return r, nil
}

// reader is one of the audience. It is used by one goroutine.
type reader struct {
	*audience
	random  *rand.Rand
	popular *rand.Zipf
	waits   *hdrhistogram.Histogram
}

// browse looks at pages. It leaves between two of them, so that what it has done is what
// it has counted.
func (r *reader) browse(ctx context.Context, leave <-chan struct{}) error {
	for page := 0; ; page++ {
		select {
		case <-ctx.Done():
			return nil
		case <-leave:
			return nil
		default:
		}
		p := r.products[r.popular.Uint64()]
		user := strconv.Itoa(r.random.IntN(usersMax))
		if err := r.visit(ctx, user, p, page); err != nil {
			return err
		}
	}
}

// visit is a user's look at one product; every few visits he looks at the rankings, too.
func (r *reader) visit(ctx context.Context, user string, p product, turn int) error {
	if err := r.page(ctx, p); err != nil {
		return err
	}
	if err := r.hash(ctx, p, turn); err != nil {
		return err
	}
	if err := r.view(ctx, user, p); err != nil {
		return err
	}
	if turn%rankEvery != 0 {
		return nil
	}
	return r.rankings(ctx, user)
}

// timed makes calls that go together and measures them.
func (r *reader) timed(calls int64, do func() error) error {
	start := time.Now()
	err := do()
	r.calls.Add(calls)
	_ = r.waits.RecordValue(min(time.Since(start).Microseconds(), latencyMaxUs))
	return err
}

// ttl is how long something stays in the cache this time.
func (r *reader) ttl() time.Duration {
	return cacheTTL + time.Duration(r.random.Int64N(int64(cacheJitter)))
}

// page reads a product's page through the cache: a string.
func (r *reader) page(ctx context.Context, p product) error {
	key := r.prefix + "product_page:" + p.SKU
	var cached string
	err := r.timed(1, func() (err error) {
		cached, err = r.client.Get(ctx, key).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		r.misses.Add(1)
		return r.timed(1, func() error { return r.client.Set(ctx, key, p.page(), r.ttl()).Err() })
	}
	if err != nil {
		return err
	}
	r.hits.Add(1)
	if cached != p.page() {
		return fmt.Errorf("%s: the cache gave %q, not %q", key, cached, p.page())
	}
	return nil
}

// hash reads a product's fields through the cache: all of them or its price, by turns.
func (r *reader) hash(ctx context.Context, p product, turn int) error {
	key, want := r.prefix+"product:"+p.SKU, p.fields()
	if turn%2 == 0 {
		want = map[string]string{"price": want["price"]}
	}
	got := make(map[string]string)
	err := r.timed(1, func() (err error) {
		if turn%2 == 0 {
			var price string
			price, err = r.client.HGet(ctx, key, "price").Result()
			got["price"] = price
			return err
		}
		got, err = r.client.HGetAll(ctx, key).Result()
		return err
	})
	if errors.Is(err, redis.Nil) || err == nil && len(got) == 0 {
		r.misses.Add(1)
		return r.fill(ctx, key, p)
	}
	if err != nil {
		return err
	}
	r.hits.Add(1)
	if !maps.Equal(got, want) {
		return fmt.Errorf("%s: the cache gave %v, not %v", key, got, want)
	}
	return nil
}

// fill caches a product's fields, whole or not at all.
func (r *reader) fill(ctx context.Context, key string, p product) error {
	return r.timed(2, func() error {
		_, err := r.client.TxPipelined(ctx, func(calls redis.Pipeliner) error {
			calls.HSet(ctx, key, p.fields())
			return calls.PExpire(ctx, key, r.ttl()).Err()
		})
		return err
	})
}

// view counts a view for its user and for the whole shop.
func (r *reader) view(ctx context.Context, user string, p product) error {
	err := r.timed(3, func() error {
		_, err := r.client.Pipelined(ctx, func(calls redis.Pipeliner) error {
			calls.ZIncrBy(ctx, r.prefix+browsedKey+user, 1, p.Category)
			calls.ZIncrBy(ctx, r.trending, 1, p.Category)
			return calls.ExpireNX(ctx, r.trending, trendingTTL).Err()
		})
		return err
	})
	if err == nil {
		r.views.Add(1)
	}
	return err
}

// rankings reads a user's top categories and the shop's.
func (r *reader) rankings(ctx context.Context, user string) error {
	for _, key := range []string{r.prefix + browsedKey + user, r.trending} {
		var top []redis.Z
		err := r.timed(1, func() (err error) {
			top, err = r.client.ZRevRangeWithScores(ctx, key, 0, topCount-1).Result()
			return err
		})
		if err != nil {
			return err
		}
		for i := 1; i < len(top); i++ {
			if top[i].Score > top[i-1].Score {
				return fmt.Errorf("%s is not in order: %v", key, top)
			}
		}
	}
	return nil
}
