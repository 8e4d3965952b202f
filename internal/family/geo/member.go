// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"fmt"
	"strconv"
	"strings"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

const errUnit reply.Error = "ERR unsupported unit provided. please use M, KM, FT, MI"

// parseUnit reads a unit of length and gives it in metres.
func parseUnit(a *command.Args) float64 {
	switch {
	case a.Opt("M"):
		return 1
	case a.Opt("KM"):
		return 1000
	case a.Opt("FT"):
		return 0.3048
	case a.Opt("MI"):
		return 1609.34
	}
	a.Fail(errUnit)
	return 1
}

// parsePlace reads longitude and latitude.
func parsePlace(a *command.Args) place {
	p := place{a.Float(), a.Float()}
	if a.Err() == nil && !p.onMap() {
		text := fmt.Sprintf("ERR invalid longitude,latitude pair %f,%f", p.longitude, p.latitude)
		a.Fail(reply.Error(strings.NewReplacer("+Inf", "inf", "-Inf", "-inf").Replace(text)))
	}
	return p
}

func add(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var rule keyspace.AddRule
	countChanged := false
	for {
		if c.Args.Opt("NX") {
			rule |= keyspace.OnlyNew
		} else if c.Args.Opt("XX") {
			rule |= keyspace.OnlyOld
		} else if c.Args.Opt("CH") {
			countChanged = true
		} else {
			break
		}
	}
	if n := c.Args.Left(); n == 0 || n%3 != 0 || rule == keyspace.OnlyNew|keyspace.OnlyOld {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	// A bad place lets nothing be added, so all are read before the first is used.
	ahead := c.Args
	for ahead.More() {
		parsePlace(&ahead)
		ahead.Bytes()
	}
	if err := ahead.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, err := db.FindZSet(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	n, changed := int64(0), false
	for c.Args.More() {
		score := scoreOf(parsePlace(&c.Args))
		outcome, _ := z.AddIf(rule, score, c.Args.Bytes())
		changed = changed || outcome >= keyspace.AddUpdated
		if outcome == keyspace.AddCreated || countChanged && outcome == keyspace.AddUpdated {
			n++
		}
	}
	if changed {
		db.Notify(keyspace.EventZSet, "zadd", key)
	}
	c.Reply.Int(n)
}

// eachScore reads the map under the first argument and visits the scores of the members that
// follow; found is false where there is no such member.
func eachScore(db *keyspace.DB, c *command.Call, visit func(score float64, found bool)) {
	z, err := db.ReadZSet(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	members := c.Args.Rest()
	c.Reply.Array(len(members))
	for _, member := range members {
		visit(z.Score(member))
	}
}

func pos(db *keyspace.DB, c *command.Call) {
	eachScore(db, c, func(score float64, found bool) {
		if found {
			writePlace(c.Reply, placeOf(score))
		} else {
			c.Reply.NullArray()
		}
	})
}

// writePlace answers with longitude and latitude.
func writePlace(r *reply.Buffer, p place) {
	r.Array(2)
	for _, coordinate := range [...]float64{p.longitude, p.latitude} {
		var room [32]byte
		text := strconv.AppendFloat(room[:0], coordinate, 'f', 17, 64)
		for text[len(text)-1] == '0' {
			text = text[:len(text)-1]
		}
		if text[len(text)-1] == '.' {
			text = text[:len(text)-1]
		}
		if r.Proto == resp.RESP3 {
			r.B = append(append(append(r.B, ','), text...), '\r', '\n')
		} else {
			r.Bulk(text)
		}
	}
}

// geohashAlphabet are the digits of base 32 of geohash.org.
const geohashAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

func hash(db *keyspace.DB, c *command.Call) {
	eachScore(db, c, func(score float64, found bool) {
		if !found {
			c.Reply.Null()
			return
		}
		bits := cellOf(placeOf(score), stepMax, 90).bits()
		var text strings.Builder
		for shift := 2*stepMax - 5; shift >= 0; shift -= 5 {
			text.WriteByte(geohashAlphabet[bits>>shift&31])
		}
		text.WriteByte(geohashAlphabet[0]) // for the two bits that are left
		c.Reply.Text(text.String())
	})
}

func dist(db *keyspace.DB, c *command.Call) {
	key, from, to := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	unit := 1.0
	if c.Args.Left() > 1 {
		c.Args.Fail(reply.ErrSyntax)
	} else if c.Args.More() {
		unit = parseUnit(&c.Args)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, err := db.ReadZSet(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	a, okFrom := z.Score(from)
	b, okTo := z.Score(to)
	if !okFrom || !okTo {
		c.Reply.Null()
		return
	}
	writeDistance(c.Reply, distance(placeOf(a), placeOf(b))/unit)
}

func writeDistance(r *reply.Buffer, distance float64) {
	var room [48]byte
	r.Bulk(strconv.AppendFloat(room[:0], distance, 'f', 4, 64))
}
