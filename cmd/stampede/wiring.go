// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/engine"
	"stampede/internal/family/admin"
	"stampede/internal/journal"
	"stampede/internal/ledger"
	"stampede/internal/metrics"
	"stampede/internal/server"
	"stampede/internal/session"
)

// Run serves until ctx ends or a client asks for the end.
func (c *ServeCmd) Run(ctx context.Context, around surroundings) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parameters, err := c.parameters()
	if err != nil {
		return err
	}
	log, closeLog, err := openLog(parameters, around.stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	dir := parameters.Text(config.Dir)
	if !c.MemoryOnly {
		if err := checkFolder(dir); err != nil {
			return err
		}
	}
	tuneRuntime()

	var door *server.Server
	var ended, saveAtEnd atomic.Bool
	registry := session.NewRegistry(func() { door.Wake() })
	facts := c.facts()
	var keeper *ledger.Ledger
	if c.Postgres != "" {
		facts.Ledger = func() string { return ledgerInfo(keeper) }
	}
	store, err := engine.New(engine.Options{
		Shards: c.shards(), Config: parameters, Registry: registry, Facts: facts,
		Shutdown: func(save bool) {
			saveAtEnd.Store(save)
			ended.Store(true)
			stop()
		},
		Durability: c.durability(dir, log, func() { door.Durable() }),
	})
	if errors.Is(err, disk.ErrLocked) {
		return errInUse(dir)
	}
	if err != nil {
		return err
	}
	if keeper, err = c.openLedger(store, parameters, log); err != nil {
		return errors.Join(err, store.Free())
	}
	door, err = server.New(server.Options{
		Engine: store, Registry: registry, Config: parameters, Stats: store.Stats(), Log: log,
		Transport: c.transport(), Loops: c.Loops,
	})
	if err != nil {
		return errors.Join(err, store.Free())
	}
	addresses, err := listen(door, parameters)
	if err != nil {
		return errors.Join(err, door.Close(), store.Free())
	}
	c.announce(around.stdout, log, parameters, addresses, store.Shards())

	parts := c.pages(store, registry, parameters, facts, keeper)
	parts = append(parts, store.Run, door.Run)
	if keeper != nil {
		parts = append(parts, follow(keeper, store))
	}
	return errors.Join(runDurably(ctx, log, store, parts, func() (asked, save bool) {
		return ended.Load(), saveAtEnd.Load()
	}), store.Free())
}

// durability is where the data is kept.
func (c *ServeCmd) durability(
	dir string, log *slog.Logger, wake func(),
) *engine.Durability {
	if c.MemoryOnly {
		return nil
	}
	return &engine.Durability{
		Dir: dir, Log: log,
		Durable: func(journal.Position) { wake() }, Failed: wake,
	}
}

// runDurably is runAll while the store keeps what changes: what is behind the last reply is
// on disk before it returns.
func runDurably(
	ctx context.Context, log *slog.Logger, store *engine.Engine,
	parts []func(context.Context) error, saveAtEnd func() (asked, save bool),
) error {
	kept := store.Store()
	if kept == nil {
		return runAll(ctx, log, parts)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	keep, endKeep := context.WithCancel(context.Background())
	defer endKeep()
	done := make(chan error, 1)
	go func() {
		err := store.Load()
		if err != nil {
			stop()
		} else {
			err = kept.Run(keep)
		}
		done <- err
	}()
	err := runAll(ctx, log, parts)
	var saveErr error
	asked, save := saveAtEnd()
	if !asked {
		save = kept.SavesAtEnd()
	}
	if save && !kept.Loading() {
		saveErr = kept.SaveLast(context.Background())
	}
	endKeep()
	return errors.Join(err, saveErr, <-done)
}

// pages serve the HTTP pages that are asked for.
func (c *ServeCmd) pages(
	store *engine.Engine, registry *session.Registry, parameters *config.Config,
	facts admin.Facts, keeper *ledger.Ledger,
) (parts []func(context.Context) error) {
	if c.PprofAddr != "" {
		parts = append(parts, serveHTTP(c.PprofAddr, profiles()))
	}
	if c.MetricsAddr == "" {
		return parts
	}
	build := metrics.Build{
		Version: facts.Version, RedisVersion: engine.RedisVersion, GoVersion: runtime.Version(),
	}
	page := metrics.Handler(store.Stats(), build, func() metrics.Gauges {
		data := store.Summary()
		return metrics.Gauges{
			Data: data, Connections: registry.Len(), StartMs: facts.StartMs,
			MaxConnections: parameters.Int(config.MaxClients),
			MaxMemoryBytes: parameters.Int(config.MaxMemory),
			Disk:           diskGauges(store.Store(), data.Stats.Changes),
			Ledger:         ledgerGauges(keeper),
			PubSub:         store.Hub().Stats(),
		}
	})
	return append(parts, serveHTTP(c.MetricsAddr, metricsPage(page)))
}

// runAll runs all parts until ctx ends or one of them does.
func runAll(ctx context.Context, log *slog.Logger, parts []func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(parts))
	var running sync.WaitGroup
	for i, part := range parts {
		running.Go(func() {
			errs[i] = part(ctx)
			stop()
		})
	}
	<-ctx.Done()
	log.Info("stopping: nobody is let in, replies are sent")
	running.Wait()
	log.Info("stopped")
	return errors.Join(errs...)
}

