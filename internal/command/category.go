// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"iter"
	"math/bits"
	"strings"
)

// Categories is a set of ACL categories.
type Categories uint32

// The ACL categories, in the order in which Redis names them.
const (
	CatKeyspace Categories = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
	CatJSON  // beyond those of Redis 7
	CatStock // our own, as the one behind it
	CatLock
)

// categoryNames holds the name of each category at the number of its bit.
var categoryNames = [...]string{"keyspace", "read", "write", "set", "sortedset", "list", "hash",
	"string", "bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow",
	"blocking", "dangerous", "connection", "transaction", "scripting", "json", "stock",
	"lock"}

// CategoryNamed is the category of the given name without "@", in small letters; 0 if
// there is none.
func CategoryNamed(name string) Categories {
	for i, known := range categoryNames {
		if known == name {
			return 1 << i
		}
	}
	return 0
}

// Names yields the names of the categories in the set, without "@".
func (c Categories) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := c; rest != 0; rest &= rest - 1 {
			if !yield(categoryNames[bits.TrailingZeros32(uint32(rest))]) {
				return
			}
		}
	}
}

// groupCategories holds the ACL category of each chapter of the manual. Some have none:
// their commands get theirs from flags.
var groupCategories = [...]struct {
	group    Group
	category Categories
}{
	{GroupString, CatString}, {GroupGeneric, CatKeyspace}, {GroupHash, CatHash},
	{GroupList, CatList}, {GroupSet, CatSet}, {GroupSortedSet, CatSortedSet},
	{GroupTransactions, CatTransaction}, {GroupConnection, CatConnection}, {GroupServer, 0},
	{GroupScripting, CatScripting}, {GroupPubSub, 0}, {GroupBitmap, CatBitmap},
	{GroupHyperLogLog, CatHyperLogLog}, {GroupStream, CatStream}, {GroupGeo, CatGeo},
	{GroupCluster, 0}, {GroupJSON, CatJSON}, {GroupStock, CatStock},
	{GroupLock, CatLock},
}

// category is the ACL category of the group; ok tells whether there is such a group.
func (g Group) category() (category Categories, ok bool) {
	for _, known := range groupCategories {
		if known.group == g {
			return known.category, true
		}
	}
	return 0, false
}

// deriveCategories is the ACL categories of a row. A container is not called itself and
// has no more than its speed.
func deriveCategories(spec *Spec) (Categories, error) {
	c, ok := spec.Group.category()
	if !ok {
		return 0, fmt.Errorf("unknown group %q", spec.Group)
	}
	if spec.ACL != "" || spec.Do == nil {
		c = 0
	}
	for _, name := range strings.Fields(spec.ACL) {
		named := CategoryNamed(name)
		if named == 0 {
			return 0, fmt.Errorf("unknown ACL category %q", name)
		}
		c |= named
	}
	return c | flagCategories(spec.Flags, c), nil
}

// flagCategories is what the flags of a row add to the categories of its group. Scripts
// that only read are not in @read: what they touch is up to them.
func flagCategories(flags Flags, group Categories) (c Categories) {
	add := func(flag Flags, category Categories) {
		if flags&flag != 0 {
			c |= category
		}
	}
	add(Write, CatWrite)
	if group&CatScripting == 0 {
		add(Read, CatRead)
	}
	add(Admin, CatAdmin|CatDangerous)
	add(PubSub, CatPubSub)
	add(Blocking, CatBlocking)
	add(Dangerous, CatDangerous)
	add(KeySpace, CatKeyspace)
	add(Fast, CatFast)
	if flags&Fast == 0 {
		c |= CatSlow
	}
	return c
}
