// SPDX-License-Identifier: Apache-2.0

package rdb

import "encoding/binary"

// crcPolynomial is that of Jones, its bits reversed.
const crcPolynomial = 0x95AC9329AC4BC9B5

// crcSlices is how many bytes one step of [CRC64] takes.
const crcSlices = 8

// crcTable[k][b] is the checksum of the byte b with k zero bytes behind it.
var crcTable = makeCRCTable()

func makeCRCTable() *[crcSlices][256]uint64 {
	var t [crcSlices][256]uint64
	for b := range t[0] {
		crc := uint64(b)
		for range 8 {
			crc = crc>>1 ^ crcPolynomial&-(crc&1)
		}
		t[0][b] = crc
	}
	for k := 1; k < crcSlices; k++ {
		for b := range t[k] {
			crc := t[k-1][b]
			t[k][b] = crc>>8 ^ t[0][byte(crc)]
		}
	}
	return &t
}

// CRC64 continues the checksum crc of some bytes (0 of none) with p: Redis' own, which ends
// files, DUMP payloads and what FUNCTION DUMP answers.
func CRC64(crc uint64, p []byte) uint64 {
	t := crcTable
	for len(p) >= crcSlices {
		crc ^= binary.LittleEndian.Uint64(p)
		crc = t[7][byte(crc)] ^ t[6][byte(crc>>8)] ^ t[5][byte(crc>>16)] ^ t[4][byte(crc>>24)] ^
			t[3][byte(crc>>32)] ^ t[2][byte(crc>>40)] ^ t[1][byte(crc>>48)] ^ t[0][crc>>56]
		p = p[crcSlices:]
	}
	for _, b := range p {
		crc = t[0][byte(crc)^b] ^ crc>>8
	}
	return crc
}
