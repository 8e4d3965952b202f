// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// The part of the earth that a map holds, in degrees.
const (
	longitudeMax = 180.0
	latitudeMax  = 85.05112878
	stepMax      = 26 // bits of each coordinate in a score
)

// place is a point on the earth, in degrees.
type place struct{ longitude, latitude float64 }

// onMap tells whether a map can hold the place.
func (p place) onMap() bool {
	return p.longitude >= -longitudeMax && p.longitude <= longitudeMax &&
		p.latitude >= -latitudeMax && p.latitude <= latitudeMax
}

// cell is one of the 4^step parts into which steps halve the map in both directions. x and y
// count from the south-west.
type cell struct {
	x, y uint64
	step int
}

// cellOf is the cell of a place, on a map that reaches to latitude top.
func cellOf(p place, step int, top float64) cell {
	parts := float64(uint64(1) << step)
	x := (p.longitude + longitudeMax) / (2 * longitudeMax) * parts
	y := (p.latitude + top) / (2 * top) * parts
	return cell{uint64(x), uint64(y), step}
}

// bits interleaves the coordinates: the number of the cell.
func (c cell) bits() uint64 { return spread(c.y) | spread(c.x)<<1 }

// scores are the scores of the members in the cell: from low on, below high.
func (c cell) scores() (low, high float64) {
	bits, shift := c.bits(), 2*(stepMax-c.step)
	return float64(bits << shift), float64((bits + 1) << shift)
}

// area is a part of the map, in degrees.
type area struct{ west, south, east, north float64 }

func (c cell) area() area {
	parts := float64(uint64(1) << c.step)
	west, east := side(c.x, parts, longitudeMax)
	south, north := side(c.y, parts, latitudeMax)
	return area{west, south, east, north}
}

// side gives the ends of part number n of an axis from -limit to limit. Coordinates have 32
// bits: a score that is none of a place may have the last one.
func side(n uint64, parts, limit float64) (from, to float64) {
	first, next := float64(uint32(n)), float64(uint32(n)+1)
	return -limit + float64(first/parts*(2*limit)), -limit + float64(next/parts*(2*limit))
}

// placeOf is the middle of the cell that a score stands for.
func placeOf(score float64) place {
	bits := unsigned(score)
	a := cell{gather(bits >> 1), gather(bits), stepMax}.area()
	return place{
		longitude: min(max((a.west+a.east)/2, -longitudeMax), longitudeMax),
		latitude:  min(max((a.south+a.north)/2, -latitudeMax), latitudeMax),
	}
}

// unsigned turns any score into bits, as the processors do that Redis mostly runs on.
func unsigned(score float64) uint64 {
	const half = 1 << 63
	switch {
	case score < -half:
		return half
	case score < half:
		return uint64(int64(score))
	case score < 2*half:
		return uint64(int64(score-half)) ^ half
	}
	return 0
}

// spread moves bit i of n to bit 2i; gather is its inverse.
func spread(n uint64) uint64 {
	n &= math.MaxUint32
	n = (n | n<<16) & 0x0000FFFF0000FFFF
	n = (n | n<<8) & 0x00FF00FF00FF00FF
	n = (n | n<<4) & 0x0F0F0F0F0F0F0F0F
	n = (n | n<<2) & 0x3333333333333333
	return (n | n<<1) & 0x5555555555555555
}

func gather(n uint64) uint64 {
	n &= 0x5555555555555555
	n = (n | n>>1) & 0x3333333333333333
	n = (n | n>>2) & 0x0F0F0F0F0F0F0F0F
	n = (n | n>>4) & 0x00FF00FF00FF00FF
	n = (n | n>>8) & 0x0000FFFF0000FFFF
	return (n | n>>16) & math.MaxUint32
}

// beside is the cell so many columns and rows away; the map goes round in both directions.
func (c cell) beside(columns, rows int) cell {
	mask := uint64(1)<<c.step - 1
	if columns != 0 {
		c.x = (c.x + uint64(columns)) & mask
	}
	if rows != 0 {
		c.y = (c.y + uint64(rows)) & mask
	}
	return c
}

// scoreOf is the score of a place.
func scoreOf(p place) float64 { return float64(cellOf(p, stepMax, latitudeMax).bits()) }
