// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestSalesAreExact(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"stampede": startOurs, "redis-server": startRedis,
	} {
		t.Run(name, func(t *testing.T) {
			o := small(start(t), decr{}, newScript(), newLock())
			if name == "stampede" {
				o.Recipes = append(o.Recipes, stock{})
			}
			report, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := report.Verdict(); err != nil || !report.Exact {
				t.Error(err)
			}
			for _, s := range report.Sales {
				if s.Sold != 20 || s.Refused != 280 || s.Oversold != 0 || s.Undersold != 0 {
					t.Errorf("%s: %+v", s.Name, s)
				}
				if s.Tries < 300 || s.TriesPerSecond <= 0 || s.SoldPerSecond <= 0 ||
					s.P50Ms <= 0 || s.P99Ms < s.P50Ms || len(s.Lessons) == 0 {
					t.Errorf("%s: figures %+v", s.Name, s)
				}
			}
			if left := report.Sales[0].Left; left != -280 {
				t.Errorf("D: the counter stands at %d, want -280", left)
			}
			a := report.Audience
			if a.Views == 0 || a.Hits == 0 || a.Misses == 0 || a.P99Ms <= 0 ||
				len(a.Trending) != topCount || a.Trending[0].Views < a.Trending[4].Views {
				t.Errorf("readers: %+v", a)
			}
			wantNoKeys(t, o.Address)
		})
	}
}

// wantNoKeys fails the test if the demo has left something.
func wantNoKeys(t *testing.T, address string) {
	t.Helper()
	client := connect(address, 1)
	defer func() { _ = client.Close() }()
	keys, err := client.Keys(context.Background(), "*").Result()
	if err != nil || len(keys) != 0 {
		t.Errorf("left over: %v (error %v)", keys, err)
	}
}

func TestPublishedRuleUndersells(t *testing.T) {
	report, err := Run(t.Context(), small(startOurs(t), published))
	if err != nil {
		t.Fatal(err)
	}
	if s := report.Sales[0]; s.Sold != 19 || s.Undersold != 1 || s.Oversold != 0 {
		t.Errorf("%+v", s)
	}
	err = report.Verdict()
	if err == nil || !strings.Contains(err.Error(), "P undersold 1") || report.Exact {
		t.Errorf("verdict %v", err)
	}
}

// blind sells without any guard: whoever has read the stock writes it back, and all have
// read it before the first one writes.
type blind struct {
	decr
	read *sync.WaitGroup
}

func (b blind) Buy(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Purchase, error) {
	left, err := client.Get(ctx, sale.Key("item_on_sale")).Int64()
	b.read.Done()
	if err != nil {
		return Purchase{}, err
	}
	b.read.Wait()
	order := sale.NewOrder(buyer, left)
	err = errors.Join(client.Set(ctx, sale.Key("item_on_sale"), left-1, 0).Err(),
		sale.Record(ctx, client, order))
	return Purchase{Order: order, Tries: 1}, err
}

func TestUnguardedSaleIsOversold(t *testing.T) {
	const buyers = 30
	recipe := blind{read: new(sync.WaitGroup)}
	recipe.read.Add(buyers)
	o := small(startOurs(t), recipe)
	o.Buyers, o.Connections = buyers, buyers
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if s := report.Sales[0]; s.Sold != 30 || s.Oversold != 29 || s.Undersold != 19 {
		t.Errorf("%+v", s)
	}
	if report.Verdict() == nil {
		t.Error("it passes for exact")
	}
}

// stopping lets something happen when a given buyer comes.
type stopping struct {
	Recipe
	buyer int
	then  func() error
}

func (s stopping) Buy(
	ctx context.Context, client *redis.Client, sale *Sale, buyer int,
) (Purchase, error) {
	if buyer == s.buyer {
		if err := s.then(); err != nil {
			return Purchase{}, err
		}
	}
	return s.Recipe.Buy(ctx, client, sale, buyer)
}

