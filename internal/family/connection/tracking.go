// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"stampede/internal/command"
	"stampede/internal/reply"
)

// Nobody's keys are tracked yet: these commands answer as to a client that does not ask
// for it, and refuse to begin.

func trackingRows() []command.Spec {
	return []command.Spec{
		row("CACHING", "<YES | NO>", "6.0.0", anytime, caching,
			"Says whether the keys of the next call are to be tracked."),
		row("GETREDIR", "", "6.0.0", anytime, getRedir,
			"Tells which connection gets the tracking messages of this one."),
		row("TRACKING", "<ON | OFF> [REDIRECT client-id:int] [PREFIX prefix [PREFIX prefix ...]] "+
			"[BCAST] [OPTIN] [OPTOUT] [NOLOOP]", "6.0.0", anytime, tracking,
			"Says whether the server tells this connection when keys change that it has read."),
		row("TRACKINGINFO", "", "6.2.0", anytime, trackingInfo,
			"Describes what is tracked for this connection."),
	}
}

func tracking(c *command.Call) {
	switch on, ok := onOff(c); {
	case !ok:
	case on:
		c.Reply.Fail("ERR client-side caching is not supported")
	case c.Args.More():
		c.Reply.Fail(reply.ErrSyntax)
	default:
		c.Reply.OK()
	}
}

func caching(c *command.Call) {
	c.Reply.Fail("ERR CLIENT CACHING can be called only when the client is in tracking mode " +
		"with OPTIN or OPTOUT mode enabled")
}

func getRedir(c *command.Call) { c.Reply.Int(-1) }

func trackingInfo(c *command.Call) {
	c.Reply.Map(3)
	c.Reply.Text("flags")
	c.Reply.Set(1)
	c.Reply.Text("off")
	c.Reply.Text("redirect")
	c.Reply.Int(-1)
	c.Reply.Text("prefixes")
	c.Reply.Array(0)
}
