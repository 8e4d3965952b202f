// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"stampede/internal/command"
	"stampede/internal/family/admin"
	"stampede/internal/family/bitmap"
	"stampede/internal/family/connection"
	"stampede/internal/family/generic"
	"stampede/internal/family/geo"
	"stampede/internal/family/hash"
	"stampede/internal/family/hll"
	"stampede/internal/family/introspect"
	"stampede/internal/family/json"
	"stampede/internal/family/list"
	"stampede/internal/family/lock"
	"stampede/internal/family/pubsub"
	"stampede/internal/family/scripting"
	"stampede/internal/family/set"
	"stampede/internal/family/stock"
	"stampede/internal/family/str"
	"stampede/internal/family/stream"
	"stampede/internal/family/transactions"
	"stampede/internal/family/zset"
)

// RedisVersion is the version of Redis that clients are told, so that they enable what they
// should.
const RedisVersion = "7.2.4"

// families are the rows of all commands, in the order of the manual.
func (e *Engine) families(o Options) [][]command.Spec {
	facts := o.Facts
	facts.RedisVersion, facts.Shards = RedisVersion, max(o.Shards, 1)
	return [][]command.Spec{
		generic.Commands(&e.links),
		str.Commands,
		hash.Commands,
		set.Commands,
		list.Commands,
		zset.Commands,
		stream.Commands,
		bitmap.Commands,
		hll.Commands,
		geo.Commands,
		json.Commands(),
		stock.Commands(e.acks.ofStock),
		lock.Commands,
		transactions.Commands,
		pubsub.Commands(pubsub.Services{Hub: e.hub, At: e.publishAt}),
		scripting.Commands(scripting.Services{
			Library: e.scripts,
			Kill:    e.killScript, Busy: e.isScriptLong, FunctionsChanged: tellFunctions,
		}),
		connection.Commands(connection.Services{
			Config: e.config, Sessions: e.registry, Hub: e.hub, Version: RedisVersion,
		}),
		admin.Commands(admin.Services{
			Config: e.config, Stats: e.stats, Sessions: e.registry, Scripts: e.scripts,
			Facts: facts, Shutdown: o.Shutdown, Store: e.store, Waiting: e.Waiting,
			Hub: e.hub, Links: e.links.Len,
		}),
		introspect.Commands,
	}
}
