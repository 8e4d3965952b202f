// SPDX-License-Identifier: Apache-2.0

package object

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/container/listpack"
	"stampede/internal/container/quicklist"
)

// BigList is a list that outgrew its packed form. What is handed out of it are its nodes in
// their order: a pack of elements as a member, or one long element as a value.
type BigList struct{ *quicklist.List }

// NewList returns an empty list whose nodes lie in a.
func NewList(a *arena.Arena) BigList { return BigList{quicklist.New(a)} }

// Kind is [List].
func (BigList) Kind() Kind { return List }

// Encoding is what OBJECT ENCODING answers.
func (BigList) Encoding() string { return "quicklist" }

// Copy makes an equal list in a. Cost: O(bytes).
func (l BigList) Copy(a *arena.Arena, _ maphash.Seed) Big { return BigList{l.List.Copy(a)} }

// Elements visits every node in order.
func (l BigList) Elements(visit SaveFunc) { l.EachNode(nodeVisit(visit)) }

// BeginSave hands every node out once as it is now, in order; see [quicklist.List.BeginSave].
func (l BigList) BeginSave(save SaveFunc) { l.List.BeginSave(nodeVisit(save)) }

func nodeVisit(visit SaveFunc) quicklist.Visit {
	return func(pack listpack.Pack, element []byte) { visit(pack, element, 0) }
}