// transport is how connections are served.
func (c *ServeCmd) transport() server.Transport {
	if c.IO == "auto" {
		return server.Best
	}
	return server.Transport(c.IO)
}

// facts are what INFO says of the program.
func (c *ServeCmd) facts() admin.Facts {
	var id [20]byte
	_, _ = rand.Read(id[:]) // it cannot fail
	return admin.Facts{
		Version: version, RunID: hex.EncodeToString(id[:]),
		StartMs: time.Now().UnixMilli(), IO: string(c.transport()),
	}
}

// openLog opens the log, which is stderr if the parameter logfile is empty, and lets its
// level follow the parameter loglevel.
func openLog(parameters *config.Config, stderr io.Writer) (*slog.Logger, func(), error) {
	out, closeOut := stderr, func() {}
	if path := parameters.Text(config.LogFile); path != "" {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("log: %w", err)
		}
		out, closeOut = file, func() { _ = file.Close() } // every line has been written
	}
	level := new(slog.LevelVar)
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "verbose": slog.LevelDebug,
		"notice": slog.LevelInfo, "warning": slog.LevelWarn,
	}
	setLevel := func() { level.Set(levels[parameters.Text(config.LogLevel)]) }
	setLevel()
	parameters.OnChange(config.LogLevel, setLevel)
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})), closeOut, nil
}

// gcPercent is how much garbage may pile up, relative to what lives: nearly all data is in
// memory that the garbage collector does not see, so its own heap stays small.
const gcPercent = 400

// tuneRuntime sets what the environment does not.
func tuneRuntime() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMAXPROCS") == "" {
		// Loops keep their thread in short system calls; one more is for everything else.
		runtime.SetDefaultGOMAXPROCS()
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// listen opens all addresses. An address of bind that begins with "-" may be missing.
func listen(door *server.Server, parameters *config.Config) ([]net.Addr, error) {
	var opened []net.Addr
	port := parameters.Int(config.Port)
	for _, host := range strings.Fields(parameters.Text(config.Bind)) {
		host, optional := strings.CutPrefix(host, "-")
		if host == "*" {
			host = ""
		}
		address, err := door.Listen("tcp", net.JoinHostPort(host, strconv.FormatInt(port, 10)))
		if err != nil && optional {
			continue
		}
		if err != nil {
			return nil, err
		}
		if port == 0 {
			port = int64(address.(*net.TCPAddr).Port) // the same for all
		}
		opened = append(opened, address)
	}
	if path := parameters.Text(config.UnixSocket); path != "" {
		address, err := door.Listen("unix", path)
		if err != nil {
			return nil, err
		}
		if mode := parameters.Int(config.UnixSocketPerm); mode != 0 {
			if err := os.Chmod(path, os.FileMode(mode)); err != nil {
				return nil, err
			}
		}
		opened = append(opened, address)
	}
	if len(opened) == 0 {
		return nil, errors.New("no address to listen on: give --bind or --unixsocket")
	}
	return opened, nil
}

// announce says where clients find us, and what they must not expect.
func (c *ServeCmd) announce(
	stdout io.Writer, log *slog.Logger, parameters *config.Config, addresses []net.Addr,
	shards int,
) {
	names := make([]string, len(addresses))
	for i, address := range addresses {
		names[i] = address.String()
	}
	kept := "memory only: data ends with the process"
	if !c.MemoryOnly {
		kept = parameters.Text(config.Dir) + ", fsync " + parameters.Text(config.AppendFsync)
	}
	if idle := parameters.WithoutEffect(); len(idle) > 0 {
		log.Warn("parameters that have no effect here were set", "names", strings.Join(idle, " "))
	}
	log.Info("stampede serves", "data", kept, "addr", strings.Join(names, " "),
		"io", c.transport(), "shards", shards, "pid", os.Getpid())
	if c.Port != nil && *c.Port == "0" {
		fmt.Fprintln(stdout, names[0])
	}
}
