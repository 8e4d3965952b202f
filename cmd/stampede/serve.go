// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
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

// ServeCmd is the command line of the store. Flags that are parameters of redis.conf are
// pointers: what is not given on the command line or in the environment leaves the value
// of the file.
type ServeCmd struct {
	Config string            `short:"c" type:"existingfile" placeholder:"FILE" env:"STAMPEDE_CONFIG" help:"Read parameters from a file in the form of redis.conf."`
	Set    map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"Set any parameter of redis.conf; may be repeated."`

	Port           *string `short:"p" placeholder:"PORT" env:"STAMPEDE_PORT" help:"TCP port (6379); 0 takes a free one and prints it."`
	Bind           *string `placeholder:"HOSTS" env:"STAMPEDE_BIND" help:"Addresses to listen on, parted by blanks or commas (127.0.0.1 -::1); empty: no TCP."`
	UnixSocket     *string `name:"unixsocket" placeholder:"PATH" env:"STAMPEDE_UNIXSOCKET" help:"Listen on a Unix socket, too."`
	UnixSocketPerm *string `name:"unixsocketperm" placeholder:"MODE" env:"STAMPEDE_UNIXSOCKETPERM" help:"Its permissions, in octal."`
	RequirePass    *string `name:"requirepass" placeholder:"PASSWORD" env:"STAMPEDE_REQUIREPASS" help:"Password that clients must give."`
	MaxClients     *string `name:"maxclients" placeholder:"N" env:"STAMPEDE_MAXCLIENTS" help:"Connections at a time (10000)."`
	MaxMemory      *string `name:"maxmemory" placeholder:"BYTES" env:"STAMPEDE_MAXMEMORY" help:"Memory for data, as 100mb or 2gb (0: no limit)."`
	MaxMemoryPol   *string `name:"maxmemory-policy" placeholder:"POLICY" env:"STAMPEDE_MAXMEMORY_POLICY" help:"What goes when it is full (noeviction)."`
	LogLevel       *string `name:"loglevel" placeholder:"LEVEL" env:"STAMPEDE_LOGLEVEL" help:"debug, verbose, notice or warning (notice)."`
	Dir            *string `placeholder:"DIR" env:"STAMPEDE_DIR" help:"Folder for files (.)."`

	MemoryOnly bool   `env:"STAMPEDE_MEMORY_ONLY" help:"Keep nothing on disk. So far that is so in any case."`
	Shards     int    `placeholder:"N" env:"STAMPEDE_SHARDS" help:"Parts of the keyspace, a power of two (chosen by the number of cores)."`
	IO         string `name:"io" enum:"auto,epoll,net" default:"auto" env:"STAMPEDE_IO" help:"How connections are served: ${enum}."`
	Loops      int    `placeholder:"N" env:"STAMPEDE_LOOPS" help:"Event loops of epoll (one less than there are cores)."`

	MetricsAddr string `placeholder:"ADDR" env:"STAMPEDE_METRICS_ADDR" help:"Serve metrics for Prometheus at http://ADDR/metrics."`
	PprofAddr   string `hidden:"" env:"STAMPEDE_PPROF_ADDR" help:"Serve Go's profiles at http://ADDR/debug/pprof/."`
}

// Help is shown below the flags.
func (c *ServeCmd) Help() string {
	return `Flags win over the environment (STAMPEDE_PORT and so on), which wins over the file.

  stampede serve                                     on 127.0.0.1:6379
  stampede serve --port 7000 --maxmemory 2gb --maxmemory-policy allkeys-lru
  stampede serve --config /etc/stampede.conf --set hash-max-listpack-entries=256`
}

// Run serves until ctx ends.
func (c *ServeCmd) Run(ctx context.Context, around surroundings) error {
	parameters, err := c.parameters()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	setLevel := func() { level.Set(logLevels()[parameters.Text(config.LogLevel)]) }
	setLevel()
	parameters.OnChange(config.LogLevel, setLevel)
	log := slog.New(slog.NewTextHandler(around.stderr, &slog.HandlerOptions{Level: level}))
	tuneRuntime()

	var door *server.Server
	registry := session.NewRegistry(func() { door.Wake() })
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	facts := c.facts()
	store, err := engine.New(engine.Options{
		Shards: c.shards(), Config: parameters, Registry: registry,
		Facts: facts, Shutdown: func(bool) { stop() },
	})
	if err != nil {
		return err
	}
	door, err = server.New(server.Options{
		Engine: store, Registry: registry, Config: parameters, Log: log,
		Transport: transports()[c.IO], Loops: c.Loops,
	})
	if err != nil {
		return errors.Join(err, store.Free())
	}
	addresses, err := listen(door, parameters)
	if err != nil {
		return errors.Join(err, door.Close(), store.Free())
	}
	c.announce(around, log, addresses, store.Shards())
	pages := c.pages(store, registry, parameters, facts)
	return errors.Join(serve(ctx, log, pages, store.Run, door.Run), store.Free())
}

// facts are what INFO says of this process.
func (c *ServeCmd) facts() admin.Facts {
	return admin.Facts{
		Version: version, RunID: runID(), StartMs: time.Now().UnixMilli(), IO: c.IO,
	}
}

// runID is 40 hexadecimal digits that no other start has.
func runID() string {
	var bytes [20]byte
	_, _ = rand.Read(bytes[:]) // never fails: see crypto/rand
	return hex.EncodeToString(bytes[:])
}

// pages are the HTTP pages to serve, by address.
func (c *ServeCmd) pages(
	store *engine.Engine, registry *session.Registry, parameters *config.Config, facts admin.Facts,
) map[string]http.Handler {
	pages := map[string]http.Handler{}
	if c.PprofAddr != "" {
		pages[c.PprofAddr] = profiles()
	}
	if c.MetricsAddr != "" {
		build := metrics.Build{
			Version: facts.Version, RedisVersion: engine.RedisVersion, GoVersion: runtime.Version(),
		}
		mux := http.NewServeMux()
		mux.Handle("/metrics", metrics.Handler(store.Stats(), build, func() metrics.Gauges {
			return metrics.Gauges{
				Data: store.Summary(), Connections: registry.Len(),
				MaxConnections: parameters.Int(config.MaxClients),
				MaxMemoryBytes: parameters.Int(config.MaxMemory), StartMs: facts.StartMs,
			}
		}))
		pages[c.MetricsAddr] = mux
	}
	return pages
}

// serve runs all parts and pages until ctx ends or one of them fails.
func serve(
	ctx context.Context, log *slog.Logger, pages map[string]http.Handler,
	parts ...func(context.Context) error,
) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for address, page := range pages {
		parts = append(parts, func(ctx context.Context) error {
			return serveHTTP(ctx, address, page)
		})
	}
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

// parameters are those of the file, of the environment and of the flags.
func (c *ServeCmd) parameters() (*config.Config, error) {
	parameters := config.New()
	if c.Config != "" {
		if err := parameters.LoadFile(c.Config); err != nil {
			return nil, err
		}
	}
	if c.Bind != nil {
		*c.Bind = strings.ReplaceAll(*c.Bind, ",", " ")
	}
	var errs []error
	set := func(name string, value *string) {
		if value != nil {
			errs = append(errs, parameters.SetAtStart(name, *value))
		}
	}
	set("port", c.Port)
	set("bind", c.Bind)
	set("unixsocket", c.UnixSocket)
	set("unixsocketperm", c.UnixSocketPerm)
	set("requirepass", c.RequirePass)
	set("maxclients", c.MaxClients)
	set("maxmemory", c.MaxMemory)
	set("maxmemory-policy", c.MaxMemoryPol)
	set("loglevel", c.LogLevel)
	set("dir", c.Dir)
	for name, value := range c.Set {
		set(name, &value)
	}
	return parameters, errors.Join(errs...)
}

// shards is the number of shards: four for each loop, but one where there is one loop.
func (c *ServeCmd) shards() int {
	if c.Shards > 0 {
		return c.Shards
	}
	loops := c.Loops
	if loops == 0 {
		loops = max(1, runtime.NumCPU()-1)
	}
	if loops == 1 {
		return 1
	}
	n := 1
	for n < 4*loops {
		n *= 2
	}
	return min(n, shardsMax)
}

const shardsMax = 64

func transports() map[string]server.Transport {
	return map[string]server.Transport{"auto": "", "net": server.Net, "epoll": server.Epoll}
}

// logLevels are the words of redis.conf.
func logLevels() map[string]slog.Level {
	return map[string]slog.Level{
		"debug": slog.LevelDebug, "verbose": slog.LevelDebug,
		"notice": slog.LevelInfo, "warning": slog.LevelWarn,
	}
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
		runtime.GOMAXPROCS(runtime.NumCPU() + 1)
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
	around surroundings, log *slog.Logger, addresses []net.Addr, shards int,
) {
	names := make([]string, len(addresses))
	for i, address := range addresses {
		names[i] = address.String()
	}
	log.Info("stampede serves from memory only: data ends with the process "+
		"(durability comes later)",
		"addr", strings.Join(names, " "), "shards", shards, "pid", os.Getpid())
	if c.Port != nil && *c.Port == "0" {
		fmt.Fprintln(around.stdout, names[0])
	}
}

// serveHTTP serves until ctx ends.
func serveHTTP(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// profiles are Go's own.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	return mux
}
