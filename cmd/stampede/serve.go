// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strings"

	"github.com/alecthomas/kong"

	"stampede/internal/config"
	"stampede/internal/server"
	"stampede/internal/txn"
)

// ServeCmd is the command line of the store. Flags that are parameters of redis.conf are
// pointers: what is not given on the command line or in the environment leaves the value
// of the file.
type ServeCmd struct {
	Config string            `short:"c" placeholder:"FILE" help:"Read a file like redis.conf."`
	Set    map[string]string `mapsep:"none" help:"Set any parameter of redis.conf."`

	Port           *string `short:"p" help:"TCP port (6379); 0 takes a free one and prints it."`
	Bind           *string `placeholder:"HOSTS" help:"Addresses (127.0.0.1 -::1); empty: no TCP."`
	UnixSocket     *string `name:"unixsocket" placeholder:"PATH" help:"Also listen there."`
	UnixSocketPerm *string `name:"unixsocketperm" placeholder:"MODE" help:"Its mode, octal."`
	RequirePass    *string `name:"requirepass" placeholder:"PASSWORD" help:"Clients must give it."`
	MaxClients     *string `name:"maxclients" placeholder:"N" help:"Connections (10000)."`
	MaxMemory      *string `name:"maxmemory" placeholder:"BYTES" help:"For data, as 2gb (0: any)."`
	OnFullMemory   *string `name:"maxmemory-policy" help:"Which keys go then (noeviction)."`
	LogLevel       *string `name:"loglevel" help:"debug, verbose, notice or warning (notice)."`
	Dir            *string `help:"Folder of the journal and of snapshots (.)."`
	Fsync          *string `placeholder:"WHEN" help:"Sync: always, everysec or no (everysec)."`
	Save           *string `placeholder:"POINTS" help:"Snapshots: seconds and changes, or empty."`

	MemoryOnly bool   `help:"Keep nothing on disk."`
	Shards     int    `placeholder:"N" help:"Parts of the keyspace (by the number of cores)."`
	IO         string `name:"io" enum:"auto,epoll,net" default:"auto" help:"Transport: ${enum}."`
	Loops      int    `placeholder:"N" help:"Event loops of epoll (cores - 1)."`

	Postgres         string  `placeholder:"URL" help:"Write what is sold there: docs/ledger.md."`
	LedgerLagMax     *string `name:"ledger-lag-max-seconds" help:"How far that may be behind (30)."`
	LedgerLagPolicy  *string `name:"ledger-lag-policy" help:"Beyond that: alarm, or refuse holds (alarm)."`
	LedgerAckTimeout *string `name:"ledger-ack-timeout" help:"Milliseconds that ACK LEDGER waits (5000)."`

	MetricsAddr string `placeholder:"ADDR" help:"Serve http://ADDR/metrics for Prometheus."`
	PprofAddr   string `hidden:"" help:"Serve http://ADDR/debug/pprof/."`
}

// Help is shown below the flags.
func (c *ServeCmd) Help() string {
	return `A flag wins over the environment (STAMPEDE_PORT and so on), which wins over the file.
Hosts are parted by blanks or commas; one behind a "-" may be missing on this machine.
--set NAME=VALUE may be repeated.

Data is kept in the folder of --dir unless it is --memory-only; docs/durability.md says when
what is there, how to back it up, and what to do when the disk is full.

  stampede serve                                     on 127.0.0.1:6379, data in this folder
  stampede serve --dir /var/lib/stampede --fsync always
  stampede serve --port 7000 --maxmemory 2gb --maxmemory-policy allkeys-lru
  stampede serve --config /etc/stampede.conf --set hash-max-listpack-entries=256`
}

// nameEnvironment gives the flags of serve their variables in the environment.
func nameEnvironment(k *kong.Kong) error {
	names := strings.NewReplacer("-", "_")
	for _, command := range k.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			name := "STAMPEDE_" + strings.ToUpper(names.Replace(flag.Name))
			flag.Envs = []string{name}
			flag.Value.Tag.Envs = flag.Envs
		}
	}
	return nil
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
	set("maxmemory-policy", c.OnFullMemory)
	set("loglevel", c.LogLevel)
	set("dir", c.Dir)
	set("appendfsync", c.Fsync)
	set("save", c.Save)
	set("ledger-lag-max-seconds", c.LedgerLagMax)
	set("ledger-lag-policy", c.LedgerLagPolicy)
	set("ledger-ack-timeout", c.LedgerAckTimeout)
	for name, value := range c.Set {
		set(name, &value)
	}
	if c.MemoryOnly {
		no, none := "no", ""
		set("appendonly", &no)
		set("save", &none)
	}
	return parameters, errors.Join(errs...)
}

// shards is the number of shards: four for each loop, but one where there is one loop.
func (c *ServeCmd) shards() int {
	if c.Shards > 0 {
		return c.Shards
	}
	loops := c.Loops
	if loops <= 0 {
		loops = server.DefaultLoops()
	}
	n := 1
	for loops > 1 && n < min(4*loops, txn.ShardsMax) {
		n *= 2
	}
	return n
}
