// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"time"

	"stampede/internal/journal"
)

// mustWait tells whether the replies of c must not be seen yet: they tell of a change that a
// power cut could still undo, and appendfsync is "always" or a call of them wants it so.
// While the disk fails, replies to calls that only read go out all the same, but for those
// that want it so.
func (s *Server) mustWait(c *Conn) bool {
	if c.seen == 0 {
		return false
	}
	log := s.engine.Journal()
	if log.Fsync() != journal.Always && !c.durable || c.seen <= log.Durable() {
		c.seen, c.changed, c.durable = 0, false, false
		return false
	}
	if c.durable {
		log.Want(c.seen)
	}
	return c.changed || c.durable || log.Failed() == nil
}

// Durable lets replies go that waited for the journal. Anyone may call it; it does not wait.
func (s *Server) Durable() { s.transport.durable() }

// durableTry is how long a goroutine waits before it looks whether the disk has failed.
const durableTry = 100 * time.Millisecond

// await waits until the replies of c may be seen, or giveUp says that nobody will see them.
func (s *Server) await(c *Conn, giveUp func() bool) {
	for s.mustWait(c) && !giveUp() {
		ctx, cancel := context.WithTimeout(context.Background(), durableTry)
		_ = s.engine.Journal().Wait(ctx, c.seen) // whatever it says, mustWait decides
		cancel()
	}
}
