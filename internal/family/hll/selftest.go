// SPDX-License-Identifier: Apache-2.0

package hll

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"stampede/internal/command"
	"stampede/internal/reply"
)

// How much PFSELFTEST does; it always does the same.
const (
	selfTestElements = 100_000
	selfTestSeed     = 7
	selfTestErrors   = 6.0 // times the standard error that an estimate may be off
)

const (
	errSelfRegisters reply.Error = "ERR TESTFAILED a register does not hold what was written"
	errSelfEncodings reply.Error = "ERR TESTFAILED dense and sparse registers differ"
	errSelfEstimate  reply.Error = "ERR TESTFAILED an estimate is too far from the truth"
)

func selfTest(c *command.Call) {
	if failure := testRegisters(); failure != "" {
		c.Reply.Fail(failure)
		return
	}
	if failure := testEstimates(); failure != "" {
		c.Reply.Fail(failure)
		return
	}
	c.Reply.OK()
}

// testRegisters writes random values into dense registers and reads all of them back.
func testRegisters() reply.Error {
	rng := rand.New(rand.NewPCG(selfTestSeed, 0))
	d, _ := newSketch(nil).dense()
	var want maxima
	for range 4 {
		for i := range want {
			want[i] = byte(rng.UintN(registerMax + 1))
			d.setRegister(i, want[i])
		}
		for i := range want {
			if d.register(i) != want[i] {
				return errSelfRegisters
			}
		}
	}
	return ""
}

// testEstimates gives the same elements to a dense sketch and to one that begins sparse.
func testEstimates() reply.Error {
	d, _ := newSketch(nil).dense()
	s := newSketch(nil)
	var element [8]byte
	for n, check := 1, 1; n <= selfTestElements; n++ {
		binary.LittleEndian.PutUint64(element[:], uint64(n)^selfTestSeed)
		register, rank := locate(element[:])
		d, _ = d.raise(register, rank, 0)
		s, _ = s.raise(register, rank, sparseRoom)
		if n < check {
			continue
		}
		check *= 10
		ofDense, _ := d.histogram()
		ofSparse, ok := s.histogram()
		if !ok || ofDense != ofSparse {
			return errSelfEncodings
		}
		off := math.Abs(float64(ofDense.estimate()) - float64(n))
		if off > math.Ceil(selfTestErrors*1.04/math.Sqrt(registers)*float64(n)) {
			return errSelfEstimate
		}
	}
	return ""
}
