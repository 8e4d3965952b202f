// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
)

// eventFloor is the shortest time that the latency monitor can be asked to note.
const eventFloor = time.Millisecond

// noteSlow keeps a call in the slow log, and as an event of latency, if it took as long as
// the parameters say.
func (e *Engine) noteSlow(c *command.Call, took time.Duration) {
	if e.stats.Slow.Slow(int64(took)) && c.Row.Flags&command.SkipSlowLog == 0 {
		info := c.Session.Public.Info()
		e.stats.Slow.Add(e.clock()/1000, int64(took), c.Argv, info.Addr, info.Name)
	}
	threshold := time.Duration(e.config.Int(config.LatencyMonitorThreshold)) * time.Millisecond
	if threshold > 0 && took >= threshold {
		event := "command"
		if c.Row.Flags&command.Fast != 0 {
			event = "fast-command"
		}
		e.stats.Latency.Add(event, e.clock()/1000, took.Milliseconds())
	}
}
