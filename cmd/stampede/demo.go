// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"golang.org/x/term"

	"stampede/internal/config"
	"stampede/internal/demo"
	"stampede/internal/engine"
	"stampede/internal/server"
	"stampede/internal/session"
)

// DemoCmd is the command line of the demo.
type DemoCmd struct {
	Buyers      int      `default:"10000" help:"Buyers who come to each sale."`
	Stock       int      `default:"100" help:"Units there are for them."`
	Connections int      `short:"c" default:"200" help:"Buyers who are served at a time."`
	Readers     int      `default:"8" help:"People who browse the shop meanwhile."`
	Recipes     []string `default:"D,L,K,S" help:"Recipes, a sale each: D, L, K, S (STOCK commands) and P (D with the wrong rule)."`
	PaymentMs   float64  `name:"payment-ms" default:"10" help:"What a payment under the lock of K takes."`

	Prelude time.Duration `default:"2s" help:"Readers are alone so long before the first sale."`

	Addr    string `placeholder:"HOST:PORT" help:"Use a running server instead of an embedded store."`
	Seed    uint64 `default:"1" help:"Seed of what people look at."`
	JSON    bool   `name:"json" help:"Write the report as JSON."`
	NoColor bool   `help:"Leave text plain, as does a NO_COLOR in the environment."`
}

// Help is shown below the flags.
func (c *DemoCmd) Help() string {
	return `A crowd of buyers asks for the few units of one product, once by each recipe, while
readers browse the shop. It fails unless each unit was sold exactly once.

  stampede demo                            10 000 buyers, 100 units, in a store of its own
  stampede demo --recipes D,P              what the wrong rule of DECR leaves over
  stampede demo --payment-ms 50            what a lock makes of slow payments
  stampede demo --addr 127.0.0.1:6379      on a running server; only its own keys are touched`
}

// Run plays the demo to its end or until ctx ends.
func (c *DemoCmd) Run(ctx context.Context, around surroundings) error {
	recipes, err := demo.Named(c.Recipes...)
	if err != nil {
		return err
	}
	tuneRuntime()
	redis.SetLogger(&logging.VoidLogger{}) // the client returns as errors what it would log
	options := demo.Options{
		Address: c.Addr, Buyers: c.Buyers, Stock: c.Stock, Connections: c.Connections,
		Readers: c.Readers, Recipes: recipes, Seed: c.Seed, Prelude: c.Prelude,
		Payment: time.Duration(c.PaymentMs * float64(time.Millisecond)),
	}
	if c.Addr != "" {
		return c.play(ctx, around, options)
	}
	playing, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	store, err := startStore(playing, fail)
	if err != nil {
		return err
	}
	options.Address = store.address
	return errors.Join(c.play(playing, around, options), store.stop())
}

// play shows the demo on the terminal and judges it. What moves goes to stderr, so that
// stdout can be kept in a file.
func (c *DemoCmd) play(ctx context.Context, around surroundings, o demo.Options) error {
	screen := c.screen(around.stderr)
	introduction, colors := around.stdout, c.colors(around.stdout)
	if c.JSON {
		introduction, colors = around.stderr, screen.Colors
	}
	if err := o.WriteIntroduction(introduction, colors); err != nil {
		return err
	}
	o.Watch = screen.Show
	report, err := demo.Run(ctx, o)
	screen.Close()
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(around.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(report)
	} else {
		err = report.WriteText(around.stdout, c.colors(around.stdout))
	}
	return errors.Join(err, report.Verdict())
}

// screen makes a screen of a writer that may be a terminal.
func (c *DemoCmd) screen(out io.Writer) *demo.Screen {
	screen := &demo.Screen{Out: out, Colors: c.colors(out)}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		screen.Terminal = true
		screen.Width, _, _ = term.GetSize(int(file.Fd())) // of unknown size it is usual
	}
	return screen
}

// colors tells whether a writer shows colors.
func (c *DemoCmd) colors(out io.Writer) demo.Colors {
	file, ok := out.(*os.File)
	plain := c.NoColor || os.Getenv("NO_COLOR") != ""
	return demo.Colors(ok && !plain && term.IsTerminal(int(file.Fd())))
}

// errStoreEnded says that the store of the demo ended before the demo did.
var errStoreEnded = errors.New("the embedded store ended early")

// embedded is a store inside of the process, on a free port of the loopback interface.
type embedded struct {
	address string
	stop    func() error // ends it and waits
}

// startStore starts a store of the usual parameters. If it ends early, it calls fail.
func startStore(ctx context.Context, fail context.CancelCauseFunc) (embedded, error) {
	parameters := config.New()
	var door *server.Server
	registry := session.NewRegistry(func() { door.Wake() })
	store, err := engine.New(engine.Options{
		Shards: (&ServeCmd{}).shards(), Config: parameters, Registry: registry,
	})
	if err != nil {
		return embedded{}, err
	}
	door, err = server.New(server.Options{Engine: store, Registry: registry, Config: parameters})
	if err != nil {
		return embedded{}, errors.Join(err, store.Free())
	}
	address, err := door.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return embedded{}, errors.Join(err, door.Close(), store.Free())
	}
	// It outlives an interrupt until the demo has tidied up.
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	errs := make([]error, 2)
	for i, part := range []func(context.Context) error{store.Run, door.Run} {
		running.Go(func() {
			if errs[i] = part(ctx); errs[i] != nil {
				fail(errStoreEnded)
			}
			end()
		})
	}
	return embedded{address: address.String(), stop: func() error {
		end()
		running.Wait()
		return errors.Join(append(errs, store.Free())...)
	}}, nil
}
