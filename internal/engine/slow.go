// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
)

// slow tells whether a call that took so long belongs into the slow log.
func (e *Engine) slow(took time.Duration) bool { return e.stats.Slow.Slow(int64(took)) }

// logSlow keeps the call in the slow log.
func (e *Engine) logSlow(c *command.Call, took time.Duration) {
	info := c.Session.Public.Info()
	e.stats.Slow.Add(e.clock()/1000, int64(took), c.Argv, info.Addr, info.Name)
}
