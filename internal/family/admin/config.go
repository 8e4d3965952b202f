// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func (a *admin) configRows() []command.Spec {
	return []command.Spec{
		container("CONFIG", "2.0.0", "Looks after the parameters of the server."),
		linear(row("CONFIG|GET", "parameter [parameter ...]", "2.0.0", guarded,
			command.Local(a.configGet), "Gives the parameters whose names match a pattern.")),
		row("CONFIG|RESETSTAT", "", "2.0.0", guarded, command.OnAll(a.resetStat),
			"Sets the statistics to zero."),
		row("CONFIG|REWRITE", "", "2.8.0", guarded, command.Local(a.rewrite),
			"Writes the parameters back to the file of parameters."),
		tips(linear(row("CONFIG|SET", "parameter value [parameter value ...]", "2.0.0", guarded,
			command.OnAll(a.configSet), "Changes parameters.")),
			"request_policy:all_nodes response_policy:all_succeeded"),
	}
}

func (a *admin) configGet(c *command.Call) {
	settings := a.Config.Get(c.Args.Rest()...)
	c.Reply.Map(len(settings))
	for _, s := range settings {
		c.Reply.Text(s.Name)
		c.Reply.Text(s.Value)
	}
}

// configSet owns all shards, since each keeps a copy of the limits of its collections.
func (a *admin) configSet(spaces []*keyspace.Space, c *command.Call) {
	if c.Args.Left()%2 != 0 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	var settings []config.Setting
	for at := len(c.Argv) - c.Args.Left() + 1; c.Args.More(); at += 2 {
		s := config.Setting{Name: string(c.Args.Bytes()), Value: string(c.Args.Bytes())}
		if settings = append(settings, s); a.Config.Secret(s.Name) {
			c.Argv[at] = []byte("(redacted)") // the slow log keeps what stands there
		}
	}
	if err := a.Config.Set(settings...); err != nil {
		c.Reply.Fail(reply.Error("ERR " + err.Error()))
		return
	}
	for _, space := range spaces {
		a.Config.Apply(space)
	}
	c.Reply.OK()
}

func (a *admin) resetStat(spaces []*keyspace.Space, c *command.Call) {
	for _, space := range spaces {
		space.ResetStats()
	}
	a.Stats.Reset()
	a.peak.Store(0)
	c.Reply.OK()
}

func (a *admin) rewrite(c *command.Call) {
	if err := a.Config.Rewrite(); err == config.ErrNoFile {
		c.Reply.Fail(reply.Error("ERR " + err.Error()))
	} else if err != nil {
		c.Reply.Fail(reply.Error("ERR Rewriting config file: " + err.Error()))
	} else {
		c.Reply.OK()
	}
}
