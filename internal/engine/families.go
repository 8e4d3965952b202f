// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"stampede/internal/command"
	"stampede/internal/family/connection"
	"stampede/internal/family/generic"
	"stampede/internal/family/hash"
	"stampede/internal/family/introspect"
	"stampede/internal/family/str"
	"stampede/internal/family/transactions"
)

// RedisVersion is the version of Redis that clients are told, so that they enable what they
// should.
const RedisVersion = "7.2.4"

// families are the rows of all commands, in the order of the manual.
func (e *Engine) families() [][]command.Spec {
	return [][]command.Spec{
		generic.Commands,
		str.Commands,
		hash.Commands,
		transactions.Commands,
		connection.Commands(connection.Services{
			Config: e.config, Sessions: e.registry, Version: RedisVersion,
		}),
		introspect.Commands,
	}
}
