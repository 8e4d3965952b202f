// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestMemoryFull queues calls when there is no memory left: no transaction can grow.
func TestMemoryFull(t *testing.T) {
	compare(t, func(s *story) {
		s.must(s.db.Set(s.ctx, "k", "v", 0).Err())
		s.must(s.db.ConfigSet(s.ctx, "maxmemory", "1").Err())
		defer s.db.ConfigSet(s.ctx, "maxmemory", "0")
		pipe := s.db.TxPipeline()
		pipe.Get(s.ctx, "k")
		pipe.Set(s.ctx, "k", "w", 0)
		calls, err := pipe.Exec(s.ctx)
		s.saw("%v, aborted %t", err, redis.IsExecAbortError(err))
		s.ask(calls...)
		s.ask(s.db.Get(s.ctx, "k"), s.db.Del(s.ctx, "k"), s.db.Set(s.ctx, "k", "w", 0))
	})
}
