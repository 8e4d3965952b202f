// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// geoRows: keys "g…" are maps. Distances agree to the last bit, also where they are kept as
// scores, but for a case in many thousands: see [aboutPlaces]. They are kept in maps only.
func geoRows() []fuzzRow {
	const (
		radius  = "radius {m|km|ft|mi} [WITHCOORD] [WITHDIST] [WITHHASH] {COUNT small|ASC|DESC}"
		keep    = "radius {m|km} {ASC|DESC} {STORE|STOREDIST} gmap"
		from    = "{FROMMEMBER field|FROMLONLAT lonlat}"
		by      = "{BYRADIUS radius {m|km|ft|mi}|BYBOX radius radius {m|km|ft|mi}}"
		sorting = "[ASC|DESC] [COUNT small [ANY]]"
	)
	return []fuzzRow{
		{weight: 20, form: "GEOADD gkey [NX|XX] [CH] {lonlat field}..."},
		{weight: 5, form: "GEODIST gkey field field [m|km|ft|mi]"},
		{weight: 4, form: "GEOHASH gkey field..."},
		{weight: 4, form: "GEOPOS gkey field..."},
		{weight: 4, form: "GEORADIUS gkey lonlat " + radius},
		{weight: 2, form: "GEORADIUS gkey lonlat " + keep},
		{weight: 4, form: "GEORADIUS_RO gkey lonlat " + radius},
		{weight: 4, form: "GEORADIUSBYMEMBER gkey field " + radius},
		{weight: 2, form: "GEORADIUSBYMEMBER gkey field " + keep},
		{weight: 4, form: "GEORADIUSBYMEMBER_RO gkey field " + radius},
		{weight: 8, form: "GEOSEARCH gkey " + from + " " + by + " " + sorting +
			" [WITHCOORD] [WITHDIST] [WITHHASH]"},
		{weight: 4, form: "GEOSEARCHSTORE gmap gkey " + from + " " + by + " " + sorting},
		{weight: 4, form: "GEOSEARCHSTORE gmap gkey " + from + " " + by + " " + sorting +
			" STOREDIST"},
		{weight: 4, form: "ZRANGE gkey 0 -1 WITHSCORES"},
		{weight: 2, form: "ZREM gkey field..."},
	}
}

// aboutPlaces tells whether a key is a map, whose scores may be distances. They may differ in the
// last place, since the C library does not round all cosines correctly: nearest to that of
// 0.6666149640686303 is 0.7859192310518991, and redis-server works with the number below it.
func aboutPlaces(key string) bool { return strings.HasPrefix(key, "g") }

// samePlaces says whether replies agree but for the last place of numbers.
func samePlaces(a, b Value) bool {
	return a.Kind == b.Kind && a.Null == b.Null && nearlySame(a.Text, b.Text) &&
		slices.EqualFunc(a.Elems, b.Elems, samePlaces)
}

// nearlySame says whether texts are the same, or numbers that differ in the last place. Numbers
// may be quoted.
func nearlySame(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(strings.Trim(a, `"`), 64)
	y, errY := strconv.ParseFloat(strings.Trim(b, `"`), 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= 2*(math.Nextafter(x, math.Inf(1))-x)
}

// drawLonLat draws a longitude and a latitude.
func drawLonLat(g *generator) []string {
	rng := g.rng
	switch rng.IntN(12) {
	case 0:
		return []string{pick(rng, "180", "-180", "181", "abc", "", "inf", "0"),
			pick(rng, "85.05112878", "-85.05112878", "86", "-90", "abc", "0")}
	case 1, 2:
		return []string{fmt.Sprintf("%.9f", rng.Float64()*360-180),
			fmt.Sprintf("%.9f", rng.Float64()*170-85)}
	}
	return []string{fmt.Sprintf("%.6f", 13+rng.Float64()), fmt.Sprintf("%.6f", 38+rng.Float64())}
}

func drawRadius(rng *rand.Rand) string {
	switch rng.IntN(12) {
	case 0:
		return pick(rng, "-1", "abc", "", "0", "inf", "1e9")
	case 1:
		return strconv.Itoa(rng.IntN(20000000))
	}
	return strconv.FormatFloat(float64(rng.IntN(200000))/1000, 'f', -1, 64)
}
