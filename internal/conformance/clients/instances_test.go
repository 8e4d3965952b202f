// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/go-redsync/redsync/v4"
	lockredis "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"stampede/internal/conformance"
)

// instancesMax is how many servers a lock asks: three are the majority.
const instancesMax = 5

// instance is one of the independent servers that a lock asks. Its place stays while
// processes come and go: clients dial the process that runs now.
type instance struct {
	start func() (addr string)
	addr  atomic.Pointer[string] // nil while no process runs
}

// run starts a process, without data, if none runs.
func (i *instance) run() {
	if i.addr.Load() == nil {
		addr := i.start()
		i.addr.Store(&addr)
	}
}

// dial serves as redis.Options.Dialer.
func (i *instance) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	addr := i.addr.Load()
	if addr == nil {
		return nil, syscall.ECONNREFUSED
	}
	return new(net.Dialer).DialContext(ctx, network, *addr)
}

// kill ends the process without a word to its clients, and waits until it listens no more.
func (i *instance) kill(s *lockStory, db *redis.Client) {
	s.Helper()
	sections, err := db.InfoMap(s.ctx, "server").Result()
	s.must(err)
	pid, err := strconv.Atoi(sections["Server"]["process_id"])
	s.must(err)
	s.must(syscall.Kill(pid, syscall.SIGKILL))
	addr := i.addr.Swap(nil)
	for {
		conn, err := net.Dial("tcp", *addr)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}

// lockStory is a story of five servers that know nothing of each other.
type lockStory struct {
	*story
	instances []*instance
	dbs       []*redis.Client // one of each instance
}

// compareLocks is compare for stories that need five instances. A story finds all of them
// alive and without data, whatever the one before has done to them.
func compareLocks(t *testing.T, tell func(s *lockStory)) {
	t.Helper()
	if os.Getenv(conformance.EnvAddr) != "" {
		t.Skip(conformance.EnvAddr + " names one server, and a lock needs five")
	}
	seen := map[int][]string{}
	t.Run("redis-server", func(t *testing.T) {
		instances := fiveOf(func() string { return conformance.StartRedis(t) })
		tellOfLocks(t, instances, func(s *lockStory) {
			tell(s)
			seen[s.options.Protocol] = s.seen
		})
	})
	for name, flags := range ways() {
		t.Run(name, func(t *testing.T) {
			instances := fiveOf(func() string { return conformance.StartStampede(t, flags...) })
			tellOfLocks(t, instances, func(s *lockStory) {
				tell(s)
				if diff := cmp.Diff(seen[s.options.Protocol], s.seen); diff != "" {
					s.Errorf("another outcome than on redis-server (-redis +ours):\n%s", diff)
				}
			})
		})
	}
}

func fiveOf(start func() (addr string)) []*instance {
	instances := make([]*instance, instancesMax)
	for i := range instances {
		instances[i] = &instance{start: start}
	}
	return instances
}

func tellOfLocks(t *testing.T, instances []*instance, tell func(s *lockStory)) {
	for _, protocol := range []int{2, 3} {
		for _, one := range instances {
			one.run()
		}
		t.Run(fmt.Sprint("RESP", protocol), func(t *testing.T) {
			s := &lockStory{instances: instances, story: &story{T: t, ctx: t.Context()}}
			s.options = redis.Options{
				Protocol: protocol, MaxRetries: -1, DialerRetries: 1, // the lock counts on the others
			}
			s.dbs = s.clients()
			s.db = s.dbs[0]
			for _, db := range s.dbs {
				s.must(db.FlushAll(s.ctx).Err())
			}
			tell(s)
		})
	}
}

// clients opens a client of each instance.
func (s *lockStory) clients() []*redis.Client {
	dbs := make([]*redis.Client, len(s.instances))
	for i, one := range s.instances {
		options := s.options
		options.Dialer = one.dial
		dbs[i] = s.client(options)
	}
	return dbs
}

// locker is one more program that locks, with connections of its own.
func (s *lockStory) locker() *redsync.Redsync {
	var pools []lockredis.Pool
	for _, db := range s.clients() {
		pools = append(pools, goredis.NewPool(db))
	}
	return redsync.New(pools...)
}

// kill ends the processes of some instances, by their places.
func (s *lockStory) kill(places ...int) {
	s.Helper()
	for _, i := range places {
		s.instances[i].kill(s, s.dbs[i])
	}
}

// restart runs all instances; those that were killed have forgotten everything.
func (s *lockStory) restart() {
	for _, one := range s.instances {
		one.run()
	}
}
