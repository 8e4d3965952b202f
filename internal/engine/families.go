// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"stampede/internal/command"
	"stampede/internal/family/generic"
	"stampede/internal/family/hash"
	"stampede/internal/family/str"
	"stampede/internal/family/transactions"
)

// families are the rows of all commands, in the order of the manual.
func (e *Engine) families() [][]command.Spec {
	return [][]command.Spec{
		generic.Commands,
		str.Commands,
		hash.Commands,
		transactions.Commands,
	}
}
