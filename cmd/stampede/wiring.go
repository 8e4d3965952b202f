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
	"time"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/family/admin"
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
	tuneRuntime()

	var door *server.Server
	registry := session.NewRegistry(func() { door.Wake() })
	facts := c.facts()
	store, err := engine.New(engine.Options{
		Shards: c.shards(), Config: parameters, Registry: registry,
		Facts: facts, Shutdown: func(bool) { stop() },
	})
	if err != nil {
		return err
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
	c.announce(around.stdout, log, addresses, store.Shards())

	parts := c.pages(store, registry, parameters, facts)
	parts = append(parts, store.Run, door.Run)
	return errors.Join(runAll(ctx, log, parts), store.Free())
}

// pages serve the HTTP pages that are asked for.
func (c *ServeCmd) pages(
	store *engine.Engine, registry *session.Registry, parameters *config.Config,
	facts admin.Facts,
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
		return metrics.Gauges{
			Data: store.Summary(), Connections: registry.Len(), StartMs: facts.StartMs,
			MaxConnections: parameters.Int(config.MaxClients),
			MaxMemoryBytes: parameters.Int(config.MaxMemory),
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
	stdout io.Writer, log *slog.Logger, addresses []net.Addr, shards int,
) {
	names := make([]string, len(addresses))
	for i, address := range addresses {
		names[i] = address.String()
	}
	log.Info("stampede serves from memory only: data ends with the process "+
		"(durability comes later)",
		"addr", strings.Join(names, " "), "io", c.transport(), "shards", shards,
		"pid", os.Getpid())
	if c.Port != nil && *c.Port == "0" {
		fmt.Fprintln(stdout, names[0])
	}
}
