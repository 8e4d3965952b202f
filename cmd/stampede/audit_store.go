// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"stampede/internal/journal"
	"stampede/internal/keyspace"
)

// auditedStore is the store that an audit looks at: a server, or a folder that is served for
// nobody else.
type auditedStore struct {
	options redis.Options
	client  *redis.Client // of database 0
	end     func() error  // ends what was started; nil: nothing was
}

// open reaches the store, and starts it if it is a folder.
func (c *AuditCmd) open(ctx context.Context, stderr io.Writer) (*auditedStore, error) {
	s := &auditedStore{options: redis.Options{
		Addr: c.Server, Password: c.Password, DisableIdentity: true, MaxRetries: -1,
	}}
	if c.Dir != "" {
		if err := s.serve(ctx, c.Dir, stderr); err != nil {
			return nil, err
		}
	}
	s.client = redis.NewClient(&s.options)
	return s, nil
}

// serve reads a folder as a server does, and answers by a socket in a folder of its own.
func (s *auditedStore) serve(ctx context.Context, dir string, stderr io.Writer) error {
	if err := storeFolder(dir, "dump.rdb"); err != nil {
		return err
	}
	own, err := os.MkdirTemp("", "stampede-audit-")
	if err != nil {
		return err
	}
	socket := filepath.Join(own, "socket")
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- runProgram(ctx, stderr, "serve", "--dir", dir, "--bind", "", "--unixsocket", socket,
			"--save", "", "--loglevel", "warning", "--fsync", "always")
	}()
	s.options.Network, s.options.Addr, s.options.Password = "unix", socket, ""
	s.end = func() error {
		stop()
		return errors.Join(<-ended, os.RemoveAll(own))
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := os.Stat(socket); err == nil && s.loaded(ctx) {
			return nil
		}
		select {
		case err := <-ended:
			stop()
			return errors.Join(err, os.RemoveAll(own))
		case <-again.C:
		}
	}
}

// loaded tells whether the store answers what it has.
func (s *auditedStore) loaded(ctx context.Context) bool {
	client := redis.NewClient(&s.options)
	defer func() { _ = client.Close() }() // it was only asked
	err, refused := client.Do(ctx, "STOCK.INFO", "").Err(), redis.Error(nil)
	return errors.As(err, &refused) && !strings.HasPrefix(err.Error(), "LOADING")
}

func (s *auditedStore) close() error {
	err := s.client.Close()
	if s.end != nil {
		err = errors.Join(err, s.end())
	}
	return err
}

// stockTaker is who is shown all stocks.
type stockTaker interface {
	In(db int)
	Stock(ctx context.Context, key, header []byte, pieces [][]byte) error
}

// stocks shows all stocks of all databases.
func (s *auditedStore) stocks(ctx context.Context, to stockTaker) error {
	sizes, err := s.client.Info(ctx, "keyspace").Result()
	if err != nil {
		return err
	}
	for db := range keyspace.Databases {
		if !strings.Contains(sizes, fmt.Sprintf("\ndb%d:", db)) {
			continue
		}
		to.In(db)
		options := s.options
		options.DB = db
		client := redis.NewClient(&options)
		err := stocksOf(ctx, client, to)
		if err = errors.Join(err, client.Close()); err != nil {
			return err
		}
	}
	return nil
}

// stocksOf shows the stocks of one database.
func stocksOf(ctx context.Context, client *redis.Client, to stockTaker) error {
	keys := client.ScanType(ctx, 0, "", 1000, "stock").Iterator()
	seen := map[string]bool{} // a scan may name a key twice
	for keys.Next(ctx) {
		key := keys.Val()
		if seen[key] {
			continue
		}
		seen[key] = true
		dump, err := client.Dump(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			continue // it has gone meanwhile
		}
		if err != nil {
			return err
		}
		header, pieces, err := readStock([]byte(dump))
		if err == nil {
			err = to.Stock(ctx, []byte(key), header, pieces)
		}
		if err != nil {
			return fmt.Errorf("stock %.80q: %w", key, err)
		}
	}
	return keys.Err()
}

// pauseTime bounds how long nobody writes.
const pauseTime = time.Minute

// pause lets nobody write.
func (s *auditedStore) pause(ctx context.Context) (resume func() error, err error) {
	if s.end == nil {
		info, err := s.client.Info(ctx, "ledger").Result()
		if err == nil && strings.Contains(info, "ledger_state:failed") {
			err = errors.New("the ledger of this server has ended, so its position stands still: " +
				"stop the server and give --dir instead of --server")
		}
		if err != nil {
			return nil, err
		}
	}
	err = s.client.Do(ctx, "CLIENT", "PAUSE", pauseTime.Milliseconds(), "WRITE").Err()
	return func() error {
		return s.client.Do(context.WithoutCancel(ctx), "CLIENT", "UNPAUSE").Err()
	}, err
}

// position is where the journal of the store ends, and which journal it is.
func (s *auditedStore) position(ctx context.Context) (at journal.Position, id uint64, err error) {
	info, err := s.client.Info(ctx, "persistence").Result()
	if err != nil {
		return 0, 0, err
	}
	found := 0
	for line := range strings.Lines(info) {
		if n, _ := fmt.Sscanf(line, "journal_position:%d", &at); n == 1 {
			found++
		}
		if n, _ := fmt.Sscanf(line, "journal_id:%x", &id); n == 1 {
			found++
		}
	}
	if found != 2 {
		return 0, 0, errors.New("the store keeps no journal")
	}
	return at, id, nil
}
