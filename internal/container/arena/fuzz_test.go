// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"stampede/internal/container/arena"
)

// A block is what a test expects to be in the arena.
type block struct {
	ref  arena.Ref
	want []byte
}

// A run does the same to an arena and to copies of its blocks.
type run struct {
	t      *testing.T
	arena  *arena.Arena
	blocks []block
	random *rand.Rand
}

// size chooses sizes of all kinds: most are small, a few are spans.
func (r *run) size() int {
	switch r.random.IntN(16) {
	case 0:
		return 1 + r.random.IntN(1<<19)
	case 1, 2, 3:
		return 1 + r.random.IntN(arena.SlabBytesMax+4096)
	case 4, 5, 6, 7:
		return 1 + r.random.IntN(4096)
	}
	return 1 + r.random.IntN(200)
}

func (r *run) fill(b *block, from int) {
	for i := from; i < len(b.want); i++ {
		b.want[i] = byte(r.random.Uint32())
	}
	copy(r.arena.Bytes(b.ref, len(b.want)), b.want)
}

func (r *run) verify(b block) {
	if !bytes.Equal(r.arena.Bytes(b.ref, len(b.want)), b.want) {
		r.t.Fatalf("block %d of %d bytes has other content", b.ref, len(b.want))
	}
}

func (r *run) alloc() {
	n := r.size()
	if !r.arena.Fits(n) {
		r.mustRefuse(n)
		return
	}
	b := block{ref: r.arena.Alloc(n), want: make([]byte, n)}
	r.fill(&b, 0)
	r.blocks = append(r.blocks, b)
}

func (r *run) mustRefuse(n int) {
	defer func() {
		if recover() == nil {
			r.t.Fatalf("%d bytes did not fit, but were given", n)
		}
	}()
	r.arena.Alloc(n)
}

func (r *run) free(i int) {
	b := r.blocks[i]
	r.verify(b)
	r.arena.Free(b.ref, len(b.want))
	r.blocks[i] = r.blocks[len(r.blocks)-1]
	r.blocks = r.blocks[:len(r.blocks)-1]
}

func (r *run) realloc(i int) {
	b, n := &r.blocks[i], r.size()
	if !r.arena.Fits(n) {
		return
	}
	keep := r.random.IntN(min(n, len(b.want)) + 1)
	b.ref = r.arena.Realloc(b.ref, len(b.want), n, keep)
	b.want = append(b.want[:keep:keep], make([]byte, n-keep)...)
	if !bytes.Equal(r.arena.Bytes(b.ref, keep), b.want[:keep]) {
		r.t.Fatalf("realloc lost some of %d bytes", keep)
	}
	r.fill(b, keep)
}

// step does one thing; growth says of how many of 256 steps it is to make a new block.
func (r *run) step(growth byte) {
	switch choice := r.random.IntN(256); {
	case choice == 255 && r.random.IntN(8) == 0:
		r.arena.Reset()
		r.blocks = r.blocks[:0]
	case choice < int(growth) || len(r.blocks) == 0:
		r.alloc()
	case choice%3 == 0:
		r.realloc(r.random.IntN(len(r.blocks)))
	default:
		r.free(r.random.IntN(len(r.blocks)))
	}
}

// FuzzArena compares an arena with copies of what was written. Each byte of phases says
// for 32 steps how often something new is allocated.
func FuzzArena(f *testing.F) {
	f.Add(uint64(1), []byte{200, 200, 200, 100, 50, 200, 0, 0})
	f.Add(uint64(2), bytes.Repeat([]byte{220, 40}, 3))
	f.Add(uint64(3), bytes.Repeat([]byte{128}, 8))
	f.Fuzz(func(t *testing.T, seed uint64, phases []byte) {
		r := run{t: t, arena: newArena(t, 8*mib), random: rand.New(rand.NewPCG(seed, 0))}
		for _, growth := range phases[:min(len(phases), 40)] {
			for range 32 {
				r.step(growth)
			}
			r.arena.Check()
			used := int64(0)
			for _, b := range r.blocks {
				r.verify(b)
				used += int64(arena.SizeOf(len(b.want)))
			}
			if used != r.arena.Used() {
				t.Fatalf("Used = %d, want %d", r.arena.Used(), used)
			}
		}
	})
}
