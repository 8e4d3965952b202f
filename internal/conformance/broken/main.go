// SPDX-License-Identifier: Apache-2.0

// Command broken is a server of ours whose stocks make a mistake, so that a test can see that
// whatever is to find mistakes finds it. The environment variable STAMPEDE_FAULT names the
// mistake ([stock.Fault]); the flags are those of stampede that package verify gives. Nothing
// but tests builds it, and no flag of stampede does the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/server"
	"stampede/internal/session"
	"stampede/internal/stock"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until it is killed.
func run() error {
	var dir, fsync string
	var shards int
	flags := flag.NewFlagSet("broken serve", flag.ContinueOnError)
	flags.StringVar(&dir, "dir", "", "folder")
	flags.StringVar(&fsync, "fsync", "everysec", "as appendfsync")
	flags.IntVar(&shards, "shards", 1, "number of shards")
	for _, ignored := range []string{"bind", "port", "save", "io", "loops"} {
		flags.String(ignored, "", "has no meaning here")
	}
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	fault, err := named(os.Getenv("STAMPEDE_FAULT"))
	if err != nil {
		return err
	}
	parameters := config.New()
	if err := errors.Join(parameters.SetAtStart("appendfsync", fsync),
		parameters.SetAtStart("save", "")); err != nil {
		return err
	}
	return serve(dir, shards, fault, parameters)
}

// named is the fault of that name.
func named(name string) (stock.Fault, error) {
	for _, fault := range append(stock.Faults(), stock.NoFault) {
		if fault.String() == name {
			return fault, nil
		}
	}
	return stock.NoFault, fmt.Errorf("no fault has the name %q", name)
}

// serve tells its address on the standard output and serves.
func serve(dir string, shards int, fault stock.Fault, parameters *config.Config) error {
	var door *server.Server
	registry := session.NewRegistry(func() { door.Wake() })
	wake := func() { door.Durable() }
	store, err := engine.New(engine.Options{
		Shards: shards, Config: parameters, Registry: registry, StockFault: fault,
		Durability: &engine.Durability{
			Dir: filepath.Clean(dir), Durable: func(journal.Position) { wake() }, Failed: wake,
		},
	})
	if err != nil {
		return err
	}
	door, err = server.New(server.Options{Engine: store, Registry: registry, Config: parameters})
	if err != nil {
		return err
	}
	addr, err := door.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(addr)
	if err := store.Load(); err != nil {
		return err
	}
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{store.Run, store.Store().Run} {
		parts.Go(func() {
			if err := part(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	return door.Run(context.Background())
}
