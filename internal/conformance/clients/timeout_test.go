// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// meddler is a connection on which one read of many finds no reply in time.
type meddler struct {
	net.Conn
	readsLeft *atomic.Int64 // until the read that fails; below zero: all are well
}

func (m meddler) Read(b []byte) (int, error) {
	if m.readsLeft.Add(-1) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return m.Conn.Read(b)
}

// TestTimeoutInPipeline stops to read in the middle of the replies of a pipeline. The next
// call must get its own reply, not one that is left.
func TestTimeoutInPipeline(t *testing.T) {
	const calls = 1000
	compare(t, func(s *story) {
		var readsLeft atomic.Int64
		options := s.options
		options.MaxRetries, options.PoolSize = -1, 1
		options.ReadBufferSize, options.PipelineReadBufferSize = 4096, 4096
		options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return meddler{conn, &readsLeft}, err
		}
		db := s.client(options)
		for i := range calls {
			value := bytes.Repeat([]byte{byte(i)}, 1000+i)
			s.must(s.db.Set(s.ctx, fmt.Sprint("k", i), value, 0).Err())
		}
		for _, reads := range []int64{2, 3, 7, 40, 100} {
			_, err := db.Pipelined(s.ctx, func(pipe redis.Pipeliner) error {
				return pipe.Ping(s.ctx).Err() // greeting and waiting are over
			})
			s.must(err)
			readsLeft.Store(reads)
			pipe := db.Pipeline()
			for i := range calls {
				pipe.Get(s.ctx, fmt.Sprint("k", i))
			}
			replies, err := pipe.Exec(s.ctx)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				s.Errorf("no reply to read %d in time, and the error is %v", reads, err)
			}
			for i, reply := range replies {
				got, err := reply.(*redis.StringCmd).Bytes()
				if err == nil && !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, 1000+i)) {
					s.Errorf("k%d has the value of another key", i)
				}
			}
			s.ask(db.GetRange(s.ctx, "k7", 0, 1), db.Echo(s.ctx, "well"))
		}
	})
}

// TestTimeoutOfPaused lets calls wait longer than their clients do. A call whose client has
// gone is not made.
func TestTimeoutOfPaused(t *testing.T) {
	compare(t, func(s *story) {
		s.must(s.db.Do(s.ctx, "CLIENT", "PAUSE", 600_000, "WRITE").Err())
		defer s.db.ClientUnpause(s.ctx)
		options := s.options
		options.MaxRetries, options.ContextTimeoutEnabled = -1, true
		for name, call := range map[string]func(ctx context.Context, db *redis.Client) error{
			"alone": func(ctx context.Context, db *redis.Client) error {
				return db.Set(ctx, "alone", "v", 0).Err()
			},
			"pipeline": func(ctx context.Context, db *redis.Client) error {
				_, err := db.Pipelined(ctx, func(pipe redis.Pipeliner) error {
					pipe.Get(ctx, "none")
					pipe.Set(ctx, "pipeline", "v", 0)
					pipe.Get(ctx, "pipeline")
					return nil
				})
				return err
			},
			"transaction": func(ctx context.Context, db *redis.Client) error {
				_, err := db.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
					pipe.Set(ctx, "transaction", "v", 0)
					return nil
				})
				return err
			},
		} {
			db := s.client(options)
			s.must(db.Ping(s.ctx).Err())
			ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
			err := call(ctx, db)
			cancel()
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				s.Errorf("%s: %v is no timeout", name, err)
			}
			s.must(db.Ping(s.ctx).Err())
			s.must(db.Close())
		}
		s.alone()
		s.saw("unpaused: %v", s.db.ClientUnpause(s.ctx).Err())
		s.ask(s.db.Exists(s.ctx, "alone", "pipeline", "transaction"),
			s.db.Set(s.ctx, "after", "v", 0))
	})
}

// TestTimeoutsInPool lets many clients of one pool give up at odd moments: no reply comes
// to a call of another.
func TestTimeoutsInPool(t *testing.T) {
	const goroutines, rounds, calls = 8, 40, 50
	compare(t, func(s *story) {
		options := s.options
		options.PoolSize, options.MaxRetries, options.ContextTimeoutEnabled = 4, -1, true
		db := s.client(options)
		round := func(ctx context.Context, g, i int) {
			pipe := db.Pipeline()
			for c := range calls {
				pipe.Echo(ctx, fmt.Sprint(g, i, c))
			}
			replies, _ := pipe.Exec(ctx)
			for c, reply := range replies {
				got, err := reply.(*redis.StringCmd).Result()
				if err == nil && got != fmt.Sprint(g, i, c) {
					s.Errorf("%q came to call %d of round %d of client %d", got, c, i, g)
				}
			}
		}
		var clients sync.WaitGroup
		for g := range goroutines {
			rng := rand.New(rand.NewPCG(uint64(g), 2))
			clients.Go(func() {
				for i := range rounds {
					patience := time.Duration(rng.IntN(2000)) * time.Microsecond
					ctx, cancel := context.WithTimeout(s.ctx, patience)
					round(ctx, g, i)
					cancel()
				}
			})
		}
		clients.Wait()
		s.ask(db.Echo(s.ctx, "well"))
	})
}
