// SPDX-License-Identifier: Apache-2.0

// Package geo is the family of commands that take a sorted set for a map: a member's score is
// its place, as a number of 52 bits that interleaves latitude and longitude.
//
// Scores, distances and order are those of Redis 7. A handler runs while the shards of its keys
// are owned and touches nothing else.
//
// What is not here: a type. A map is a sorted set, and package keyspace has it.
package geo

import "stampede/internal/command"

// Parts of synopses.
const (
	units  = "<M | KM | FT | MI>"
	radius = "radius:double " + units + " [WITHCOORD] [WITHDIST] [WITHHASH] " +
		"[COUNT count:int [ANY]] [ASC | DESC]"
	storing = " [STORE @key] [STOREDIST @key]"
	shapes  = "<FROMMEMBER member | FROMLONLAT longitude:double latitude:double> " +
		"<BYRADIUS radius:double " + units + " | BYBOX width:double height:double " + units + "> " +
		"[ASC | DESC] [COUNT count:int [ANY]]"
)

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "GEOADD",
	Args: "@key [NX | XX] [CH] longitude:double latitude:double member " +
		"[longitude:double latitude:double member ...]",
	Summary: "Puts members on a map.",
	Group:   command.GroupGeo, Flags: command.Write | command.DenyOOM, Since: "3.2.0",
	Cost: "O(log(N)) for each member",
	Do:   command.OnShard(add),
}, {
	Name: "GEODIST", Args: "@key member1 member2 [M | KM | FT | MI]",
	Summary: "Tells how far two members of a map are apart.",
	Group:   command.GroupGeo, Flags: command.Read, Since: "3.2.0", Cost: "O(1)",
	Do: command.OnShard(dist),
}, {
	Name: "GEOHASH", Args: "@key member [member ...]", ArityAs: -2,
	Summary: "Gives the geohashes of members of a map.",
	Group:   command.GroupGeo, Flags: command.Read, Since: "3.2.0", Cost: "O(1) for each member",
	Do: command.OnShard(hash),
}, {
	Name: "GEOPOS", Args: "@key member [member ...]", ArityAs: -2,
	Summary: "Gives longitude and latitude of members of a map.",
	Group:   command.GroupGeo, Flags: command.Read, Since: "3.2.0", Cost: "O(1) for each member",
	Do: command.OnShard(pos),
}, {
	Name: "GEORADIUS", Args: "@key longitude:double latitude:double " + radius + storing,
	Summary: "Finds the members of a map around a place, and may keep them.",
	Group:   command.GroupGeo, Flags: command.Write | command.DenyOOM, Since: "3.2.0",
	Cost: "O(N+log(M))", KeyUse: "RO access; OW update; OW update",
	Deprecated: "6.2.0", Instead: "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS",
	FindKeys: radiusKeys(6),
	Do:       command.OnKeys(radiusOfPlace),
}, {
	Name: "GEORADIUSBYMEMBER", Args: "@key member " + radius + storing,
	Summary: "Finds the members of a map around one of them, and may keep them.",
	Group:   command.GroupGeo, Flags: command.Write | command.DenyOOM, Since: "3.2.0",
	Cost: "O(N+log(M))", KeyUse: "RO access; OW update; OW update",
	Deprecated: "6.2.0", Instead: "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER",
	FindKeys: radiusKeys(5),
	Do:       command.OnKeys(radiusOfMember),
}, {
	Name: "GEORADIUSBYMEMBER_RO", Args: "@key member " + radius,
	Summary: "Finds the members of a map around one of them.",
	Group:   command.GroupGeo, Flags: command.Read, Since: "3.2.10", Cost: "O(N+log(M))",
	Deprecated: "6.2.0", Instead: "GEOSEARCH with BYRADIUS and FROMMEMBER",
	Do: command.OnKeys(radiusOfMemberRO),
}, {
	Name: "GEORADIUS_RO", Args: "@key longitude:double latitude:double " + radius,
	Summary: "Finds the members of a map around a place.",
	Group:   command.GroupGeo, Flags: command.Read, Since: "3.2.10", Cost: "O(N+log(M))",
	Deprecated: "6.2.0", Instead: "GEOSEARCH with BYRADIUS",
	Do: command.OnKeys(radiusOfPlaceRO),
}, {
	Name: "GEOSEARCH", Args: "@key " + shapes + " [WITHCOORD] [WITHDIST] [WITHHASH]",
	Summary: "Finds the members of a map in a circle or a box.",
	Group:   command.GroupGeo, Flags: command.Read, Since: "6.2.0", Cost: "O(N+log(M))",
	Do: command.OnKeys(find),
}, {
	Name: "GEOSEARCHSTORE", Args: "@destination @source " + shapes + " [STOREDIST]",
	Summary: "Keeps the members of a map in a circle or a box.",
	Group:   command.GroupGeo, Flags: command.Write | command.DenyOOM, Since: "6.2.0",
	Cost: "O(N+log(M))", KeyUse: "OW update; RO access",
	Do: command.OnKeys(findStore),
}}

// radiusKeys finds the keys of GEORADIUS and GEORADIUSBYMEMBER: the map, and what stands behind
// a STORE or STOREDIST from an argument on, in the order in which Redis tells them.
func radiusKeys(from int) command.KeyFinder {
	return func(argv [][]byte, dst []int) ([]int, error) {
		dst = append(dst, 1)
		for _, word := range [...]string{"STORE", "STOREDIST"} {
			for at := from; at+1 < len(argv); at++ {
				if command.EqualFold(argv[at], word) {
					dst = append(dst, at+1)
				}
			}
		}
		return dst, nil
	}
}
