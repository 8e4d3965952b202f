// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

const password = "of the door"

func TestGreeting(t *testing.T) {
	compare(t, func(s *story) {
		greeted := s.options
		greeted.ClientName, greeted.DB, greeted.IdentitySuffix = "teller", 3, "tests"
		db := s.client(greeted)
		s.ask(db.ClientGetName(s.ctx), db.Set(s.ctx, "in", "3", 0), db.DBSize(s.ctx),
			s.db.DBSize(s.ctx), db.Ping(s.ctx), db.Echo(s.ctx, "a\x00b"))

		info, err := db.ClientInfo(s.ctx).Result()
		s.must(err)
		s.saw("%s in %d as %s", info.Name, info.DB, info.User)
		if !strings.Contains(s.db.ClientList(s.ctx).Val(), " name=teller ") {
			s.Error("CLIENT LIST does not know the client by its name")
		}

		conn := db.Conn()
		defer conn.Close()
		hello, err := conn.Hello(s.ctx, s.options.Protocol, "", "", "renamed").Result()
		s.must(err)
		s.saw("RESP%v of %v %v, modules %v", hello["proto"], hello["mode"], hello["role"],
			hello["modules"])
		if id := conn.ClientID(s.ctx).Val(); hello["id"] != id {
			s.Errorf("HELLO says id %v, CLIENT ID says %d", hello["id"], id)
		}
		s.ask(conn.ClientGetName(s.ctx), conn.ClientSetName(s.ctx, "two words"),
			conn.ClientSetName(s.ctx, "again"), conn.ClientGetName(s.ctx),
			conn.Select(s.ctx, 2), conn.Set(s.ctx, "in", "2", 0), conn.Select(s.ctx, 99),
			conn.SwapDB(s.ctx, 2, 3), conn.Get(s.ctx, "in"),
			conn.Hello(s.ctx, 4, "", "", ""))
	})
}

func TestPasswords(t *testing.T) {
	attempts := []struct{ user, password string }{
		{"", password}, {"default", password}, {"", "wrong"}, {"default", "wrong"},
		{"nobody", password}, {"", ""},
	}
	compare(t, func(s *story) {
		s.must(s.db.ConfigSet(s.ctx, "requirepass", password).Err())
		defer s.db.ConfigSet(s.ctx, "requirepass", "")
		for _, one := range attempts {
			options := s.options
			options.Username, options.Password = one.user, one.password
			err := s.client(options).Set(s.ctx, "k", "v", 0).Err()
			s.saw("%q with %q: %v; for the library an error of authentication: %t",
				one.user, one.password, err, redis.IsAuthError(err))
		}
		conn := s.client(s.options).Conn()
		defer conn.Close()
		s.ask(conn.Get(s.ctx, "k"), conn.Auth(s.ctx, "wrong"), conn.Get(s.ctx, "k"),
			conn.AuthACL(s.ctx, "default", password), conn.Get(s.ctx, "k"),
			conn.Auth(s.ctx, password), conn.AuthACL(s.ctx, "nobody", password))
	})
}

// TestPool lets more clients than connections ask at the same time: each gets the replies
// to its own calls.
func TestPool(t *testing.T) {
	const goroutines, calls, connections = 40, 50, 8
	compare(t, func(s *story) {
		options := s.options
		options.PoolSize, options.MaxActiveConns, options.MinIdleConns = connections, connections, 2
		db := s.client(options)
		var clients sync.WaitGroup
		for g := range goroutines {
			clients.Go(func() {
				for i := range calls {
					key, want := fmt.Sprint("pool", g), fmt.Sprint(g, " at ", i)
					if err := db.Set(s.ctx, key, want, 0).Err(); err != nil {
						s.Error(err)
					}
					if got, err := db.Get(s.ctx, key).Result(); got != want || err != nil {
						s.Errorf("%s is %q, %v; want %q", key, got, err, want)
					}
				}
			})
		}
		clients.Wait()
		s.ask(db.DBSize(s.ctx))
		if n := db.PoolStats().TotalConns; n > connections {
			s.Errorf("%d connections, want at most %d", n, connections)
		}
	})
}

// TestKilled ends a connection from outside: the library opens another one by itself.
func TestKilled(t *testing.T) {
	compare(t, func(s *story) {
		options := s.options
		options.PoolSize = 1
		db := s.client(options)
		for range 3 {
			id, err := db.ClientID(s.ctx).Result()
			s.must(err)
			s.ask(db.Incr(s.ctx, "n"))
			killed := s.db.ClientKillByFilter(s.ctx, "ID", fmt.Sprint(id))
			s.saw("killed %d, %v", killed.Val(), killed.Err())
		}
		s.ask(db.Incr(s.ctx, "n"), s.db.ClientKill(s.ctx, "127.0.0.1:1"),
			s.db.ClientKillByFilter(s.ctx, "ID", "99999999"))
	})
}

// TestFull counts the clients that a full server turns away.
func TestFull(t *testing.T) {
	compare(t, func(s *story) {
		s.alone()
		s.must(s.db.ConfigSet(s.ctx, "maxclients", "5").Err())
		defer s.db.ConfigSet(s.ctx, "maxclients", "1000")
		options := s.options
		options.MaxRetries = -1
		in, out := 0, 0
		for range 10 {
			if s.client(options).Ping(s.ctx).Err() == nil {
				in++
			} else {
				out++ // the reason may be lost: the server closes what it has not read
			}
		}
		s.saw("%d in, %d out", in, out)
	})
}
