// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"stampede/internal/conformance"
)

// story is what one client lives through on one server, and what it saw there.
type story struct {
	*testing.T
	ctx     context.Context
	options redis.Options // of db; a story that needs other clients begins with a copy
	db      *redis.Client
	seen    []string
}

// ways are the ways to run our server that no client may be able to tell apart.
func ways() map[string][]string {
	if os.Getenv(conformance.EnvAddr) != "" {
		return map[string][]string{"as it runs": nil}
	}
	return map[string][]string{
		"default":                  nil,
		"eight shards, goroutines": {"--shards", "8", "--io", "net"},
	}
}

// compare tells a story to redis-server and to ours, in both protocols, on servers without
// data, and wants the same to be seen.
func compare(t *testing.T, tell func(s *story)) {
	t.Helper()
	oracle := conformance.StartRedis(t)
	seen := map[int][]string{}
	t.Run("redis-server", func(t *testing.T) {
		inBothProtocols(t, oracle, func(s *story) {
			tell(s)
			seen[s.options.Protocol] = s.seen
		})
	})
	for name, flags := range ways() {
		t.Run(name, func(t *testing.T) {
			ours := conformance.StartStampede(t, flags...)
			inBothProtocols(t, ours, func(s *story) {
				tell(s)
				if diff := cmp.Diff(seen[s.options.Protocol], s.seen); diff != "" {
					s.Errorf("another reply than of redis-server (-redis +ours):\n%s", diff)
				}
			})
		})
	}
}

func inBothProtocols(t *testing.T, addr string, tell func(s *story)) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprint("RESP", protocol), func(t *testing.T) {
			s := &story{
				T: t, ctx: t.Context(),
				options: redis.Options{Addr: addr, Protocol: protocol},
			}
			s.db = s.client(s.options)
			s.alone() // who was connected before may be listening for a moment yet
			s.must(s.db.FlushAll(s.ctx).Err())
			tell(s)
		})
	}
}

// client opens one more client, which the end of the story closes.
func (s *story) client(options redis.Options) *redis.Client {
	db := redis.NewClient(&options)
	s.Cleanup(func() { _ = db.Close() })
	return db
}

// saw adds a line to what was seen.
func (s *story) saw(format string, args ...any) {
	s.seen = append(s.seen, fmt.Sprintf(format, args...))
}

// ask adds calls and their replies, as the library prints them, to what was seen.
func (s *story) ask(calls ...redis.Cmder) {
	for _, call := range calls {
		s.saw("%s", call)
	}
}

// askSorted is ask for calls whose replies have no defined order.
func (s *story) askSorted(calls ...*redis.StringSliceCmd) {
	for _, call := range calls {
		slices.Sort(call.Val())
		s.ask(call)
	}
}

// must ends the story if a part of it, which is the same on each server, failed.
func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// alone waits until no other client is connected than the first of the story.
func (s *story) alone() {
	for {
		clients, err := s.db.ClientList(s.ctx).Result()
		s.must(err)
		if strings.Count(clients, "\n") == 1 {
			return
		}
	}
}
