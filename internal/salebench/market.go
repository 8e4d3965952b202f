// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/loopback"
)

// market is where shops are: the servers that forms need, each started when the first form
// asks for it. It is used by one goroutine.
type market struct {
	Options
	dir      string // of what is started; removed at the end
	syncTime time.Duration
	versions []string // of the servers

	cluster  *cluster
	made     string // name of the database, if it is to be dropped
	database string // its URL; empty: not made yet

	redis        *process
	redisAddress string // empty: not looked for yet
}

// openMarket makes the folder and measures its disk.
func openMarket(ctx context.Context, o Options) (*market, error) {
	dir, err := os.MkdirTemp(o.Dir, "stampede-sale-")
	if err != nil {
		return nil, err
	}
	m := &market{Options: o, dir: dir}
	if m.syncTime, err = timeSync(dir); err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// timeSync is how long a small write takes until it is on the disk: what each durable form
// pays at least. The median of a few.
func timeSync(dir string) (time.Duration, error) {
	file, err := os.Create(filepath.Join(dir, "probe"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // it goes with its folder
	const tries = 21
	var took []time.Duration
	block := make([]byte, 4096)
	for range tries {
		start := time.Now()
		_, err := file.Write(block)
		if err = errors.Join(err, file.Sync()); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	return median(took), nil
}

// sparesOfServer are connections beside those of clients, of which one figure has half as many
// again: the ledger, audits.
const sparesOfServer = 64

// postgres returns the URL of a database for us alone.
func (m *market) postgres(ctx context.Context) (string, error) {
	if m.database != "" {
		return m.database, nil
	}
	server := m.Postgres
	if server == "" {
		var err error
		if m.cluster, err = startCluster(ctx, m.Dir, m.Clients*3/2+sparesOfServer); err != nil {
			m.cluster = nil
			return "", err
		}
		server = m.cluster.url()
	}
	made := "stampede_sale_" + strings.ToLower(rand.Text()[:8])
	if err := execute(ctx, server, "create database "+made); err != nil {
		return "", fmt.Errorf("a database for the sale: %w", err)
	}
	m.made = made
	config, err := pgx.ParseConfig(server)
	if err != nil {
		return "", err
	}
	m.database, err = databaseURL(server, config, made)
	return m.database, err
}

// databaseURL names another database of the server of a URL.
func databaseURL(server string, config *pgx.ConnConfig, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		return "", fmt.Errorf("PostgreSQL at %s: a URL such as postgres://user@host/database is "+
			"wanted", config.Host)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// execute runs statements on a connection of their own.
func execute(ctx context.Context, server string, statements ...string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		_, one := conn.Exec(ctx, statement)
		err = errors.Join(err, one)
	}
	return errors.Join(err, conn.Close(ctx))
}

// databaseServer is the process of PostgreSQL, if we have started it.
func (m *market) databaseServer() []*process {
	if m.cluster == nil {
		return nil
	}
	return []*process{m.cluster.process}
}

// redisServer returns the address of a Redis.
func (m *market) redisServer(ctx context.Context) (string, error) {
	if m.redisAddress != "" {
		return m.redisAddress, nil
	}
	if m.Redis != "" {
		m.redisAddress = m.Redis
		return m.Redis, nil
	}
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return "", &Missing{"there is no redis-server on PATH; name a server by its address"}
	}
	port, err := loopback.FreePort()
	if err != nil {
		return "", err
	}
	if m.redis, err = launch(exec.Command(program, "--port", fmt.Sprint(port), "--bind", "127.0.0.1",
		"--dir", m.dir, "--save", "", "--appendonly", "yes", "--appendfsync", m.Fsync)); err != nil {
		return "", err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := m.redis.answers(ctx, func(ctx context.Context) error {
		l, err := dial(ctx, address)
		if err != nil {
			return err
		}
		_, err = l.ask("PING")
		return errors.Join(err, l.close())
	}); err != nil {
		return "", err
	}
	m.redisAddress = address
	return address, nil
}

// dropTime bounds the time of tidying up.
const dropTime = 30 * time.Second

// close ends what was started, and removes what was made.
func (m *market) close() (err error) {
	if m.redis != nil {
		m.redis.end(syscall.SIGKILL)
	}
	switch {
	case m.cluster != nil:
		err = m.cluster.close()
	case m.made != "":
		ctx, cancel := context.WithTimeout(context.Background(), dropTime)
		defer cancel()
		err = execute(ctx, m.Postgres, "drop database "+m.made+" with (force)")
	}
	return errors.Join(err, os.RemoveAll(m.dir))
}
