// SPDX-License-Identifier: Apache-2.0

// Package slot says which of the 16384 hash slots a key belongs to, as Redis Cluster
// does: CRC16 of the key, or of its hash tag if it has one.
//
// The package is two pure functions and a table that nobody writes.
//
// What is not here: which shard or node a slot belongs to.
package slot

import "bytes"

// Count is the number of slots.
const Count = 16384

// crcPoly is x^16 + x^12 + x^5 + 1, the polynomial of CRC16/XMODEM.
const crcPoly = 0x1021

// lanes is how many bytes are taken in one step.
const lanes = 8

// crcTables holds in row k the CRC of each byte with k zero bytes behind it.
var crcTables = makeTables()

// Of returns the slot of key, below [Count]. Keys with the same tag have the same slot.
func Of(key []byte) uint16 { return crc16(Tag(key)) % Count }

// Tag returns the part of key that decides its slot: what stands between the first {
// and the first } after it, unless that is nothing; otherwise the whole key.
func Tag(key []byte) []byte {
	open := bytes.IndexByte(key, '{')
	if open < 0 {
		return key
	}
	size := bytes.IndexByte(key[open+1:], '}')
	if size <= 0 {
		return key
	}
	return key[open+1 : open+1+size]
}

// crc16 returns CRC16/XMODEM of data: most significant bit first, start value 0.
func crc16(data []byte) uint16 {
	crc := uint16(0)
	t := &crcTables
	for len(data) >= lanes {
		crc = t[7][data[0]^byte(crc>>8)] ^ t[6][data[1]^byte(crc)] ^ t[5][data[2]] ^
			t[4][data[3]] ^ t[3][data[4]] ^ t[2][data[5]] ^ t[1][data[6]] ^ t[0][data[7]]
		data = data[lanes:]
	}
	for _, c := range data {
		crc = crc<<8 ^ t[0][byte(crc>>8)^c]
	}
	return crc
}

// makeTables computes the tables of crc16.
func makeTables() (tables [lanes][256]uint16) {
	for i := range tables[0] {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc >> 15
			crc = crc<<1 ^ carry*crcPoly
		}
		tables[0][i] = crc
	}
	for lane := 1; lane < lanes; lane++ {
		for i := range tables[lane] {
			crc := tables[lane-1][i]
			tables[lane][i] = crc<<8 ^ tables[0][crc>>8]
		}
	}
	return tables
}
