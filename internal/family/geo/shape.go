// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// shape is what a search looks in: a circle or a box around a place.
type shape struct {
	center        place
	unit          float64 // metres
	box           bool
	radius        float64 // of a circle, in units
	width, height float64 // of a box, in units
}

// distance tells how far a place is from the center, in metres, if it lies in the shape.
func (s *shape) distance(p place) (metres float64, inside bool) {
	if !s.box {
		limit := s.radius * s.unit
		if roughly(s.center, p) > limit*(1+1e-6)+1e-3 {
			return 0, false
		}
		metres = distance(s.center, p)
		return metres, metres <= limit
	}
	if along(p.latitude, s.center.latitude) > s.height*s.unit/2 {
		return 0, false
	}
	level := place{s.center.longitude, p.latitude}
	if distance(p, level) > s.width*s.unit/2 {
		return 0, false
	}
	return distance(s.center, p), true
}

// bounds is the area that holds the shape; it may reach beyond the map.
func (s *shape) bounds() area {
	width, height := s.unit*s.radius, s.unit*s.radius
	if s.box {
		width, height = s.unit*(s.width/2), s.unit*(s.height/2)
	}
	tall := degrees(height / earthRadius)
	top := degrees(width / earthRadius / math.Cos(radians(s.center.latitude+tall)))
	bottom := degrees(width / earthRadius / math.Cos(radians(s.center.latitude-tall)))
	wide := top
	if s.center.latitude < 0 {
		wide = bottom
	}
	return area{
		west: s.center.longitude - wide, east: s.center.longitude + wide,
		south: s.center.latitude - tall, north: s.center.latitude + tall,
	}
}

// reach is the distance from the center to the farthest point, in metres.
func (s *shape) reach() float64 {
	if s.box {
		x, y := s.width/2, s.height/2
		return math.Sqrt(float64(x*x)+float64(y*y)) * s.unit
	}
	return s.radius * s.unit
}

// mercatorMax is half the length of the equator on the map, in metres.
const mercatorMax = 20037726.37

// steps estimates how small cells may be so that nine of them hold the shape.
func (s *shape) steps() int {
	reach := s.reach()
	if reach == 0 {
		return stepMax
	}
	step := 1
	for ; reach < mercatorMax; reach *= 2 {
		step++
	}
	step -= 2
	// Towards the poles a degree of longitude is shorter.
	if latitude := math.Abs(s.center.latitude); latitude > 80 {
		step -= 2
	} else if latitude > 66 {
		step--
	}
	return min(max(step, 1), stepMax)
}

// cells are those that are to be searched, in the order of the search: the one of the center and
// those around it that the shape reaches.
func (s *shape) cells() []cell {
	bounds, step := s.bounds(), s.steps()
	middle := cellOf(s.center, step, latitudeMax)
	if step > 1 && !holds(middle, bounds) {
		step--
		middle = cellOf(s.center, step, latitudeMax)
	}
	here := middle.area()
	var found []cell
	for i, d := range [...]struct{ columns, rows int }{
		{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1},
	} {
		useless := d.rows < 0 && here.south < bounds.south || d.rows > 0 && here.north > bounds.north ||
			d.columns < 0 && here.west < bounds.west || d.columns > 0 && here.east > bounds.east
		if useless && step >= 2 {
			continue
		}
		c := middle.beside(d.columns, d.rows)
		// Where the map is few cells wide, neighbours on both sides may be the same one. The
		// one in the middle is not compared, as in Redis.
		if n := len(found); n > 1 && i > 0 && found[n-1] == c {
			continue
		}
		found = append(found, c)
	}
	return found
}

// holds tells whether a cell and those around it hold an area.
func holds(middle cell, bounds area) bool {
	return middle.beside(0, 1).area().north >= bounds.north &&
		middle.beside(0, -1).area().south <= bounds.south &&
		middle.beside(1, 0).area().east >= bounds.east &&
		middle.beside(-1, 0).area().west <= bounds.west
}
