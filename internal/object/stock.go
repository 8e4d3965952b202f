// SPDX-License-Identifier: Apache-2.0

package object

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/stock"
)

// BigStock is a stock as a large collection. What is handed out of it are its header and
// then pieces of many holds, as members without a value.
type BigStock struct{ *stock.Stock }

// stockPiece is how many holds are handed out in one piece: some ten kilobytes.
const stockPiece = 200

// Kind is [Stock].
func (BigStock) Kind() Kind { return Stock }

// Copy makes an equal stock in a. Cost: O(n log n).
func (s BigStock) Copy(a *arena.Arena, seed maphash.Seed) Big {
	return BigStock{s.Stock.Copy(a, seed)}
}

// Elements visits the header, and then all holds in pieces.
func (s BigStock) Elements(visit SaveFunc) {
	visit(s.AppendHeader(nil), nil, 0)
	var piece []byte
	for at := (stock.Cursor{}); !at.Done(); {
		piece, at = s.AppendEntries(piece[:0], at, stockPiece)
		if len(piece) > 0 {
			visit(piece, nil, 0)
		}
	}
}

// BeginSave hands the stock out as it is now.
func (s BigStock) BeginSave(save SaveFunc) {
	save(s.AppendHeader(nil), nil, 0)
	s.Stock.BeginSave(func(entries []byte) { save(entries, nil, 0) })
}