func TestInterruptEndsARunAndTidiesUp(t *testing.T) {
	address := startOurs(t)
	ctx, interrupt := context.WithCancel(t.Context())
	o := small(address, stopping{newLock(), 40, func() error { interrupt(); return nil }})
	o.Payment = time.Second // it cannot be over before
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	wantNoKeys(t, address)
}

func TestErrorOfABuyerEndsARun(t *testing.T) {
	address, broken := startOurs(t), errors.New("the till is broken")
	_, err := Run(t.Context(), small(address, stopping{decr{}, 50, func() error { return broken }}))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "buyer 50") {
		t.Errorf("error %v", err)
	}
	wantNoKeys(t, address)
}

func TestReaderSeesAWrongCache(t *testing.T) {
	_, client := startWithClient(t)
	ctx := t.Context()
	for _, spoil := range []func(key string, p product) error{
		func(key string, p product) error {
			return client.Set(ctx, key+"product_page:"+p.SKU, "{}", 0).Err()
		},
		func(key string, p product) error {
			return client.HSet(ctx, key+"product:"+p.SKU, "price", "0.01").Err()
		},
	} {
		a := newAudience(client, "spoiled:")
		for _, p := range a.products {
			if err := spoil(a.prefix, p); err != nil {
				t.Fatal(err)
			}
		}
		err := a.browse(ctx, 1, 1, nil)
		if err == nil || !strings.Contains(err.Error(), "the cache gave") {
			t.Errorf("error %v", err)
		}
		if err := sweep(ctx, client, a.prefix); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerdictComparesViews(t *testing.T) {
	r := Report{Audience: AudienceResult{Views: 10, Ranked: 9}}
	if err := r.Verdict(); err == nil {
		t.Error("a lost view is not seen")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := small("127.0.0.1:1", decr{})
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Options){
		"buyers":      func(o *Options) { o.Buyers = 0 },
		"stock":       func(o *Options) { o.Stock = 0 },
		"connections": func(o *Options) { o.Connections = ConnectionsMax + 1 },
		"readers":     func(o *Options) { o.Readers = -1 },
		"payment":     func(o *Options) { o.Payment = PaymentMax + 1 },
		"a buyer":     func(o *Options) { o.Stock = o.Buyers + 1 },
		"no recipe":   func(o *Options) { o.Recipes = nil },
	} {
		o := good
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Run(t.Context(), good); err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("nobody listens: error %v", err)
	}
}

func TestRecipesAreNamed(t *testing.T) {
	found, err := Named("k", " D")
	if err != nil || len(found) != 2 || found[0].Name() != "K" || found[1].Name() != "D" {
		t.Errorf("%v, error %v", found, err)
	}
	for _, names := range [][]string{{"X"}, {"D", "d"}, {""}} {
		if _, err := Named(names...); err == nil {
			t.Errorf("%q is accepted", names)
		}
	}
	var names []string
	for _, r := range recipes() {
		if slices.Contains(names, r.Name()) || len(r.Title()) > 18 {
			t.Errorf("%s: %q", r.Name(), r.Title())
		}
		names = append(names, r.Name())
	}
}

func TestSweepDeletesOwnKeysOnly(t *testing.T) {
	_, client := startWithClient(t)
	ctx := t.Context()
	_, err := client.Pipelined(ctx, func(calls redis.Pipeliner) error {
		for i := range 5000 {
			calls.Set(ctx, "demo:mine:"+strconv.Itoa(i), i, 0)
		}
		return calls.Set(ctx, "demo:other:1", 1, 0).Err()
	})
	if err == nil {
		err = sweep(ctx, client, "demo:mine:")
	}
	keys, keysErr := client.Keys(ctx, "*").Result()
	if err != nil || keysErr != nil || !slices.Equal(keys, []string{"demo:other:1"}) {
		t.Errorf("%d keys are left, such as %v; errors %v, %v", len(keys), keys[:min(len(keys), 3)],
			err, keysErr)
	}
}
