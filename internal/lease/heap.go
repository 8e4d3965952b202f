// SPDX-License-Identifier: Apache-2.0

package lease

// heap is deadlines, the earliest first.
type heap struct {
	items []item
	moved func(number uint32, place int) // told where an item is now; -1: nowhere
}

type item struct {
	atMs   int64
	number uint32 // of the holder
}

func (a item) before(b item) bool { return a.atMs < b.atMs }

func (h *heap) push(x item) {
	h.items = append(h.items, item{})
	h.up(len(h.items)-1, x)
}

// remove takes the item at a place out.
func (h *heap) remove(place int) {
	h.moved(h.items[place].number, -1)
	last := len(h.items) - 1
	moved := h.items[last]
	h.items = h.items[:last]
	if place == last {
		return
	}
	if place > 0 && moved.before(h.items[(place-1)/2]) {
		h.up(place, moved)
	} else {
		h.down(place, moved)
	}
}

func (h *heap) set(place int, x item) {
	h.items[place] = x
	h.moved(x.number, place)
}

func (h *heap) up(place int, x item) {
	for place > 0 {
		parent := (place - 1) / 2
		if !x.before(h.items[parent]) {
			break
		}
		h.set(place, h.items[parent])
		place = parent
	}
	h.set(place, x)
}

func (h *heap) down(place int, x item) {
	for {
		child := 2*place + 1
		if child >= len(h.items) {
			break
		}
		if child+1 < len(h.items) && h.items[child+1].before(h.items[child]) {
			child++
		}
		if !h.items[child].before(x) {
			break
		}
		h.set(place, h.items[child])
		place = child
	}
	h.set(place, x)
}
